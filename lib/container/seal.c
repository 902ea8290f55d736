// SPDX-License-Identifier: MIT
/* open_tree(2), mount_setattr(2), execveat(2). */
#include "container/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "ns/mount.h"

extern char **environ;

/* The binary by its name: what /proc/self/exe opens may lie on a mount of another namespace, which
 * cannot be cloned here. -1 with errno when the name now means another file. name: PATH_MAX zeros.
 */
static int open_by_name(int exe_fd, char *name)
{
	CLEANUP(fd_closep) int fd = -1;
	struct stat a, b;

	if (readlink("/proc/self/exe", name, PATH_MAX - 1) < 0)
		return -1;
	fd = open(name, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &a) < 0 || fstat(exe_fd, &b) < 0)
		return -1;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) {
		errno = ENOENT;
		return -1;
	}
	return TAKE_FD(fd);
}

int container_seal(char **argv, struct err *e)
{
	CLEANUP(fd_closep) int exe_fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	CLEANUP(fd_closep) int name_fd = -1, tree_fd = -1;
	CLEANUP(freep) char *name = NULL;
	struct statvfs st;

	if (exe_fd < 0 || fstatvfs(exe_fd, &st) < 0)
		return err_sys(e, "look at the own binary");
	if (st.f_flag & ST_RDONLY)
		return 0;
	name = xcalloc(1, PATH_MAX);
	name_fd = open_by_name(exe_fd, name);
	if (name_fd < 0)
		return err_sys(e, "find the own binary by name");
	tree_fd = mnt_clone_tree(name_fd, "", false, e);
	if (tree_fd < 0 || mnt_set_flags(tree_fd, MS_RDONLY, 0, false, e) < 0)
		return err_wrap(e, "seal the own binary");
	/* the mount has no place in any tree, so /proc/self/exe has no name from now on */
	if (setenv("THIMBLE_EXE", name, 1) < 0)
		return err_sys(e, "setenv");
	(void)syscall(SYS_execveat, tree_fd, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(e, "start the sealed binary");
}
