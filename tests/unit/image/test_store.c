// SPDX-License-Identifier: MIT
/* The image store with images that have no layers: index, names, files, restart. */
#include "image/store.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tests/unit/harness.h"
#include "tests/unit/image/images.h"

TEST(store_keeps_images_over_a_restart)
{
	const char *root = harness_tmpdir();
	struct image_store *s = store_at(root);
	char a[DIGEST_SIZE], b[DIGEST_SIZE];
	struct image_info i = {0};
	struct err e;

	make_image(s, 1, NULL, a);
	make_image(s, 2, a, b);
	name_image(s, "alpine:3", a);
	name_image(s, "alpine", a);
	name_image(s, "reg.example:5000/x@" DIGEST_A, b);
	image_store_close(s);
	s = store_at(root);
	CHECK_EQ(image_store_count(s), 2);
	CHECK_OK(image_store_info(s, "docker.io/library/alpine:latest", &i, &e), e);
	CHECK_STR(i.image->id, a);
	CHECK_EQ(i.tags.len, 2);
	CHECK_STR(i.tags.items[0], "alpine:3");
	CHECK_EQ(i.n_children, 1);
	CHECK(i.last_tagged_nsec > 0);
	image_info_clear(s, &i);
	CHECK_OK(image_store_info(s, "reg.example:5000/x@" DIGEST_A, &i, &e), e);
	CHECK_STR(i.image->id, b);
	CHECK_STR(i.parent, a);
	CHECK_EQ(i.digests.len, 1);
	image_info_clear(s, &i);
	image_store_close(s);
}

TEST(store_looks_up)
{
	struct image_store *s = store_at(harness_tmpdir());
	char a[DIGEST_SIZE], shortened[DIGEST_SIZE];
	struct image *img = NULL;
	struct err e;

	make_image(s, 1, NULL, a);
	name_image(s, "x", a);
	memcpy(shortened, a, 19);
	shortened[19] = '\0';
	CHECK_OK(image_store_get(s, shortened, &img, &e), e);
	image_unref(s, img);
	CHECK_OK(image_store_get(s, shortened + 7, &img, &e), e);
	image_unref(s, img);
	CHECK_OK(image_store_get(s, a + 7, &img, &e), e);
	CHECK(strstr(img->json, "\"os\"") != NULL);
	image_unref(s, img);
	CHECK(image_store_get(s, "x:2", &img, &e) < 0);
	CHECK_STR(e.msg, "No such image: x:2");
	CHECK(image_store_get(s, "nope", &img, &e) < 0);
	CHECK_STR(e.msg, "No such image: nope:latest");
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK(image_store_get(s, DIGEST_A, &img, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK(image_store_get(s, "No/Such", &img, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	image_store_close(s);
}

TEST(store_refuses)
{
	struct image_store *s = store_at(harness_tmpdir());
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	char id[DIGEST_SIZE];
	struct err e;

	CHECK(image_store_create(s, "{}", 2, NULL, id, &e) < 0);
	CHECK(image_store_create(s, IMAGE_WITH_LAYER, strlen(IMAGE_WITH_LAYER), NULL, id, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(image_ref_parse("x:1", &ref, &e), e);
	CHECK(image_store_tag(s, &ref, DIGEST_A, &e) < 0);
	CHECK_EQ(image_store_count(s), 0);
	image_store_close(s);
}

TEST(store_sweeps_old_spools)
{
	const char *root = harness_tmpdir();
	CLEANUP(freep) char *spool = path_join(root, "tmp/load-abc/x");
	CLEANUP(freep) char *other = path_join(root, "tmp/other");
	struct err e;

	CHECK_OK(path_mkdirs(spool, 0700, &e), e);
	CHECK_OK(path_mkdirs(other, 0700, &e), e);
	image_store_close(store_at(root));
	CHECK(!path_exists(spool));
	CHECK(path_exists(other));
}

TEST(store_leaves_out_what_is_torn)
{
	const char *root = harness_tmpdir();
	CLEANUP(freep) char *dir = path_join(root, "image/overlay2");
	CLEANUP(freep) char *names = path_join(dir, "repositories.json");
	CLEANUP(freep) char *torn = path_join(dir, "imagedb/content/sha256/" HEX_A);
	CLEANUP(freep) char *junk = path_join(dir, "imagedb/content/sha256/junk");
	struct image_store *s = store_at(root);
	char a[DIGEST_SIZE];
	struct err e;

	make_image(s, 1, NULL, a);
	image_store_close(s);
	CHECK_OK(file_write(AT_FDCWD, torn, "{\"os", 4, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(file_write(AT_FDCWD, junk, "x", 1, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(file_write(AT_FDCWD, names,
			    "{\"Repositories\":{\"x\":{\"x:1\":\"" DIGEST_A "\"},\"y\":7}}", 60,
			    0600, FILE_NOSYNC, &e),
		 e);
	s = store_at(root);
	CHECK_EQ(image_store_count(s), 1);
	name_image(s, "again", a);
	image_store_close(s);
}
