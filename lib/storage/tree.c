// SPDX-License-Identifier: MIT
/*
 * Whole trees: copied, joined by hard links, or laid over one another with
 * whiteouts obeyed. Trees are hostile: descriptors only, no link is followed.
 * Everything a file is stays what it was: owner, mode, times, attributes and
 * capabilities, holes, hard links, devices as far as a user namespace may make
 * them. Source: moby daemon/graphdriver/copy/copy.go, pkg/archive/diff.go;
 * ioctl_ficlone(2), copy_file_range(2), lseek(2) for holes.
 */
#include <dirent.h>
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

#include "archive/walk.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "storage/driver_internal.h"

#define XATTR_BYTES (64 * KIB) /* XATTR_LIST_MAX, XATTR_SIZE_MAX */
#define BLOCK_BYTES (256 * KIB)
#define WH_PREFIX   ".wh."
#define WH_OPAQUE   ".wh..wh..opq"

struct putter {
	int dst_root_fd;
	enum tree_how how;
	struct keepid ids;
	bool wh_names;
	bool no_clone;	 /* the file system has said so once */
	struct map seen; /* inode -> path below dst_root_fd, of files with several names */
	struct buf path; /* of the present entry */
	char *block;
};

static int fail(const struct putter *p, const char *what, struct err *e)
{
	return err_sys(e, "%s %.300s", what, buf_str(&p->path));
}

/* --- one file -------------------------------------------------------------- */

static int copy_range(struct putter *p, int in, int out, off_t at, off_t end, struct err *e)
{
	off_t from = at, to = at;
	ssize_t n = 0;

	while (from < end &&
	       (n = copy_file_range(in, &from, out, &to, (size_t)(end - from), 0)) > 0)
		;
	if (n >= 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS && errno != EXDEV && errno != EOPNOTSUPP &&
	    errno != EBADF)
		return fail(p, "copy", e);
	if (!p->block)
		p->block = xmalloc(BLOCK_BYTES);
	while (from < end) {
		n = pread(in, p->block, (size_t)MIN((off_t)BLOCK_BYTES, end - from), from);
		if (n == 0)
			break; /* it shrank */
		if (n < 0 || pwrite(out, p->block, (size_t)n, from) != n)
			return fail(p, "copy", e);
		from += n;
	}
	return 0;
}

/* by sharing extents, else data by data, holes left out */
static int copy_content(struct putter *p, int in, int out, off_t size, struct err *e)
{
	off_t at = 0;

	if (size == 0)
		return 0;
	if (!p->no_clone) {
		if (ioctl(out, FICLONE, in) == 0)
			return 0;
		p->no_clone = errno == EOPNOTSUPP || errno == ENOTTY || errno == ENOSYS;
	}
	while (at < size) {
		off_t data = lseek(in, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			break; /* nothing but a hole is left */
		if (data < 0)
			data = at;
		hole = lseek(in, data, SEEK_HOLE);
		if (hole <= data || hole > size)
			hole = size;
		if (copy_range(p, in, out, data, hole, e) < 0)
			return -1;
		at = hole;
	}
	return ftruncate(out, size) < 0 ? fail(p, "set size of", e) : 0;
}

/* what a file system refuses is left out */
static void copy_xattrs(int in, int out)
{
	CLEANUP(freep) char *names = NULL;
	CLEANUP(freep) char *value = NULL;
	ssize_t n = flistxattr(in, NULL, 0);

	if (n <= 0)
		return;
	names = xmalloc(XATTR_BYTES + 1);
	value = xmalloc(XATTR_BYTES);
	n = flistxattr(in, names, XATTR_BYTES);
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t len = fgetxattr(in, names + at, value, XATTR_BYTES);

		if (len >= 0)
			(void)!fsetxattr(out, names + at, value, (size_t)len, 0);
	}
}

/* owner before mode and attributes (chown(2) clears setuid and capabilities), times last */
static int dress(struct putter *p, int in, int out, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(out, keepid_out(p->ids.uid, st->st_uid), keepid_out(p->ids.gid, st->st_gid)) <
		    0 ||
	    fchmod(out, st->st_mode & 07777) < 0)
		return fail(p, "change owner or mode of", e);
	copy_xattrs(in, out);
	return futimens(out, times) < 0 ? fail(p, "set times of", e) : 0;
}

static int copy_file(struct putter *p, int src, int dst, const char *name, struct err *e)
{
	CLEANUP(fd_closep)
	int in = openat(src, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(fd_closep) int out = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return fail(p, "open", e);
	out = openat(dst, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return fail(p, "create", e);
	if (copy_content(p, in, out, st.st_size, e) < 0)
		return -1;
	return dress(p, in, out, &st, e);
}

static int chown_at(const struct putter *p, int dst, const char *name, const struct stat *st)
{
	return fchownat(dst, name, keepid_out(p->ids.uid, st->st_uid),
			keepid_out(p->ids.gid, st->st_gid), AT_SYMLINK_NOFOLLOW);
}

static int copy_symlink(struct putter *p, int src, int dst, const char *name, const struct stat *st,
			struct err *e)
{
	CLEANUP(freep) char *target = xmalloc(ARCHIVE_PATH_MAX + 2);
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	ssize_t n = readlinkat(src, name, target, ARCHIVE_PATH_MAX + 1);

	if (n < 0)
		return fail(p, "read link", e);
	target[n] = 0;
	if (symlinkat(target, dst, name) < 0 || chown_at(p, dst, name, st) < 0 ||
	    utimensat(dst, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(p, "make link", e);
	return 0;
}

/* fifos, sockets, devices; a user namespace makes no devices but 0/0, nor had it the source's */
static int copy_node(struct putter *p, int dst, const char *name, const struct stat *st,
		     struct err *e)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (mknodat(dst, name, st->st_mode, st->st_rdev) < 0)
		return errno == EPERM ? 0 : fail(p, "make node", e);
	if (chown_at(p, dst, name, st) < 0 || fchmodat(dst, name, st->st_mode & 07777, 0) < 0 ||
	    utimensat(dst, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(p, "make node", e);
	return 0;
}

/* 1 linked to a copy made before, 0 to be copied, -1 */
static int link_known(struct putter *p, const struct stat *st, int dst, const char *name,
		      struct err *e)
{
	char key[24];
	const char *first;

	if (st->st_nlink < 2)
		return 0;
	snprintf(key, sizeof(key), "%llx", (unsigned long long)st->st_ino);
	first = map_get(&p->seen, key);
	if (!first) {
		map_put(&p->seen, key, xstrdup(buf_str(&p->path)));
		return 0;
	}
	return linkat(p->dst_root_fd, first, dst, name, 0) < 0 ? fail(p, "link", e) : 1;
}

/* what is no directory; nothing has its name in dst */
static int put_file_like(struct putter *p, int src, int dst, const char *name,
			 const struct stat *st, struct err *e)
{
	int r;

	if (p->how == TREE_LINK && linkat(src, name, dst, name, 0) == 0)
		return 0; /* else it has as many names as it may have, say */
	if (p->how == TREE_MOVE)
		return renameat(src, name, dst, name) < 0 ? fail(p, "move", e) : 0;
	r = link_known(p, st, dst, name, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	if (S_ISREG(st->st_mode))
		return copy_file(p, src, dst, name, e);
	if (S_ISLNK(st->st_mode))
		return copy_symlink(p, src, dst, name, st, e);
	return copy_node(p, dst, name, st, e);
}

/* --- directories ------------------------------------------------------------ */

static int put_children(struct putter *p, int src, int dst, bool merge, unsigned depth,
			struct err *e);

static int put_dir(struct putter *p, int src_dir, int dst_dir, const char *name, bool exists,
		   unsigned depth, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	CLEANUP(fd_closep) int src = openat(src_dir, name, flags);
	CLEANUP(fd_closep) int dst = -1;
	struct stat st;

	if (src < 0 || fstat(src, &st) < 0)
		return fail(p, "open", e);
	if (!exists && mkdirat(dst_dir, name, 0700) < 0)
		return fail(p, "make directory", e);
	dst = openat(dst_dir, name, flags);
	if (dst < 0)
		return fail(p, "open", e);
	if (put_children(p, src, dst, exists, depth, e) < 0)
		return -1;
	return dress(p, src, dst, &st, e);
}

static int put_any(struct putter *p, int src, int dst, const char *name, bool merge, unsigned depth,
		   struct err *e)
{
	bool exists = false;
	struct stat st, old;

	if (fstatat(src, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(p, "stat", e);
	if (merge && fstatat(dst, name, &old, AT_SYMLINK_NOFOLLOW) == 0) {
		exists = S_ISDIR(st.st_mode) && S_ISDIR(old.st_mode);
		if (!exists && path_remove_tree(dst, name, e) < 0)
			return -1;
	}
	if (S_ISDIR(st.st_mode))
		return put_dir(p, src, dst, name, exists, depth + 1, e);
	return put_file_like(p, src, dst, name, &st, e);
}

/* what whiteouts hide goes before anything comes */
static int obey_whiteouts(const struct strv *names, int dst, struct err *e)
{
	CLEANUP(strv_clear) struct strv old = STRV_INIT;

	if (strv_has(names, WH_OPAQUE)) {
		if (walk_names(dst, &old, e) < 0)
			return -1;
		strv_for_each (name, &old)
			if (path_remove_tree(dst, *name, e) < 0)
				return -1;
		return 0;
	}
	strv_for_each (it, names) {
		const char *name = str_skip(*it, WH_PREFIX);

		if (name && *name && !str_eq(name, ".") && !str_eq(name, "..") &&
		    path_remove_tree(dst, name, e) < 0)
			return -1;
	}
	return 0;
}

static int put_children(struct putter *p, int src, int dst, bool merge, unsigned depth,
			struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	size_t len = p->path.len;
	int r = 0;

	if (depth > STORAGE_TREE_DEPTH_MAX)
		return err_set(e, ERR_INVALID, 0, "directories are nested too deeply");
	if (walk_names(src, &names, e) < 0)
		return -1;
	if (p->wh_names && merge && obey_whiteouts(&names, dst, e) < 0)
		return err_wrap(e, "below %.200s", buf_str(&p->path));
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		if (p->wh_names && str_starts(names.items[i], WH_PREFIX))
			continue;
		buf_addf(&p->path, "%s%s", len > 0 ? "/" : "", names.items[i]);
		r = put_any(p, src, dst, names.items[i], merge, depth, e);
		p->path.len = len;
		p->path.data[len] = 0;
	}
	return r;
}

static int put(struct putter *p, int src_fd, bool dress_root, struct err *e)
{
	struct stat st;
	int r;

	if (fstat(src_fd, &st) < 0)
		return err_sys(e, "stat source");
	map_init(&p->seen, free);
	buf_addstr(&p->path, "");
	r = put_children(p, src_fd, p->dst_root_fd, true, 0, e);
	if (r == 0 && dress_root)
		r = dress(p, src_fd, p->dst_root_fd, &st, e);
	map_clear(&p->seen);
	buf_clear(&p->path);
	free(p->block);
	return r;
}

int tree_put(int src_fd, int dst_fd, enum tree_how how, bool wh_names, bool dress_root,
	     struct err *e)
{
	struct putter p = {.dst_root_fd = dst_fd, .how = how, .wh_names = wh_names};

	return put(&p, src_fd, dress_root, e);
}

int tree_put_ids(int src_fd, int dst_fd, const struct keepid *ids, struct err *e)
{
	struct putter p = {.dst_root_fd = dst_fd, .how = TREE_COPY, .ids = *ids};

	return put(&p, src_fd, true, e);
}
