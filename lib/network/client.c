// SPDX-License-Identifier: MIT
/* Calls to the netns-helper; see client.h. */
#include "network/client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "base/thread.h"
#include "network/msg_internal.h"

struct netns_client {
	pthread_mutex_t mu; /* held for a whole call */
	char *path;
	int fd; /* -1: not connected */
};

struct netns_client *netns_client_new(const char *path)
{
	struct netns_client *c = xcalloc(1, sizeof(*c));

	pthread_mutex_init(&c->mu, NULL);
	c->path = xstrdup(path);
	c->fd = -1;
	return c;
}

void netns_client_free(struct netns_client *c)
{
	if (c == NULL)
		return;
	fd_close(&c->fd);
	pthread_mutex_destroy(&c->mu);
	free(c->path);
	free(c);
}

static int ensure_connected(struct netns_client *c, struct err *e)
{
	struct timeval t = {.tv_sec = NETNS_CALL_TIMEOUT_MS / 1000};

	if (c->fd >= 0)
		return 0;
	c->fd = net_connect_unix(c->path, SOCK_SEQPACKET, e);
	if (c->fd < 0) {
		e->kind = ERR_UNAVAILABLE;
		return err_wrap(e, "netns-helper");
	}
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	return 0;
}

/* One attempt; *ret_broken: the connection is of no more use, the helper may be a new one. */
static int attempt(struct netns_client *c, const struct netns_request *q, int in_fd,
		   struct netns_answer *a, int *ret_fd, bool *ret_broken, struct err *e)
{
	size_t n_fds = 1;
	int fd = -1;
	ssize_t n;

	*ret_broken = true;
	if (ensure_connected(c, e) < 0)
		return -1;
	if (fd_send(c->fd, q, sizeof(*q), &in_fd, in_fd >= 0 ? 1 : 0, e) < 0)
		return -1;
	n = fd_recv(c->fd, a, sizeof(*a), &fd, &n_fds, e);
	if (n == 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "the netns-helper ended during the call");
	if (n < 0 && e->sys == EAGAIN)
		return err_set(e, ERR_TIMEOUT, 0, "the netns-helper does not answer");
	if (n < 0)
		return -1;
	if (n_fds == 0)
		fd = -1;
	if (n != sizeof(*a) || a->version != NETNS_MSG_VERSION || a->op != q->op) {
		fd_close(&fd);
		return err_set(e, ERR_UNAVAILABLE, 0, "the netns-helper speaks another version");
	}
	*ret_broken = false;
	*ret_fd = fd;
	return 0;
}

/* A whole call: a second attempt when the connection turned out to be dead. */
static int call(struct netns_client *c, const struct netns_request *q, int in_fd,
		struct netns_answer *a, int *ret_fd, struct err *e)
{
	MUTEX_GUARD(&c->mu);
	bool broken = false;
	int fd = -1, r = -1;

	for (int i = 0; i < 2; i++) {
		bool was_connected = c->fd >= 0;

		r = attempt(c, q, in_fd, a, &fd, &broken, e);
		if (broken)
			fd_close(&c->fd);
		if (r == 0 || !was_connected || e->kind == ERR_TIMEOUT)
			break;
	}
	if (r < 0)
		return -1;
	if (a->err.kind != 0) {
		fd_close(&fd);
		*e = a->err;
		e->msg[sizeof(e->msg) - 1] = '\0';
		return -1;
	}
	if (ret_fd != NULL)
		*ret_fd = fd;
	else
		fd_close(&fd);
	if (ret_fd != NULL && fd < 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "the netns-helper sent no descriptor");
	return 0;
}

static void request_init(struct netns_request *q, enum netns_op op)
{
	memset(q, 0, sizeof(*q));
	q->version = NETNS_MSG_VERSION;
	q->op = op;
}

int netns_hello(struct netns_client *c, struct netns_info *ret, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_HELLO);
	if (call(c, &q, -1, &a, NULL, e) < 0)
		return -1;
	if (ret != NULL)
		*ret = a.info;
	return 0;
}

int netns_tun_open(struct netns_client *c, const struct netns_tun *t, int *ret_fd, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_TUN);
	q.tun = *t;
	return call(c, &q, -1, &a, ret_fd, e);
}

int netns_tun_adopt(struct netns_client *c, const struct netns_tun *t, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_TUN_ADOPT);
	q.tun = *t;
	return call(c, &q, -1, &a, NULL, e);
}

int netns_pool_open(struct netns_client *c, int *ret_fd, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_POOL);
	return call(c, &q, -1, &a, ret_fd, e);
}

int netns_bridge_ensure(struct netns_client *c, const struct netns_bridge *b, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_BRIDGE);
	q.bridge = *b;
	return call(c, &q, -1, &a, NULL, e);
}

static int bad_name(const char *what, const char *name, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "%s name too long: %s", what, name);
}

int netns_bridge_remove(struct netns_client *c, const char *name, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_BRIDGE_REMOVE);
	if (str_copy(q.name, name, sizeof(q.name)) >= sizeof(q.name))
		return bad_name("interface", name, e);
	return call(c, &q, -1, &a, NULL, e);
}

int netns_unplug(struct netns_client *c, const char *sandbox, const char *ifname, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_UNPLUG);
	if (str_copy(q.end.sandbox, sandbox, sizeof(q.end.sandbox)) >= sizeof(q.end.sandbox))
		return bad_name("sandbox", sandbox, e);
	if (str_copy(q.end.ifname, ifname, sizeof(q.end.ifname)) >= sizeof(q.end.ifname))
		return bad_name("interface", ifname, e);
	return call(c, &q, -1, &a, NULL, e);
}

int netns_gateway_set(struct netns_client *c, const struct netns_gateway *g, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_GATEWAY);
	q.gateway = *g;
	return call(c, &q, -1, &a, NULL, e);
}

int netns_sandbox_remove(struct netns_client *c, const char *sandbox, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_SANDBOX_REMOVE);
	if (str_copy(q.sandbox, sandbox, sizeof(q.sandbox)) >= sizeof(q.sandbox))
		return bad_name("sandbox", sandbox, e);
	return call(c, &q, -1, &a, NULL, e);
}

int netns_list(struct netns_client *c, enum netns_list_kind kind,
	       int (*fn)(const char *name, void *arg), void *arg, struct err *e)
{
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_LIST);
	q.list.kind = kind;
	for (;;) {
		if (call(c, &q, -1, &a, NULL, e) < 0)
			return -1;
		a.name[sizeof(a.name) - 1] = '\0';
		if (a.name[0] == '\0' || fn(a.name, arg) != 0)
			return 0;
		str_copy(q.list.after, a.name, sizeof(q.list.after));
	}
}

static int open_netns(pid_t pid, int *ret_fd, struct err *e)
{
	char path[48];
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/ns/net", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	*ret_fd = fd;
	return 0;
}

int netns_plug(struct netns_client *c, pid_t pid, const struct netns_plug *p,
	       char ret_veth[IFNAMSIZ], struct err *e)
{
	CLEANUP(fd_closep) int netns_fd = -1;
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_PLUG);
	q.plug = *p;
	if ((pid > 0 && open_netns(pid, &netns_fd, e) < 0) ||
	    call(c, &q, netns_fd, &a, NULL, e) < 0)
		return -1;
	if (ret_veth != NULL)
		str_copy(ret_veth, a.name, IFNAMSIZ);
	return 0;
}

int netns_sandbox_init(struct netns_client *c, pid_t pid, struct err *e)
{
	CLEANUP(fd_closep) int netns_fd = -1;
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_SANDBOX);
	if (open_netns(pid, &netns_fd, e) < 0)
		return -1;
	return call(c, &q, netns_fd, &a, NULL, e);
}

int netns_sysctl_set(struct netns_client *c, pid_t pid, const char *name, const char *value,
		     struct err *e)
{
	CLEANUP(fd_closep) int netns_fd = -1;
	struct netns_request q;
	struct netns_answer a;

	request_init(&q, NETNS_OP_SYSCTL);
	if (str_copy(q.sysctl.name, name, sizeof(q.sysctl.name)) >= sizeof(q.sysctl.name) ||
	    str_copy(q.sysctl.value, value, sizeof(q.sysctl.value)) >= sizeof(q.sysctl.value) ||
	    strncmp(name, "net", 3) != 0)
		return err_set(e, ERR_INVALID, 0, "invalid network sysctl: %s", name);
	if (strchr(name, '/') == NULL) {
		for (char *s = q.sysctl.name; *s != '\0'; s++)
			*s = *s == '.' ? '/' : *s;
	}
	if (open_netns(pid, &netns_fd, e) < 0)
		return -1;
	return call(c, &q, netns_fd, &a, NULL, e);
}
