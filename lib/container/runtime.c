// SPDX-License-Identifier: MIT
/*
 * Making the init and further processes: one clone3(2) with every new
 * namespace; processes join by setns(2) with a pidfd (5.8), before that by
 * /proc/PID/ns. The parent never changes its own namespaces, except that of
 * its future children's pids for the length of one clone.
 */
#include "container/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "container/runtime_internal.h"
#include "ns/clone.h"
#include "ns/idmap.h"
#include "ns/join.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

void runtime_child_clear(struct runtime_child *c)
{
	fd_close(&c->pidfd);
	fd_close(&c->sync_fd);
}

/* Flags for clone3, and the kinds that must be joined before the clone. */
static int clone_flags(const struct runtime_create *a, struct ns_clone *c, struct ns_set *before,
		       unsigned *joined, struct err *e)
{
	const struct oci_linux *l = &a->spec->linux_;
	bool grouped = !str_empty(a->config->cgroup_path);

	for (size_t i = 0; i < l->namespaces.len; i++) {
		const struct oci_namespace *ns = &l->namespaces.items[i];
		enum ns_kind kind;

		if (ns_kind_parse(ns->type, &kind) < 0)
			return err_set(e, ERR_INVALID, 0, "unknown namespace %s", ns->type);
		if (!str_empty(ns->path)) {
			if (kind != NS_PID)
				continue;
			before->fds[NS_PID] = ns_open_path(ns->path, kind, e);
			if (before->fds[NS_PID] < 0)
				return -1;
			*joined |= NS_BIT(NS_PID);
		} else if (kind == NS_CGROUP && grouped) {
			continue; /* the init unshares it, once it is in its group */
		} else if (kind != NS_TIME) {
			c->flags |= (uint64_t)ns_kind_flag(kind);
			*joined |= NS_BIT(kind);
		}
	}
	if (oci_spec_namespace_find(a->spec, "mount") == NULL)
		return err_set(e, ERR_INVALID, 0, "a container needs its own mount namespace");
	return 0;
}

/* Clones; the child starts in the group when the kernel can do that, else it is moved. */
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

int runtime_create(const struct runtime_create *a, struct runtime_child *ret, struct err *e)
{
	CLEANUP(ns_set_clear) struct ns_set before;
	CLEANUP(fd_closep) int own_pid_fd = -1;
	struct runtime_child child = RUNTIME_CHILD_INIT;
	struct ns_clone c = NS_CLONE_INIT;
	unsigned joined = 0;
	int pair[2];
	pid_t pid;

	ns_set_init(&before);
	if (clone_flags(a, &c, &before, &joined, e) < 0)
		return -1;
	child.user_ns = c.flags & CLONE_NEWUSER;
	c.ret_pidfd = &child.pidfd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	if (before.fds[NS_PID] >= 0) {
		own_pid_fd = ns_open_pid(0, NS_PID, e);
		if (own_pid_fd < 0 || ns_join(before.fds[NS_PID], NS_PID, e) < 0)
			goto failed;
	}
	pid = fork_in_group(&c, a->config->cgroup_path, e);
	if (pid == 0) {
		close(pair[0]);
		runtime_init(a, pair[1], child.user_ns, joined);
	}
	if (own_pid_fd >= 0 && setns(own_pid_fd, CLONE_NEWPID) < 0 && pid > 0) {
		(void)err_sys(e, "return to the own pid namespace");
		(void)kill(pid, SIGKILL);
		goto failed;
	}
	if (pid < 0)
		goto failed;
	close(pair[1]);
	child.pid = pid;
	child.sync_fd = pair[0];
	*ret = child;
	return 0;
failed:
	close(pair[0]);
	close(pair[1]);
	fd_close(&child.pidfd);
	return -1;
}

static int write_maps(pid_t pid, const struct oci_spec *spec, struct err *e)
{
	struct idmap uids = IDMAP_INIT, gids = IDMAP_INIT;
	int r;

	for (size_t i = 0; i < spec->linux_.uid_mappings.len; i++) {
		const struct oci_id_mapping *m = &spec->linux_.uid_mappings.items[i];

		idmap_add(&uids, m->container_id, m->host_id, m->size);
	}
	for (size_t i = 0; i < spec->linux_.gid_mappings.len; i++) {
		const struct oci_id_mapping *m = &spec->linux_.gid_mappings.items[i];

		idmap_add(&gids, m->container_id, m->host_id, m->size);
	}
	r = idmap_write(pid, &uids, &gids, true, e);
	idmap_clear(&uids);
	idmap_clear(&gids);
	return r;
}

/* One message of the child; 0 end of file, 1 a message, -1 failure (the child's own included). */
static int receive(struct runtime_child *c, struct runtime_msg *m, int *ret_fd, int *ret_exit_code,
		   struct err *e)
{
	size_t n_fds = 1;
	int fd = -1;
	ssize_t n;

	*ret_exit_code = RUNTIME_EXIT_OTHER;
	n = fd_recv(c->sync_fd, m, sizeof(*m), &fd, &n_fds, e);
	if (n <= 0)
		return (int)n;
	if (n_fds == 1)
		*ret_fd = fd;
	if (n != (ssize_t)sizeof(*m))
		return err_set(e, ERR_SYSTEM, 0, "malformed message of a container's init");
	m->err.msg[sizeof(m->err.msg) - 1] = '\0';
	if (m->type != RUNTIME_FAILED)
		return 1;
	*ret_exit_code = m->exit_code;
	*e = m->err;
	return -1;
}

int runtime_wait_ready(struct runtime_child *c, const struct oci_spec *spec, int *ret_master_fd,
		       int *ret_exit_code, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct runtime_msg m;

	for (;;) {
		int r = receive(c, &m, &fd, ret_exit_code, e);

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, ERR_SYSTEM, 0,
				       "container init was killed while starting");
		if (m.type == RUNTIME_READY)
			return 0;
		if (m.type == RUNTIME_CONSOLE && fd >= 0)
			*ret_master_fd = TAKE_FD(fd);
		else if (m.type != RUNTIME_MAPS || spec == NULL || !c->user_ns)
			return err_set(e, ERR_SYSTEM, 0, "unexpected message of the init");
		else if (write_maps(c->pid, spec, e) < 0 ||
			 runtime_send(c->sync_fd, RUNTIME_GO, -1, e) < 0)
			return -1;
	}
}

int runtime_go(struct runtime_child *c, int *ret_exit_code, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct runtime_msg m;
	int r;

	*ret_exit_code = RUNTIME_EXIT_OTHER;
	if (runtime_send(c->sync_fd, RUNTIME_GO, -1, e) < 0)
		return err_wrap(e, "the container's init has ended");
	r = receive(c, &m, &fd, ret_exit_code, e);
	fd_close(&c->sync_fd);
	if (r > 0)
		return err_set(e, ERR_SYSTEM, 0, "unexpected message of the init");
	return r;
}
