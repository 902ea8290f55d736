// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <dirent.h>

#include "base/path.h"
#include "storage/storage_internal.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/syncs.h"

static size_t count(const char *root, const char *sub)
{
	char path[4096];
	DIR *dir;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", root, sub);
	dir = opendir(path);
	CHECK(dir != NULL);
	for (struct dirent *d; (d = readdir(dir));)
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void check_nothing_left(const char *root)
{
	CHECK_EQ(count(root, "overlay2"), 1); /* l */
	CHECK_EQ(count(root, "overlay2/l"), 0);
	CHECK_EQ(count(root, "image/overlay2/layerdb/tmp"), 0);
	CHECK_EQ(count(root, "image/overlay2/layerdb/sha256"), 0);
}

static int garbage_fd(void)
{
	int fd = fd_memfile("layer", "this is no tar at all, but long enough to be read", 49, &e);

	CHECK(fd >= 0);
	return fd;
}

TEST(failure_leaves_nothing)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct layer_result result;
	char chain[DIGEST_SIZE];
	int fd = garbage_fd();

	CHECK_EQ(storage_layer_import(s, fd, NULL, &result, chain, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	close(fd);
	check_nothing_left(root);
	storage_free(s);
}

TEST(cancel)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct layer_txn *t = NULL;
	int fds[2];

	CHECK_OK(fd_pipe(fds, &e), e);
	CHECK_OK(storage_layer_begin(s, &t, &e), e);
	CHECK_OK(storage_unpack_start(t, fds[0], &e), e);
	CHECK_EQ(storage_unpack_wait(t, 20, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
	storage_unpack_cancel(t);
	CHECK_EQ(storage_unpack_wait(t, -1, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_CANCELLED);
	storage_layer_abort(t);
	check_nothing_left(root);
	CHECK_OK(storage_layer_begin(s, &t, &e), e);
	CHECK_OK(storage_unpack_start(t, fds[0], &e), e);
	storage_layer_abort(t); /* while it runs */
	check_nothing_left(root);
	close(fds[0]);
	close(fds[1]);
	storage_free(s);
}

TEST(leftovers_of_a_crash_go)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct layer_txn *t = NULL;

	CHECK_OK(storage_layer_begin(s, &t, &e), e);
	CHECK_EQ(count(root, "overlay2"), 2);
	/* the crash: t is lost, and so is the lock */
	fd_close(&s->lock_fd);
	storage_free(store_open(root));
	check_nothing_left(root);
	storage_layer_abort(t);
	storage_free(s);
}

TEST(parents)
{
	struct storage *s = store_open(store_root());
	char first[DIGEST_SIZE], second[DIGEST_SIZE];
	struct layer_info info;
	struct layer_txn *t = NULL;
	struct made m;
	int fd;

	store_made(s, NULL, first, "f=x");
	made_start(&m);
	made_add(&m, TAR_FILE, "f", "x");
	store_layer(s, &m, NULL, second); /* the same again */
	CHECK_STR(first, second);
	CHECK_OK(storage_layer_get(s, first, &info, &e), e);
	CHECK_EQ(info.n_refs, 2);
	made_start(&m);
	made_end(&m);
	fd = fd_memfile("layer", m.bytes.data, m.bytes.len, &e);
	CHECK_OK(storage_layer_begin(s, &t, &e), e);
	CHECK_EQ(storage_layer_commit(t, NULL, second, &e), -1); /* not unpacked */
	CHECK_OK(storage_unpack_start(t, fd, &e), e);
	CHECK_OK(storage_unpack_wait(t, -1, NULL, &e), e);
	CHECK_EQ(storage_layer_commit(t, "sha256:none", second, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(storage_layer_commit(t, first, second, &e), e);
	CHECK_OK(storage_layer_get(s, second, &info, &e), e);
	CHECK_STR(info.parent, first);
	close(fd);
	made_free(&m);
	storage_free(s);
}

TEST(all_of_a_layer_is_on_disk_before_it_has_its_name)
{
	struct storage *s = store_open(store_root());
	char chain[DIGEST_SIZE], upper[DIGEST_SIZE], path[DIGEST_SIZE + 8];
	size_t i = 0;

	store_made(s, NULL, chain, "f=text");
	storage_layer_unref(s, chain, NULL);
	CHECK_EQ(storage_layer_ref(s, chain, &e), -1);
	snprintf(path, sizeof(path), "sha256/%s", chain + strlen("sha256:"));
	syncs_watch(s->db_fd, path);
	store_made(s, NULL, chain, "f=text");
	CHECK(has(s->db_fd, path));
	while (i < syncs.n && syncs.calls[i].what != SYNC_FS)
		i++;
	CHECK(i < syncs.n && !syncs.calls[i].named);
	CHECK_EQ(syncs_place(s->db_fd, "sha256"), 0); /* once for all layers of an image */
	CHECK_OK(storage_layer_sync_names(s, &e), e);
	CHECK(syncs_place(s->db_fd, "sha256") > 0);
	syncs.fail = SYNC_DIR;
	CHECK_EQ(storage_layer_sync_names(s, &e), -1);
	/* one that cannot be synced gets none, and nothing of it is left */
	syncs.fail = SYNC_FS;
	struct made m;

	made_start(&m);
	made_add(&m, TAR_FILE, "g", "text");
	made_end(&m);
	int fd = fd_memfile("layer", m.bytes.data, m.bytes.len, &e);

	CHECK_EQ(storage_layer_import(s, fd, chain, NULL, upper, &e), -1);
	CHECK_EQ(e.sys, EIO);
	close(fd);
	made_free(&m);
	CHECK_EQ(count(storage_root(s), "image/overlay2/layerdb/sha256"), 1);
	CHECK_EQ(count(storage_root(s), "image/overlay2/layerdb/tmp"), 0);
	storage_free(s);
}
