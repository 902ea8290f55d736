// SPDX-License-Identifier: MIT
/*
 * Does overlayfs work here? Asked by mounting one: versions and modules lie,
 * and what counts is this user namespace upon this file system. Source: kernel
 * Documentation/filesystems/overlayfs.rst, mount(2).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "ns/fuse.h"
#include "storage/storage_internal.h"

static const struct {
	unsigned long magic;
	const char *name;
} file_systems[] = {
	{0xef53, "extfs"},	   {0x58465342, "xfs"},	     {0x9123683e, "btrfs"},
	{0x01021994, "tmpfs"},	   {0x2fc12fc1, "zfs"},	     {0xf2f52010, "f2fs"},
	{0x794c7630, "overlayfs"}, {0x6969, "nfs"},	     {0x65735546, "fuse"},
	{0xca451a4e, "bcachefs"},  {0xff534d42, "cifs"},     {0x61756673, "aufs"},
	{0x2011bab0, "exfat"},	   {0x858458f6, "ramfs"},    {0x47504653, "gpfs"},
	{0xbd00bd0, "lustre"},	   {0x52654973, "reiserfs"}, {0x3153464a, "jfs"},
};

const char *backing_name(int fd)
{
	struct statfs st;

	if (fstatfs(fd, &st) == 0)
		for (size_t i = 0; i < ARRAY_LEN(file_systems); i++)
			if (file_systems[i].magic == ((unsigned long)st.f_type & 0xffffffffUL))
				return file_systems[i].name;
	return "<unknown>";
}

bool has_d_type(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *d;
	bool ok = true;

	if (!dir) {
		fd_close(&copy);
		return false;
	}
	while (ok && (d = readdir(dir)))
		ok = d->d_type != DT_UNKNOWN;
	closedir(dir);
	return ok;
}

static int make_dirs(int dir_fd, const char *path, struct err *e)
{
	static const char *const dirs[] = {"a", "b", "u", "w", "m"};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (mkdirat(dir_fd, dirs[i], 0755) < 0)
			return err_sys(e, "make %s/%s", path, dirs[i]);
	return 0;
}

/* opaque directories are marked by an attribute: an overlay mounts without, and fails later */
static int try_attribute(int dir_fd, const char *path, struct err *e)
{
	CLEANUP(fd_closep) int fd = openat(dir_fd, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	return err_set(e, ERR_UNAVAILABLE, errno,
		       "overlayfs does not work in %s: the file system %s has no extended "
		       "attributes (user.*): %s",
		       path, backing_name(dir_fd), strerror(errno));
}

/* spares the sync of the whole file system at the unmount; Linux before 5.10 does not know it */
#define VOLATILE "volatile,"

static bool mounts(const char *target, const char *options)
{
	return mount("overlay", target, "overlay", 0, options) == 0;
}

static int try_overlay(int dir_fd, const char *path, struct err *e)
{
	CLEANUP(buf_clear) struct buf options = BUF_INIT;
	CLEANUP(buf_clear) struct buf target = BUF_INIT;

	if (make_dirs(dir_fd, path, e) < 0 || try_attribute(dir_fd, path, e) < 0)
		return -1;
	buf_addf(&options, VOLATILE "lowerdir=%s/a:%s/b,upperdir=%s/u,workdir=%s/w,userxattr", path,
		 path, path, path);
	buf_addf(&target, "%s/m", path);
	if (!mounts(buf_str(&target), buf_str(&options)) &&
	    !mounts(buf_str(&target), buf_str(&options) + strlen(VOLATILE))) {
		int code = errno;

		return err_set(e, ERR_UNAVAILABLE, code,
			       "overlayfs does not work in %s (file system %s): %s; it needs Linux "
			       "5.11 or newer with overlayfs, a file system with extended "
			       "attributes (ext4, xfs, btrfs, tmpfs; not NFS), and uid 0 of a user "
			       "namespace",
			       path, backing_name(dir_fd), strerror(code));
	}
	umount2(buf_str(&target), MNT_DETACH);
	return 0;
}

/* runs a trial in an empty directory below dir_fd, which goes afterwards */
static int in_trial_dir(int dir_fd, const char *path,
			int (*trial)(int dir_fd, const char *path, struct err *e), struct err *e)
{
	CLEANUP(buf_clear) struct buf full = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	struct err ignored;
	int r;

	if (path_remove_tree(dir_fd, ".probe", e) < 0)
		return -1;
	if (mkdirat(dir_fd, ".probe", 0700) < 0)
		return err_sys(e, "make %s/.probe", path);
	fd = openat(dir_fd, ".probe", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s/.probe", path);
	buf_addf(&full, "%s/.probe", path);
	r = trial(fd, buf_str(&full), e);
	/* the directories only: what was mounted is gone */
	(void)!path_remove_tree(dir_fd, ".probe", &ignored);
	return r;
}

int overlay_probe(int dir_fd, const char *path, struct err *e)
{
	return in_trial_dir(dir_fd, path, try_overlay, e);
}

static int try_fuse(int dir_fd, const char *path, struct err *e)
{
	CLEANUP(freep) char *program = fuse_overlayfs_find(e);
	CLEANUP(freep) char *target = path_join(path, "m");

	if (!program || make_dirs(dir_fd, path, e) < 0 || try_attribute(dir_fd, path, e) < 0)
		return -1;
	if (fuse_overlayfs_mount(program, path, "lowerdir=a:b,upperdir=u,workdir=w", target, e) <
	    0) {
		umount2(target, MNT_DETACH);
		e->kind = ERR_UNAVAILABLE;
		return -1;
	}
	umount2(target, MNT_DETACH);
	return 0;
}

int fuse_probe(int dir_fd, const char *path, struct err *e)
{
	return in_trial_dir(dir_fd, path, try_fuse, e);
}

const char *storage_backing(int fd)
{
	return backing_name(fd);
}
