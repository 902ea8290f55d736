// SPDX-License-Identifier: MIT
/* The fast path's own types; theory in anyip.c. */
#ifndef USERNET_ANYIP_INTERNAL_H
#define USERNET_ANYIP_INTERNAL_H

#include "usernet/usernet_internal.h"

#define ANYIP_TCP_HDR_MAX 60

/* A SYN as it was seen: its addresses, and its TCP header for being written back. */
struct anyip_syn {
	struct ip src, dst;
	uint16_t sport, dport;
	uint32_t seq;
	uint8_t tcp_len;
	uint8_t tcp[ANYIP_TCP_HDR_MAX];
};

/* A port whose connections go the fast way, of one family. */
struct anyip_port {
	struct usernet *u;
	int fd; /* listener in N */
	struct loop_source *source;
	uint16_t port;
	size_t n_flows;
	bool proven;	 /* a connection was made */
	int64_t used_ms; /* when the last flow ended or the port was taken up */
};

/*
 * Who may do what in a state:
 * HELD      the host's connect is under way; N has no answer. Ends when the container gives up
 * RELEASED  the host stands and the SYN was written back; N's kernel makes the handshake, a SYN
 *           seen again is written back again
 * JOINED    a relay has both sockets; only its end ends the flow
 */
enum anyip_state { ANYIP_HELD, ANYIP_RELEASED, ANYIP_JOINED };

struct anyip_flow {
	struct flow f; /* first */
	struct usernet *u;
	struct anyip_port *port;
	enum anyip_state state;
	int fd; /* host side; -1 when a relay has it */
	struct loop_source *source;
	struct wheel_timer timer;
	int64_t born_ms;
	struct anyip_syn syn;
};

struct anyip {
	struct anyip_port *ports[2][USERNET_ANYIP_PORTS_MAX]; /* IPv4, IPv6 */
	size_t n_ports[2];
	uint16_t *translated[2]; /* by port: connections in translation */
	int watch_fd[2], notes_fd;
	struct loop_source *watch_source[2], *notes_source;
	struct anyip_syn *queue; /* seen, not yet looked at: from queue_head to queue_len */
	size_t queue_head, queue_len, queue_cap;
	bool pressed[2]; /* the family's watch comes by again for the queue's sake */
	struct list relays;
	struct pool_locals *locals;
	int64_t not_before_ms[2]; /* after a failure the helper is left alone so long */
	bool off, told;
};

/* anyip.c: a flow of the port has ended */
void anyip_port_left(struct anyip_port *p);

/** anyip_accept() - joins the next connection that N's kernel has made; false: there is none */
bool anyip_accept(const struct anyip_port *p);

/** anyip_seen() - what a SYN that the watch shows comes to */
void anyip_seen(struct usernet *u, const struct anyip_syn *s);

/* anyip_watch.c: SYNs of both families' watches, looked at by anyip_seen() in turn */
loop_fn anyip_on_watch;

/* anyip_syn.c: pure */
/** anyip_syn_parse() - the SYN of a packet; false when it is none or malformed */
bool anyip_syn_parse(const struct packet_ip *ip, struct anyip_syn *ret);
/** anyip_syn_packet() - its IP and TCP headers as a packet (for ICMP errors); returns the length */
size_t anyip_syn_packet(const struct anyip_syn *s, uint8_t out[USERNET_QUOTE_MAX]);

/* anyip_flow.c */
/** anyip_hold() - a new SYN of a port: connects on the host, answers or releases when decided */
void anyip_hold(struct usernet *u, struct anyip_port *p, const struct anyip_syn *s);
/** anyip_again() - the SYN belongs to a flow there is, which saw it; false: to none */
bool anyip_again(struct usernet *u, const struct anyip_syn *s);
/** anyip_join() - a connection that N's kernel has made: to the host socket that waits for it */
void anyip_join(struct usernet *u, int fd, const struct sockaddr_storage *peer);
/** anyip_refuse() - answers a SYN as a closed port does */
void anyip_refuse(struct usernet *u, const struct anyip_syn *s);
/** anyip_end_flows() - ends every flow; joined ones with a reset */
void anyip_end_flows(struct usernet *u);

#endif
