// SPDX-License-Identifier: MIT
/*
 * DNS over UDP for N: each question goes from a socket of its own (a random
 * port) with a random id to the host's nameservers as they are now, two seconds
 * each; then SERVFAIL. Only the id is touched; EDNS and all types pass. TCP is
 * an ordinary flow to the first server (tcp.c). RFC 1035, RFC 5452.
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
#include "usernet/usernet_internal.h"

#define DNS_SERVER_MS 2000
#define DNS_ROUNDS    2
#define DNS_HDR	      12

struct dns_query {
	struct list link;
	struct usernet *u;
	struct wheel_timer timer;
	int fd;
	struct loop_source *source;
	struct ip src, dst;
	uint16_t sport;
	uint16_t id, our_id;
	size_t tries;
	size_t n;
	uint8_t text[]; /* the question as it came */
};

static void end(struct dns_query *q)
{
	loop_del(q->u->loop, q->source);
	fd_close(&q->fd);
	wheel_stop(&q->u->wheel, &q->timer);
	list_del(&q->link);
	q->u->n_dns_queries--;
	free(q);
}

void dns_kill_all(struct usernet *u)
{
	while (!list_empty(&u->dns_queries))
		end(CONTAINER_OF(u->dns_queries.next, struct dns_query, link));
}

static void answer(struct dns_query *q, const uint8_t *p, size_t n)
{
	udp_send_to_n(q->u, &q->dst, 53, &q->src, q->sport, p, n);
	end(q);
}

static void servfail(struct dns_query *q)
{
	packet_put16(q->text, q->id);
	q->text[2] |= 0x80;				   /* QR */
	q->text[3] = (uint8_t)(0x80 | (2 /* SERVFAIL */)); /* RA */
	memset(q->text + 6, 0, 6);
	packet_put16(q->text + 4, 0);
	answer(q, q->text, DNS_HDR);
}

static void ask(struct dns_query *q);

static void on_answer(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct dns_query *q = arg;
	uint8_t *p = q->u->scratch;
	ssize_t n = recv(fd, p, USERNET_SCRATCH, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		ask(q); /* refused: the next server */
		return;
	}
	/* an answer with our id and at least the header; anything else is ignored */
	if (n < DNS_HDR || (p[2] & 0x80) == 0 || packet_u16(p) != q->our_id)
		return;
	packet_put16(p, q->id);
	answer(q, p, (size_t)n);
}

static int open_socket(struct dns_query *q, const struct sockaddr_storage *s)
{
	struct err e;

	loop_del(q->u->loop, q->source);
	q->source = NULL;
	fd_close(&q->fd);
	q->fd = socket(s->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (q->fd < 0 || connect(q->fd, (const struct sockaddr *)s, resolv_len(s)) < 0)
		return -1;
	q->source = loop_add(q->u->loop, q->fd, EPOLLIN, on_answer, q, &e);
	return q->source != NULL ? 0 : -1;
}

/* Asks the next server; after DNS_ROUNDS of all of them SERVFAIL. */
static void ask(struct dns_query *q)
{
	const struct resolv *r = &q->u->resolv;

	while (q->tries < r->n * DNS_ROUNDS) {
		const struct sockaddr_storage *s = &r->servers[q->tries++ % r->n];

		if (open_socket(q, s) < 0)
			continue;
		q->our_id = (uint16_t)rand_u64();
		packet_put16(q->text, q->our_id);
		if (send(q->fd, q->text, q->n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			continue;
		wheel_set(&q->u->wheel, &q->timer, DNS_SERVER_MS);
		return;
	}
	servfail(q);
}

static void on_timeout(struct wheel_timer *timer, void *arg UNUSED)
{
	ask(CONTAINER_OF(timer, struct dns_query, timer));
}

void dns_query(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *udp)
{
	const uint8_t *h = packet_at(&udp->payload, 0, DNS_HDR);
	struct dns_query *q;

	/* a question, and room for it; else it is lost */
	if (h == NULL || (h[2] & 0x80) != 0 || udp->payload.n > USERNET_DNS_BYTES_MAX)
		return;
	if (u->n_dns_queries >= USERNET_DNS_MAX)
		end(CONTAINER_OF(u->dns_queries.next, struct dns_query, link));
	q = try_malloc(sizeof(*q) + udp->payload.n);
	if (q == NULL)
		return;
	*q = (struct dns_query){.u = u,
				.fd = -1,
				.src = ip->src,
				.dst = ip->dst,
				.sport = udp->sport,
				.id = packet_u16(h),
				.n = udp->payload.n};
	memcpy(q->text, udp->payload.p, q->n);
	wheel_timer_init(&q->timer, on_timeout);
	list_add_tail(&u->dns_queries, &q->link);
	u->n_dns_queries++;
	resolv_refresh(&u->resolv);
	ask(q);
}
