// SPDX-License-Identifier: MIT
/*
 * Carrying a mount plan out. Sources: mount(2), open_tree(2), mount_setattr(2),
 * devpts (kernel Documentation/filesystems/devpts.rst), ioctl_tty(2).
 *
 * A target is opened inside the root (O_PATH) and mounted on through its
 * descriptor, so a path that changes meanwhile changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "container/inroot.h"
#include "container/plan.h"
#include "ns/mount.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

#define FD_PATH_SIZE 32

static const char *fd_path(int fd, char out[FD_PATH_SIZE])
{
	(void)snprintf(out, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
	return out;
}

/* Flags of a mount just made; what the user namespace has locked stays. */
static int set_flags(int fd, const struct plan_op *op, struct err *e)
{
	bool recursive = op->flags & PLAN_RECURSIVE && op->mount_flags & MS_RDONLY &&
			 !(op->flags & PLAN_RO_TOP);
	unsigned long set = op->mount_flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC |
					       MS_NOATIME | MS_NODIRATIME | MS_RELATIME);

	if (op->clear_flags != 0 && mnt_set_flags(fd, set, op->clear_flags, recursive, e) == 0)
		return 0;
	if (set == 0)
		return 0;
	if (mnt_set_flags(fd, set, 0, recursive, e) == 0)
		return 0;
	if (recursive && !(op->flags & PLAN_RO_RECURSIVE))
		return mnt_set_flags(fd, set, 0, false, e);
	return -1;
}

/* Attaches source_fd's tree on target and returns a descriptor of the new mount. */
static int bind_fd(struct plan_run *run, int source_fd, int target_fd, const struct plan_op *op,
		   struct err *e)
{
	CLEANUP(fd_closep)
	int tree_fd = mnt_clone_tree(source_fd, "", op->flags & PLAN_RECURSIVE, e);
	char a[FD_PATH_SIZE], b[FD_PATH_SIZE];

	if (tree_fd >= 0) {
		bool done = set_flags(tree_fd, op, e) == 0;

		/* before Linux 5.12 a mount must have its place first */
		if (mnt_move_tree(tree_fd, target_fd, e) < 0 ||
		    (!done && set_flags(tree_fd, op, e) < 0))
			return -1;
	} else if (e->sys != ENOSYS) {
		return -1;
	} else { /* before Linux 5.2 */
		if (mnt_bind(fd_path(source_fd, a), fd_path(target_fd, b),
			     op->flags & PLAN_RECURSIVE, e) < 0)
			return -1;
		tree_fd = inroot_open(run->root_fd, op->target, e);
		if (tree_fd < 0 || set_flags(tree_fd, op, e) < 0)
			return -1;
	}
	if (op->propagation != 0 &&
	    mnt_set_propagation(fd_path(tree_fd, a), op->propagation, e) < 0)
		return -1;
	return TAKE_FD(tree_fd);
}

/* lxcfs' files and the like; the list is runc's */
static const char *const proc_allowed[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/slabinfo",
	"/proc/net/dev",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

/* Volumes, whose places an image chooses, do not replace parts of /proc. source_fd: -1 none */
static int check_target(int target_fd, int source_fd, const char *target, struct err *e)
{
	struct statfs st;

	if (fstatfs(target_fd, &st) < 0)
		return err_sys(e, "statfs %s", target);
	if (st.f_type != PROC_SUPER_MAGIC && !str_eq(target, "/proc"))
		return 0;
	if (source_fd >= 0 && fstatfs(source_fd, &st) == 0 && st.f_type == PROC_SUPER_MAGIC)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(proc_allowed); i++)
		if (str_eq(target, proc_allowed[i]))
			return 0;
	return err_set(e, ERR_INVALID, 0, "\"%s\" cannot be mounted because it is %s", target,
		       str_eq(target, "/proc") ? "not of type proc" : "inside /proc");
}

/* Fills the volume from the image; what is mounted there (/sys, /dev) is not the image's. */
static int copy_up(struct plan_run *run, const char *source, const char *target, struct err *e)
{
	CLEANUP(fd_closep)
	int from_fd =
		path_open_in_root(run->root_fd, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, e);
	CLEANUP(fd_closep) int to_fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat root, from;

	if (from_fd < 0)
		return -1;
	if (to_fd < 0)
		return err_sys(e, "open %s", source);
	if (fstat(run->root_fd, &root) < 0 || fstat(from_fd, &from) < 0)
		return err_sys(e, "stat %s", target);
	return from.st_dev == root.st_dev ? copyup_tree(from_fd, to_fd, e) : 0;
}

static int bind_path(struct plan_run *run, const char *source, const struct plan_op *op,
		     struct err *e)
{
	CLEANUP(fd_closep) int source_fd = -1, there_fd = -1, target_fd = -1, new_fd = -1;
	struct stat st;

	source_fd = open(source, O_PATH | O_CLOEXEC);
	if (source_fd < 0 && errno == ENOENT && op->flags & PLAN_OPTIONAL)
		return 0;
	if (source_fd >= 0 && op->subpath != NULL) {
		int fd = path_open_beneath(source_fd, op->subpath, O_PATH | O_CLOEXEC, 0, e);

		if (fd < 0)
			return err_wrap(e, "subpath %s", op->subpath);
		close(source_fd);
		source_fd = fd;
	}
	if (source_fd < 0 || fstat(source_fd, &st) < 0)
		return err_sys(e, "open %s", source);
	there_fd = op->flags & PLAN_COPYUP ? inroot_open(run->root_fd, op->target, e) : -1;
	target_fd = inroot_make(run->root_fd, op->target, S_ISDIR(st.st_mode), e);
	if (target_fd < 0)
		return -1;
	if (check_target(target_fd, source_fd, op->target, e) < 0)
		return -1;
	if (there_fd >= 0 && S_ISDIR(st.st_mode) && copy_up(run, source, op->target, e) < 0)
		return -1;
	new_fd = bind_fd(run, source_fd, target_fd, op, e);
	return new_fd < 0 ? -1 : 0;
}

/* An image: an overlay of its layers, which need no place of their own, over the directory that
 * they are relative to. It is only there for us, and only until what is asked for is bound. */
static int bind_overlay(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	int r;

	if (chdir(op->source) < 0 ||
	    mount("overlay", op->source, "overlay", MS_RDONLY, op->data) < 0)
		return err_sys(e, "mount the image's layers");
	r = bind_path(run, op->source, op, e);
	if (umount2(op->source, MNT_DETACH) < 0 && r == 0)
		return err_sys(e, "unmount the image's layers");
	return r;
}

/* The host's own tree in place of a file system that this namespace may not mount. */
static int bind_host(struct plan_run *run, const char *source, const struct plan_op *op,
		     struct err *e)
{
	struct plan_op host = *op;

	host.flags |= PLAN_RECURSIVE | PLAN_OPTIONAL; /* /dev/mqueue may not be mounted */
	host.propagation = MS_PRIVATE | MS_REC;
	return bind_path(run, source, &host, e);
}

/* devpts without an unmapped gid=5. */
static char *without_gid(const char *data)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;

	strv_split(&parts, data, ",");
	for (size_t i = 0; i < parts.len; i++)
		if (str_starts(parts.items[i], "gid="))
			strv_remove(&parts, i--);
	return strv_join(&parts, ",");
}

/* A tmpfs takes over the mode of the directory it covers, if there was one, unless told otherwise.
 */
static char *tmpfs_data(const char *data, int target_fd, bool existed)
{
	struct stat st;

	if (!existed || (data != NULL && strstr(data, "mode=") != NULL) ||
	    fstat(target_fd, &st) < 0)
		return xstrdup(data);
	return xasprintf("%s%smode=%o", data != NULL ? data : "", data != NULL ? "," : "",
			 st.st_mode & 07777);
}

static int run_fs(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	CLEANUP(fd_closep) int there_fd = inroot_open(run->root_fd, op->target, e);
	CLEANUP(fd_closep) int target_fd = inroot_make(run->root_fd, op->target, true, e);
	CLEANUP(freep) char *data = NULL;
	char path[FD_PATH_SIZE];
	const char *source = op->source != NULL ? op->source : op->fstype;

	if (target_fd < 0)
		return -1;
	if (!str_eq(op->fstype, "proc") && check_target(target_fd, -1, op->target, e) < 0)
		return -1;
	data = str_eq(op->fstype, "tmpfs") ? tmpfs_data(op->data, target_fd, there_fd >= 0)
					   : xstrdup(op->data);
	(void)fd_path(target_fd, path);
	if (mount(source, path, op->fstype, op->mount_flags, data) == 0)
		return 0;
	if (errno == EINVAL && str_eq(op->fstype, "devpts") && data != NULL) {
		CLEANUP(freep) char *plain = without_gid(data);

		if (mount(source, path, op->fstype, op->mount_flags, plain) == 0)
			return 0;
	}
	if (errno == EPERM && str_eq(op->fstype, "sysfs"))
		return bind_host(run, "/sys", op, e);
	if (errno == EPERM && op->flags & PLAN_HOST_FALLBACK)
		return bind_host(run, str_eq(op->fstype, "proc") ? "/proc" : "/dev/mqueue", op, e);
	return err_sys(e, "mount %s on %s", op->fstype, op->target);
}

static int run_cgroup(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	struct plan_op fs = *op;
	struct statfs st;

	if (statfs("/sys/fs/cgroup", &st) < 0)
		return 0;
	fs.data = NULL;
	if (st.f_type != CGROUP2_SUPER_MAGIC) { /* version 1: nothing to show */
		fs.fstype = fs.source = "tmpfs";
		return run_fs(run, &fs, e);
	}
	fs.fstype = "cgroup2";
	fs.source = "cgroup";
	if (run_fs(run, &fs, e) == 0)
		return 0;
	if (e->sys != EPERM && e->sys != EBUSY)
		return -1;
	return bind_host(run, "/sys/fs/cgroup", op, e);
}

static int run_device(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	CLEANUP(fd_closep) int target_fd = inroot_make(run->root_fd, op->target, false, e);
	char path[FD_PATH_SIZE];

	if (target_fd < 0)
		return -1;
	if (mount(op->source, fd_path(target_fd, path), NULL, MS_BIND, NULL) < 0)
		return err_sys(e, "bind device %s", op->source);
	return 0;
}

static int run_link(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	CLEANUP(fd_closep) int dir_fd = -1;
	const char *name;

	if (op->flags & PLAN_OPTIONAL && access(op->source, F_OK) < 0)
		return 0;
	dir_fd = inroot_make_parent(run->root_fd, op->target, &name, e);
	if (dir_fd < 0)
		return -1;
	if (symlinkat(op->source, dir_fd, name) < 0 && errno != EEXIST)
		return err_sys(e, "link %s", op->target);
	return 0;
}

static int run_console(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	CLEANUP(fd_closep) int target_fd = -1;
	char a[FD_PATH_SIZE], b[FD_PATH_SIZE];
	int unlock = 0;

	if (!run->want_console)
		return 0;
	run->master_fd = path_open_in_root(run->root_fd, "/dev/pts/ptmx",
					   O_RDWR | O_NOCTTY | O_CLOEXEC, 0, e);
	if (run->master_fd < 0)
		return err_wrap(e, "open a terminal");
	if (ioctl(run->master_fd, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "unlock the terminal");
	run->slave_fd = ioctl(run->master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (run->slave_fd < 0)
		return err_sys(e, "open the terminal's other side");
	target_fd = inroot_make(run->root_fd, op->target, false, e);
	if (target_fd < 0)
		return -1;
	if (mount(fd_path(run->slave_fd, a), fd_path(target_fd, b), NULL, MS_BIND, NULL) < 0)
		return err_sys(e, "bind the terminal on %s", op->target);
	return 0;
}

static int run_mask(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	struct err missing;
	CLEANUP(fd_closep) int fd = inroot_open(run->root_fd, op->target, &missing);
	char path[FD_PATH_SIZE];
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", op->target);
	(void)fd_path(fd, path);
	if (S_ISDIR(st.st_mode)
		    ? mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			    "size=0k,nr_inodes=1")
		    : mount("/dev/null", path, NULL, MS_BIND, NULL))
		return err_sys(e, "mask %s", op->target);
	return 0;
}

static int run_readonly(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	struct err missing;
	CLEANUP(fd_closep) int fd = inroot_open(run->root_fd, op->target, &missing);
	CLEANUP(fd_closep) int new_fd = -1;
	struct plan_op bind = {
		.target = op->target, .flags = PLAN_RECURSIVE, .mount_flags = MS_RDONLY};

	if (fd < 0)
		return 0;
	new_fd = bind_fd(run, fd, fd, &bind, e);
	return new_fd < 0 ? -1 : 0;
}

static int run_op(struct plan_run *run, const struct plan_op *op, struct err *e)
{
	switch (op->type) {
	case PLAN_FS:
		return run_fs(run, op, e);
	case PLAN_BIND:
		return op->fstype != NULL ? bind_overlay(run, op, e)
					  : bind_path(run, op->source, op, e);
	case PLAN_CGROUP:
		return run_cgroup(run, op, e);
	case PLAN_DEVICE:
		return run_device(run, op, e);
	case PLAN_LINK:
		return run_link(run, op, e);
	case PLAN_CONSOLE:
		return run_console(run, op, e);
	case PLAN_MASK:
		return run_mask(run, op, e);
	case PLAN_READONLY:
		return run_readonly(run, op, e);
	case PLAN_ROOT_RO:
		return mnt_set_flags(run->root_fd, MS_RDONLY, 0, false, e);
	}
	return err_set(e, ERR_INVALID, 0, "unknown operation in the mount plan");
}

int plan_execute(const struct plan *p, struct plan_run *run, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		if (run_op(run, &p->ops[i], e) < 0)
			return err_wrap(e, "error mounting \"%s\" to rootfs at \"%s\" (%s)",
					p->ops[i].source != NULL ? p->ops[i].source : "",
					p->ops[i].target, plan_type_name(p->ops[i].type));
	}
	return 0;
}
