// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/file.h"
#include "image/migrate.h"
#include "tests/unit/image/images.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/storage/fsck.h"

static const char *root;
static struct buf told = BUF_INIT;

static void tell(const char *what, const char *name, const struct err *why)
{
	buf_addf(&told, "%s %.9s%s\n", what, name, why ? " not" : "");
}

/* two images and two containers upon a layer, in vfs */
static void make_store(char ids[2][DIGEST_SIZE])
{
	struct image_store *images = NULL;
	char chain[DIGEST_SIZE];
	struct storage *s;

	root = store_root();
	s = store_open_as(root, "vfs");
	store_made(s, NULL, chain, "file=text");
	CHECK_OK(image_store_open(root, s, &images, &e), e);
	make_image(images, 1, NULL, ids[0]);
	make_image(images, 2, ids[0], ids[1]);
	name_image(images, "one", ids[0]);
	name_image(images, "two:tag", ids[1]);
	image_store_diffid_put(images, DIGEST_A, DIGEST_A, 1, "docker.io/library/one");
	CHECK_OK(storage_rw_create(s, "idle", chain, &e), e);
	CHECK_OK(storage_rw_create(s, "busy", chain, &e), e);
	image_store_close(images);
	storage_free(s);
	fsck_put(root, "containers/idle/config.v2.json",
		 "{\"State\":{},\"Driver\":\"vfs\",\"Mount\":{\"Driver\":\"local\"}}");
	fsck_put(root, "containers/busy/config.v2.json",
		 "{\"State\":{\"Running\":true},\"Driver\":\"vfs\"}");
}

TEST(images_names_and_containers)
{
	char ids[2][DIGEST_SIZE], diff_id[DIGEST_SIZE];
	struct image_migration m = {.tell = tell};
	struct image_store *to = NULL;
	struct image_info info = {0};
	struct buf config = BUF_INIT;
	char want[128];
	struct storage *s;

	make_store(ids);
	s = store_open(root);
	CHECK_OK(image_store_open(root, s, &to, &e), e);
	CHECK_EQ(image_migrate(to, "btrfs", &m, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(image_migrate(to, "vfs", &m, &e), e);
	CHECK_EQ(m.n_brought, 3);
	CHECK_EQ(m.n_failed, 1);
	snprintf(want, sizeof(want), "image %.9s\nimage %.9s\ncontainer busy not\ncontainer idle\n",
		 ids[1], ids[0]);
	CHECK_STR(buf_str(&told), want);
	CHECK_OK(image_store_info(to, "two:tag", &info, &e), e);
	CHECK_STR(info.image->id, ids[1]);
	CHECK_STR(info.parent, ids[0]);
	image_info_clear(to, &info);
	CHECK_EQ(image_store_diffid_get(to, DIGEST_A, diff_id), 0);
	CHECK_EQ(chdir(root), 0);
	CHECK_OK(file_read(AT_FDCWD, "containers/idle/config.v2.json", 4096, &config, &e), e);
	CHECK_STR(buf_str(&config),
		  "{\"State\":{},\"Driver\":\"overlay2\",\"Mount\":{\"Driver\":\"local\"}}");
	/* again: nothing but the failure is left */
	m = (struct image_migration){.tell = tell};
	CHECK_OK(image_migrate(to, "vfs", &m, &e), e);
	CHECK_EQ(m.n_brought, 0);
	CHECK_EQ(m.n_failed, 1);
	image_store_close(to);
	storage_free(s);
	buf_clear(&config);
	buf_clear(&told);
}
