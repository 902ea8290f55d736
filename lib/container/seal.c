// SPDX-License-Identifier: MIT
/* open_tree(2), mount_setattr(2), execveat(2); before Linux 5.12 mount_namespaces(7) instead of the
 * second. */
#include "container/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "ns/clone.h"
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

/* Mounts the binary read-only over itself in a mount namespace of its own, waits to be ended. */
static void mount_sealed(const char *name, int report_fd)
{
	struct err e;
	int fd = -1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ns_unshare(CLONE_NEWNS, &e) == 0 &&
	    mnt_set_propagation("/", MS_PRIVATE | MS_REC, &e) == 0 &&
	    mnt_bind(name, name, false, &e) == 0) {
		fd = open(name, O_PATH | O_CLOEXEC);
		if (fd < 0)
			(void)err_sys(&e, "open %s", name);
		else if (mnt_set_flags(fd, MS_RDONLY, 0, false, &e) < 0)
			fd = -1;
	}
	(void)!write(report_fd, &fd, sizeof(fd));
	for (;;)
		pause();
}

/*
 * Before Linux 5.12 only a mount that has its place in the caller's namespace can become read-only:
 * it is made in another process' namespace, and lives on as a descriptor when that is gone.
 */
static int seal_elsewhere(const char *name, struct err *e)
{
	struct ns_clone spec = NS_CLONE_INIT;
	int report[2], fd = -1;
	char path[64];
	pid_t pid;

	if (fd_pipe(report, e) < 0)
		return -1;
	pid = ns_fork(&spec, e);
	if (pid == 0)
		mount_sealed(name, report[1]);
	close(report[1]);
	if (pid > 0 && fd_read(report[0], &fd, sizeof(fd)) == sizeof(fd) && fd >= 0) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	close(report[0]);
	if (pid < 0)
		return -1;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return fd >= 0 ? fd
		       : err_set(e, ERR_UNAVAILABLE, ENOSYS, "a read-only mount cannot be made");
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
	if (tree_fd >= 0 && mnt_set_flags(tree_fd, MS_RDONLY, 0, false, e) < 0) {
		close(tree_fd);
		tree_fd = seal_elsewhere(name, e);
	}
	if (tree_fd < 0)
		return err_wrap(e, "seal the own binary");
	/* the mount has no place in any tree, so /proc/self/exe has no name from now on */
	if (setenv("THIMBLE_EXE", name, 1) < 0)
		return err_sys(e, "setenv");
	(void)syscall(SYS_execveat, tree_fd, "", argv, environ, AT_EMPTY_PATH);
	/* TOMOYO of old kernels looks for /dev/fd, which a small /dev may lack */
	snprintf(name, PATH_MAX, "/proc/self/fd/%d", tree_fd);
	(void)execve(name, argv, environ);
	return err_sys(e, "start the sealed binary");
}
