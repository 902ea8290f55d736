// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/path.h"
#include "base/str.h"
#include "storage/storage_internal.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/syncs.h"

static char top[DIGEST_SIZE];

static void make_image(struct storage *s)
{
	char base[DIGEST_SIZE];

	store_made(s, NULL, base, "etc/", "etc/hosts=of the image", "gone=x", "d/", "d/old=x");
	store_made(s, base, top, ".wh.gone=", "d/", "d/.wh..wh..opq=", "d/new=12345");
}

TEST(mounted_layers_show_what_the_archives_say)
{
	struct storage *s = store_open(store_root());
	struct stat st;
	uint64_t size = 0;
	int fd, file;

	make_image(s);
	CHECK_OK(storage_rw_create(s, "c1", top, &e), e);
	CHECK_EQ(storage_rw_create(s, "c1", top, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	fd = store_mounted(s, "c1");
	CHECK(!has(fd, "gone"));
	CHECK(!has(fd, "d/old"));
	CHECK(has(fd, "d/new"));
	CHECK(has(fd, ".dockerenv"));
	CHECK(has(fd, "dev/pts"));
	CHECK_EQ(fstatat(fd, "etc/hosts", &st, 0), 0);
	CHECK_EQ(st.st_size, 0);
	file = openat(fd, "written", O_CREAT | O_WRONLY, 0644);
	CHECK_EQ(write(file, "1234567", 7), 7);
	close(file);
	close(fd);
	CHECK_OK(storage_rw_size(s, "c1", &size, &e), e);
	CHECK_EQ(size, 7);
	CHECK_OK(storage_rw_root_size(s, "c1", &size, &e), e);
	CHECK_EQ(size, 7 + 14 + 5);
	storage_free(s);
}

TEST(removal_and_references)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct strv ids = STRV_INIT, keep = STRV_INIT;
	struct layer_info info;

	make_image(s);
	CHECK_OK(storage_rw_create(s, "c1", top, &e), e);
	CHECK_OK(storage_rw_create(s, "c2", top, &e), e);
	CHECK_OK(storage_rw_create(s, "scratch", "", &e), e);
	storage_free(s);
	s = store_open(root);
	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	CHECK_EQ(info.n_refs, 2);
	strv_add(&keep, "c2");
	storage_rw_sweep(s, &keep);
	storage_rw_list(s, &ids);
	CHECK_EQ(ids.len, 1);
	storage_layer_sweep(s, NULL);
	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	CHECK_OK(storage_rw_remove(s, "c2", &e), e);
	CHECK_OK(storage_rw_remove(s, "c2", &e), e);
	CHECK_EQ(storage_layer_get(s, top, &info, &e), -1); /* the last holder is gone */
	strv_clear(&ids);
	strv_clear(&keep);
	storage_free(s);
}

TEST(a_creation_cut_short_leaves_nothing)
{
	const char *root = store_root();
	char dir[4096];
	struct stat st;

	storage_free(store_open(root));
	snprintf(dir, sizeof(dir), "%s/image/overlay2/layerdb/mounts/c9", root);
	CHECK_EQ(mkdir(dir, 0700), 0);
	storage_free(store_open(root));
	CHECK_EQ(stat(dir, &st), -1);
	CHECK_EQ(mkdir(dir, 0700), 0);
	snprintf(dir, sizeof(dir), "%s/image/overlay2/layerdb/mounts/c9/mount-id", root);
	CHECK_EQ(mknod(dir, S_IFREG | 0600, 0), 0);
	storage_free(store_open(root));
	CHECK_EQ(stat(dir, &st), -1);
}

TEST(empty_image)
{
	struct storage *s = store_open(store_root());
	int fd;

	CHECK_OK(storage_rw_create(s, "c1", NULL, &e), e);
	fd = store_mounted(s, "c1");
	CHECK(has(fd, "proc"));
	close(fd);
	storage_free(s);
}

TEST(graph_data)
{
	struct storage *s = store_open(store_root());
	struct strv pairs = STRV_INIT;

	make_image(s);
	CHECK_OK(storage_rw_create(s, "c1", top, &e), e);
	CHECK_OK(storage_rw_graph_data(s, "c1", &pairs, &e), e);
	CHECK_EQ(pairs.len, 10);
	CHECK_STR(pairs.items[0], "ID");
	CHECK_STR(pairs.items[2], "LowerDir");
	CHECK(strstr(pairs.items[3], "-init/diff:"));
	strv_clear(&pairs);
	CHECK_OK(storage_layer_graph_data(s, top, &pairs, &e), e);
	CHECK_EQ(pairs.len, 8);
	strv_clear(&pairs);
	CHECK_EQ(storage_rw_graph_data(s, "none", &pairs, &e), -1);
	CHECK_EQ(storage_rw_create(s, "../x", NULL, &e), -1);
	CHECK_EQ(storage_rw_create(s, "c9", "sha256:none", &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	storage_free(s);
}

TEST(a_writable_layer_is_on_disk_when_it_is_told_of)
{
	static const char *const of_db[] = {"mounts/c1/mount-id", "mounts/c1/init-id",
					    "mounts/c1/parent", "mounts/c1"};
	static const char *const of_tree[] = {"link", "lower", "diff", "work", "."};
	struct storage *s = store_open(store_root());
	char path[CACHE_ID_SIZE + 32];
	struct rw rw;

	make_image(s);
	syncs_watch(s->db_fd, NULL);
	CHECK_OK(storage_rw_create(s, "c1", top, &e), e);
	CHECK_OK(rw_find(s, "c1", &rw, &e), e);
	for (size_t i = 0; i < ARRAY_LEN(of_db); i++)
		CHECK_MSG(syncs_place(s->db_fd, of_db[i]) > 0, "%s", of_db[i]);
	for (size_t i = 0; i < 2 * ARRAY_LEN(of_tree); i++) {
		snprintf(path, sizeof(path), "%s/%s", i % 2 ? rw.init_id : rw.mount_id,
			 of_tree[i / 2]);
		CHECK_MSG(syncs_place(s->driver_fd, path) > 0, "%s", path);
	}
	CHECK(syncs_place(s->driver_fd, "l") > 0);
	/* its names go first: what is half made can be found */
	snprintf(path, sizeof(path), "%s/link", rw.mount_id);
	CHECK(syncs_place(s->db_fd, "mounts/c1") < syncs_place(s->driver_fd, path));
	syncs.fail = SYNC_FILE;
	CHECK_EQ(storage_rw_create(s, "c2", top, &e), -1);
	syncs.fail = 0;
	CHECK_OK(storage_rw_create(s, "c2", top, &e), e);
	storage_free(s);
}
