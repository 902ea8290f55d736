// SPDX-License-Identifier: MIT
/*
 * mount(2), mount_setattr(2), open_tree(2), move_mount(2), pivot_root(2);
 * kernel Documentation/filesystems/sharedsubtree.rst.
 */
#include "ns/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

/* uapi linux/mount.h, which cannot be included beside sys/mount.h everywhere */
#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#define TREE_CLONE	  1
#define TREE_RECURSIVE	  0x8000 /* AT_RECURSIVE */
#define MOVE_F_EMPTY_PATH 0x4
#define MOVE_T_EMPTY_PATH 0x40
#define ATTR_RDONLY	  0x1
#define ATTR_NOSUID	  0x2
#define ATTR_NODEV	  0x4
#define ATTR_NOEXEC	  0x8
#define ATTR_ATIME_MASK	  0x70
#define ATTR_NOATIME	  0x10
#define ATTR_NODIRATIME	  0x80

struct mount_attr_args {
	uint64_t attr_set, attr_clr, propagation, userns_fd;
};

/* "/proc/self/fd/N" */
static const char *fd_path(int fd, char out[32])
{
	snprintf(out, 32, "/proc/self/fd/%d", fd);
	return out;
}

int mnt_fs(const char *type, const char *source, const char *target, unsigned long flags,
	   const char *data, struct err *e)
{
	if (mount(source == NULL ? type : source, target, type, flags, data) < 0)
		return err_sys(e, "mount %s on %s", type, target);
	return 0;
}

int mnt_fs_at(const char *type, const char *source, int target_fd, unsigned long flags,
	      const char *data, struct err *e)
{
	char path[32];

	return mnt_fs(type, source, fd_path(target_fd, path), flags, data, e);
}

int mnt_bind(const char *source, const char *target, bool recursive, struct err *e)
{
	if (mount(source, target, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL) < 0)
		return err_sys(e, "bind mount %s on %s", source, target);
	return 0;
}

int mnt_bind_at(int source_fd, int target_fd, bool recursive, struct err *e)
{
	char source[32], target[32];
	int tree_fd = mnt_clone_tree(source_fd, "", recursive, e);
	int result;

	if (tree_fd < 0 && e->sys == ENOSYS)
		return mnt_bind(fd_path(source_fd, source), fd_path(target_fd, target), recursive,
				e);
	if (tree_fd < 0)
		return -1;
	result = mnt_move_tree(tree_fd, target_fd, e);
	close(tree_fd);
	return result;
}

int mnt_clone_tree(int dir_fd, const char *path, bool recursive, struct err *e)
{
	unsigned flags = TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW |
			 (recursive ? TREE_RECURSIVE : 0);
	long fd = syscall(SYS_open_tree, dir_fd, path, flags);

	if (fd < 0 && errno == ENOSYS)
		return err_set(e, ERR_UNAVAILABLE, ENOSYS, "the kernel has no open_tree");
	if (fd < 0)
		return err_sys(e, "clone the mount tree at %s",
			       *path == '\0' ? "a descriptor" : path);
	return (int)fd;
}

int mnt_move_tree(int tree_fd, int target_fd, struct err *e)
{
	if (syscall(SYS_move_mount, tree_fd, "", target_fd, "",
		    MOVE_F_EMPTY_PATH | MOVE_T_EMPTY_PATH) < 0)
		return err_sys(e, "attach a mount tree");
	return 0;
}

static uint64_t to_attr(unsigned long flags)
{
	static const struct {
		unsigned long ms;
		uint64_t attr;
	} table[] = {
		{MS_RDONLY, ATTR_RDONLY},   {MS_NOSUID, ATTR_NOSUID},
		{MS_NODEV, ATTR_NODEV},	    {MS_NOEXEC, ATTR_NOEXEC},
		{MS_NOATIME, ATTR_NOATIME}, {MS_NODIRATIME, ATTR_NODIRATIME},
	};
	uint64_t attr = 0;

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (flags & table[i].ms)
			attr |= table[i].attr;
	}
	return attr;
}

/* The flags that a mount has now, as MS_*, for the old remount, which sets them all. */
static int present_flags(int fd, unsigned long *ret)
{
	static const struct {
		unsigned long st, ms;
	} table[] = {
		{0x1, MS_RDONLY},   {0x2, MS_NOSUID},	   {0x4, MS_NODEV},	{0x8, MS_NOEXEC},
		{1024, MS_NOATIME}, {2048, MS_NODIRATIME}, {4096, MS_RELATIME},
	};
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return -1;
	*ret = 0;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if ((unsigned long)st.f_flags & table[i].st)
			*ret |= table[i].ms;
	}
	return 0;
}

int mnt_set_flags(int target_fd, unsigned long set, unsigned long clear, bool recursive,
		  struct err *e)
{
	struct mount_attr_args args = {.attr_set = to_attr(set), .attr_clr = to_attr(clear)};
	unsigned long flags;
	char path[32];

	if ((set | clear) & (MS_NOATIME | MS_RELATIME))
		args.attr_clr = (args.attr_clr & ~(uint64_t)ATTR_ATIME_MASK) | ATTR_ATIME_MASK;
	if (syscall(SYS_mount_setattr, target_fd, "",
		    AT_EMPTY_PATH | (recursive ? TREE_RECURSIVE : 0), &args, sizeof(args)) == 0)
		return 0;
	if (errno != ENOSYS)
		return err_sys(e, "change mount flags");
	if (recursive)
		return err_set(e, ERR_UNAVAILABLE, ENOSYS, "the kernel has no mount_setattr");
	if (present_flags(target_fd, &flags) < 0)
		return err_sys(e, "read mount flags");
	flags = (flags & ~clear) | set;
	if (mount(NULL, fd_path(target_fd, path), NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0)
		return err_sys(e, "change mount flags");
	return 0;
}

int mnt_propagation_parse(const char *s, unsigned long *ret)
{
	static const struct {
		const char *name;
		unsigned long flag;
	} table[] = {
		{"private", MS_PRIVATE},
		{"slave", MS_SLAVE},
		{"shared", MS_SHARED},
		{"unbindable", MS_UNBINDABLE},
	};
	unsigned long rec = 0;

	if (*s == 'r') {
		rec = MS_REC;
		s++;
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (strcmp(s, table[i].name) == 0) {
			*ret = table[i].flag | rec;
			return 0;
		}
	}
	return -1;
}

int mnt_set_propagation(const char *target, unsigned long flags, struct err *e)
{
	if (mount(NULL, target, NULL, flags, NULL) < 0)
		return err_sys(e, "set mount propagation of %s", target);
	return 0;
}

/* Whether "/" is the mount that a mount namespace begins with, its own parent: an initramfs that
 * nobody has left. Nothing lies behind it, so a root moved onto it cannot be climbed out of; a
 * chroot's can.
 */
static bool root_is_first_mount(void)
{
	struct mnt_table t = MNT_TABLE_INIT;
	bool first = false;
	struct err ignored;

	if (mnt_table_load(&t, 0, &ignored) == 0) {
		for (size_t i = 0; i < t.n; i++)
			first |= t.items[i].id == t.items[i].parent_id;
	}
	mnt_table_clear(&t);
	return first;
}

/* The working directory, the new root, comes to lie on the first mount. */
static int move_root(struct err *e)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(e, "move the new root onto the initramfs");
	if (chroot(".") < 0 || chdir("/") < 0)
		return err_sys(e, "enter the new root");
	return 0;
}

int mnt_pivot(int root_fd, struct err *e)
{
	CLEANUP(fd_closep) int old_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old_fd < 0)
		return err_sys(e, "open /");
	if (fchdir(root_fd) < 0)
		return err_sys(e, "enter the new root");
	/* the old root comes to lie on top of the new one, and is then let go */
	if (syscall(SYS_pivot_root, ".", ".") < 0) {
		int sys = errno;

		if (sys == EINVAL && root_is_first_mount())
			return move_root(e);
		errno = sys;
		return err_sys(e, "pivot_root");
	}
	if (fchdir(old_fd) < 0)
		return err_sys(e, "enter the old root");
	/* nothing unmounted here may reach the host through propagation */
	if (mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "cut the old root's propagation");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(e, "unmount the old root");
	if (chdir("/") < 0)
		return err_sys(e, "enter /");
	return 0;
}

int mnt_umount(const char *target, struct err *e)
{
	if (umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return err_sys(e, "unmount %s", target);
	return 0;
}
