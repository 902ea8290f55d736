// SPDX-License-Identifier: MIT
/*
 * Taking a connection over for attach and exec. The engine (in fact the shim)
 * wants a descriptor that carries the client's bytes. A plain connection's own
 * socket is that; for TLS and for a WebSocket it is one end of a socket pair, and
 * two threads copy between the other end and the stream.
 */
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "http/ws.h"

#define PUMP_BYTES 16384

struct pump {
	struct stream *s;
	int fd; /* our end of the pair */

	/* a WebSocket; both threads write to it */
	bool ws;
	enum ws_opcode opcode; /* of what goes out */
	struct buf ahead;      /* what the client sent with the handshake */
	pthread_mutex_t mu;
	bool closed; /* a close frame went out: nothing may follow */
};

/* One frame; the head is put into the WS_HEAD_MAX bytes before data. */
static int send_frame(struct pump *p, enum ws_opcode opcode, unsigned char *data, size_t n)
{
	unsigned char head[WS_HEAD_MAX];
	size_t k = ws_head(head, opcode, n);
	struct err e;
	MUTEX_GUARD(&p->mu);

	if (p->closed)
		return -1;
	p->closed = opcode == WS_CLOSE;
	memcpy(data - k, head, k);
	return stream_write(p->s, data - k, k + n, &e);
}

static void send_close(struct pump *p, int code)
{
	unsigned char frame[WS_HEAD_MAX + 2] = {0};

	frame[WS_HEAD_MAX] = (unsigned char)(code >> 8);
	frame[WS_HEAD_MAX + 1] = (unsigned char)code;
	send_frame(p, WS_CLOSE, frame + WS_HEAD_MAX, 2);
}

/* container -> client */
static void *pump_out(void *arg)
{
	struct pump *p = arg;
	CLEANUP(freep) unsigned char *buffer = xmalloc(WS_HEAD_MAX + PUMP_BYTES);
	unsigned char *data = buffer + WS_HEAD_MAX;
	struct err e;

	for (;;) {
		ssize_t n = fd_read(p->fd, data, PUMP_BYTES);

		if (n <= 0 || (p->ws ? send_frame(p, p->opcode, data, (size_t)n)
				     : stream_write(p->s, data, (size_t)n, &e)) < 0)
			break;
	}
	if (p->ws)
		send_close(p, WS_NORMAL);
	/* the reading side wakes up, whatever it waits for */
	shutdown(p->s->fd, SHUT_RD);
	shutdown(p->fd, SHUT_RDWR);
	return NULL;
}

/* what a WebSocket's client sent; -1 when nothing more is wanted */
static int take_frames(struct pump *p, struct ws_decoder *d, unsigned char *data, size_t n)
{
	unsigned char pong[WS_HEAD_MAX + WS_CONTROL_MAX];
	struct ws_piece piece;
	struct err e;
	int r;

	while ((r = ws_next(d, &data, &n, &piece)) > 0) {
		if (piece.opcode == WS_BINARY && fd_write_all(p->fd, piece.data, piece.n, &e) < 0)
			return -1;
		if (piece.opcode == WS_PING) {
			memcpy(pong + WS_HEAD_MAX, piece.data, piece.n);
			if (send_frame(p, WS_PONG, pong + WS_HEAD_MAX, piece.n) < 0)
				return -1;
		}
		if (piece.opcode == WS_CLOSE) {
			send_close(p, WS_NORMAL);
			return -1;
		}
	}
	if (r < 0)
		send_close(p, -r);
	return r;
}

/* client -> container */
static void pump_in(struct pump *p)
{
	CLEANUP(freep) unsigned char *data = xmalloc(PUMP_BYTES);
	struct ws_decoder d = {0};
	struct err e;

	if (p->ws && take_frames(p, &d, (unsigned char *)p->ahead.data, p->ahead.len) < 0) {
		shutdown(p->fd, SHUT_RDWR);
		return;
	}
	for (;;) {
		ssize_t n = stream_read(p->s, data, PUMP_BYTES, &e);

		if (n <= 0 || (p->ws ? take_frames(p, &d, data, (size_t)n)
				     : fd_write_all(p->fd, data, (size_t)n, &e)) < 0)
			break;
	}
	/* a WebSocket has no half-close: who closes it listens no more */
	shutdown(p->fd, p->ws ? SHUT_RDWR : SHUT_WR);
}

static void release(const struct api_link *link)
{
	if (link->release != NULL)
		link->release(link->arg);
}

/* docker-py, and so compose 1 and Ansible, takes the socket from below Python's buffered reader and
 * loses what that has read ahead: nothing may follow the head until it has been read. A client that
 * does not read is waited for 200 ms. */
static void head_read(int fd)
{
	int unread;

	for (useconds_t usec = 50; usec < 100000; usec *= 2)
		if (ioctl(fd, SIOCOUTQ, &unread) < 0 || unread == 0 || usleep(usec) < 0)
			return;
}

/* a socket pair between the engine and the stream */
static int put_between(struct stream *s, struct api_hijack *h, struct pump **ret, struct err *e)
{
	struct pump *p;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		release(h->link);
		stream_free(s);
		buf_clear(&h->leftover);
		return err_sys(e, "socketpair");
	}
	s->timeout_ms = -1;
	p = xcalloc(1, sizeof(*p));
	pthread_mutex_init(&p->mu, NULL);
	p->s = s;
	p->fd = fds[1];
	h->fd = fds[0];
	h->pump = p;
	*ret = p;
	return 0;
}

int api_hijack_begin(struct api_call *c, const char *type, struct api_hijack *ret, struct err *e)
{
	bool upgrade = http_headers_get(&c->rq->headers, "Upgrade") != NULL;
	struct api_hijack h = {.fd = -1, .leftover = BUF_INIT, .link = c->link};
	struct stream *s;
	struct pump *p;

	s = http_conn_upgrade(c->conn, upgrade ? 101 : 200, "tcp", type, &h.leftover, e);
	if (s == NULL)
		return -1;
	if (c->link->tls) {
		if (put_between(s, &h, &p, e) < 0)
			return -1;
	} else {
		release(c->link);
		h.fd = stream_fd_take(s);
		head_read(h.fd);
	}
	*ret = h;
	return 0;
}

int api_hijack_ws(struct api_call *c, bool binary, struct api_hijack *ret, struct err *e)
{
	struct api_hijack h = {.fd = -1, .leftover = BUF_INIT, .link = c->link};
	struct stream *s;
	struct pump *p;

	if (ws_accept(c->rq, http_conn_headers(c->conn), e) < 0)
		return -1;
	s = http_conn_upgrade(c->conn, 101, "websocket", NULL, &h.leftover, e);
	if (s == NULL || put_between(s, &h, &p, e) < 0)
		return -1;
	p->ws = true;
	p->opcode = binary ? WS_BINARY : WS_TEXT;
	p->ahead = h.leftover;
	h.leftover = (struct buf)BUF_INIT;
	*ret = h;
	return 0;
}

void api_hijack_end(struct api_hijack *h)
{
	struct pump *p = h->pump;
	pthread_t out;
	struct err e;

	fd_close(&h->fd);
	buf_clear(&h->leftover);
	if (p == NULL)
		return;
	if (thread_start_joinable(&out, pump_out, p, &e) == 0) {
		pump_in(p);
		pthread_join(out, NULL);
	}
	release(h->link);
	stream_free(p->s);
	close(p->fd);
	buf_clear(&p->ahead);
	pthread_mutex_destroy(&p->mu);
	free(p);
	h->pump = NULL;
}
