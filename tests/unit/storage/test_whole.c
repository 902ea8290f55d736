// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/path.h"
#include "base/str.h"
#include "archive/walk.h"
#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"

static const char *root;
static char base[DIGEST_SIZE], top[DIGEST_SIZE];

static struct storage *with_image(void)
{
	struct storage *s;

	root = store_root();
	s = store_open_as(root, "vfs");
	store_made(s, NULL, base, "d/", "d/old=x", "d/kept=kept", "gone=x", "etc/",
		   "etc/hosts=of the image");
	store_made(s, base, top, ".wh.gone=", "d/", "d/.wh.old=", "d/new=12345");
	return s;
}

static int open_below(const char *dir, const char *id)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/vfs/%s/%s", root, dir, id);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CHECK_MSG(fd >= 0, "%s", path);
	return fd;
}

TEST(each_layer_is_a_whole_tree)
{
	struct storage *s = with_image();
	struct layer_info info;
	struct stat below, above;
	int fd;

	CHECK_OK(storage_layer_get(s, base, &info, &e), e);
	fd = open_below("dir", info.cache_id);
	CHECK(has(fd, "gone") && has(fd, "d/old") && !has(fd, "d/new"));
	CHECK_EQ(fstatat(fd, "d/kept", &below, 0), 0);
	close(fd);
	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	CHECK_EQ(info.size_bytes, 5);
	fd = open_below("dir", info.cache_id);
	CHECK(!has(fd, "gone") && !has(fd, "d/old") && has(fd, "d/new") && !has(fd, ".wh.gone"));
	CHECK_EQ(fstatat(fd, "d/kept", &above, 0), 0);
	CHECK_EQ(below.st_ino, above.st_ino); /* costs no space */
	close(fd);
	storage_free(s);
}

TEST(a_layers_tar_comes_out_as_it_went_in)
{
	struct storage *s = with_image();
	struct buf tar = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &tar);
	char digest[DIGEST_SIZE];
	struct layer_info info;

	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	CHECK_OK(storage_layer_tar(s, top, out, &e), e);
	sha256_digest(tar.data, tar.len, digest);
	CHECK_STR(digest, info.diff_id);
	stream_free(out);
	buf_clear(&tar);
	storage_free(s);
}

TEST(a_containers_tree_is_its_own)
{
	struct storage *s = with_image();
	struct storage_mount m;
	struct strv pairs = STRV_INIT;
	struct layer_info info;
	uint64_t bytes = 0;
	struct stat st;
	int fd;

	CHECK_OK(storage_rw_create(s, "c", top, &e), e);
	m = store_mount_info(s, "c", STORAGE_MOUNT_NONE);
	fd = open(m.merged, O_RDONLY | O_DIRECTORY);
	CHECK(has(fd, "d/new") && has(fd, ".dockerenv") && has(fd, "proc") &&
	      has(fd, "dev/console"));
	CHECK(fstatat(fd, "etc/hosts", &st, 0) == 0 && st.st_size == 0);
	store_check_diff(s, "c", "");
	/* in place, where a link to the layer would be written through */
	{
		int file = openat(fd, "d/kept", O_WRONLY | O_APPEND);

		CHECK_EQ(write(file, "+more", 5), 5);
		close(file);
	}
	CHECK(unlinkat(fd, "d/new", 0) == 0 && mkdirat(fd, "made", 0755) == 0);
	store_check_diff(s, "c", "C /d\nC /d/kept\nD /d/new\nA /made\n");
	CHECK_OK(storage_rw_size(s, "c", &bytes, &e), e);
	CHECK_EQ(bytes, 9);
	store_check_tar(s, "c", "d/ d/kept d/.wh.new made/ ");
	close(fd);
	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	fd = open_below("dir", info.cache_id);
	CHECK(fstatat(fd, "d/kept", &st, 0) == 0 && st.st_size == 4);
	close(fd);
	CHECK_OK(storage_layer_graph_data(s, top, &pairs, &e), e);
	CHECK_EQ(pairs.len, 0);
	CHECK_OK(storage_rw_graph_data(s, "c", &pairs, &e), e);
	CHECK_EQ(pairs.len, 2);
	strv_clear(&pairs);
	storage_mount_clear(&m);
	storage_free(s);
}

TEST(nothing_is_left_and_what_a_crash_left_goes)
{
	struct storage *s = with_image();
	static struct layer_txn *txn; /* never ended, as a crash leaves it */
	struct strv names = STRV_INIT;
	char path[512];
	int fd;

	CHECK_OK(storage_rw_create(s, "c", top, &e), e);
	CHECK_OK(storage_rw_remove(s, "c", &e), e);
	storage_layer_unref(s, top, NULL);
	storage_layer_unref(s, base, NULL);
	CHECK_OK(storage_layer_begin(s, &txn, &e), e);
	snprintf(path, sizeof(path), "%s/image/vfs/layerdb/tmp", root);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CHECK_OK(walk_names(fd, &names, &e), e);
	CHECK_EQ(names.len, 1);
	/* as if it had been killed while it was laid over the layer below */
	snprintf(path, sizeof(path), "%s/vfs/dir/%s", root, names.items[0] + strlen("write-set-"));
	CHECK_EQ(mkdir(path, 0755), 0);
	storage_free(s);
	s = store_open_as(root, "vfs");
	storage_free(s);
	strv_clear(&names);
	CHECK_OK(walk_names(fd, &names, &e), e);
	CHECK_EQ(names.len, 0);
	close(fd);
	fd = open_below("dir", ".");
	CHECK_OK(walk_names(fd, &names, &e), e);
	CHECK_EQ(names.len, 0);
	close(fd);
	fd = open_below(".staging", ".");
	CHECK_OK(walk_names(fd, &names, &e), e);
	CHECK_EQ(names.len, 0);
	close(fd);
	strv_clear(&names);
}

TEST(btrfs_says_where_it_works)
{
	struct storage *s = NULL;

	root = store_root();
	CHECK_EQ(storage_open(root, "btrfs", &s, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	CHECK(strstr(e.msg, "is not on btrfs (file system tmpfs)") != NULL);
}
