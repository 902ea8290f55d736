// SPDX-License-Identifier: MIT
/*
 * The DNS server's own types. One path for all questions: dns_ask() with where
 * it came from; the answer goes back by dns_reply(). Theory in dns.c.
 */
#ifndef USERNET_DNS_INTERNAL_H
#define USERNET_DNS_INTERNAL_H

#include "base/buf.h"
#include "base/map.h"
#include "usernet/dns_msg.h"
#include "usernet/usernet_internal.h"

#define DNS_PORT    53
#define DNS_N_IP    "127.0.0.11"
#define DNS_IDLE_MS 10000 /* of a TCP client without a question under way */

/* DNS_VIA_TUN     a datagram out of the tun to the nameserver's address there
 * DNS_VIA_SOCKET  a datagram to 127.0.0.11 in N
 * DNS_VIA_STREAM  a TCP client, by either way */
enum dns_via { DNS_VIA_TUN, DNS_VIA_SOCKET, DNS_VIA_STREAM };

struct dns_stream;

struct dns_origin {
	enum dns_via via;
	struct ip asker;
	uint16_t port;		   /* the asker's */
	struct ip server;	   /* as asked; DNS_VIA_TUN only */
	struct dns_stream *stream; /* DNS_VIA_STREAM only */
};

struct dns {
	struct list queries; /* struct dns_query (dns_forward.c), oldest first */
	size_t n_queries;
	struct map askers;   /* container id or address -> how many of them, unsigned on the heap */
	struct list streams; /* struct dns_stream */
	size_t n_streams;
	size_t first;		/* of the host's servers: the one that answered last ... */
	int64_t first_until_ms; /* ... while the ones before it did not */
	int udp_fd, tcp_fd;	/* 127.0.0.11:53 in N; -1 none */
	struct loop_source *udp_source, *tcp_source;
	struct wheel_timer reopen;
	unsigned reopened;
	uint8_t *rx; /* USERNET_DNS_BYTES_MAX + 1: a datagram from udp_fd */
};

/* dns.c */
void dns_ask(struct usernet *u, const struct dns_origin *from, const uint8_t *p, size_t n);
void dns_reply(struct usernet *u, const struct dns_origin *to, const uint8_t *p, size_t n);
/* an answer without records in u->scratch, sent */
void dns_reply_rcode_only(struct usernet *u, const struct dns_origin *to,
			  const struct dns_question *q, const uint8_t *query, unsigned rcode);
/* bytes that the client of this question takes */
size_t dns_room(const struct dns_origin *to, const struct dns_question *q);

/* dns_local.c: answers from the table and for the gateway's names; true when it has replied */
bool dns_local(struct usernet *u, const struct dns_origin *from, const struct nametab_container *c,
	       const struct dns_question *q, const uint8_t *query);

/* dns_forward.c: asks the container's own or the host's servers; always replies in the end, or
 * drops and counts */
void dns_forward(struct usernet *u, const struct dns_origin *from,
		 const struct nametab_container *c, const struct dns_question *q,
		 const uint8_t *query, size_t n);
void dns_forward_stop(struct usernet *u, const struct dns_stream *s); /* NULL: all */

/* dns_stream.c */
void dns_stream_accept(struct usernet *u, int fd, const struct ip *asker, uint16_t port);
void dns_stream_reply(struct dns_stream *s, const uint8_t *p, size_t n);
/* a question of it is being forwarded, or is not any more (more: ask what waits, may free s) */
void dns_stream_hold(struct dns_stream *s);
void dns_stream_release(struct dns_stream *s, bool more);
void dns_stream_kill_all(struct usernet *u);

/* dns_sock.c: the sockets in N */
void dns_sock_init(struct dns *d);
void dns_sock_close(struct usernet *u);

#endif
