// SPDX-License-Identifier: MIT
/*
 * A socket to somebody who may stall: each wait is bounded, all together may
 * have a deadline, bytes must trickle faster than REGISTRY_MIN_BYTES_SEC, and
 * an eventfd ends every wait at once when the job is given up.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/transport_internal.h"

#define RATE_WINDOW_MS 60000

struct guard {
	struct stream s;
	int cancel_fd;
	int idle_ms;
	int64_t deadline_ms;
	int64_t waited_ms;   /* in the present rate window */
	uint64_t came_bytes; /* likewise */
	char head[5];
	size_t n_head;
	bool *ret_http;
};

static int timed_out(const struct guard *g, int64_t waited_ms, struct err *e)
{
	(void)g;
	return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "i/o timeout: nothing came for %lld ms",
		       (long long)waited_ms);
}

static int check_rate(struct guard *g, int64_t waited_ms, struct err *e)
{
	g->waited_ms += waited_ms;
	if (g->waited_ms < RATE_WINDOW_MS)
		return 0;
	if (g->came_bytes < REGISTRY_MIN_BYTES_SEC * (RATE_WINDOW_MS / 1000))
		return err_set(e, ERR_TIMEOUT, ETIMEDOUT,
			       "i/o timeout: only %llu bytes in %d seconds",
			       (unsigned long long)g->came_bytes, RATE_WINDOW_MS / 1000);
	g->waited_ms = 0;
	g->came_bytes = 0;
	return 0;
}

/* Until the socket is ready, the job cancelled or the time over. */
static int guard_wait(struct guard *g, short events, struct err *e)
{
	struct pollfd p[2] = {{.fd = g->s.fd, .events = events},
			      {.fd = g->cancel_fd, .events = POLLIN}};
	int64_t start = time_mono_ms();

	for (;;) {
		int64_t now = time_mono_ms(), left = g->idle_ms - (now - start);
		int r;

		if (g->deadline_ms > 0)
			left = MIN(left, g->deadline_ms - now);
		if (left <= 0)
			return timed_out(g, now - start, e);
		r = poll(p, 2, (int)left);
		if (r < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (r > 0 && p[1].revents != 0)
			return err_set(e, ERR_CANCELLED, ECANCELED, "context canceled");
		if (r > 0)
			return check_rate(g, time_mono_ms() - start, e);
	}
}

static ssize_t guard_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct guard *g = CONTAINER_OF(s, struct guard, s);

	for (;;) {
		ssize_t r = recv(s->fd, p, n, MSG_DONTWAIT);

		if (r > 0) {
			size_t more = MIN(sizeof(g->head) - g->n_head, (size_t)r);

			memcpy(g->head + g->n_head, p, more);
			g->n_head += more;
			if (g->ret_http != NULL && g->n_head == sizeof(g->head))
				*g->ret_http = memcmp(g->head, "HTTP/", sizeof(g->head)) == 0;
			g->came_bytes += (uint64_t)r;
			if (g->deadline_ms > 0 && time_mono_ms() > g->deadline_ms)
				return timed_out(g, g->idle_ms, e);
		}
		if (r >= 0)
			return r;
		if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "read");
		if (guard_wait(g, POLLIN, e) < 0)
			return -1;
	}
}

static int guard_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct guard *g = CONTAINER_OF(s, struct guard, s);
	const char *from = p;

	while (n > 0) {
		ssize_t r = send(s->fd, from, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (r < 0 && errno != EAGAIN && errno != EINTR)
			return err_sys(e, "write");
		if (r < 0) {
			if (guard_wait(g, POLLOUT, e) < 0)
				return -1;
			continue;
		}
		from += r;
		n -= (size_t)r;
	}
	return 0;
}

static int guard_close_write(struct stream *s, struct err *e)
{
	if (shutdown(s->fd, SHUT_WR) < 0 && errno != ENOTCONN)
		return err_sys(e, "shutdown");
	return 0;
}

static void guard_free(struct stream *s)
{
	fd_close(&s->fd);
	free(CONTAINER_OF(s, struct guard, s));
}

static const struct stream_ops guard_ops = {
	.read = guard_read,
	.write = guard_write,
	.close_write = guard_close_write,
	.free = guard_free,
};

struct stream *guard_new(int fd, int cancel_fd, int idle_ms, bool *ret_http)
{
	struct guard *g = xcalloc(1, sizeof(*g));

	g->s = (struct stream){.ops = &guard_ops, .fd = fd, .timeout_ms = idle_ms};
	g->cancel_fd = cancel_fd;
	g->idle_ms = idle_ms;
	g->ret_http = ret_http;
	return &g->s;
}

void guard_set_deadline(struct stream *s, int64_t deadline_ms)
{
	CONTAINER_OF(s, struct guard, s)->deadline_ms = deadline_ms;
}
