// SPDX-License-Identifier: MIT
/* The sender's side of the feed: connect, send with a deadline, ask for the counters. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/time.h"
#include "config/limits.h"
#include "usernet/feed.h"

int feed_connect(const char *state_dir, struct err *e)
{
	CLEANUP(freep) char *path = path_join(state_dir, FEED_SOCKET);
	int fd = net_connect_unix(path, SOCK_SEQPACKET, e);

	if (fd >= 0)
		fd_set_nonblock(fd, true);
	return fd;
}

int feed_send(int fd, const struct buf *b, int timeout_ms, struct err *e)
{
	int64_t deadline = time_mono_ms() + timeout_ms;

	for (;;) {
		int64_t left;

		if (fd_send(fd, buf_str(b), b->len, NULL, 0, e) == 0)
			return 0;
		if (e->sys == EPIPE || e->sys == ECONNRESET)
			return err_set(e, ERR_UNAVAILABLE, e->sys, "usernet has ended");
		if (e->sys != EAGAIN)
			return -1;
		left = timeout_ms > 0 ? deadline - time_mono_ms() : 0;
		if (left <= 0 || fd_wait(fd, POLLOUT, (int)left) == 0)
			return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "usernet does not read its feed");
	}
}

static int receive(int fd, char *p, size_t *ret_n, struct err *e)
{
	ssize_t n;

	if (fd_wait(fd, POLLIN, FEED_TIMEOUT_MS) == 0)
		return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "usernet does not answer");
	n = fd_recv(fd, p, FEED_MESSAGE_MAX, NULL, NULL, e);
	if (n < 0)
		return -1;
	if (n == 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "usernet has ended");
	*ret_n = (size_t)n;
	return 0;
}

int feed_stats(const char *state_dir, struct feed_stat **ret, size_t *ret_n, struct err *e)
{
	CLEANUP(feed_message_clear) struct feed_message m = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *answer = NULL;
	CLEANUP(fd_closep) int fd = -1;
	size_t n = 0;

	fd = feed_connect(state_dir, e);
	if (fd < 0)
		return -1;
	feed_put_head(&b, FEED_STATS);
	answer = xmalloc(FEED_MESSAGE_MAX);
	if (feed_send(fd, &b, FEED_TIMEOUT_MS, e) < 0 || receive(fd, answer, &n, e) < 0 ||
	    feed_parse(answer, n, &m, e) < 0)
		return -1;
	*ret = TAKE(m.stats);
	*ret_n = m.n_stats;
	return 0;
}
