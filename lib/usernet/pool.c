// SPDX-License-Identifier: MIT
/*
 * Sockets made in N, taken from a stock of POOL_BATCH so that accepting seldom
 * costs a round trip to the helper. The stock outlives the helper that made it.
 */
#include "usernet/pool.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/usernet_internal.h"

#define POOL_WAIT_MS 1000 /* the helper does nothing slow; a dead one gives end of file */

static void lose_channel(struct usernet *u)
{
	if (u->pool.fd < 0)
		return;
	fd_close(&u->pool.fd);
	steer_netns_lost(u);
}

int pool_call(struct usernet *u, const struct pool_request *q, struct pool_answer *ret,
	      int fds[POOL_BATCH], size_t *n_fds)
{
	struct err e;
	ssize_t r;

	*n_fds = 0;
	if (u->pool.fd < 0)
		return ENOTCONN;
	if (fd_send(u->pool.fd, q, sizeof(*q), NULL, 0, &e) < 0 ||
	    fd_wait(u->pool.fd, POLLIN, POOL_WAIT_MS) <= 0) {
		lose_channel(u);
		return ENOTCONN;
	}
	*n_fds = POOL_BATCH;
	r = fd_recv(u->pool.fd, ret, sizeof(*ret), fds, n_fds, &e);
	if (r < 0)
		*n_fds = 0;
	if (r != sizeof(*ret) || ret->version != POOL_VERSION || ret->op != q->op ||
	    ret->kind != q->kind) {
		while (*n_fds > 0)
			fd_close(&fds[--*n_fds]);
		lose_channel(u);
		return ENOTCONN;
	}
	return ret->sys;
}

static int refill(struct usernet *u, uint32_t kind)
{
	struct pool_request q = {
		.version = POOL_VERSION, .op = POOL_SOCKETS, .kind = kind, .n = POOL_BATCH};
	struct pool_answer a;
	int sys = pool_call(u, &q, &a, u->pool.socks[kind - 1], &u->pool.n[kind - 1]);

	if (sys != 0 && sys != ENOTCONN)
		log_warn(NULL, "no socket for a published port: %s", strerror(sys));
	return u->pool.n[kind - 1] > 0 ? 0 : -1;
}

int pool_take(struct usernet *u, uint32_t kind)
{
	size_t *n = &u->pool.n[kind - 1];

	if (*n == 0 && refill(u, kind) < 0)
		return -1;
	return u->pool.socks[kind - 1][--*n];
}

void pool_clear(struct usernet *u)
{
	for (size_t k = 0; k < 4; k++) {
		while (u->pool.n[k] > 0)
			fd_close(&u->pool.socks[k][--u->pool.n[k]]);
	}
	fd_close(&u->pool.fd);
}

void pool_set_channel(struct usernet *u, int fd)
{
	pool_clear(u);
	fd_set_nonblock(fd, true);
	u->pool.fd = fd;
}
