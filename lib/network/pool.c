// SPDX-License-Identifier: MIT
/* The helper's end of a pool channel: usernet/pool.h. One file for each operation's work. */
#include "usernet/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "network/pool_internal.h"

struct pool_channel {
	struct netns_server *server;
	int fd;
	struct loop_source *source;
};

static void channel_end(struct loop *l, struct pool_channel *c)
{
	netns_anyip_end(c->server, c);
	loop_del(l, c->source);
	fd_close(&c->fd);
	free(c);
}

static int dispatch(struct pool_channel *c, const struct pool_request *q, struct pool_answer *a,
		    int fds[POOL_BATCH], size_t *n_fds)
{
	struct netns_server *s = c->server;

	switch (q->op) {
	case POOL_SOCKETS:
		return netns_pool_sockets(s, q, a, fds, n_fds);
	case POOL_SYN_WATCH:
		return netns_pool_syn_watch(s, c, q, fds, n_fds);
	case POOL_LISTEN:
		return netns_pool_listen(s, c, q, fds, n_fds);
	case POOL_UNLISTEN:
		return netns_pool_unlisten(s, c, q);
	case POOL_DNS:
		return netns_pool_dns(fds, n_fds);
	case POOL_GATHER:
		return netns_pool_gather(s, q);
	default:
		return EOPNOTSUPP;
	}
}

static int answer(struct pool_channel *c, const struct pool_request *q, struct err *e)
{
	struct pool_answer a = {.version = POOL_VERSION, .op = q->op, .kind = q->kind};
	int fds[POOL_BATCH];
	size_t n = 0;
	int r;

	a.sys = dispatch(c, q, &a, fds, &n);
	r = fd_send(c->fd, &a, sizeof(a), fds, n, e);
	while (n > 0)
		fd_close(&fds[--n]);
	return r;
}

static void on_channel(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct pool_channel *c = arg;
	struct pool_request q = {0};
	struct err e;
	ssize_t n = fd_recv(fd, &q, sizeof(q), NULL, NULL, &e);

	if (n < 0 && e.sys == EAGAIN)
		return;
	if (n < 0 || !pool_request_ok(&q, (size_t)n)) {
		if (n != 0)
			log_warn(n < 0 ? &e : NULL, "bad request on the socket pool channel");
		channel_end(l, c);
		return;
	}
	if (answer(c, &q, &e) < 0) {
		log_debug(&e, "socket pool channel");
		channel_end(l, c);
	}
}

int netns_pool_serve(struct netns_server *s, int fd, struct err *e)
{
	struct pool_channel *c = xcalloc(1, sizeof(*c));

	c->server = s;
	c->fd = fd;
	c->source = loop_add(s->loop, fd, EPOLLIN, on_channel, c, e);
	if (c->source == NULL) {
		fd_close(&c->fd);
		free(c);
		return -1;
	}
	return 0;
}
