// SPDX-License-Identifier: MIT
/*
 * Making the init: one clone3(2) with every new namespace, and the dialogue
 * with a child on its way to its program. The parent never changes its own
 * namespaces.
 */
#include "container/runtime.h"

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/runtime_internal.h"
#include "ns/idmap.h"
#include "ns/join.h"

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

int runtime_create(const struct runtime_create *a, struct runtime_child *ret, struct err *e)
{
	CLEANUP(ns_set_clear) struct ns_set before;
	struct runtime_child child = RUNTIME_CHILD_INIT;
	struct ns_clone c = NS_CLONE_INIT;
	unsigned joined = 0;
	int pair[2];

	ns_set_init(&before);
	if (clone_flags(a, &c, &before, &joined, e) < 0)
		return -1;
	child.user_ns = c.flags & CLONE_NEWUSER;
	c.ret_pidfd = &child.pidfd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	child.pid = runtime_fork(&c, a->config->cgroup_path, before.fds[NS_PID], e);
	if (child.pid == 0) {
		close(pair[0]);
		runtime_init(a, pair[1], child.user_ns, joined);
	}
	close(pair[1]);
	if (child.pid < 0) {
		close(pair[0]);
		return -1;
	}
	child.sync_fd = pair[0];
	*ret = child;
	return 0;
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
