// SPDX-License-Identifier: MIT
/* usernet's end of the channel to the netns-helper: pool.h says what can be asked. */
#include "usernet/pool.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/usernet_internal.h"

/* The helper does nothing slow, and a dead one gives end of file: this is for one that hangs. Below
 * USERNET_CTL_TIMEOUT_MS, for somebody may wait for us meanwhile. */
#define POOL_WAIT_MS 3000

static void lose_channel(struct usernet *u)
{
	if (u->pool_fd < 0)
		return;
	pool_clear(u);
	steer_netns_lost(u);
}

/* Answers are awaited in pool_call(); what comes between is the end. */
static void on_channel(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	lose_channel(arg);
}

int pool_call(struct usernet *u, const struct pool_request *q, struct pool_answer *ret,
	      int fds[POOL_BATCH], size_t *n_fds)
{
	struct err e;
	ssize_t r;

	*n_fds = 0;
	if (u->pool_fd < 0)
		return ENOTCONN;
	if (fd_send(u->pool_fd, q, sizeof(*q), NULL, 0, &e) < 0 ||
	    fd_wait(u->pool_fd, POLLIN, POOL_WAIT_MS) <= 0) {
		lose_channel(u);
		return ENOTCONN;
	}
	*n_fds = POOL_BATCH;
	r = fd_recv(u->pool_fd, ret, sizeof(*ret), fds, n_fds, &e);
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

void pool_clear(struct usernet *u)
{
	loop_del(u->loop, u->pool_source);
	u->pool_source = NULL;
	fd_close(&u->pool_fd);
}

void pool_set_channel(struct usernet *u, int fd)
{
	struct err e;

	pool_clear(u);
	fd_set_nonblock(fd, true);
	u->pool_fd = fd;
	gather_reset(u);
	u->pool_source = loop_add(u->loop, fd, EPOLLIN, on_channel, u, &e);
	if (u->pool_source == NULL)
		log_debug(&e, "channel to the netns-helper");
	dns_sock_open(u);
	anyip_channel(u);
}
