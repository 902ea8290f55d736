// SPDX-License-Identifier: MIT
/* The TCP translation's own types; theory in tcp.c. */
#ifndef USERNET_TCP_INTERNAL_H
#define USERNET_TCP_INTERNAL_H

#include "usernet/usernet_internal.h"

#define TCP_WSCALE	  5   /* ours: 1 MiB needs 5 bits more than 16 */
#define TCP_RTO_MS	  200 /* the link is this machine's memory */
#define TCP_RTO_MAX_MS	  60000
#define TCP_RETRIES_MAX	  12
#define TCP_SYN_RETRIES	  5
#define TCP_KEEP_IDLE_MS  7200000 /* as Linux: tcp_keepalive_time, _intvl, _probes */
#define TCP_KEEP_INTVL_MS 75000
#define TCP_KEEP_PROBES	  9
#define TCP_GSO_MAX	  65000
#define TCP_OOO_MAX	  1024 /* segments kept that came before their time */
#define TCP_SACKED_MAX	  32   /* parts known to have arrived behind a hole */
#define TCP_TRIM_MS	  2000 /* idle so long: the rings' memory is given back */

/*
 * Who may do what in a state:
 * CONNECTING  host connect under way; N's SYN is held, nothing was answered
 * HANDSHAKE   host stands, SYN-ACK sent; host data may be read into the ring
 * INWARD      begun on the host: SYN sent to N, its answer awaited; host data stays where it is
 * OPEN        both ways; ends are marked by the flags below
 * DEAD        in tcp_dead, descriptor closed; nobody may touch it
 */
enum tcp_state { TCP_CONNECTING, TCP_HANDSHAKE, TCP_INWARD, TCP_OPEN, TCP_DEAD };

struct tcp_flow {
	struct flow f; /* first */
	enum tcp_state state;
	int fd; /* host side */
	struct loop_source *source;
	struct wheel_timer timer;
	struct list due;   /* in usernet.tcp_due, or usernet.tcp_dead */
	uint32_t rcv_nxt;  /* next byte expected from N */
	uint32_t rcv_edge; /* right edge of the window promised to N */
	uint32_t snd_una, snd_nxt;
	uint32_t recover; /* right edge of what was under way when loss was seen */
	uint32_t snd_wnd; /* as N promised, scaled */
	struct ring up;	  /* from N, refused by the host socket so far */
	struct ring down; /* for N: bytes from snd_una on */
	uint16_t mss;
	uint8_t snd_scale, rcv_scale;
	uint8_t dupacks, retries, probes;
	bool recovering; /* holes up to recover are sent again */
	bool sack;	 /* by selective acknowledgements; else one an acknowledgement */
	bool probe_out;	 /* the byte at probe_seq was sent again, to learn what arrived before */
	uint8_t n_sacked;
	uint32_t probe_seq, resent; /* resent: holes below were sent again */
	struct packet_range sacked[TCP_SACKED_MAX];
	struct list ooo; /* struct tcp_ooo; valid while n_ooo > 0 */
	uint32_t n_ooo, ooo_last;
	bool ack_due;	 /* N must get an acknowledgement */
	bool host_ready; /* host socket may have more to read */
	bool host_eof;	 /* host sent its FIN */
	bool fin_sent, fin_acked;
	bool counted;	 /* keeps its port from the fast path */
	bool guest_fin;	 /* N sent its FIN */
	bool host_shut;	 /* and the host socket was told */
	void *cookie[2]; /* usernet and this, for the loop */
	uint8_t quote_len;
	uint8_t quote[USERNET_QUOTE_MAX]; /* N's SYN, for ICMP errors */
};

/* tcp_output.c */
void tcp_segment(struct usernet *u, struct tcp_flow *t, uint8_t flags, uint32_t seq, size_t off,
		 size_t n);
void tcp_reset_reply(struct usernet *u, const struct packet_ip *ip, const struct packet_tcp *in);
void tcp_output(struct usernet *u, struct tcp_flow *t);
void tcp_resend_first(struct usernet *u, struct tcp_flow *t);
void tcp_synack(struct usernet *u, struct tcp_flow *t);
void tcp_set_due(struct usernet *u, struct tcp_flow *t);
void tcp_arm(struct usernet *u, struct tcp_flow *t);
void tcp_on_timer(struct wheel_timer *timer, void *arg);
uint32_t tcp_window(const struct usernet *u, const struct tcp_flow *t);

/** tcp_rings() - what the flow's buffers are charged to */
struct ring_budget *tcp_rings(struct usernet *u, const struct tcp_flow *t);

/* tcp_sack.c */
/** tcp_sack_input() - takes what N says it has, sends again what it lacks */
void tcp_sack_input(struct usernet *u, struct tcp_flow *t, const struct packet_tcp *in);
/** tcp_sack_forget() - sends everything again when asked to */
void tcp_sack_forget(struct tcp_flow *t);

/* tcp_ooo.c */
/** tcp_ooo_add() - keeps bytes behind a hole, as far as there is room */
void tcp_ooo_add(struct usernet *u, struct tcp_flow *t, uint32_t seq, const uint8_t *p, size_t n);
/** tcp_ooo_drain() - gives the host what is in order now; the flow may be dead afterwards */
void tcp_ooo_drain(struct usernet *u, struct tcp_flow *t);
/** tcp_ooo_blocks() - what is kept, the newest first; returns how many, at most 3 */
unsigned tcp_ooo_blocks(const struct tcp_flow *t, struct packet_range ret[PACKET_SACKS]);
/** tcp_ooo_clear() - drops all */
void tcp_ooo_clear(struct usernet *u, struct tcp_flow *t);

/* tcp_inward.c: a segment of N for a flow in state INWARD */
void tcp_inward_input(struct usernet *u, struct tcp_flow *t, const struct packet_ip *ip,
		      const struct packet_tcp *in);

/* tcp_host.c */
/* watches a connected host socket as the flow's own; -1: fd is still the caller's */
int tcp_host_adopt(struct usernet *u, struct tcp_flow *t, int fd);
int tcp_host_connect(struct usernet *u, struct tcp_flow *t, const struct sockaddr *sa,
		     socklen_t len);
/* the host's side is our own nameserver */
int tcp_host_dns(struct usernet *u, struct tcp_flow *t);
void tcp_host_read(struct usernet *u, struct tcp_flow *t);
bool tcp_host_write(struct usernet *u, struct tcp_flow *t, const uint8_t *p, size_t n);

/* tcp.c */
void tcp_kill(struct usernet *u, struct tcp_flow *t, bool reset_n, bool reset_host);
void tcp_reap(struct usernet *u);
/* what N's SYN says of it: window, scales, segment size */
void tcp_set_peer(const struct usernet *u, struct tcp_flow *t, const struct packet_ip *ip,
		  const struct packet_tcp *in);
void tcp_maybe_done(struct usernet *u, struct tcp_flow *t);

#endif
