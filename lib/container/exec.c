// SPDX-License-Identifier: MIT
/*
 * One more process in a running container. It starts in the container's pid
 * namespace, prepares what needs host paths, joins the rest by setns(2) with
 * the init's pidfd (5.8, before that /proc/PID/ns), and goes the same last
 * steps as the init.
 * From the moment it is visible to the container it is not dumpable, so
 * nothing in there can ptrace it or look into its descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "container/runtime_internal.h"
#include "ns/clone.h"
#include "ns/join.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

/* Without those that the container shares with us (--network host): the host's cannot be joined. */
static int namespaces_of(pid_t init_pid)
{
	static const enum ns_kind kinds[] = {NS_MNT, NS_UTS, NS_IPC, NS_NET, NS_CGROUP};
	int flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (ns_same(init_pid, kinds[i]) != 1)
			flags |= ns_kind_flag(kinds[i]);
	return flags;
}

static int before_join(struct runtime_setup *s, const struct runtime_exec *a, struct err *e)
{
	const struct oci_capabilities *c = s->process->capabilities;
	struct err ignored;
	char text[16];

	if (c != NULL && caps_from_names(&c->bounding, &s->bounding, e) < 0)
		return -1;
	if (runtime_load_filter(s, a->bundle, a->config, NULL, a->seccomp_json, e) < 0)
		return -1;
	if (setsid() < 0)
		return err_sys(e, "setsid");
	if (s->process->oom_score_adj.set) {
		(void)snprintf(text, sizeof(text), "%d", (int)s->process->oom_score_adj.value);
		if (file_write_plain(AT_FDCWD, "/proc/self/oom_score_adj", text, &ignored) < 0 &&
		    ignored.sys != EACCES && ignored.sys != EPERM) {
			*e = ignored;
			return -1;
		}
	}
	return 0;
}

static int join(const struct runtime_exec *a, struct err *e)
{
	CLEANUP(ns_set_clear) struct ns_set set;

	/* first of all: clearing a set that was never made closes descriptors at random */
	ns_set_init(&set);
	if (a->init_pidfd >= 0) {
		if (setns(a->init_pidfd,
			  namespaces_of(a->init_pid) | (a->user_ns ? CLONE_NEWUSER : 0)) == 0)
			return 0;
		if (errno != EINVAL) /* EINVAL: before Linux 5.8 a pidfd is no namespace */
			return err_sys(e, "join the container");
	}
	if (ns_set_open_pid(&set, a->init_pid,
			    NS_BIT(NS_MNT) | NS_BIT(NS_UTS) | NS_BIT(NS_IPC) | NS_BIT(NS_NET) |
				    NS_BIT(NS_CGROUP) | (a->user_ns ? NS_BIT(NS_USER) : 0),
			    e) < 0)
		return -1;
	return ns_set_join(&set, e);
}

static int open_terminal(struct runtime_setup *s, struct err *e)
{
	CLEANUP(fd_closep) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep) int master_fd = -1, slave_fd = -1;
	int unlock = 0;

	master_fd =
		path_open_in_root(root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0, e);
	if (master_fd < 0)
		return err_wrap(e, "open a terminal");
	if (ioctl(master_fd, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "unlock the terminal");
	slave_fd = ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave_fd < 0)
		return err_sys(e, "open the terminal's other side");
	if (runtime_send(s->sync_fd, RUNTIME_CONSOLE, master_fd, e) < 0)
		return -1;
	return runtime_use_terminal(s, slave_fd, e);
}

static int set_up(struct runtime_setup *s, const struct runtime_exec *a, struct err *e)
{
	CLEANUP(fd_closep) int root_fd = -1;

	if (before_join(s, a, e) < 0)
		return -1;
	if (sandbox_undumpable(e) < 0 || join(a, e) < 0)
		return -1;
	if (a->user_ns && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		return err_sys(e, "become root of the user namespace");
	sandbox_session_keyring(a->config->id);
	root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(e, "open /");
	if (user_resolve(root_fd, &s->process->user, &s->ids, e) < 0)
		return -1;
	if (s->process->terminal)
		return open_terminal(s, e);
	return runtime_use_stdio(s->stdio, e);
}

static void child(const struct runtime_exec *a, int sync_fd) __attribute__((noreturn));
static void child(const struct runtime_exec *a, int sync_fd)
{
	struct runtime_setup s = {.process = a->process,
				  .sync_fd = sync_fd,
				  .stdio = {a->stdio[0], a->stdio[1], a->stdio[2]},
				  .is_exec = true};
	struct err e;

	if (set_up(&s, a, &e) < 0 || runtime_send(sync_fd, RUNTIME_READY, -1, &e) < 0 ||
	    runtime_await(sync_fd, RUNTIME_GO, &e) < 0 || runtime_finish(&s, &e) < 0)
		runtime_fail(&s, &e);
	_exit(RUNTIME_EXIT_OTHER);
}

int runtime_exec(const struct runtime_exec *a, struct runtime_child *ret, struct err *e)
{
	CLEANUP(fd_closep) int pid_ns_fd = ns_open_pid(a->init_pid, NS_PID, e);
	struct runtime_child c = RUNTIME_CHILD_INIT;
	struct ns_clone how = NS_CLONE_INIT;
	int pair[2];

	if (pid_ns_fd < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	how.ret_pidfd = &c.pidfd;
	c.pid = runtime_fork(&how, a->config->cgroup_path, pid_ns_fd, e);
	if (c.pid == 0) {
		close(pair[0]);
		child(a, pair[1]);
	}
	close(pair[1]);
	if (c.pid < 0) {
		close(pair[0]);
		return -1;
	}
	c.sync_fd = pair[0];
	*ret = c;
	return 0;
}
