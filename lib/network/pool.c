// SPDX-License-Identifier: MIT
/* The helper's end of a pool channel: makes sockets in N, nothing else. usernet/pool.h. */
#include "usernet/pool.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "network/server_internal.h"

struct pool_channel {
	int fd;
	struct loop_source *source;
};

static void channel_end(struct loop *l, struct pool_channel *c)
{
	loop_del(l, c->source);
	fd_close(&c->fd);
	free(c);
}

static int make_socket(uint32_t kind)
{
	int family = kind == POOL_TCP4 || kind == POOL_UDP4 ? AF_INET : AF_INET6;
	bool tcp = kind == POOL_TCP4 || kind == POOL_TCP6;
	int one = 1, fd;

	fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && tcp) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	return fd;
}

static int answer(struct pool_channel *c, const struct pool_request *q, struct err *e)
{
	struct pool_answer a = {.version = POOL_VERSION, .kind = q->kind};
	int fds[POOL_BATCH];
	size_t n = 0;
	int r;

	while (n < q->n) {
		fds[n] = make_socket(q->kind);
		if (fds[n] < 0)
			break;
		n++;
	}
	if (n == 0)
		a.sys = errno;
	r = fd_send(c->fd, &a, sizeof(a), fds, n, e);
	while (n > 0)
		fd_close(&fds[--n]);
	return r;
}

static void on_channel(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct pool_channel *c = arg;
	struct pool_request q;
	struct err e;
	ssize_t n = fd_recv(fd, &q, sizeof(q), NULL, NULL, &e);

	if (n < 0 && e.sys == EAGAIN)
		return;
	if (n != sizeof(q) || q.version != POOL_VERSION || q.kind < POOL_TCP4 ||
	    q.kind > POOL_UDP6 || q.n < 1 || q.n > POOL_BATCH) {
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

	c->fd = fd;
	c->source = loop_add(s->loop, fd, EPOLLIN, on_channel, c, e);
	if (c->source == NULL) {
		fd_close(&c->fd);
		free(c);
		return -1;
	}
	return 0;
}
