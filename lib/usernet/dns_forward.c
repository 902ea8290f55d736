// SPDX-License-Identifier: MIT
/*
 * Questions about the rest of the world. Each goes from a socket of its own (a
 * random port) with a random id; what comes back must have both and the same
 * question (RFC 5452). Two seconds a server, or what the host's resolv.conf says
 * (options timeout:N), within which a datagram is sent once more: over UDP twice round; over TCP
 * once, then once by UDP for servers that know no TCP. A server that fails or refuses gives way to
 * the next; when all do: SERVFAIL, as Docker.
 *
 * Servers are the host's as they are at this moment, loopback included, for
 * this process is in the host's network; or the container's own (--dns), which
 * are subject to what its packets may reach. Such a server may be a container
 * of the same network: then the socket is one made in N.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/time.h"
#include "usernet/addr.h"
#include "usernet/dns_internal.h"
#include "usernet/pool.h"

#define ROUNDS	      2
#define RESEND_AFTER  30 /* per cent of a server's time; a datagram is sent once more then, and */
#define RESEND_SPREAD 25 /* a random part of these later: a burst may have filled its queue */
#define FIRST_FOR_MS  30000 /* the first servers are tried again after that */
#define TCP_LEN	      2	    /* the message's length before it */

struct dns_server {
	struct sockaddr_storage sa;
	socklen_t len;
	bool in_n; /* a container */
};

struct dns_query {
	struct list link;
	struct usernet *u;
	struct wheel_timer timer;
	struct dns_origin from;
	struct dns_question q;
	struct dns_server servers[USERNET_RESOLV_SERVERS];
	size_t n_servers;
	bool of_host;	 /* they are the host's */
	size_t first;	 /* of them, the one asked first */
	size_t tries;	 /* so far */
	size_t failed;	 /* answered SERVFAIL or REFUSED */
	bool tcp;	 /* the present try */
	int patience_ms; /* with one server */
	int resend_ms;	 /* of it, after which the datagram was or will be sent again; 0: no more */
	int fd;
	struct loop_source *source;
	size_t sent;	 /* over TCP */
	struct buf rx;	 /* over TCP: length and message */
	unsigned *asked; /* how many of this asker; in dns.askers under asker */
	char asker[FEED_ID_SIZE];
	size_t n;
	uint8_t text[]; /* TCP_LEN bytes of length, the question */
};

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void drop_socket(struct dns_query *q)
{
	loop_del(q->u->loop, q->source);
	q->source = NULL;
	fd_close(&q->fd);
	buf_reset(&q->rx);
	q->sent = 0;
}

/* more: its TCP client may ask its next question now */
static void end_then(struct dns_query *q, bool more)
{
	struct dns_stream *s = q->from.stream;
	struct dns *d = q->u->dns;

	drop_socket(q);
	wheel_stop(&q->u->wheel, &q->timer);
	list_del(&q->link);
	d->n_queries--;
	if (--*q->asked == 0)
		map_del(&d->askers, q->asker);
	buf_clear(&q->rx);
	free(q);
	if (s != NULL)
		dns_stream_release(s, more);
}

static void end(struct dns_query *q)
{
	end_then(q, true);
}

void dns_forward_stop(struct usernet *u, const struct dns_stream *s)
{
	struct dns_query *q, *tmp;

	list_for_each_safe (q, tmp, &u->dns->queries, link) {
		if (s != NULL && q->from.stream != s)
			continue;
		q->from.stream = NULL; /* it is being ended too, and must not ask anew */
		end(q);
	}
}

static void finish(struct dns_query *q, uint8_t *p, size_t n)
{
	put16(p, q->q.id);
	if (n > dns_room(&q->from, &q->q))
		n = dns_reply_truncate(&q->q, p, n);
	dns_reply(q->u, &q->from, p, n);
	end(q);
}

static void give_up(struct dns_query *q)
{
	q->u->stats.dns_failed++;
	put16(q->text + TCP_LEN, q->q.id);
	dns_reply_rcode_only(q->u, &q->from, &q->q, q->text + TCP_LEN, DNS_SERVFAIL);
	end(q);
}

static void ask_next(struct dns_query *q);

/* A server has answered: p is a matching answer. */
static void on_answer(struct dns_query *q, uint8_t *p, size_t n)
{
	unsigned rcode = dns_reply_rcode(p);
	struct dns *d = q->u->dns;

	if (rcode == DNS_SERVFAIL || rcode == DNS_REFUSED) {
		if (++q->failed < q->n_servers)
			ask_next(q);
		else if (rcode == DNS_SERVFAIL)
			finish(q, p, n);
		else
			give_up(q);
		return;
	}
	if (q->of_host && q->tries > 1 && q->n_servers > 1) {
		d->first = (q->first + q->tries - 1) % q->n_servers;
		d->first_until_ms = time_mono_ms() + FIRST_FOR_MS;
	}
	finish(q, p, n);
}

static void udp_event(struct dns_query *q)
{
	uint8_t *p = q->u->scratch;
	ssize_t n = recv(q->fd, p, USERNET_SCRATCH, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		ask_next(q); /* refused */
		return;
	}
	if (dns_reply_matches(q->text + TCP_LEN, &q->q, p, (size_t)n))
		on_answer(q, p, (size_t)n);
	else
		q->u->stats.dns_mismatch++;
}

/* Sends the rest of the question; false when the connection failed. */
static bool tcp_send(struct dns_query *q)
{
	size_t all = TCP_LEN + q->n;
	ssize_t n;

	if (q->sent == all)
		return true;
	n = send(q->fd, q->text + q->sent, all - q->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	q->sent += (size_t)n;
	if (q->sent == all)
		loop_mod(q->u->loop, q->source, EPOLLIN);
	return true;
}

/* Reads more of the answer: 1 whole, 0 not yet, -1 failed. */
static int tcp_read(struct dns_query *q, size_t *ret_n)
{
	size_t want = TCP_LEN;
	const uint8_t *p;

	for (;;) {
		ssize_t n;

		if (q->rx.len >= TCP_LEN) {
			p = (const uint8_t *)q->rx.data;
			*ret_n = (size_t)(p[0] << 8 | p[1]);
			want = TCP_LEN + *ret_n;
			if (q->rx.len >= want)
				return 1;
		}
		n = recv(q->fd, buf_reserve(&q->rx, want - q->rx.len), want - q->rx.len,
			 MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n <= 0)
			return -1;
		q->rx.len += (size_t)n;
		q->rx.data[q->rx.len] = '\0';
	}
}

static void tcp_event(struct dns_query *q)
{
	size_t n = 0;
	uint8_t *p;
	int r;

	if (!tcp_send(q)) {
		ask_next(q);
		return;
	}
	r = tcp_read(q, &n);
	if (r == 0)
		return;
	/* to the scratch: asking the next server empties rx */
	if (r < 0 || n > USERNET_SCRATCH - 1) {
		ask_next(q);
		return;
	}
	p = memcpy(q->u->scratch, q->rx.data + TCP_LEN, n);
	if (dns_reply_matches(q->text + TCP_LEN, &q->q, p, n))
		on_answer(q, p, n);
	else
		ask_next(q);
}

static void on_event(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct dns_query *q = arg;

	if (q->tcp)
		tcp_event(q);
	else
		udp_event(q);
}

static int socket_in_n(const struct dns_query *q, bool v6)
{
	struct pool_request rq = {.version = POOL_VERSION, .op = POOL_SOCKETS, .n = 1};
	struct pool_answer a;
	int fds[POOL_BATCH];
	size_t n;

	if (q->tcp)
		rq.kind = v6 ? POOL_TCP6 : POOL_TCP4;
	else
		rq.kind = v6 ? POOL_UDP6 : POOL_UDP4;
	(void)pool_call(q->u, &rq, &a, fds, &n);
	while (n > 1)
		fd_close(&fds[--n]);
	return n == 1 ? fds[0] : -1;
}

static int new_socket(const struct dns_query *q, const struct dns_server *s)
{
	if (s->in_n)
		return socket_in_n(q, s->sa.ss_family == AF_INET6);
	return socket(s->sa.ss_family,
		      (q->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool ask_one(struct dns_query *q, const struct dns_server *s)
{
	uint32_t events = q->tcp ? EPOLLIN | EPOLLOUT : EPOLLIN;
	struct err e;

	q->fd = new_socket(q, s);
	if (q->fd < 0) {
		q->u->stats.no_descriptor++;
		return false;
	}
	if (connect(q->fd, (const struct sockaddr *)&s->sa, s->len) < 0 && errno != EINPROGRESS)
		return false;
	q->source = loop_add(q->u->loop, q->fd, events, on_event, q, &e);
	if (q->source == NULL)
		return false;
	put16(q->text + TCP_LEN, (uint16_t)rand_u64());
	return q->tcp || send(q->fd, q->text + TCP_LEN, q->n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

static int resend_after(int patience_ms)
{
	return patience_ms * (RESEND_AFTER + (int)(rand_u64() % RESEND_SPREAD)) / 100;
}

static void ask_next(struct dns_query *q)
{
	while (q->tries < q->n_servers * ROUNDS) {
		size_t i = (q->first + q->tries) % q->n_servers;

		drop_socket(q);
		q->tcp = q->from.via == DNS_VIA_STREAM && q->tries < q->n_servers;
		q->tries++;
		if (!ask_one(q, &q->servers[i]))
			continue;
		q->resend_ms = q->tcp ? 0 : resend_after(q->patience_ms);
		wheel_set(&q->u->wheel, &q->timer, q->tcp ? q->patience_ms : q->resend_ms);
		return;
	}
	give_up(q);
}

static void on_timeout(struct wheel_timer *timer, void *arg UNUSED)
{
	struct dns_query *q = CONTAINER_OF(timer, struct dns_query, timer);

	if (q->resend_ms == 0 ||
	    send(q->fd, q->text + TCP_LEN, q->n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		ask_next(q);
		return;
	}
	wheel_set(&q->u->wheel, timer, q->patience_ms - q->resend_ms);
	q->resend_ms = 0;
}

/* --- who is asked --- */

static void host_servers(struct dns_query *q)
{
	struct resolv *r = &q->u->resolv;
	struct dns *d = q->u->dns;

	if (resolv_refresh(r))
		d->first_until_ms = 0;
	for (size_t i = 0; i < r->n; i++)
		q->servers[i] =
			(struct dns_server){.sa = r->servers[i], .len = resolv_len(&r->servers[i])};
	q->n_servers = r->n;
	q->patience_ms = r->timeout_ms;
	q->of_host = true;
	if (d->first < r->n && d->first_until_ms > time_mono_ms())
		q->first = d->first;
}

static void own_servers(struct dns_query *q, const struct nametab_container *c)
{
	const struct nametab_entry *en = c->entries[0];

	q->patience_ms = RESOLV_TIMEOUT_MS;
	for (size_t i = 0; i < en->n_dns && q->n_servers < USERNET_RESOLV_SERVERS; i++) {
		struct dns_server s = {
			.in_n = nametab_shares_network(&q->u->names, c, &en->dns[i])};
		enum dest to = DEST_OK;

		if (s.in_n)
			s.len = addr_to_sa(&en->dns[i], 0, &s.sa);
		else
			to = tun_destination(q->u, &en->dns[i], &s.sa, &s.len);
		if (to == DEST_DNS) { /* that is us: the host's */
			q->n_servers = 0;
			host_servers(q);
			return;
		}
		if (to != DEST_OK)
			continue;
		addr_set_port(&s.sa, DNS_PORT);
		q->servers[q->n_servers++] = s;
	}
}

/* The counter of an asker; a container's addresses count together. */
static unsigned *asked_by(struct dns *d, const struct dns_origin *from,
			  const struct nametab_container *c, char key[FEED_ID_SIZE])
{
	char text[IP_TEXT_SIZE];
	unsigned *n;

	str_copy(key, c != NULL ? c->entries[0]->ep.container_id : ip_format(&from->asker, text),
		 FEED_ID_SIZE);
	n = map_get(&d->askers, key);
	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		map_put(&d->askers, key, n);
	}
	return n;
}

static struct dns_query *new_query(struct usernet *u, const struct dns_origin *from,
				   const struct nametab_container *c, const struct dns_question *q,
				   const uint8_t *query, size_t n)
{
	char key[FEED_ID_SIZE];
	unsigned *asked = asked_by(u->dns, from, c, key);
	struct dns_query *f;

	if (*asked >= USERNET_DNS_ASKER_MAX)
		return NULL;
	f = try_malloc(sizeof(*f) + TCP_LEN + n);
	if (f == NULL) {
		if (*asked == 0)
			map_del(&u->dns->askers, key);
		return NULL;
	}
	*f = (struct dns_query){.u = u, .from = *from, .q = *q, .fd = -1, .n = n, .asked = asked};
	str_copy(f->asker, key, sizeof(f->asker));
	put16(f->text, n);
	memcpy(f->text + TCP_LEN, query, n);
	wheel_timer_init(&f->timer, on_timeout);
	list_add_tail(&u->dns->queries, &f->link);
	u->dns->n_queries++;
	++*asked;
	if (from->stream != NULL)
		dns_stream_hold(from->stream);
	return f;
}

void dns_forward(struct usernet *u, const struct dns_origin *from,
		 const struct nametab_container *c, const struct dns_question *q,
		 const uint8_t *query, size_t n)
{
	bool bare = strchr(q->name, '.') == NULL && (q->type == DNS_A || q->type == DNS_AAAA);
	struct dns_query *f;

	if (c != NULL && c->entries[0]->ep.ndots_set && bare) {
		dns_reply_rcode_only(u, from, q, query, DNS_NOERROR);
		return;
	}
	if (u->dns->n_queries >= USERNET_DNS_MAX) {
		u->stats.dns_limit++;
		/* nothing may be asked in between: c would not outlive a change of the table */
		end_then(CONTAINER_OF(u->dns->queries.next, struct dns_query, link), false);
	}
	f = new_query(u, from, c, q, query, n);
	if (f == NULL) {
		u->stats.dns_limit++;
		return;
	}
	if (c != NULL && c->entries[0]->n_dns > 0)
		own_servers(f, c);
	else
		host_servers(f);
	ask_next(f);
}
