// SPDX-License-Identifier: MIT
/* UDP's own types; theory in udp.c. */
#ifndef USERNET_UDP_INTERNAL_H
#define USERNET_UDP_INTERNAL_H

#include <netinet/in.h>

#include "usernet/usernet_internal.h"

#ifndef UDP_SEGMENT /* musl and older headers */
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define UDP_SLOTS      32 /* datagrams read in one call */
#define UDP_SLOT_SIZE  65536
#define UDP_BURST_SEGS 64    /* datagrams in one call; the kernel's UDP_MAX_SEGMENTS */
#define UDP_BURST_LEN  65000 /* bytes of them */
#define UDP_BURST_PART 1472  /* larger ones may need fragments, and go alone */

struct host_error;

struct udp_flow {
	struct flow f; /* first */
	struct usernet *u;
	int fd;
	struct loop_source *source;
	struct wheel_timer timer;
	int64_t used_ms; /* monotonic */
	bool replied;
	bool stale;    /* to be ended: its socket can send no more */
	bool no_gso;   /* the way from here takes no bursts */
	bool may_frag; /* the host may cut what is too large for the way */
	uint8_t hops;  /* hop limit given to the socket; 0: the default */
};

/* datagrams of one flow on their way to the host, collected within a turn of the tun */
struct udp_burst {
	struct udp_flow *w; /* NULL: empty */
	size_t len, seg;    /* all bytes; bytes of each datagram but the last */
	unsigned n;
	bool closed;	/* the last one was shorter */
	bool dont_frag; /* as N wrote them */
	uint8_t buf[UDP_BURST_LEN];
};

/* udp_host.c */
/** udp_burst_add() - takes a datagram for the host, to be sent by udp_flush() or earlier */
void udp_burst_add(struct usernet *u, struct udp_flow *w, const struct packet *p, bool dont_frag);
/** udp_send_joined() - several datagrams of seg bytes (the last may be shorter) go as they are;
 * false: they are so few, or of such a sort, that they are to be added one by one */
bool udp_send_joined(struct usernet *u, struct udp_flow *w, const struct packet *p, size_t seg);
/** udp_host_setup() - options of a new flow's socket, before connect(2) */
void udp_host_setup(struct usernet *u, struct udp_flow *w);
/** udp_host_read() - passes on what the host has for N; how many it took, at most UDP_SLOTS, or -1
 * with errno */
int udp_host_read(struct usernet *u, struct udp_flow *w);
/** udp_host_errors() - tells N what became of datagrams; whether there was something to tell */
bool udp_host_errors(struct usernet *u, struct udp_flow *w);
/** udp_report() - tells N one error of a flow */
void udp_report(struct usernet *u, const struct flow_key *k, const struct host_error *he);
/** udp_joined() - the size of the datagrams that the kernel has joined into a message, or 0 */
size_t udp_joined(struct msghdr *m);
/** udp_slots_data() - room for UDP_SLOTS datagrams of UDP_SLOT_SIZE, valid within one callback */
uint8_t *udp_slots_data(struct usernet *u);
/** udp_slots_free() - gives back the memory for reading */
void udp_slots_free(struct usernet *u);

/* udp_to_n.c */
struct udp_to_n {
	const struct ip *src, *dst;
	uint16_t sport, dport;
	const struct iovec *iov; /* the payload, at most UDP_BURST_SEGS parts */
	int n_iov;
	size_t len;
	size_t gso; /* 0: one datagram; else several of that size, the last may be shorter; then
		     * each part is one, or the one part is all */
};
/** udp_to_n() - writes datagrams into N */
void udp_to_n(struct usernet *u, const struct udp_to_n *d);

#endif
