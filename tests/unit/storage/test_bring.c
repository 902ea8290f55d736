// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/file.h"
#include "storage/bring.h"
#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/storage/fsck.h"

static char base[DIGEST_SIZE], top[DIGEST_SIZE];

static const char *make_overlay(void)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	int fd;

	store_made(s, NULL, base, "d/", "d/old=x", "gone=x");
	store_made(s, base, top, ".wh.gone=", "d/", "d/.wh..wh..opq=", "d/new=12345");
	CHECK_OK(storage_rw_create(s, "c", top, &e), e);
	fd = store_mounted(s, "c");
	CHECK_EQ(unlinkat(fd, "d/new", 0), 0);
	CHECK_EQ(mkdirat(fd, "made", 0755), 0);
	close(fd);
	storage_free(s);
	return root;
}

TEST(layers_and_what_a_container_wrote)
{
	const char *root = make_overlay();
	struct storage *to = store_open_as(root, "vfs");
	struct storage *from = storage_other(to, "overlay2");
	struct layer_info was, is;
	struct storage_mount m;
	int fd;

	CHECK(from != NULL);
	CHECK_EQ(storage_bring_layer(to, from, top, &e), 1);
	CHECK_EQ(storage_bring_layer(to, from, top, &e), 0);
	CHECK_EQ(storage_bring_layer(to, from, base, &e), 0);
	CHECK_OK(storage_layer_get(from, top, &was, &e), e);
	CHECK_OK(storage_layer_get(to, top, &is, &e), e);
	CHECK_STR(is.diff_id, was.diff_id);
	CHECK_EQ(is.size_bytes, was.size_bytes);
	CHECK_OK(storage_bring_rw(to, from, "c", &e), e);
	CHECK_OK(storage_bring_rw(to, from, "c", &e), e); /* again, as after a crash */
	store_check_diff(to, "c", "C /d\nD /d/new\nA /made\n");
	m = store_mount_info(to, "c", STORAGE_MOUNT_NONE);
	fd = open(m.merged, O_RDONLY | O_DIRECTORY);
	CHECK(has(fd, "made") && !has(fd, "d/new") && !has(fd, "d/old") && !has(fd, "gone"));
	close(fd);
	storage_mount_clear(&m);
	storage_free(from);
	storage_free(to);
}

TEST(back_again)
{
	const char *root = make_overlay();
	struct storage *to = store_open_as(root, "vfs");
	struct storage *from = storage_other(to, "overlay2");
	int fd;

	CHECK_OK(storage_bring_rw(to, from, "c", &e), e);
	storage_free(from);
	storage_free(to);
	to = store_open(root);
	from = storage_other(to, "vfs");
	CHECK_OK(storage_rw_remove(to, "c", &e), e);
	CHECK_OK(storage_bring_rw(to, from, "c", &e), e);
	store_check_diff(to, "c", "C /d\nD /d/new\nA /made\n");
	fd = store_mounted(to, "c");
	CHECK(has(fd, "made") && has(fd, "d") && !has(fd, "d/new") && !has(fd, "gone"));
	close(fd);
	storage_free(from);
	storage_free(to);
}

/* userns=keep-id: the owners on disk stay what they are, and so does what is said of them */
TEST(ids_of_its_own)
{
	static const struct keepid ids = {1000, 1000};
	const char *root = make_overlay();
	struct storage *from, *to = store_open(root);
	struct stat st;
	struct rw rw;
	int fd;

	CHECK_OK(storage_rw_create(to, "k", top, &e), e);
	if (storage_rw_keepid(to, "k", &ids, &e) < 0)
		SKIP("only one id is mapped here");
	CHECK_OK(rw_find(to, "k", &rw, &e), e);
	fd = driver_open_dir(to, rw.mount_id, "layer", &e);
	CHECK_EQ(mkdirat(fd, "diff/users", 0755), 0);
	CHECK_EQ(mkdirat(fd, "diff/roots", 0755), 0);
	CHECK_EQ(fchownat(fd, "diff/roots", 1, 1, 0), 0);
	close(fd);
	storage_free(to);
	/* a driver that cannot do it says so, and has nothing of it */
	to = store_open_as(root, "vfs");
	from = storage_other(to, "overlay2");
	CHECK_EQ(storage_bring_rw(to, from, "k", &e), -1);
	CHECK_EQ(e.kind, ERR_UNIMPLEMENTED);
	CHECK_EQ(rw_find(to, "k", &rw, &e), -1);
	storage_free(from);
	storage_free(to);
	to = store_open_as(root, "fuse-overlayfs");
	from = storage_other(to, "overlay2");
	CHECK_OK(storage_bring_rw(to, from, "k", &e), e);
	CHECK_OK(rw_find(to, "k", &rw, &e), e);
	CHECK(rw.ids.uid == 1000 && rw.ids.gid == 1000);
	fd = driver_open_dir(to, rw.mount_id, "layer", &e);
	CHECK(fstatat(fd, "diff", &st, 0) == 0 && st.st_uid == 1 && st.st_gid == 1);
	CHECK(fstatat(fd, "diff/users", &st, 0) == 0 && st.st_uid == 0 && st.st_gid == 0);
	CHECK(fstatat(fd, "diff/roots", &st, 0) == 0 && st.st_uid == 1 && st.st_gid == 1);
	close(fd);
	store_check_diff(to, "k", "A /roots\nA /users\n");
	storage_free(from);
	storage_free(to);
}

TEST(what_is_damaged_is_not_brought)
{
	const char *root = make_overlay();
	struct storage *to = store_open_as(root, "vfs");
	struct storage *from = storage_other(to, "overlay2");
	char path[512];

	CHECK(storage_other(to, "zfs") == NULL && storage_other(to, "btrfs") == NULL);
	snprintf(path, sizeof(path), "%s/overlay2/%s/diff/d/new", root,
		 layer_find(from, top)->cache_id);
	CHECK_EQ(truncate(path, 3), 0);
	CHECK_EQ(storage_bring_layer(to, from, top, &e), -1);
	CHECK_EQ(storage_bring_rw(to, from, "c", &e), -1);
	CHECK_EQ(storage_bring_rw(to, from, "none", &e), -1);
	CHECK(layer_find(to, base) && !layer_find(to, top));
	/* a journal that is whole, and another's: all that it names is there */
	snprintf(path, sizeof(path), "%s/image/overlay2/layerdb/sha256/%s/tar-split.json.gz", root,
		 top + strlen("sha256:"));
	CHECK_OK(file_write(AT_FDCWD, path, EMPTY_GZIP, sizeof(EMPTY_GZIP) - 1, 0644, FILE_NOSYNC,
			    &e),
		 e);
	CHECK_EQ(storage_bring_layer(to, from, top, &e), -1);
	CHECK_STR(strrchr(e.msg, ':'), ": see thimble fsck");
	storage_free(from);
	storage_free(to);
}
