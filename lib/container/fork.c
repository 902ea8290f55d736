// SPDX-License-Identifier: MIT
/*
 * Forking a container's process into its namespaces and group, always as a
 * child of the caller.
 *
 * Joining a pid namespace changes that of future children, and a process may
 * not go back to one that its user namespace does not own (the host's). So a
 * helper joins, clones the process with CLONE_PARENT, tells its pid, and ends.
 */
#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "container/runtime_internal.h"
#include "ns/join.h"

struct helper_report {
	pid_t pid;
	struct err err;
};

/* The child starts in the group when the kernel can do that (5.7), else it moves itself. */
static pid_t fork_in_group(struct ns_clone *c, const char *cgroup_path, struct err *e)
{
	CLEANUP(fd_closep) int group_fd = cgroup_open(cgroup_path);
	pid_t pid;

	c->cgroup_fd = group_fd;
	pid = ns_fork(c, e);
	if (pid >= 0 || group_fd < 0)
		return pid;
	c->cgroup_fd = -1;
	pid = ns_fork(c, e);
	if (pid == 0 && cgroup_add(cgroup_path, 0, e) < 0)
		_exit(RUNTIME_EXIT_OTHER);
	return pid;
}

/* In the helper; returns in the new process only. */
static void help(struct ns_clone *c, const char *cgroup_path, int pid_ns_fd, int report_fd)
{
	struct helper_report r = {.pid = -1};
	struct err ignored;

	c->flags |= CLONE_PARENT;
	c->ret_pidfd = NULL;
	if (ns_join(pid_ns_fd, NS_PID, &r.err) == 0)
		r.pid = fork_in_group(c, cgroup_path, &r.err);
	if (r.pid == 0)
		return;
	_exit(fd_write_all(report_fd, &r, sizeof(r), &ignored) < 0);
}

static pid_t fork_by_helper(struct ns_clone *c, const char *cgroup_path, int pid_ns_fd,
			    struct err *e)
{
	CLEANUP(fd_closep) int read_fd = -1, write_fd = -1;
	struct ns_clone plain = NS_CLONE_INIT;
	struct helper_report r;
	int fds[2], got;
	pid_t pid;

	if (fd_pipe(fds, e) < 0)
		return -1;
	read_fd = fds[0];
	write_fd = fds[1];
	pid = ns_fork(&plain, e);
	if (pid < 0)
		return -1;
	if (pid == 0) {
		help(c, cgroup_path, pid_ns_fd, write_fd);
		return 0;
	}
	fd_close(&write_fd);
	got = fd_read_full(read_fd, &r, sizeof(r), e);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (got < 0)
		return err_wrap(e, "join the pid namespace");
	if (r.pid < 0) {
		*e = r.err;
		return -1;
	}
	/* ours to reap, so the number cannot be another's */
	*c->ret_pidfd = proc_pidfd_open(r.pid);
	return r.pid;
}

pid_t runtime_fork(struct ns_clone *c, const char *cgroup_path, int pid_ns_fd, struct err *e)
{
	if (pid_ns_fd < 0)
		return fork_in_group(c, cgroup_path, e);
	return fork_by_helper(c, cgroup_path, pid_ns_fd, e);
}
