// SPDX-License-Identifier: MIT
/*
 * Taking a connection over for attach and exec. The engine (in fact the shim)
 * wants a descriptor that carries the client's bytes. A plain connection's own
 * socket is that; for TLS it is one end of a socket pair, and two threads copy
 * between the other end and the TLS stream.
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

#define PUMP_BYTES 16384

struct pump {
	struct stream *tls;
	int fd; /* our end of the pair */
};

/* container -> client */
static void *pump_out(void *arg)
{
	struct pump *p = arg;
	CLEANUP(freep) char *data = xmalloc(PUMP_BYTES);
	struct err e;

	for (;;) {
		ssize_t n = fd_read(p->fd, data, PUMP_BYTES);

		if (n <= 0 || stream_write(p->tls, data, (size_t)n, &e) < 0)
			break;
	}
	/* the reading side wakes up, whatever it waits for */
	shutdown(p->tls->fd, SHUT_RD);
	shutdown(p->fd, SHUT_RDWR);
	return NULL;
}

/* client -> container */
static void pump_in(struct pump *p)
{
	CLEANUP(freep) char *data = xmalloc(PUMP_BYTES);
	struct err e;

	for (;;) {
		ssize_t n = stream_read(p->tls, data, PUMP_BYTES, &e);

		if (n <= 0 || fd_write_all(p->fd, data, (size_t)n, &e) < 0)
			break;
	}
	shutdown(p->fd, SHUT_WR);
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

int api_hijack_begin(struct api_call *c, const char *type, struct api_hijack *ret, struct err *e)
{
	bool upgrade = http_headers_get(&c->rq->headers, "Upgrade") != NULL;
	struct api_hijack h = {.fd = -1, .leftover = BUF_INIT, .link = c->link};
	struct stream *s;
	struct pump *p;
	int fds[2];

	s = http_conn_upgrade(c->conn, upgrade ? 101 : 200, "tcp", type, &h.leftover, e);
	if (s == NULL)
		return -1;
	if (!c->link->tls) {
		release(c->link);
		h.fd = stream_fd_take(s);
		head_read(h.fd);
		*ret = h;
		return 0;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		release(c->link);
		stream_free(s);
		buf_clear(&h.leftover);
		return err_sys(e, "socketpair");
	}
	s->timeout_ms = -1;
	p = xcalloc(1, sizeof(*p));
	p->tls = s;
	p->fd = fds[1];
	h.fd = fds[0];
	h.pump = p;
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
	stream_free(p->tls);
	close(p->fd);
	free(p);
	h->pump = NULL;
}
