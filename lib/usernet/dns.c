// SPDX-License-Identifier: MIT
/*
 * DNS. Theory of operation: containers ask 127.0.0.11, which N answers once for
 * all of them (dns_sock.c), or the nameserver's address on the tun; over UDP or
 * TCP (dns_stream.c). All questions meet in dns_ask(), the asker being known by
 * its source address:
 *
 *  1. what the feed has brought so far is read: the table is as the engine's
 *  2. a malformed question is answered FORMERR, NOTIMP or BADVERS, or dropped
 *  3. names of the asker's networks, reverse names, the gateway's names
 *     (dns_local.c); nothing of other networks
 *  4. a container with none but internal networks: SERVFAIL, as Docker
 *  5. the rest is forwarded (dns_forward.c)
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/dns_internal.h"

void dns_init(struct usernet *u)
{
	struct dns *d = xcalloc(1, sizeof(*d));

	list_init(&d->queries);
	list_init(&d->streams);
	map_init(&d->askers, free);
	dns_sock_init(d);
	d->rx = xmalloc(USERNET_DNS_BYTES_MAX + 1);
	u->dns = d;
	nametab_init(&u->names);
}

void dns_clear(struct usernet *u)
{
	if (u->dns == NULL)
		return;
	dns_kill_all(u);
	dns_sock_close(u);
	map_clear(&u->dns->askers);
	nametab_clear(&u->names);
	free(u->dns->rx);
	free(u->dns);
	u->dns = NULL;
}

void dns_kill_all(struct usernet *u)
{
	dns_forward_stop(u, NULL);
	dns_stream_kill_all(u);
}

size_t dns_room(const struct dns_origin *to, const struct dns_question *q)
{
	/* answers of ours are far from 64 KiB; the scratch is that large */
	return to->via == DNS_VIA_STREAM ? USERNET_SCRATCH - 1 : q->udp_size;
}

void dns_reply(struct usernet *u, const struct dns_origin *to, const uint8_t *p, size_t n)
{
	struct sockaddr_storage sa;
	socklen_t len;

	switch (to->via) {
	case DNS_VIA_TUN:
		udp_send_to_n(u, &to->server, DNS_PORT, &to->asker, to->port, p, n);
		break;
	case DNS_VIA_SOCKET:
		len = addr_to_sa(&to->asker, to->port, &sa);
		if (u->dns->udp_fd >= 0 && sendto(u->dns->udp_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL,
						  (struct sockaddr *)&sa, len) < 0)
			u->stats.dns_dropped++;
		break;
	case DNS_VIA_STREAM:
		dns_stream_reply(to->stream, p, n);
		break;
	}
}

void dns_reply_rcode_only(struct usernet *u, const struct dns_origin *to,
			  const struct dns_question *q, const uint8_t *query, unsigned rcode)
{
	struct dns_answer a;

	dns_answer_begin(&a, q, query, u->scratch, DNS_UDP_DEFAULT, rcode);
	dns_reply(u, to, u->scratch, dns_answer_end(&a));
}

void dns_ask(struct usernet *u, const struct dns_origin *from, const uint8_t *p, size_t n)
{
	const struct nametab_container *c;
	struct dns_question q;
	int rcode;

	u->stats.dns_questions++;
	feed_serve_drain(u);
	rcode = n <= USERNET_DNS_BYTES_MAX ? dns_question_parse(p, n, &q) : -1;
	if (rcode < 0) {
		u->stats.dns_dropped++;
		return;
	}
	if (rcode != DNS_NOERROR) {
		dns_reply_rcode_only(u, from, &q, p, (unsigned)rcode);
		return;
	}
	c = nametab_asker(&u->names, &from->asker);
	if (q.class == DNS_CLASS_IN && q.name[0] != '\0' && dns_local(u, from, c, &q, p))
		return;
	if (c != NULL && nametab_is_internal(c)) {
		dns_reply_rcode_only(u, from, &q, p, DNS_SERVFAIL);
		return;
	}
	dns_forward(u, from, c, &q, p, n);
}

void dns_query(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *udp)
{
	struct dns_origin from = {
		.via = DNS_VIA_TUN, .asker = ip->src, .port = udp->sport, .server = ip->dst};

	dns_ask(u, &from, udp->payload.p, udp->payload.n);
}

int dns_stream_open(struct usernet *u, const struct ip *asker, uint16_t port)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	dns_stream_accept(u, pair[1], asker, port);
	return pair[0];
}
