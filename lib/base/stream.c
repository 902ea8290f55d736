// SPDX-License-Identifier: MIT
/* Byte streams over descriptors and over memory; see stream.h. */
#include "base/stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/time.h"

ssize_t stream_read(struct stream *s, void *p, size_t n, struct err *e)
{
	return s->ops->read(s, p, n, e);
}

int stream_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	return s->ops->write(s, p, n, e);
}

int stream_close_write(struct stream *s, struct err *e)
{
	return s->ops->close_write != NULL ? s->ops->close_write(s, e) : 0;
}

void stream_free(struct stream *s)
{
	if (s != NULL)
		s->ops->free(s);
}

void stream_freep(struct stream **s)
{
	stream_free(*s);
	*s = NULL;
}

/* waits for the descriptor; ERR_TIMEOUT at the deadline */
static int wait_ready(struct stream *s, short events, struct err *e)
{
	int r = fd_wait(s->fd, events, s->timeout_ms);

	if (r < 0)
		return err_sys(e, "poll");
	if (r == 0)
		return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "i/o timeout after %d ms", s->timeout_ms);
	return 0;
}

static ssize_t fd_stream_read(struct stream *s, void *p, size_t n, struct err *e)
{
	for (;;) {
		ssize_t r;

		if (s->timeout_ms >= 0 && wait_ready(s, POLLIN, e) < 0)
			return -1;
		r = fd_read(s->fd, p, n);
		if (r >= 0)
			return r;
		if (errno != EAGAIN)
			return err_sys(e, "read");
		if (wait_ready(s, POLLIN, e) < 0)
			return -1;
	}
}

/* with a timeout the write must not block in the kernel: sockets get MSG_DONTWAIT */
static ssize_t write_some(struct stream *s, const void *p, size_t n)
{
	ssize_t r = send(s->fd, p, n, MSG_NOSIGNAL | (s->timeout_ms >= 0 ? MSG_DONTWAIT : 0));

	if (r < 0 && errno == ENOTSOCK)
		r = fd_write(s->fd, p, n);
	return r;
}

static int fd_stream_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		ssize_t r = write_some(s, from, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno != EAGAIN)
			return err_sys(e, "write");
		if (r < 0) {
			if (wait_ready(s, POLLOUT, e) < 0)
				return -1;
			continue;
		}
		from += r;
		n -= (size_t)r;
	}
	return 0;
}

static int fd_stream_close_write(struct stream *s, struct err *e)
{
	if (shutdown(s->fd, SHUT_WR) < 0 && errno != ENOTSOCK && errno != ENOTCONN)
		return err_sys(e, "shutdown");
	return 0;
}

static void fd_stream_free(struct stream *s)
{
	fd_close(&s->fd);
	free(s);
}

static const struct stream_ops fd_stream_ops = {
	.read = fd_stream_read,
	.write = fd_stream_write,
	.close_write = fd_stream_close_write,
	.free = fd_stream_free,
};

struct stream *stream_fd_new(int fd)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->ops = &fd_stream_ops;
	s->fd = fd;
	s->timeout_ms = -1;
	return s;
}

int stream_fd_take(struct stream *s)
{
	int fd = TAKE_FD(s->fd);

	stream_free(s);
	return fd;
}

struct mem_stream {
	struct stream s;
	char *data;
	size_t len, pos;
	struct buf *out;
};

static ssize_t mem_read(struct stream *s, void *p, size_t n, UNUSED struct err *e)
{
	struct mem_stream *m = CONTAINER_OF(s, struct mem_stream, s);

	n = MIN(n, m->len - m->pos);
	memcpy(p, m->data + m->pos, n);
	m->pos += n;
	return (ssize_t)n;
}

static int mem_write(struct stream *s, const void *p, size_t n, UNUSED struct err *e)
{
	struct mem_stream *m = CONTAINER_OF(s, struct mem_stream, s);

	if (m->out != NULL)
		buf_add(m->out, p, n);
	return 0;
}

static void mem_free(struct stream *s)
{
	struct mem_stream *m = CONTAINER_OF(s, struct mem_stream, s);

	free(m->data);
	free(m);
}

static const struct stream_ops mem_ops = {.read = mem_read, .write = mem_write, .free = mem_free};

struct stream *stream_mem_new(const void *p, size_t n, struct buf *out)
{
	struct mem_stream *m = xcalloc(1, sizeof(*m));

	m->s = (struct stream){.ops = &mem_ops, .fd = -1, .timeout_ms = -1};
	m->data = xmemdup(p, n);
	m->len = n;
	m->out = out;
	return &m->s;
}
