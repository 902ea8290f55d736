// SPDX-License-Identifier: MIT
/*
 * Drivers that keep each layer as a whole tree: btrfs (subvolumes and
 * snapshots, subvolumes/<id>) and vfs (plain directories, dir/<id>), which
 * works everywhere. As nobody writes to a layer, vfs joins it and the one below
 * by hard links and copies for containers only, sharing extents where the file
 * system can. Layers are unpacked beside (.staging/<id>) before they know what
 * lies below, and laid over it when they do. Source: moby
 * daemon/graphdriver/vfs, daemon/graphdriver/btrfs; ioctl BTRFS_IOC_*.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/tar.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/driver_internal.h"

#define STAGING ".staging"

/* --- one tree: made, copied, removed --------------------------------------- */

static bool is_btrfs(const struct storage *s)
{
	return s->driver == &driver_btrfs;
}

static int subvolume_make(int dir_fd, const char *name)
{
	struct btrfs_ioctl_vol_args *args = xcalloc(1, sizeof(*args));
	int r;

	str_copy(args->name, name, sizeof(args->name));
	r = ioctl(dir_fd, BTRFS_IOC_SUBVOL_CREATE, args);
	free(args);
	return r;
}

static int subvolume_copy(int dir_fd, const char *name, int src_fd)
{
	struct btrfs_ioctl_vol_args_v2 *args = xcalloc(1, sizeof(*args));
	int r;

	args->fd = src_fd;
	str_copy(args->name, name, sizeof(args->name));
	r = ioctl(dir_fd, BTRFS_IOC_SNAP_CREATE_V2, args);
	free(args);
	return r;
}

/* at once where the mount has user_subvol_rm_allowed */
static int subvolume_remove(int dir_fd, const char *name)
{
	struct btrfs_ioctl_vol_args *args = xcalloc(1, sizeof(*args));
	int r;

	str_copy(args->name, name, sizeof(args->name));
	r = ioctl(dir_fd, BTRFS_IOC_SNAP_DESTROY, args);
	free(args);
	return r;
}

static int open_tree(struct storage *s, const char *id, struct err *e)
{
	char name[TREE_NAME_SIZE];

	driver_tree_name(s, id, name);
	return driver_open_dir(s, name, "tree", e);
}

static int open_parent(struct storage *s, struct err *e)
{
	return driver_open_dir(s, is_btrfs(s) ? "subvolumes" : "dir", "directory", e);
}

/* a new tree with what from (NULL: nothing) has; a descriptor of it */
static int make_tree(struct storage *s, const char *id, const char *from, enum tree_how how,
		     struct err *e)
{
	CLEANUP(fd_closep) int dir_fd = open_parent(s, e);
	CLEANUP(fd_closep) int src = -1;
	CLEANUP(fd_closep) int fd = -1;
	int r;

	if (dir_fd < 0)
		return -1;
	if (from) {
		src = open_tree(s, from, e);
		if (src < 0)
			return -1;
	}
	if (!is_btrfs(s))
		r = mkdirat(dir_fd, id, 0755);
	else
		r = src >= 0 ? subvolume_copy(dir_fd, id, src) : subvolume_make(dir_fd, id);
	if (r < 0)
		return err_sys(e, "make tree %s", id);
	fd = open_tree(s, id, e);
	if (fd < 0)
		return -1;
	if (!is_btrfs(s) && src >= 0 && tree_put(src, fd, how, false, true, e) < 0)
		return -1;
	return TAKE_FD(fd);
}

static void drop(struct storage *s, const char *id, const char *link)
{
	char name[TREE_NAME_SIZE];
	struct err e;

	(void)link;
	snprintf(name, sizeof(name), STAGING "/%.72s", id);
	if (trash_move(&s->trash, s->driver_fd, name, &e) < 0)
		log_debug(&e, "remove staged layer");
	if (is_btrfs(s)) {
		CLEANUP(fd_closep) int dir_fd = open_parent(s, &e);

		if (dir_fd >= 0 && subvolume_remove(dir_fd, id) == 0)
			return;
	}
	driver_tree_name(s, id, name);
	if (trash_move(&s->trash, s->driver_fd, name, &e) < 0)
		log_debug(&e, "remove layer");
}

/* --- layers ------------------------------------------------------------------ */

static int stage(struct storage *s, const char *id, char ret_link[LINK_ID_LEN + 1], struct err *e)
{
	char name[TREE_NAME_SIZE];

	*ret_link = 0;
	driver_stage_name(s, id, name);
	return mkdirat(s->driver_fd, name, 0755) < 0 ? err_sys(e, "make %s", name) : 0;
}

static int settle(struct storage *s, const char *id, const struct layer *parent, struct err *e)
{
	CLEANUP(fd_closep) int src = -1;
	CLEANUP(fd_closep) int dst = -1;
	char name[TREE_NAME_SIZE];
	struct err ignored;

	driver_stage_name(s, id, name);
	src = driver_open_dir(s, name, "staged layer", e);
	if (src < 0)
		return -1;
	dst = make_tree(s, id, parent ? parent->cache_id : NULL, TREE_LINK, e);
	if (dst < 0 || tree_put(src, dst, s->driver->how, true, !parent, e) < 0)
		return -1;
	if (trash_move(&s->trash, s->driver_fd, name, &ignored) < 0)
		log_debug(&ignored, "remove staged layer");
	return 0;
}

/* --- containers --------------------------------------------------------------- */

static int rw_make(struct storage *s, struct rw *rw, struct err *e)
{
	CLEANUP(fd_closep) int init_fd = -1;
	CLEANUP(fd_closep) int fd = -1;

	init_fd = make_tree(s, rw->init_id, rw->parent ? rw->parent->cache_id : NULL, TREE_LINK, e);
	if (init_fd < 0 || init_tree_fill(init_fd, e) < 0)
		return -1;
	fd = make_tree(s, rw->mount_id, rw->init_id, TREE_COPY, e);
	if (fd < 0)
		return -1;
	return syncfs(fd) < 0 ? err_sys(e, "sync tree %s", rw->mount_id) : 0;
}

static int mount_info(struct storage *s, const struct rw *rw, struct storage_mount *ret,
		      struct err *e)
{
	CLEANUP(fd_closep) int fd = open_tree(s, rw->mount_id, e);
	char name[TREE_NAME_SIZE];

	if (fd < 0)
		return -1;
	driver_tree_name(s, rw->mount_id, name);
	ret->type = STORAGE_MOUNT_NONE;
	ret->merged = path_join(s->driver_dir, name);
	return 0;
}

/* the tree and the one below it */
static int open_pair(struct storage *s, const struct rw *rw, int *ret_old, struct err *e)
{
	int fd = open_tree(s, rw->mount_id, e);

	if (fd >= 0) {
		*ret_old = open_tree(s, rw->init_id, e);
		if (*ret_old < 0)
			fd_close(&fd);
	}
	return fd;
}

static int changes(struct storage *s, const struct rw *rw, const struct changes_sink *sink,
		   struct err *e)
{
	CLEANUP(fd_closep) int old_fd = -1;
	CLEANUP(fd_closep) int fd = open_pair(s, rw, &old_fd, e);

	return fd < 0 ? -1 : tree_changes(fd, old_fd, sink, e);
}

/* "+path" or "-path" without the slash in front, in the order of the walk */
static void collect(void *arg, enum storage_change_kind kind, const char *path)
{
	strv_addf(arg, "%c%s", kind == CHANGE_DELETED ? '-' : '+', path + 1);
}

static int tar(struct storage *s, const struct rw *rw, struct stream *out, struct err *e)
{
	CLEANUP(tar_writer_freep) struct tar_writer *w = tar_writer_new(out);
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	const struct changes_sink sink = {collect, &names};
	CLEANUP(fd_closep) int old_fd = -1;
	CLEANUP(fd_closep) int fd = open_pair(s, rw, &old_fd, e);

	if (fd < 0 || tree_changes(fd, old_fd, &sink, e) < 0 || pack_changes(w, fd, &names, e) < 0)
		return -1;
	return tar_writer_end(w, e);
}

struct size_sum {
	int fd;
	uint64_t bytes;
	struct map links; /* inodes of files with several names already counted */
};

static void add_size(void *arg, enum storage_change_kind kind, const char *path)
{
	struct size_sum *sum = arg;
	struct stat st;
	char key[24];

	if (kind == CHANGE_DELETED || fstatat(sum->fd, path + 1, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISDIR(st.st_mode))
		return;
	if (st.st_nlink > 1) {
		snprintf(key, sizeof(key), "%llx", (unsigned long long)st.st_ino);
		if (map_get(&sum->links, key))
			return;
		map_put(&sum->links, key, sum);
	}
	sum->bytes += (uint64_t)st.st_size;
}

static int rw_size(struct storage *s, const struct rw *rw, uint64_t *ret_bytes, struct err *e)
{
	CLEANUP(fd_closep) int old_fd = -1;
	CLEANUP(fd_closep) int fd = open_pair(s, rw, &old_fd, e);
	struct size_sum sum = {.fd = fd};
	const struct changes_sink sink = {add_size, &sum};
	int r;

	if (fd < 0)
		return -1;
	map_init(&sum.links, NULL);
	r = tree_changes(fd, old_fd, &sink, e);
	map_clear(&sum.links);
	if (r == 0)
		*ret_bytes = sum.bytes;
	return r;
}

/* --- the drivers ------------------------------------------------------------ */

static int open_dirs(struct storage *s, struct err *e)
{
	const char *const names[] = {is_btrfs(s) ? "subvolumes" : "dir", STAGING};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (mkdirat(s->driver_fd, names[i], 0710) < 0 && errno != EEXIST)
			return err_sys(e, "make directory %s", names[i]);
	return 0;
}

static int probe_vfs(int dir_fd, const char *path, struct err *e)
{
	if (faccessat(dir_fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		return err_set(e, ERR_UNAVAILABLE, errno, "%s cannot be written: %s", path,
			       strerror(errno));
	return 0;
}

static int try_btrfs(int dir_fd, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;

	if (subvolume_make(dir_fd, ".probe-a") == 0)
		fd = openat(dir_fd, ".probe-a", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || subvolume_copy(dir_fd, ".probe-b", fd) < 0)
		return err_set(e, ERR_UNAVAILABLE, errno, "no subvolume can be made: %s",
			       strerror(errno));
	if (subvolume_remove(dir_fd, ".probe-b") < 0 &&
	    unlinkat(dir_fd, ".probe-b", AT_REMOVEDIR) < 0)
		return err_set(
			e, ERR_UNAVAILABLE, errno,
			"a subvolume cannot be removed: %s; it needs Linux 4.18 or newer, or "
			"the mount option user_subvol_rm_allowed",
			strerror(errno));
	return 0;
}

static int probe_btrfs(int dir_fd, const char *path, struct err *e)
{
	int r;

	if (!str_eq(backing_name(dir_fd), "btrfs"))
		return err_set(e, ERR_UNAVAILABLE, 0,
			       "%s is not on btrfs (file system %s); it needs --data-root on one",
			       path, backing_name(dir_fd));
	r = try_btrfs(dir_fd, e);
	if (subvolume_remove(dir_fd, ".probe-b") < 0)
		unlinkat(dir_fd, ".probe-b", AT_REMOVEDIR);
	if (subvolume_remove(dir_fd, ".probe-a") < 0)
		unlinkat(dir_fd, ".probe-a", AT_REMOVEDIR);
	return r;
}

static void status_btrfs(const struct storage *s, struct strv *ret_pairs)
{
	(void)s;
	strv_add(ret_pairs, "Btrfs");
	strv_add(ret_pairs, "");
}

const struct driver driver_btrfs = {
	.name = "btrfs",
	.how = TREE_COPY, /* a subvolume is a file system of its own to rename(2), but not to
			     FICLONE */
	.before = "subvolumes/",
	.after = "",
	.staging = STAGING,
	.wh_names = true,
	.probe = probe_btrfs,
	.open = open_dirs,
	.stage = stage,
	.settle = settle,
	.rw_make = rw_make,
	.drop = drop,
	.mount = mount_info,
	.status = status_btrfs,
	.rw_size = rw_size,
	.changes = changes,
	.tar = tar,
};

const struct driver driver_vfs = {
	.name = "vfs",
	.how = TREE_MOVE,
	.before = "dir/",
	.after = "",
	.staging = STAGING,
	.wh_names = true,
	.probe = probe_vfs,
	.open = open_dirs,
	.stage = stage,
	.settle = settle,
	.rw_make = rw_make,
	.drop = drop,
	.mount = mount_info,
	.rw_size = rw_size,
	.changes = changes,
	.tar = tar,
};
