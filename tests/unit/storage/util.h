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

/* a layer of these entries: "DIR/" or "FILE=CONTENT" */
static inline void store_entries(struct storage *s, const char *parent, char *ret,
				 const char *const *entries)
{
	struct made m;

	made_start(&m);
	for (; *entries; entries++) {
		CLEANUP(freep) char *name = xstrdup(*entries);
		char *content = strchr(name, '=');

		if (content)
			*content++ = 0;
		else
			name[strlen(name) - 1] = 0;
		made_add(&m, content ? TAR_FILE : TAR_DIR, name, content ? content : "");
	}
	store_layer(s, &m, parent, ret);
}

#define store_made(s, parent, ret, ...) \
	store_entries(s, parent, ret, (const char *const[]){__VA_ARGS__, NULL})

static inline bool has(int dir_fd, const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* how a container's root is mounted, its kind being this one; storage_mount_clear() */
static inline struct storage_mount store_mount_info(struct storage *s, const char *id,
						    enum storage_mount_type type)
{
	struct storage_mount m = {0};

	CHECK_OK(storage_rw_mount_info(s, id, &m, &e), e);
	CHECK_EQ(m.type, type);
	return m;
}

/* a container's root, mounted by the kernel as its init would */
static inline int store_mounted(struct storage *s, const char *id)
{
	struct storage_mount m = store_mount_info(s, id, STORAGE_MOUNT_OVERLAY);
	int fd;

	CHECK_EQ(chdir(m.base_dir), 0);
	CHECK_MSG(mount("overlay", m.merged, "overlay", 0, m.options) == 0, "mount: %s", m.options);
	fd = open(m.merged, O_RDONLY | O_DIRECTORY);
	storage_mount_clear(&m);
	CHECK_EQ(chdir("/"), 0);
	return fd;
}

static inline void store_note(void *arg, enum storage_change_kind kind, const char *path)
{
	buf_addf(arg, "%c %s\n", "CAD"[kind], path);
}

/* docker diff tells these changes */
static inline void store_check_diff(struct storage *s, const char *id, const char *changes)
{
	struct buf text = BUF_INIT;

	CHECK_OK(storage_rw_changes(s, id, store_note, &text, &e), e);
	CHECK_STR(buf_str(&text), changes);
	buf_clear(&text);
}

/* docker commit packs these names */
static inline void store_check_tar(struct storage *s, const char *id, const char *names)
{
	struct buf text = BUF_INIT, tar = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &tar), *in;
	const struct tar_entry *ent = NULL;
	struct tar_reader *t;

	CHECK_OK(storage_rw_tar(s, id, out, &e), e);
	in = stream_mem_new(tar.data, tar.len, NULL);
	t = tar_reader_new(in);
	while (tar_next(t, &ent, &e) > 0)
		buf_addf(&text, "%s ", ent->name);
	CHECK_STR(buf_str(&text), names);
	tar_reader_free(t);
	stream_free(in);
	stream_free(out);
	buf_clear(&text);
	buf_clear(&tar);
}

#endif
