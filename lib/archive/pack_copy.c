// SPDX-License-Identifier: MIT
/*
 * Copies of trees: the content of an image's directory into a new, empty
 * volume. Source: moby container/container_unix.go (copyExistingContents),
 * pkg containerd/continuity fs.CopyDir.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/walk_internal.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/mem.h"
#include "config/limits.h"

struct copier {
	int dst_root_fd;
	struct map seen; /* "device:inode" -> path below dst_root_fd */
	struct buf path; /* of the present entry */
};

static int fail(const struct copier *c, const char *what, struct err *e)
{
	return err_sys(e, "%s %.300s", what, buf_str(&c->path));
}

/* owner, mode, attributes, times of an open file or directory */
static int dress(struct copier *c, int src_fd, int dst_fd, const struct stat *st, struct err *e)
{
	CLEANUP(walk_xattrs_clear) struct walk_xattrs xattrs = {0};
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(dst_fd, st->st_uid, st->st_gid) < 0 || fchmod(dst_fd, st->st_mode & 07777) < 0)
		return fail(c, "change owner or mode of", e);
	walk_xattrs_read(&xattrs, src_fd);
	for (size_t i = 0; i < xattrs.n; i++) /* best effort: the volume may be elsewhere */
		(void)!fsetxattr(dst_fd, xattrs.items[i].name, xattrs.items[i].value,
				 xattrs.items[i].len, 0);
	if (futimens(dst_fd, times) < 0)
		return fail(c, "set times of", e);
	return 0;
}

/* 1 linked to a copy made before, 0 to be copied, -1 */
static int link_known(struct copier *c, const struct stat *st, int dst_fd, const char *name,
		      struct err *e)
{
	char key[48];
	const char *first;

	if (st->st_nlink < 2)
		return 0;
	snprintf(key, sizeof(key), "%llx:%llx", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	first = map_get(&c->seen, key);
	if (!first) {
		map_put(&c->seen, key, xstrdup(buf_str(&c->path)));
		return 0;
	}
	return linkat(c->dst_root_fd, first, dst_fd, name, 0) < 0 ? fail(c, "link", e) : 1;
}

static int copy_file(struct copier *c, int src_dir, int dst_dir, const char *name, struct err *e)
{
	CLEANUP(fd_closep)
	int in = openat(src_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(fd_closep) int out = -1;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return fail(c, "open", e);
	r = link_known(c, &st, dst_dir, name, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	out = openat(dst_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return fail(c, "create", e);
	if (ioctl(out, FICLONE, in) < 0 && fd_copy(in, out, NULL, e) < 0)
		return err_wrap(e, "copy %.200s", buf_str(&c->path));
	return dress(c, in, out, &st, e);
}

static int copy_symlink(struct copier *c, int src_dir, int dst_dir, const char *name,
			const struct stat *st, struct err *e)
{
	CLEANUP(freep) char *target = xmalloc(ARCHIVE_PATH_MAX + 2);
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	ssize_t n = readlinkat(src_dir, name, target, ARCHIVE_PATH_MAX + 1);

	if (n < 0)
		return fail(c, "read link", e);
	target[n] = 0;
	if (symlinkat(target, dst_dir, name) < 0 ||
	    fchownat(dst_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(dst_dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c, "make link", e);
	return 0;
}

static int copy_fifo(struct copier *c, int dst_dir, const char *name, const struct stat *st,
		     struct err *e)
{
	if (mknodat(dst_dir, name, S_IFIFO | (st->st_mode & 07777), 0) < 0 ||
	    fchownat(dst_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c, "make fifo", e);
	return 0;
}

static int copy_children(struct copier *c, int src_fd, int dst_fd, unsigned depth, struct err *e);

static int copy_dir(struct copier *c, int src_dir, int dst_dir, const char *name, unsigned depth,
		    struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	CLEANUP(fd_closep) int src = openat(src_dir, name, flags);
	CLEANUP(fd_closep) int dst = -1;
	struct stat st;

	if (src < 0 || fstat(src, &st) < 0)
		return fail(c, "open", e);
	if (mkdirat(dst_dir, name, 0700) < 0)
		return fail(c, "make directory", e);
	dst = openat(dst_dir, name, flags);
	if (dst < 0)
		return fail(c, "open", e);
	if (copy_children(c, src, dst, depth, e) < 0)
		return -1;
	return dress(c, src, dst, &st, e);
}

static int copy_any(struct copier *c, int src_fd, int dst_fd, const char *name, unsigned depth,
		    struct err *e)
{
	struct stat st;

	if (fstatat(src_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(c, "stat", e);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(c, src_fd, dst_fd, name, e);
	case S_IFDIR:
		return copy_dir(c, src_fd, dst_fd, name, depth + 1, e);
	case S_IFLNK:
		return copy_symlink(c, src_fd, dst_fd, name, &st, e);
	case S_IFIFO:
		return copy_fifo(c, dst_fd, name, &st, e);
	default:
		return 0; /* sockets and devices */
	}
}

static int copy_children(struct copier *c, int src_fd, int dst_fd, unsigned depth, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	size_t len = c->path.len;
	int r = 0;

	if (depth > STORAGE_TREE_DEPTH_MAX)
		return err_set(e, ERR_INVALID, 0, "directories are nested too deeply");
	if (walk_names(src_fd, &names, e) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		buf_addf(&c->path, "%s%s", len > 0 ? "/" : "", names.items[i]);
		r = copy_any(c, src_fd, dst_fd, names.items[i], depth, e);
		c->path.len = len;
		c->path.data[len] = 0;
	}
	return r;
}

int pack_copy_tree(int src_fd, int dst_fd, struct err *e)
{
	struct copier c = {.dst_root_fd = dst_fd};
	struct stat st;
	int r;

	if (fstat(src_fd, &st) < 0)
		return err_sys(e, "stat source");
	map_init(&c.seen, free);
	r = copy_children(&c, src_fd, dst_fd, 0, e);
	if (r == 0)
		r = dress(&c, src_fd, dst_fd, &st, e);
	map_clear(&c.seen);
	buf_clear(&c.path);
	return r;
}
