// SPDX-License-Identifier: MIT
/*
 * The init layer: between the image and a container's writable layer lie the
 * mount points every container needs and empty files over which hosts,
 * hostname and resolv.conf are mounted. Written straight into the layer's diff
 * (Docker mounts an overlay for it), so directories that the image has get the
 * image's owner and mode. Source: moby daemon/initlayer/setup_unix.go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/thread.h"
#include "storage/driver_internal.h"

static const char *const init_dirs[INIT_DIRS] = {
	[INIT_ETC] = "etc", [INIT_DEV] = "dev",	    [INIT_PROC] = "proc",
	[INIT_SYS] = "sys", [INIT_PTS] = "dev/pts", [INIT_SHM] = "dev/shm",
};

static const char *const init_files[] = {
	".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf",
};

static bool is_opaque(int dir_fd, const char *name)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char value = 0;

	return fd >= 0 &&
	       ((fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y') ||
		(fgetxattr(fd, "user.fuseoverlayfs.opaque", &value, 1) == 1 && value == 'y') ||
		faccessat(fd, ".wh..wh..opq", F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
		faccessat(fd, ".wh..opq", F_OK, AT_SYMLINK_NOFOLLOW) == 0);
}

/* a file .wh.<last component> beside it */
static bool has_wh_file(int dir_fd, const char *path)
{
	const char *base = path_base(path);
	char name[256 + 8];

	snprintf(name, sizeof(name), "%.*s.wh.%s", (int)(base - path), path, base);
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* in one layer: 1 found, 0 look below, -1 hidden from here on */
static int lookup_in(int diff_fd, const char *path, bool wh_names, struct stat *ret)
{
	char part[256];
	size_t len = 0;

	for (;;) {
		bool last;

		len += strcspn(path + len, "/");
		last = path[len] == 0;
		if (len >= sizeof(part))
			return 0;
		memcpy(part, path, len);
		part[len] = 0;
		if (fstatat(diff_fd, part, ret, AT_SYMLINK_NOFOLLOW) < 0)
			return wh_names && has_wh_file(diff_fd, part) ? -1 : 0;
		if (S_ISCHR(ret->st_mode) && ret->st_rdev == 0)
			return -1;
		if (last)
			return 1;
		if (!S_ISDIR(ret->st_mode))
			return -1;
		if (is_opaque(diff_fd, part)) {
			/* the rest is here or nowhere */
			return fstatat(diff_fd, path, ret, AT_SYMLINK_NOFOLLOW) == 0 &&
					       !(S_ISCHR(ret->st_mode) && ret->st_rdev == 0)
				       ? 1
				       : -1;
		}
		len++;
	}
}

int chain_lookup(struct storage *s, const struct layer *l, const char *path, struct stat *ret)
{
	for (; l; l = l->parent) {
		char diff[TREE_NAME_SIZE];
		CLEANUP(fd_closep) int fd = -1;
		int r;

		driver_tree_name(s, l->cache_id, diff);
		fd = openat(s->driver_fd, diff, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? 0 : lookup_in(fd, path, s->driver->wh_names, ret);
		if (r != 0)
			return r > 0;
	}
	return 0;
}

/* what the image has, remembered with its topmost layer: each container asks the same */
static void learn(struct storage *s, struct layer *parent, struct init_dir dirs[INIT_DIRS])
{
	struct stat st;

	memset(dirs, 0, INIT_DIRS * sizeof(dirs[0]));
	if (!parent)
		return;
	mutex_lock(&s->mu);
	if (parent->init_known) {
		memcpy(dirs, parent->init, INIT_DIRS * sizeof(dirs[0]));
		pthread_mutex_unlock(&s->mu);
		return;
	}
	pthread_mutex_unlock(&s->mu);
	for (int i = 0; i < INIT_DIRS; i++)
		if (chain_lookup(s, parent, init_dirs[i], &st) && S_ISDIR(st.st_mode))
			dirs[i] = (struct init_dir){true, st.st_mode & 07777, st.st_uid, st.st_gid};
	mutex_lock(&s->mu);
	memcpy(parent->init, dirs, INIT_DIRS * sizeof(dirs[0]));
	parent->init_known = true;
	pthread_mutex_unlock(&s->mu);
}

static int make_dir(int diff_fd, int which, const struct init_dir *d, struct err *e)
{
	const char *path = init_dirs[which];

	if (mkdirat(diff_fd, path, 0755) < 0)
		return err_sys(e, "make /%s of init layer", path);
	if (!d->exists)
		return 0;
	if ((d->uid != 0 || d->gid != 0) && fchownat(diff_fd, path, d->uid, d->gid, 0) < 0)
		return err_sys(e, "change owner of /%s of init layer", path);
	if (d->mode != 0755 && fchmodat(diff_fd, path, d->mode, 0) < 0)
		return err_sys(e, "change mode of /%s of init layer", path);
	return 0;
}

int init_layer_fill(struct storage *s, const char *id, struct layer *parent, struct err *e)
{
	struct init_dir dirs[INIT_DIRS];
	CLEANUP(fd_closep) int fd = -1;
	char diff[TREE_NAME_SIZE];

	learn(s, parent, dirs);
	driver_tree_name(s, id, diff);
	fd = openat(s->driver_fd, diff, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open init layer");
	for (int i = 0; i < INIT_DIRS; i++) {
		/* etc and dev hold files of ours; the others only matter where the image has none
		 */
		if (i > INIT_DEV && dirs[i].exists)
			continue;
		if (make_dir(fd, i, &dirs[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < ARRAY_LEN(init_files); i++)
		if (put_file(fd, init_files[i], "", 0755, e) < 0)
			return -1;
	if (symlinkat("/proc/mounts", fd, "etc/mtab") < 0)
		return err_sys(e, "make /etc/mtab of init layer");
	return 0;
}

/* the directories above path are made where they are missing or are something else */
static int clear_way(int tree_fd, const char *path, bool last_too, struct err *e)
{
	char part[256];

	for (size_t len = strcspn(path, "/");; len += 1 + strcspn(path + len + 1, "/")) {
		bool last = path[len] == 0;
		struct stat st;

		memcpy(part, path, len);
		part[len] = 0;
		if (fstatat(tree_fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode) &&
		    unlinkat(tree_fd, part, 0) < 0)
			return err_sys(e, "replace /%s of init layer", part);
		if ((!last || last_too) && mkdirat(tree_fd, part, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "make /%s of init layer", part);
		if (last)
			return 0;
	}
}

/* in the way Docker does it: nothing but a directory stays where a directory or file is to be */
int init_tree_fill(int tree_fd, struct err *e)
{
	struct stat st;

	for (int i = 0; i < INIT_DIRS; i++)
		if (clear_way(tree_fd, init_dirs[i], true, e) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LEN(init_files); i++)
		if (clear_way(tree_fd, init_files[i], false, e) < 0 ||
		    (fstatat(tree_fd, init_files[i], &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		     put_file(tree_fd, init_files[i], "", 0755, e) < 0))
			return -1;
	if (clear_way(tree_fd, "etc/mtab", false, e) < 0)
		return -1;
	if (symlinkat("/proc/mounts", tree_fd, "etc/mtab") < 0 && errno != EEXIST)
		return err_sys(e, "make /etc/mtab of init layer");
	return 0;
}
