// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/path.h"
#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"

static struct storage *s;

/* a layer of another driver, as far as the choice looks */
static void pretend(const char *root, const char *driver)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/image/%s/layerdb/sha256/%064d", root, driver, 7);
	CHECK_OK(path_mkdirs(path, 0755, &e), e);
}

TEST(the_best_that_works)
{
	const char *root = store_root();

	storage_free(store_open(root)); /* skips where overlayfs does not work */
	CHECK_OK(storage_open(root, NULL, &s, &e), e);
	CHECK_STR(storage_driver(s), "overlay2");
	CHECK_STR(storage_choice(s), "the best that works here");
	CHECK_EQ(storage_others(s)->len, 0);
	storage_free(s);
}

/* ramfs has no attributes: what works there is decided by trying, with the reasons kept */
TEST(what_does_not_work_is_said)
{
	const char *root = store_root();

	if (mount("ramfs", root, "ramfs", 0, NULL) < 0)
		SKIP("cannot mount a ramfs here");
	CHECK_EQ(setenv("PATH", "/nowhere", 1), 0);
	CHECK_OK(storage_open(root, "", &s, &e), e);
	CHECK_STR(storage_driver(s), "vfs");
	CHECK_MSG(strstr(storage_choice(s), "overlay2: overlayfs does not work in ") != NULL, "%s",
		  storage_choice(s));
	CHECK(strstr(storage_choice(s), "fuse-overlayfs: the program fuse-overlayfs is not in") !=
	      NULL);
	CHECK(strstr(storage_choice(s), "btrfs: ") != NULL);
	storage_free(s);
	CHECK_EQ(storage_open(root, "overlay2", &s, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	CHECK(strstr(e.msg, "storage driver overlay2 does not work here") != NULL);
	CHECK(strstr(e.msg, "no extended attributes (user.*)") != NULL);
}

TEST(unknown_names)
{
	CHECK_EQ(storage_open(store_root(), "zfs", &s, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_STR(e.msg, "storage driver zfs is not supported; there are overlay2, fuse-overlayfs, "
			 "btrfs and vfs");
}

TEST(layers_of_other_drivers_are_named_and_left)
{
	const char *root = store_root();
	char path[512];

	storage_free(store_open(root));
	pretend(root, "vfs");
	pretend(root, "btrfs");
	CHECK_OK(storage_open(root, NULL, &s, &e), e);
	CHECK_STR(storage_driver(s), "overlay2"); /* btrfs does not work on a tmpfs, vfs is last */
	CHECK_EQ(storage_others(s)->len, 2);
	CHECK_STR(storage_others(s)->items[0], "btrfs (1 layers)");
	CHECK_STR(storage_others(s)->items[1], "vfs (1 layers)");
	storage_free(s);
	snprintf(path, sizeof(path), "%s/image/vfs/layerdb/sha256", root);
	CHECK_EQ(access(path, F_OK), 0);
}

TEST(the_driver_that_has_the_images_goes_before_a_better_one)
{
	const char *root = store_root();

	if (storage_probe(root, "fuse-overlayfs", &e) < 0)
		SKIP("fuse-overlayfs does not work here");
	pretend(root, "fuse-overlayfs");
	CHECK_OK(storage_open(root, NULL, &s, &e), e);
	CHECK_STR(storage_driver(s), "fuse-overlayfs");
	CHECK_STR(storage_choice(s), "it has the images of this data root");
	storage_free(s);
}
