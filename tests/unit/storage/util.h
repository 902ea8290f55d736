// SPDX-License-Identifier: MIT
/*
 * What the storage tests share: a store on a file system that overlayfs takes,
 * in a user namespace of its own, and the test binary as its own applet
 * `unpack` (storage starts /proc/self/exe).
 */
#ifndef TESTS_UNIT_STORAGE_UTIL_H
#define TESTS_UNIT_STORAGE_UTIL_H

#include <sys/mount.h>

#include "archive/unpack.h"
#include "base/fd.h"
#include "storage/layer.h"
#include "storage/rw.h"
#include "storage/storage.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/archive/util.h"

__attribute__((constructor)) static void be_unpack(void)
{
	struct unpack_status st = {0};
	struct unpack_opts opts = {0};
	char args[256] = "";
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	struct err e;

	ssize_t n = read(fd, args, sizeof(args) - 1);

	close(fd);
	if (n < 0 || strcmp(args, "unpack") != 0)
		return;
	opts.whiteout_names = memmem(args, (size_t)n, "--whiteout-names", 16) != NULL;
	umask(0);
	if (unpack_layer(0, 3, 5, &opts, &st.result, &e) < 0)
		st.err = e;
	_exit(write(4, &st, sizeof(st)) != sizeof(st));
}

static struct err e;

/* a data root on a tmpfs that only this test sees */
static inline const char *store_root(void)
{
	const char *dir = harness_tmpdir();

	userns_enter();
	if (mount("tmpfs", dir, "tmpfs", 0, "mode=755") < 0)
		SKIP("cannot mount a tmpfs here");
	umask(022);
	return dir;
}

static inline struct storage *store_open_as(const char *root, const char *driver)
{
	struct storage *s = NULL;

	if (storage_open(root, driver, &s, &e) < 0) {
		if (e.kind == ERR_UNAVAILABLE)
			SKIP(e.msg);
		CHECK_MSG(0, "%s", e.msg);
	}
	return s;
}

static inline struct storage *store_open(const char *root)
{
	return store_open_as(root, "overlay2");
}

/* the archive as a layer upon parent; its chain id into ret */
static inline void store_layer(struct storage *s, struct made *m, const char *parent, char *ret)
{
	struct layer_result result;
	int fd;

	made_end(m);
	fd = fd_memfile("layer", m->bytes.data, m->bytes.len, &e);
	CHECK(fd >= 0);
	CHECK_OK(storage_layer_import(s, fd, parent, &result, ret, &e), e);
	CHECK_EQ(result.tar_bytes, m->bytes.len);
	close(fd);
	made_free(m);
}

#endif
