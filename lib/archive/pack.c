// SPDX-License-Identifier: MIT
/*
 * Trees into archives and into other trees. A walk goes by descriptors: each
 * directory is opened once beneath its parent without following links, entries
 * are looked at with fstatat(2). Hard links are known by device and inode, for
 * files with more than one name only. Source: moby pkg/archive (times are whole
 * seconds there too, so that clients see what Docker shows).
 */
#include "archive/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/walk_internal.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"

#define BLOCK_BYTES (128 * KIB)
#define OPAQUE_NAME ".wh..wh..opq"
#define FUSE_OPAQUE ".wh..opq" /* fuse-overlayfs' own for that */

struct packer {
	struct tar_writer *w;
	const struct pack_opts *opts;
	struct map seen; /* "device:inode" -> name of the first link */
	struct buf name; /* of the present entry in the archive */
	unsigned char *block;
	dev_t dev; /* of the top */
	bool flat; /* directories without what is below */
};

static int write_content(struct packer *p, int fd, uint64_t left, struct err *e)
{
	while (left > 0) {
		ssize_t n = fd_read(fd, p->block, (size_t)MIN(left, BLOCK_BYTES));

		if (n < 0)
			return err_sys(e, "read %.300s", buf_str(&p->name));
		if (n == 0) { /* it shrank: the header is out, so zeros it is, as GNU tar does */
			n = (ssize_t)MIN(left, BLOCK_BYTES);
			memset(p->block, 0, (size_t)n);
		}
		if (tar_write(p->w, p->block, (size_t)n, e) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return 0;
}

/* a hard link to an entry written before; remembers the first of several names */
static bool is_link(struct packer *p, const struct stat *st, struct tar_entry *ent)
{
	char key[48];
	const char *first;

	if (st->st_nlink < 2)
		return false;
	snprintf(key, sizeof(key), "%llx:%llx", (unsigned long long)st->st_dev,
		 (unsigned long long)st->st_ino);
	first = map_get(&p->seen, key);
	if (!first) {
		map_put(&p->seen, key, xstrdup(buf_str(&p->name)));
		return false;
	}
	ent->type = TAR_HARDLINK;
	ent->link = first;
	ent->size = 0;
	return true;
}

static void from_stat(const struct packer *p, struct tar_entry *ent, const char *name,
		      const struct stat *st)
{
	memset(ent, 0, sizeof(*ent));
	ent->name = name;
	ent->link = "";
	ent->mode = st->st_mode & 07777;
	ent->uid = keepid_in(p->opts->ids.uid, st->st_uid);
	ent->gid = keepid_in(p->opts->ids.gid, st->st_gid);
	ent->mtime_sec = st->st_mtim.tv_sec;
	ent->uname = ent->gname = "";
}

static int pack_file(struct packer *p, int dir_fd, const char *base, struct tar_entry *ent,
		     struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP(walk_xattrs_clear) struct walk_xattrs xattrs = {0};
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "open %.300s", buf_str(&p->name));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0; /* replaced meanwhile */
	from_stat(p, ent, buf_str(&p->name), &st);
	ent->type = TAR_FILE;
	ent->size = (uint64_t)st.st_size;
	if (is_link(p, &st, ent))
		return tar_write_entry(p->w, ent, e);
	walk_xattrs_read(&xattrs, fd);
	ent->xattrs = xattrs.items;
	ent->n_xattrs = xattrs.n;
	if (tar_write_entry(p->w, ent, e) < 0)
		return -1;
	return write_content(p, fd, ent->size, e);
}

static int pack_symlink(struct packer *p, int dir_fd, const char *base, const struct stat *st,
			struct tar_entry *ent, struct err *e)
{
	CLEANUP(freep) char *target = xmalloc(ARCHIVE_PATH_MAX + 2);
	ssize_t n = readlinkat(dir_fd, base, target, ARCHIVE_PATH_MAX + 1);

	if (n >= 0 && is_link(p, st, ent))
		return tar_write_entry(p->w, ent, e);
	if (n < 0)
		return errno == ENOENT ? 0 : err_sys(e, "read link %.300s", buf_str(&p->name));
	target[n] = 0;
	ent->type = TAR_SYMLINK;
	ent->link = target;
	return tar_write_entry(p->w, ent, e);
}

/* an overlay whiteout in a container's upper directory; st: NULL when it is none on disk. The
 * kernel makes links of one file of them: as in Docker's archives, the others name the first, and
 * digests are the same */
static int pack_whiteout(struct packer *p, const struct stat *st, struct tar_entry *ent,
			 struct err *e)
{
	CLEANUP(freep) char *base = xstrdup(path_base(buf_str(&p->name)));

	if (st != NULL)
		(void)is_link(p, st, ent);
	ent->mode = st != NULL ? 0600 : 0;
	p->name.len -= strlen(base);
	buf_addf(&p->name, ".wh.%s", base);
	ent->name = buf_str(&p->name);
	ent->type = TAR_FILE;
	ent->uid = ent->gid = 0;
	return tar_write_entry(p->w, ent, e);
}

static int pack_opaque(struct packer *p, const struct tar_entry *dir, struct err *e)
{
	struct tar_entry ent = {.link = "",
				.type = TAR_FILE,
				.uname = "",
				.gname = "",
				.mode = dir->mode & 0777,
				.uid = dir->uid,
				.gid = dir->gid};
	size_t len = p->name.len;
	int r;

	buf_addstr(&p->name, OPAQUE_NAME);
	ent.name = buf_str(&p->name);
	r = tar_write_entry(p->w, &ent, e);
	p->name.len = len;
	p->name.data[len] = 0;
	return r;
}

static int pack_any(struct packer *p, int dir_fd, const char *base, unsigned depth, struct err *e);

static int pack_children(struct packer *p, int fd, unsigned depth, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	size_t len = p->name.len;
	int r = 0;

	if (walk_names(fd, &names, e) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		buf_addstr(&p->name, names.items[i]);
		r = pack_any(p, fd, names.items[i], depth + 1, e);
		p->name.len = len;
		if (p->name.data)
			p->name.data[len] = 0;
	}
	return r;
}

static int pack_dir(struct packer *p, int dir_fd, const char *base, unsigned depth,
		    struct tar_entry *ent, struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(walk_xattrs_clear) struct walk_xattrs xattrs = {0};
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_sys(e, "open %.300s", buf_str(&p->name));
	if (depth > STORAGE_TREE_DEPTH_MAX)
		return err_set(e, ERR_INVALID, 0, "directories are nested too deeply");
	if (p->name.len > 0) {
		if (p->name.data[p->name.len - 1] != '/')
			buf_addch(&p->name, '/');
		ent->name = buf_str(&p->name);
		ent->type = TAR_DIR;
		walk_xattrs_read(&xattrs, fd);
		ent->xattrs = xattrs.items;
		ent->n_xattrs = xattrs.n;
		if (tar_write_entry(p->w, ent, e) < 0)
			return -1;
		if (p->opts->overlay_to_aufs &&
		    (walk_is_opaque(fd) ||
		     faccessat(fd, FUSE_OPAQUE, F_OK, AT_SYMLINK_NOFOLLOW) == 0) &&
		    faccessat(fd, OPAQUE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		    pack_opaque(p, ent, e) < 0)
			return -1;
	}
	if (p->flat || (p->opts->one_file_system && fstat(fd, &st) == 0 && st.st_dev != p->dev))
		return 0;
	return pack_children(p, fd, depth, e);
}

static int pack_any(struct packer *p, int dir_fd, const char *base, unsigned depth, struct err *e)
{
	struct tar_entry ent;
	struct stat st;

	if (fstatat(dir_fd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat %.300s", buf_str(&p->name));
	if (p->opts->overlay_to_aufs && str_eq(base, FUSE_OPAQUE))
		return 0;
	if (depth == 0)
		p->dev = st.st_dev;
	from_stat(p, &ent, buf_str(&p->name), &st);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		/* a file mounted over one of ours (hosts, resolv.conf): ours is an empty one */
		if (p->opts->one_file_system && st.st_dev != p->dev) {
			ent.type = TAR_FILE;
			return tar_write_entry(p->w, &ent, e);
		}
		return pack_file(p, dir_fd, base, &ent, e);
	case S_IFDIR:
		return pack_dir(p, dir_fd, base, depth, &ent, e);
	case S_IFLNK:
		return pack_symlink(p, dir_fd, base, &st, &ent, e);
	case S_IFCHR:
	case S_IFBLK:
		if (p->opts->overlay_to_aufs && S_ISCHR(st.st_mode) && st.st_rdev == 0)
			return pack_whiteout(p, &st, &ent, e);
		ent.type = S_ISCHR(st.st_mode) ? TAR_CHAR : TAR_BLOCK;
		ent.dev_major = major(st.st_rdev);
		ent.dev_minor = minor(st.st_rdev);
		break;
	case S_IFIFO:
		ent.type = TAR_FIFO;
		break;
	default:
		return 0; /* sockets have no form in tar */
	}
	if (is_link(p, &st, &ent))
		ent.dev_major = ent.dev_minor = 0;
	return tar_write_entry(p->w, &ent, e);
}

int pack_tree(struct tar_writer *w, int dir_fd, const char *name, const struct pack_opts *opts,
	      struct err *e)
{
	struct packer p = {.w = w, .opts = opts};
	int r;

	map_init(&p.seen, free);
	p.block = xmalloc(BLOCK_BYTES);
	buf_addstr(&p.name, opts->prefix ? opts->prefix : "");
	r = pack_any(&p, dir_fd, name, 0, e);
	map_clear(&p.seen);
	buf_clear(&p.name);
	free(p.block);
	return r;
}

static int pack_change(struct packer *p, int root_fd, const char *change, struct err *e)
{
	CLEANUP(freep) char *dir = xstrdup(change + 1);
	char *slash = strrchr(dir, '/');
	CLEANUP(fd_closep) int parent = -1;
	struct tar_entry ent = {.link = "", .type = TAR_FILE, .uname = "", .gname = ""};
	const char *base = path_base(change + 1);
	struct err ignored;

	buf_reset(&p->name);
	buf_addstr(&p->name, change + 1);
	if (*change == '-')
		return pack_whiteout(p, NULL, &ent, e);
	if (slash)
		*slash = 0;
	parent = path_open_beneath(root_fd, slash ? dir : ".",
				   O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, &ignored);
	return parent < 0 ? 0 : pack_any(p, parent, base, 0, e); /* it went meanwhile */
}

int pack_changes(struct tar_writer *w, int root_fd, const struct strv *changes, struct err *e)
{
	static const struct pack_opts opts = {.prefix = ""};
	struct packer p = {.w = w, .opts = &opts, .flat = true};
	int r = 0;

	map_init(&p.seen, free);
	p.block = xmalloc(BLOCK_BYTES);
	for (size_t i = 0; r == 0 && i < changes->len; i++)
		r = pack_change(&p, root_fd, changes->items[i], e);
	map_clear(&p.seen);
	buf_clear(&p.name);
	free(p.block);
	return r;
}
