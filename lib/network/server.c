// SPDX-License-Identifier: MIT
/*
 * Theory of operation. The netns-helper is the one process that holds the user
 * namespace's capabilities inside N, the network namespace of the containers.
 * It never looks at a packet and keeps no state but a cache of the kernel's
 * (state_internal.h): bridges, pairs, routes, sysctls and pins are the
 * kernel's, descriptors are handed out at once. So it may die at any time; the next one finds
 * everything where it was, and clients repeat the call they were in.
 *
 * One loop, one accepted connection per client, one message per call. The
 * kernel's uid of the peer must be ours; the socket lies in a private
 * directory besides.
 */
#include "network/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "network/server_internal.h"

struct client_conn {
	struct netns_server *server;
	int fd;
	struct loop_source *source;
};

static int do_pool(struct netns_server *s, int *ret_fd, struct err *e)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return err_sys(e, "socketpair");
	if (netns_pool_serve(s, pair[0], e) < 0) {
		fd_close(&pair[1]);
		return -1;
	}
	*ret_fd = pair[1];
	return 0;
}

static bool op_takes_netns(uint32_t op)
{
	return op == NETNS_OP_SANDBOX || op == NETNS_OP_SYSCTL;
}

/* One call; *ret_fd is a descriptor for the answer, or stays -1. */
static int dispatch(struct netns_server *s, const struct netns_request *q, int netns_fd,
		    struct netns_answer *a, int *ret_fd, struct err *e)
{
	if (op_takes_netns(q->op) && netns_fd < 0)
		return err_set(e, ERR_INVALID, 0, "netns-helper: no namespace in the request");
	switch (q->op) {
	case NETNS_OP_HELLO:
		a->info = (struct netns_info){.version = NETNS_MSG_VERSION, .pid = getpid()};
		return 0;
	case NETNS_OP_TUN:
		return netns_do_tun(s, &q->tun, ret_fd, e);
	case NETNS_OP_TUN_ADOPT:
		return netns_do_tun_adopt(s, &q->tun, e);
	case NETNS_OP_POOL:
		return do_pool(s, ret_fd, e);
	case NETNS_OP_BRIDGE:
		return netns_do_bridge(s, &q->bridge, e);
	case NETNS_OP_BRIDGE_REMOVE:
		return netns_do_bridge_remove(s, q->name, e);
	case NETNS_OP_PLUG:
		return netns_do_plug(s, netns_fd, &q->plug, a->name, e);
	case NETNS_OP_UNPLUG:
		return netns_do_unplug(s, &q->end, e);
	case NETNS_OP_SANDBOX:
		return netns_do_sandbox(s, netns_fd, e);
	case NETNS_OP_SYSCTL:
		return netns_do_sysctl(s, netns_fd, &q->sysctl, e);
	case NETNS_OP_GATEWAY:
		return netns_do_gateway(s, &q->gateway, e);
	case NETNS_OP_SANDBOX_REMOVE:
		return netns_do_sandbox_remove(s, q->sandbox, e);
	case NETNS_OP_LIST:
		netns_state_next(&s->state, &q->list, a->name);
		return 0;
	default:
		return err_set(e, ERR_UNIMPLEMENTED, 0, "netns-helper: unknown request %u", q->op);
	}
}

static void conn_end(struct client_conn *c)
{
	loop_del(c->server->loop, c->source);
	fd_close(&c->fd);
	free(c);
}

static void on_request(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	CLEANUP(fd_closep) int netns_fd = -1;
	CLEANUP(fd_closep) int out_fd = -1;
	struct client_conn *c = arg;
	struct netns_answer a = {.version = NETNS_MSG_VERSION};
	struct netns_request q;
	size_t n_fds = 1;
	struct err e;
	ssize_t n;

	n = fd_recv(fd, &q, sizeof(q), &netns_fd, &n_fds, &e);
	if (n < 0 && e.sys == EAGAIN)
		return;
	if (n <= 0) {
		conn_end(c);
		return;
	}
	if (n_fds == 0)
		netns_fd = -1;
	a.op = q.op;
	err_clear(&a.err);
	if (!netns_request_ok(&q, (size_t)n))
		err_set(&a.err, ERR_INVALID, 0, "netns-helper: malformed request");
	else if (dispatch(c->server, &q, netns_fd, &a, &out_fd, &e) < 0)
		a.err = e;
	if (fd_send(fd, &a, sizeof(a), &out_fd, out_fd >= 0 ? 1 : 0, &e) < 0) {
		log_debug(&e, "netns-helper answer");
		conn_end(c);
	}
}

static void on_accept(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct netns_server *s = arg;
	struct client_conn *c;
	unsigned uid;
	struct err e;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (conn < 0)
		return;
	if (net_peer_uid(conn, &uid) < 0 || uid != geteuid()) {
		log_warn(NULL, "netns-helper: refused a client of uid %u", uid);
		close(conn);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->server = s;
	c->fd = conn;
	c->source = loop_add(l, conn, EPOLLIN, on_request, c, &e);
	if (c->source == NULL) {
		log_error(&e, "netns-helper: accept");
		close(conn);
		free(c);
	}
}

static void on_signal(struct loop *l, int fd UNUSED, uint32_t events UNUSED, void *arg UNUSED)
{
	loop_stop(l, 0);
}

static int add_signals(struct loop *l, int *ret_fd, struct err *e)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return err_sys(e, "signalfd");
	return loop_add(l, *ret_fd, EPOLLIN, on_signal, NULL, e) != NULL ? 0 : -1;
}

static void server_clear(struct netns_server *s)
{
	loop_free(s->loop);
	rtnl_close(&s->rtnl);
	netns_state_clear(&s->state);
	fd_close(&s->self_netns_fd);
	fd_close(&s->sysfs_fd);
	fd_close(&s->anyip.notes_fd);
	fd_close(&s->listen_fd);
}

int netns_server_run(const struct netns_server_conf *conf, struct err *e)
{
	CLEANUP(server_clear)
	struct netns_server s = {.rtnl = RTNL_INIT,
				 .self_netns_fd = -1,
				 .sysfs_fd = -1,
				 .listen_fd = -1,
				 .anyip.notes_fd = -1};
	CLEANUP(fd_closep) int signal_fd = -1;

	signal(SIGPIPE, SIG_IGN);
	netns_state_init(&s.state, conf->pin_dir != NULL ? conf->pin_dir : NETNS_PIN_DIR);
	s.self_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (s.self_netns_fd < 0)
		return err_sys(e, "open /proc/self/ns/net");
	if (rtnl_open(&s.rtnl, e) < 0)
		return -1;
	s.sysfs_fd = netns_gather_open();
	netns_sysctls_of_n();
	if (netns_lo_up(&s.rtnl, e) < 0 || netns_rules_of_n(&s, e) < 0 ||
	    netns_sandboxes_load(&s, e) < 0)
		return -1;
	s.listen_fd = conf->listen_fd;
	if (s.listen_fd < 0)
		s.listen_fd = net_listen_unix(conf->listen_path, SOCK_SEQPACKET, 0600, e);
	if (s.listen_fd < 0)
		return -1;
	fd_set_nonblock(s.listen_fd, true);
	s.loop = loop_new(e);
	if (s.loop == NULL || add_signals(s.loop, &signal_fd, e) < 0 ||
	    loop_add(s.loop, s.listen_fd, EPOLLIN, on_accept, &s, e) == NULL)
		return -1;
	if (conf->confine && netns_confine(e) < 0)
		return -1;
	if (conf->ready_fd >= 0 && fd_write_all(conf->ready_fd, "1", 1, e) < 0)
		return -1;
	return loop_run(s.loop, e);
}
