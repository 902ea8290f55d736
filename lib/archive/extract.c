// SPDX-License-Identifier: MIT
/*
 * Theory of operation. A layer is a hundred thousand small files, so what counts
 * is the number of system calls: the parent directory of the last entry stays
 * open, a file is open, write, close with one call for each attribute that the
 * creation did not set, and nothing is looked at before it is found to exist.
 *
 * Steps for an entry:
 *  1. its name becomes a relative path; ".." out of the root is refused
 *  2. the parent is opened as if the root were "/" (RESOLVE_IN_ROOT), missing
 *     parents are made
 *  3. the object is created; what stands in its way is removed first
 *  4. owner, then mode bits that chown(2) clears, then xattrs, then times
 * Directories get their times at the end, for creating children changes them.
 */
#include "archive/extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/name_internal.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"

#define WH_PREFIX	   ".wh."
#define WH_META		   ".wh..wh."
#define WH_OPAQUE	   ".wh..wh..opq"
#define IMPLIED_MODE	   0755
#define DEFERRED_MAX_BYTES (256 * MIB)
#define HOLE_MIN	   4096
#define SPARE_BYTES	   (8 * MIB)  /* at a time */
#define SPARE_MIN_BYTES	   (64 * KIB) /* smaller files stay in the page cache */

/* an open directory, kept while entries go into it */
struct dir_cache {
	int fd; /* O_PATH; -1: none */
	bool setgid;
	char path[ARCHIVE_PATH_MAX + 1];
};

struct extractor {
	struct tar_reader *t;
	int root_fd;
	const struct extract_opts *opts;
	bool not_root; /* new files are not 0:0: tests only */
	struct extract_stats stats;
	struct dir_cache parent, link_parent;
	uint64_t n_wh_files; /* WHITEOUT_NAMES: made so far */
	struct buf deferred; /* struct deferred_dir and path, one behind the other */
	char path[ARCHIVE_PATH_MAX + 1];
	char link_path[ARCHIVE_PATH_MAX + 1];
	char dir[ARCHIVE_PATH_MAX + 1];
};

struct deferred_dir {
	struct timespec times[2];
	size_t path_len;
};

static void cache_drop(struct dir_cache *c)
{
	fd_close(&c->fd);
}

static int open_dir(struct extractor *x, const char *path, struct err *e)
{
	return path_open_in_root(x->root_fd, *path ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC,
				 0, e);
}

/* opens a directory, making what is missing; fd or -1 */
static int make_dirs(struct extractor *x, const char *path, struct err *e)
{
	char *part = x->dir; /* grows by one component a turn */
	int fd = open_dir(x, "", e);
	const char *p = path;

	while (fd >= 0 && *p) {
		size_t len = strcspn(p, "/");
		int next;

		memcpy(part + (p - path), p, len);
		part[(p - path) + (ptrdiff_t)len] = 0;
		next = open_dir(x, part, e);
		if (next < 0 && e->sys == ENOENT) {
			if (mkdirat(fd, part + (p - path), IMPLIED_MODE) < 0)
				err_sys(e, "make directory %.300s", part);
			else
				next = open_dir(x, part, e);
		}
		fd_close(&fd);
		fd = next;
		p += len;
		if (*p == '/')
			part[p++ - path] = '/';
	}
	return fd;
}

/* the directory part of path in c; *ret_base is the last component */
static int open_parent(struct extractor *x, struct dir_cache *c, const char *path, bool make,
		       const char **ret_base, struct err *e)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	struct stat st;

	*ret_base = slash ? slash + 1 : path;
	if (c->fd >= 0 && strlen(c->path) == len && memcmp(c->path, path, len) == 0)
		return 0;
	cache_drop(c);
	memcpy(c->path, path, len);
	c->path[len] = 0;
	c->fd = open_dir(x, c->path, e);
	if (c->fd < 0 && e->sys == ENOENT && make) {
		err_clear(e);
		c->fd = make_dirs(x, c->path, e);
	}
	if (c->fd < 0)
		return -1;
	if (fstat(c->fd, &st) < 0)
		return err_sys(e, "stat %.300s", c->path);
	c->setgid = st.st_mode & S_ISGID;
	return 0;
}

static int fail(const struct tar_entry *ent, const char *what, struct err *e)
{
	return err_sys(e, "%s %.300s", what, ent->name);
}

static uint32_t entry_uid(const struct extractor *x, const struct tar_entry *ent)
{
	return x->opts->set_owner ? x->opts->uid : ent->uid;
}

static uint32_t entry_gid(const struct extractor *x, const struct tar_entry *ent)
{
	return x->opts->set_owner ? x->opts->gid : ent->gid;
}

/* new objects belong to 0:0, or to the group of a setgid directory */
static bool needs_chown(const struct extractor *x, const struct tar_entry *ent)
{
	return entry_uid(x, ent) != 0 || entry_gid(x, ent) != 0 || x->parent.setgid || x->not_root;
}

static int chown_failed(const struct extractor *x, const struct tar_entry *ent, struct err *e)
{
	if (errno == EINVAL)
		return err_set(e, ERR_DENIED, EINVAL,
			       "%.200s belongs to %u:%u, which has no subordinate id here: "
			       "/etc/subuid and /etc/subgid must give this user a range that "
			       "reaches it (65536 ids are usual); or see dockerd "
			       "--single-id-xattr",
			       ent->name, entry_uid(x, ent), entry_gid(x, ent));
	return fail(ent, "change owner of", e);
}

/* The owner that cannot be; links and nodes bear no attributes of users and stay ours. */
static int note_owner(const struct extractor *x, const struct tar_entry *ent, int file_fd,
		      const char *base, struct err *e)
{
	CLEANUP(fd_closep) int dir_fd = -1;
	char text[40];

	if (file_fd < 0)
		file_fd = dir_fd =
			openat(x->parent.fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (file_fd < 0)
		return 0;
	snprintf(text, sizeof(text), "%u:%u:0%o", entry_uid(x, ent), entry_gid(x, ent),
		 (unsigned)ent->mode & 07777);
	if (fsetxattr(file_fd, OWNER_XATTR, text, strlen(text), 0) < 0)
		return fail(ent, "note owner of", e);
	return 0;
}

/* Gives the entry its owner: the open file, or what base names when file_fd is -1. */
static int set_owner(const struct extractor *x, const struct tar_entry *ent, int file_fd,
		     const char *base, struct err *e)
{
	uint32_t uid = entry_uid(x, ent), gid = entry_gid(x, ent);
	int r = file_fd >= 0 ? fchown(file_fd, uid, gid)
			     : fchownat(x->parent.fd, base, uid, gid, AT_SYMLINK_NOFOLLOW);

	if (r == 0)
		return 0;
	if (errno == EINVAL && x->opts->owner_xattr)
		return note_owner(x, ent, file_fd, base, e);
	return chown_failed(x, ent, e);
}

/* What was before 1970 is 1970, as Docker's. */
static struct timespec time_from(int64_t sec, uint32_t nsec)
{
	return (struct timespec){sec < 0 ? 0 : (time_t)sec, sec < 0 ? 0 : (long)nsec};
}

static void entry_times(const struct tar_entry *ent, struct timespec times[2])
{
	times[1] = time_from(ent->mtime_sec, ent->mtime_nsec);
	times[0] = ent->has_atime ? time_from(ent->atime_sec, ent->atime_nsec) : times[1];
}

static bool xattr_wanted(const char *name)
{
	if (str_starts(name, "user.overlay.") || str_starts(name, "user.fuseoverlayfs."))
		return false; /* would speak to overlayfs */
	return str_starts(name, "user.") || str_eq(name, "security.capability") ||
	       str_starts(name, "system.posix_acl_");
}

static int set_xattrs(int fd, const struct tar_entry *ent, struct err *e)
{
	for (size_t i = 0; i < ent->n_xattrs; i++) {
		const struct tar_xattr *a = &ent->xattrs[i];

		if (!xattr_wanted(a->name) || fsetxattr(fd, a->name, a->value, a->len, 0) == 0)
			continue;
		/* file systems without them, ids that are not mapped, malformed values: as Docker
		 */
		if (errno != ENOTSUP && errno != EPERM && errno != EINVAL && errno != ERANGE)
			return err_sys(e, "set attribute %.100s of %.200s", a->name, ent->name);
	}
	return 0;
}

/* removes what stands where an entry wants to be, but merges directories; 1 merge, 0 gone */
static int make_room(struct extractor *x, const struct tar_entry *ent, const char *base,
		     struct stat *ret_old, struct err *e)
{
	bool dir = ent->type == TAR_DIR;

	if (fstatat(x->parent.fd, base, ret_old, AT_SYMLINK_NOFOLLOW) < 0) {
		ret_old->st_mode = 0;
		return errno == ENOENT ? 0 : fail(ent, "stat", e);
	}
	if (S_ISDIR(ret_old->st_mode) && dir)
		return 1;
	if (x->opts->no_overwrite_dir_nondir && S_ISDIR(ret_old->st_mode))
		return err_set(
			e, ERR_INVALID, 0,
			"cannot overwrite directory \"/%.200s\" with non-directory \"%.200s\"",
			x->path, ent->name);
	if (x->opts->no_overwrite_dir_nondir && dir)
		return err_set(
			e, ERR_INVALID, 0,
			"cannot overwrite non-directory \"/%.200s\" with directory \"%.200s\"",
			x->path, ent->name);
	if (x->opts->restorable &&
	    (S_ISDIR(ret_old->st_mode) || (S_ISREG(ret_old->st_mode) && ret_old->st_size > 0)))
		return err_set(e, ERR_INVALID, 0, "duplicates of file paths not supported");
	cache_drop(&x->link_parent); /* may lead through what goes */
	if (!S_ISDIR(ret_old->st_mode)) {
		if (unlinkat(x->parent.fd, base, 0) < 0)
			return fail(ent, "replace", e);
		return 0;
	}
	return path_remove_tree(x->parent.fd, base, e);
}

static int write_at(int fd, const char *p, size_t n, uint64_t offset)
{
	while (n > 0) {
		ssize_t w = pwrite(fd, p, n, (off_t)offset);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -1;
		p += w;
		offset += (uint64_t)w;
		n -= (size_t)w;
	}
	return 0;
}

/* large enough for a hole, and nothing but zeros */
static bool is_hole(const char *p, size_t n)
{
	uint64_t word = 0;

	for (size_t at = 0; at + sizeof(word) <= n && word == 0; at += sizeof(word))
		memcpy(&word, p + at, sizeof(word));
	if (n < HOLE_MIN || word != 0)
		return false;
	memcpy(&word, p + n - sizeof(word), sizeof(word));
	return word == 0;
}

/* From here to the end; only what is on the disk can leave the page cache. */
static void spare(int fd, uint64_t from)
{
	if (sync_file_range(fd, (off_t)from, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) == 0)
		(void)posix_fadvise(fd, (off_t)from, 0, POSIX_FADV_DONTNEED);
}

/* What is zero stays a hole: a tar of a container's files, unlike the files, has none. */
static int write_content(struct extractor *x, const struct tar_entry *ent, int fd, struct err *e)
{
	const void *p = NULL;
	uint64_t offset = 0, end = 0, spared = 0;
	ssize_t n;

	while ((n = tar_chunk(x->t, &p, &offset, e)) > 0) {
		if (is_hole(p, (size_t)n))
			continue;
		if (write_at(fd, p, (size_t)n, offset) < 0)
			return fail(ent, "write", e);
		end = offset + (uint64_t)n;
		if (x->opts->spare_cache &&
		    end - spared >= (end < ent->size ? SPARE_BYTES : SPARE_MIN_BYTES)) {
			spare(fd, spared);
			spared = end & ~(uint64_t)(SPARE_MIN_BYTES - 1);
		}
	}
	if (n == 0 && end < ent->size && ftruncate(fd, (off_t)ent->size) < 0)
		return fail(ent, "set size of", e);
	return (int)n;
}

static int make_file(struct extractor *x, const struct tar_entry *ent, const char *base,
		     struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct timespec times[2];
	struct stat old;

	fd = openat(x->parent.fd, base, flags, ent->mode & 0777);
	if (fd < 0 && errno == EEXIST) {
		if (make_room(x, ent, base, &old, e) < 0)
			return -1;
		fd = openat(x->parent.fd, base, flags, ent->mode & 0777);
	}
	if (fd < 0)
		return fail(ent, "create", e);
	if (write_content(x, ent, fd, e) < 0)
		return -1;
	if (needs_chown(x, ent) && set_owner(x, ent, fd, base, e) < 0)
		return -1;
	if ((ent->mode & 07000) && fchmod(fd, ent->mode) < 0)
		return fail(ent, "change mode of", e);
	if (ent->n_xattrs > 0 && set_xattrs(fd, ent, e) < 0)
		return -1;
	entry_times(ent, times);
	if (futimens(fd, times) < 0)
		return fail(ent, "set times of", e);
	x->stats.content_bytes += ent->size;
	return 0;
}

static int defer_times(struct extractor *x, const struct tar_entry *ent, struct err *e)
{
	struct deferred_dir d = {.path_len = strlen(x->path) + 1};

	if (x->deferred.len > DEFERRED_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "tar: too many directories");
	entry_times(ent, d.times);
	buf_add(&x->deferred, &d, sizeof(d));
	buf_add(&x->deferred, x->path, d.path_len);
	return 0;
}

static int set_opaque(int dir_fd, const char *name, struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
		return err_sys(e, "mark directory %.200s opaque", name);
	return 0;
}

/* owner, mode, xattrs of a directory that exists */
static int dress_dir(struct extractor *x, const struct tar_entry *ent, const char *base, bool fresh,
		     struct err *e)
{
	if ((!fresh || needs_chown(x, ent)) && set_owner(x, ent, -1, base, e) < 0)
		return -1;
	/* mkdir(2) leaves setuid and setgid out; base is no link: it was made or seen just now */
	if ((!fresh || (ent->mode & 06000) || x->parent.setgid) &&
	    fchmodat(x->parent.fd, base, ent->mode, 0) < 0)
		return fail(ent, "change mode of", e);
	if (ent->n_xattrs > 0) {
		CLEANUP(fd_closep)
		int fd =
			openat(x->parent.fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return fail(ent, "open", e);
		if (set_xattrs(fd, ent, e) < 0)
			return -1;
	}
	return defer_times(x, ent, e);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static int make_dir(struct extractor *x, const struct tar_entry *ent, const char *base,
		    struct err *e)
{
	struct stat old = {0};
	bool fresh = true;

	if (mkdirat(x->parent.fd, base, ent->mode & 01777) < 0) {
		int r;

		if (errno != EEXIST)
			return fail(ent, "make directory", e);
		r = make_room(x, ent, base, &old, e);
		if (r < 0)
			return -1;
		fresh = r == 0;
		if (fresh && mkdirat(x->parent.fd, base, ent->mode & 01777) < 0)
			return fail(ent, "make directory", e);
		/* a whiteout and then a directory: what is below stays hidden */
		if (fresh && x->opts->whiteout == WHITEOUT_OVERLAY && is_whiteout(&old) &&
		    set_opaque(x->parent.fd, base, e) < 0)
			return -1;
	}
	return dress_dir(x, ent, base, fresh, e);
}

static int make_symlink(struct extractor *x, const struct tar_entry *ent, const char *base,
			struct err *e)
{
	struct timespec times[2];
	struct stat old;

	if (*ent->link == 0)
		return err_set(e, ERR_INVALID, 0, "tar: symlink %.200s without a target",
			       ent->name);
	if (symlinkat(ent->link, x->parent.fd, base) < 0) {
		if (errno != EEXIST)
			return fail(ent, "make symlink", e);
		if (make_room(x, ent, base, &old, e) < 0)
			return -1;
		if (symlinkat(ent->link, x->parent.fd, base) < 0)
			return fail(ent, "make symlink", e);
	}
	x->stats.link_bytes += strlen(ent->link);
	if (needs_chown(x, ent) && set_owner(x, ent, -1, base, e) < 0)
		return -1;
	entry_times(ent, times);
	if (utimensat(x->parent.fd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(ent, "set times of", e);
	return 0;
}

/* the target is a name in this archive: found beneath the root, never through a final link */
static int make_hardlink(struct extractor *x, const struct tar_entry *ent, const char *base,
			 struct err *e)
{
	const char *target;
	struct stat old;

	if (name_clean(ent->link, x->link_path, sizeof(x->link_path)) < 0 || !*x->link_path)
		return err_set(e, ERR_INVALID, 0,
			       "tar: hard link %.150s to %.150s, which is outside of the root",
			       ent->name, ent->link);
	if (str_eq(x->link_path, x->path))
		return 0;
	if (open_parent(x, &x->link_parent, x->link_path, false, &target, e) < 0)
		return err_wrap(e, "hard link %.150s to %.150s", ent->name, ent->link);
	if (linkat(x->link_parent.fd, target, x->parent.fd, base, 0) == 0)
		return 0;
	if (errno == EEXIST) {
		if (make_room(x, ent, base, &old, e) < 0)
			return -1;
		if (open_parent(x, &x->link_parent, x->link_path, false, &target, e) < 0)
			return -1;
		if (linkat(x->link_parent.fd, target, x->parent.fd, base, 0) == 0)
			return 0;
	}
	return err_sys(e, "hard link %.150s to %.150s", ent->name, ent->link);
}

static int make_node(struct extractor *x, const struct tar_entry *ent, const char *base,
		     struct err *e)
{
	mode_t type = ent->type == TAR_FIFO ? S_IFIFO : ent->type == TAR_CHAR ? S_IFCHR : S_IFBLK;
	dev_t dev = makedev(ent->dev_major, ent->dev_minor);
	struct timespec times[2];
	struct stat old;
	int r;

	/* a device 0/0 would be a whiteout behind the archive's back */
	if (type == S_IFCHR && dev == 0 && x->opts->whiteout != WHITEOUT_LITERAL) {
		x->stats.n_skipped++;
		return 0;
	}
	r = mknodat(x->parent.fd, base, type | (ent->mode & 0777), dev);
	if (r < 0 && errno == EEXIST) {
		if (make_room(x, ent, base, &old, e) < 0)
			return -1;
		r = mknodat(x->parent.fd, base, type | (ent->mode & 0777), dev);
	}
	if (r < 0 && errno == EPERM && type != S_IFIFO) {
		/* a user namespace makes no devices: left out, as rootless Docker does */
		x->stats.n_skipped++;
		return 0;
	}
	if (r < 0)
		return fail(ent, "make node", e);
	if (needs_chown(x, ent) && set_owner(x, ent, -1, base, e) < 0)
		return -1;
	if ((ent->mode & 07000) && fchmodat(x->parent.fd, base, ent->mode, 0) < 0)
		return fail(ent, "change mode of", e);
	entry_times(ent, times);
	if (utimensat(x->parent.fd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(ent, "set times of", e);
	return 0;
}

/* where mknod refuses even 0/0: Linux 6.7 takes an empty file with an attribute instead */
static int whiteout_by_xattr(struct extractor *x, const char *name, struct err *e)
{
	CLEANUP(fd_closep)
	int dir_fd = openat(x->parent.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep)
	int fd = openat(x->parent.fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0 || fsetxattr(fd, "user.overlay.whiteout", "y", 1, 0) < 0 || dir_fd < 0)
		return err_sys(e, "make whiteout of %.200s", name);
	/* not over "y": an opaque directory needs no whiteouts */
	if (fsetxattr(dir_fd, "user.overlay.opaque", "x", 1, XATTR_CREATE) < 0 && errno != EEXIST)
		return err_sys(e, "make whiteout of %.200s", name);
	return 0;
}

static int make_wh_file(struct extractor *x, int dir_fd, const char *name, struct err *e)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno != EEXIST)
		return err_sys(e, "make whiteout %.200s", name);
	fd_close(&fd);
	x->n_wh_files++;
	return 0;
}

/* a file .wh.NAME of this layer goes when NAME comes; true when there was one */
static bool take_wh_file(struct extractor *x, const char *base)
{
	char name[sizeof(WH_PREFIX) + 256];
	int n = snprintf(name, sizeof(name), WH_PREFIX "%s", base);

	return n > 0 && (size_t)n < sizeof(name) && unlinkat(x->parent.fd, name, 0) == 0;
}

/* a whiteout and then a directory: what is below stays hidden */
static int make_opaque_by_name(struct extractor *x, const char *base, struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(x->parent.fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %.200s", base) : make_wh_file(x, fd, WH_OPAQUE, e);
}

static int make_whiteout_by_name(struct extractor *x, const char *base, struct err *e)
{
	struct stat st;

	if (!str_eq(base, WH_OPAQUE) &&
	    fstatat(x->parent.fd, base + strlen(WH_PREFIX), &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* whiteouts speak of lower layers; this layer has its own */
	return make_wh_file(x, x->parent.fd, base, e);
}

static int make_whiteout(struct extractor *x, const struct tar_entry *ent, const char *base,
			 struct err *e)
{
	const char *name = base + strlen(WH_PREFIX);

	if (str_eq(base, WH_OPAQUE))
		return x->opts->whiteout == WHITEOUT_NAMES ? make_whiteout_by_name(x, base, e)
							   : set_opaque(x->parent.fd, ".", e);
	if (str_starts(base, WH_META))
		return 0; /* aufs' own records */
	if (*name == 0 || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(e, ERR_INVALID, 0, "tar: whiteout %.200s names nothing", ent->name);
	if (x->opts->whiteout == WHITEOUT_NAMES)
		return make_whiteout_by_name(x, base, e);
	if (mknodat(x->parent.fd, name, S_IFCHR, 0) == 0)
		return 0;
	if (errno == EEXIST)
		return 0; /* whiteouts speak of lower layers; this layer has its own */
	if (errno == EPERM)
		return whiteout_by_xattr(x, name, e);
	return fail(ent, "make whiteout", e);
}

/* "./" of an archive: the root's own attributes, for layers only */
static int dress_root(struct extractor *x, const struct tar_entry *ent, struct err *e)
{
	if (ent->type != TAR_DIR)
		return err_set(e, ERR_INVALID, 0, "tar: the root is not a directory");
	if (x->opts->whiteout == WHITEOUT_LITERAL)
		return 0;
	cache_drop(&x->parent);
	x->parent.fd = open_dir(x, "", e);
	if (x->parent.fd < 0)
		return -1;
	x->parent.path[0] = 0;
	x->parent.setgid = false;
	return dress_dir(x, ent, ".", false, e);
}

static int extract_entry(struct extractor *x, const struct tar_entry *ent, struct err *e)
{
	bool layer = x->opts->whiteout != WHITEOUT_LITERAL, hidden;
	const char *base;

	if (name_clean(ent->name, x->path, sizeof(x->path)) < 0)
		return err_set(e, ERR_INVALID, 0, "tar: entry %.300s is outside of the root",
			       ent->name);
	if (*x->path == 0)
		return dress_root(x, ent, e);
	if (layer && str_starts(x->path, WH_META) && !str_eq(x->path, WH_OPAQUE))
		return 0;
	if (open_parent(x, &x->parent, x->path, true, &base, e) < 0)
		return err_wrap(e, "unpack %.200s", ent->name);
	if (layer && str_starts(base, WH_PREFIX))
		return make_whiteout(x, ent, base, e);
	hidden = x->n_wh_files > 0 && take_wh_file(x, base);
	switch (ent->type) {
	case TAR_FILE:
		return make_file(x, ent, base, e);
	case TAR_DIR:
		if (make_dir(x, ent, base, e) < 0)
			return -1;
		return hidden ? make_opaque_by_name(x, base, e) : 0;
	case TAR_SYMLINK:
		return make_symlink(x, ent, base, e);
	case TAR_HARDLINK:
		return make_hardlink(x, ent, base, e);
	default:
		return make_node(x, ent, base, e);
	}
}

/* the last step; a directory may have been replaced since, then its times do not matter */
static int set_dir_times(struct extractor *x, struct err *e)
{
	struct deferred_dir d;
	struct err ignored;

	for (size_t at = 0; at < x->deferred.len; at += sizeof(d) + d.path_len) {
		CLEANUP(fd_closep) int fd = -1;
		const char *path = x->deferred.data + at + sizeof(d);

		memcpy(&d, x->deferred.data + at, sizeof(d));
		fd = path_open_in_root(x->root_fd, *path ? path : ".",
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0,
				       &ignored);
		if (fd >= 0 && futimens(fd, d.times) < 0)
			return err_sys(e, "set times of %.300s", path);
	}
	return 0;
}

int extract_tree(struct tar_reader *t, int root_fd, const struct extract_opts *opts,
		 struct extract_stats *ret, struct err *e)
{
	/* four paths are too much for the stack */
	struct extractor *x = xcalloc(1, sizeof(*x));
	const struct tar_entry *ent = NULL;
	int r;

	x->t = t;
	x->root_fd = root_fd;
	x->opts = opts;
	x->not_root = geteuid() != 0 || getegid() != 0;
	x->parent.fd = x->link_parent.fd = -1;
	while ((r = tar_next(t, &ent, e)) > 0) {
		x->stats.n_entries++;
		r = extract_entry(x, ent, e);
		if (r < 0)
			break;
	}
	if (r == 0)
		r = set_dir_times(x, e);
	if (r == 0 && ret)
		*ret = x->stats;
	cache_drop(&x->parent);
	cache_drop(&x->link_parent);
	buf_clear(&x->deferred);
	free(x);
	return r;
}
