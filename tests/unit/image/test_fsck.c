// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "image/fsck.h"
#include "tests/unit/image/images.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/storage/fsck.h"

static const char *root;
static char ids[2][DIGEST_SIZE];

/* two images with names, the second made of the first */
static void make_store(void)
{
	struct image_store *s;

	root = store_root();
	storage_free(store_open(root));
	s = store_at(root);
	make_image(s, 1, NULL, ids[0]);
	make_image(s, 2, ids[0], ids[1]);
	name_image(s, "one", ids[0]);
	name_image(s, "two:tag", ids[1]);
	image_store_diffid_put(s, DIGEST_A, DIGEST_A, 1, "docker.io/library/one");
	image_store_close(s);
}

static const char *content(int i)
{
	static char path[256];

	snprintf(path, sizeof(path), "image/overlay2/imagedb/content/sha256/%s", ids[i] + 7);
	return path;
}

TEST(a_whole_store)
{
	make_store();
	fsck_check(root, "overlay2", image_fsck, "");
}

TEST(damage_of_an_image_is_told_with_its_names)
{
	struct image_store *s;
	struct image *img = NULL;
	char want[1024];

	make_store();
	fsck_put(root, content(0), "{}");
	snprintf(want, sizeof(want),
		 "image %s\nleftover image/overlay2/imagedb/metadata/sha256/%s\n"
		 "parent image/overlay2/imagedb/metadata/sha256/%s/parent\n"
		 "tag image/overlay2/repositories.json\n",
		 content(0), ids[0] + 7, ids[1] + 7);
	fsck_check(root, "overlay2", image_fsck, want);
	s = store_at(root);
	CHECK_OK(image_store_get(s, "two:tag", &img, &e), e);
	image_unref(s, img);
	CHECK_EQ(image_store_get(s, "one", &img, &e), -1);
	image_store_close(s);
}

TEST(an_image_without_its_layer)
{
	char id[SHA256_HEX_SIZE], path[256], want[512];

	make_store();
	sha256_hex(IMAGE_WITH_LAYER, strlen(IMAGE_WITH_LAYER), id);
	snprintf(path, sizeof(path), "image/overlay2/imagedb/content/sha256/%s", id);
	fsck_put(root, path, IMAGE_WITH_LAYER);
	snprintf(want, sizeof(want), "image %s\n", path);
	fsck_check(root, "overlay2", image_fsck, want);
}

TEST(names_and_hints_that_cannot_be_read)
{
	make_store();
	fsck_put(root, "image/overlay2/repositories.json", "{\"Repos");
	fsck_put(root, "image/overlay2/distribution/diffid-by-digest/sha256/" HEX_A, "sha256:");
	fsck_put(root, "image/overlay2/distribution/v2metadata-by-diffid/sha256/" HEX_A, "[");
	fsck_check(root, "overlay2", image_fsck,
		   "tag image/overlay2/repositories.json\n"
		   "hint image/overlay2/distribution/diffid-by-digest/sha256/" HEX_A "\n"
		   "hint image/overlay2/distribution/v2metadata-by-diffid/sha256/" HEX_A "\n");
	CHECK(fsck_has(root, "lost-and-found/image/overlay2/repositories.json"));
}
