// SPDX-License-Identifier: MIT
/*
 * DNS over TCP (RFC 7766): clients of the listener in N, and connections to the
 * nameserver's address on the tun, which arrive as one end of a socket pair.
 * Questions of a client may be under way side by side; beyond
 * USERNET_DNS_STREAM_ASKS it is not read for a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/dns_internal.h"

#define FRAME_MAX (2 + USERNET_DNS_BYTES_MAX)

struct dns_stream {
	struct list link;
	struct usernet *u;
	int fd;
	struct loop_source *source;
	struct wheel_timer timer;
	struct ip asker;
	uint16_t port;
	unsigned held; /* questions being forwarded */
	bool busy;     /* in its own event: not to be freed under it */
	bool eof, failed;
	struct buf in, out;
};

static void end(struct dns_stream *s)
{
	struct usernet *u = s->u;

	dns_forward_stop(u, s);
	loop_del(u->loop, s->source);
	fd_close(&s->fd);
	wheel_stop(&u->wheel, &s->timer);
	list_del(&s->link);
	u->dns->n_streams--;
	buf_clear(&s->in);
	buf_clear(&s->out);
	free(s);
}

void dns_stream_kill_all(struct usernet *u)
{
	while (!list_empty(&u->dns->streams))
		end(CONTAINER_OF(u->dns->streams.next, struct dns_stream, link));
}

static void flush(struct dns_stream *s)
{
	while (s->out.len > 0 && !s->failed) {
		ssize_t n = send(s->fd, s->out.data, s->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0)
			s->failed = true;
		else
			buf_consume(&s->out, (size_t)n);
	}
}

/* After anything that happened: what is waited for next, or the end (s is then gone). */
static void settle(struct dns_stream *s)
{
	bool full = s->held >= USERNET_DNS_STREAM_ASKS || s->out.len > 0;

	if (s->busy)
		return;
	if (s->failed || (s->eof && s->held == 0 && s->out.len == 0)) {
		end(s);
		return;
	}
	loop_mod(s->u->loop, s->source,
		 (full || s->eof ? 0 : EPOLLIN) | (s->out.len > 0 ? EPOLLOUT : 0));
}

void dns_stream_hold(struct dns_stream *s)
{
	s->held++;
}

static void take_frames(struct dns_stream *s);

void dns_stream_release(struct dns_stream *s, bool more)
{
	s->held--;
	if (s->busy || !more)
		return;
	s->busy = true;
	take_frames(s); /* some may have waited for this */
	s->busy = false;
	settle(s);
}

void dns_stream_reply(struct dns_stream *s, const uint8_t *p, size_t n)
{
	uint8_t len[2] = {(uint8_t)(n >> 8), (uint8_t)n};

	if (s->failed || s->out.len + n > USERNET_DNS_STREAM_OUT) {
		s->failed = true;
		return;
	}
	buf_add(&s->out, len, sizeof(len));
	buf_add(&s->out, p, n);
	flush(s);
	wheel_set(&s->u->wheel, &s->timer, DNS_IDLE_MS);
}

/* Asks what has come in whole. */
static void take_frames(struct dns_stream *s)
{
	struct dns_origin from = {
		.via = DNS_VIA_STREAM, .asker = s->asker, .port = s->port, .stream = s};

	while (s->in.len >= 2 && s->held < USERNET_DNS_STREAM_ASKS && !s->failed) {
		uint8_t *p = (uint8_t *)s->in.data;
		size_t n = (size_t)(p[0] << 8 | p[1]);

		if (n < DNS_HDR_SIZE || n > USERNET_DNS_BYTES_MAX) {
			s->u->stats.dns_dropped++;
			s->failed = true;
			return;
		}
		if (s->in.len < 2 + n)
			return;
		wheel_set(&s->u->wheel, &s->timer, DNS_IDLE_MS);
		dns_ask(s->u, &from, p + 2, n);
		buf_consume(&s->in, 2 + n);
	}
}

static void read_more(struct dns_stream *s)
{
	while (s->in.len < FRAME_MAX && s->held < USERNET_DNS_STREAM_ASKS && !s->failed) {
		size_t room = FRAME_MAX - s->in.len;
		ssize_t n = recv(s->fd, buf_reserve(&s->in, room), room, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			s->eof = true;
			s->failed = n < 0;
			return;
		}
		s->in.len += (size_t)n;
		s->in.data[s->in.len] = '\0';
		take_frames(s);
	}
}

static void on_stream(struct loop *l UNUSED, int fd UNUSED, uint32_t events, void *arg)
{
	struct dns_stream *s = arg;

	s->busy = true;
	flush(s);
	take_frames(s);
	if ((events & EPOLLIN) != 0)
		read_more(s);
	else if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		s->failed = true;
	s->busy = false;
	settle(s);
}

static void on_idle(struct wheel_timer *timer, void *arg)
{
	struct dns_stream *s = CONTAINER_OF(timer, struct dns_stream, timer);

	if (s->held > 0 && s->out.len == 0)
		wheel_set(&((struct usernet *)arg)->wheel, timer, DNS_IDLE_MS);
	else
		end(s);
}

/* The client that has waited longest without a question under way gives way. */
static bool make_room(struct usernet *u, const struct ip *asker)
{
	struct dns_stream *s, *idle = NULL;
	size_t of_asker = 0;

	list_for_each (s, &u->dns->streams, link) {
		of_asker += ip_eq(&s->asker, asker);
		if (idle == NULL && s->held == 0)
			idle = s;
	}
	if (of_asker < USERNET_DNS_STREAMS_MAX / 4 && u->dns->n_streams < USERNET_DNS_STREAMS_MAX)
		return true;
	u->stats.dns_limit++;
	if (of_asker >= USERNET_DNS_STREAMS_MAX / 4 || idle == NULL)
		return false;
	end(idle);
	return true;
}

void dns_stream_accept(struct usernet *u, int fd, const struct ip *asker, uint16_t port)
{
	struct dns_stream *s;
	struct err e;

	if (!make_room(u, asker)) {
		close(fd);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	*s = (struct dns_stream){.u = u, .fd = fd, .asker = *asker, .port = port};
	wheel_timer_init(&s->timer, on_idle);
	list_add_tail(&u->dns->streams, &s->link);
	u->dns->n_streams++;
	s->source = loop_add(u->loop, fd, EPOLLIN, on_stream, s, &e);
	if (s->source == NULL) {
		u->stats.no_memory++;
		end(s);
		return;
	}
	wheel_set(&u->wheel, &s->timer, DNS_IDLE_MS);
}
