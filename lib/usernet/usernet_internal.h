// SPDX-License-Identifier: MIT
/*
 * What the files of usernet share: the process's one state, and the seams
 * between tun, protocols, relays and control. Addresses and ports are in host
 * order everywhere but in sockaddrs and packets.
 */
#ifndef USERNET_USERNET_INTERNAL_H
#define USERNET_USERNET_INTERNAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "config/limits.h"
#include "usernet/control.h"
#include "usernet/flow.h"
#include "usernet/frag.h"
#include "usernet/packet.h"
#include "usernet/pool.h"
#include "usernet/resolv.h"
#include "usernet/ring.h"
#include "usernet/wheel.h"

#define USERNET_TUN_BUF	  (65535 + 64) /* an IP packet and a virtio-net header */
#define USERNET_QUOTE_MAX 68	       /* bytes of a packet kept for ICMP errors: header, 8 */
#define USERNET_SCRATCH	  (64 * 1024)

struct relay_pool {
	int fd; /* channel to the netns-helper; -1 none */
	int socks[4][32];
	size_t n[4];
};

struct pipe_pool {
	int free[USERNET_PIPES_MAX][2];
	size_t n_free, n_made;
};

struct usernet {
	struct loop *loop;
	struct wheel wheel;
	struct flow_table flows;
	struct ring_budget rings;
	struct list tcp_due;  /* flows that owe N an acknowledgement or data */
	struct list tcp_dead; /* flows to be freed when the present callback is done */
	size_t tcp_held;      /* with a host connect under way */
	struct frag_table frags;

	int tun_fd; /* -1: none */
	struct loop_source *tun_source;
	bool vnet;	       /* packets on the tun carry a virtio-net header */
	uint32_t subnet, mask; /* of the tun */
	uint32_t gateway, dns, guest;
	bool host_loopback, no_dns;
	unsigned mtu;
	uint16_t next_id; /* IP identification of what we write */
	uint8_t *rx;	  /* USERNET_TUN_BUF */
	uint8_t *scratch; /* USERNET_SCRATCH, valid within one callback */

	struct resolv resolv;
	struct list dns_queries;
	size_t n_dns_queries;
	bool ping_refused_logged;

	int control_fd;
	struct relay_pool pool;
	struct pipe_pool pipes;
	struct list ports; /* struct port */
	struct list relays_dead;
	size_t n_ports, n_relays, n_relay_udp;
};

/* one packet on its way into N */
struct tun_out {
	uint8_t hdr[64]; /* IP header and the protocol's; filled from byte 0 */
	size_t hdr_len;
	struct iovec payload[2];
	int n_payload;
	size_t payload_len;
	uint8_t csum_start;  /* where the protocol's header starts; 0: nothing to fill in */
	uint8_t csum_offset; /* of the checksum in that header, which holds the pseudo header's sum
			      */
	uint16_t gso_size;   /* TCP only: N cuts into segments of that size; 0 no */
};

/* tun.c */
int tun_attach(struct usernet *u, int fd, const struct usernet_ctl_tun *t,
	       struct err *e) WARN_UNUSED;
void tun_detach(struct usernet *u);
bool tun_write(struct usernet *u, struct tun_out *o); /* false: not taken, as if lost */
void tun_input(struct usernet *u, const struct packet *v, bool check_sums);
void tun_unreachable(struct usernet *u, uint8_t code, uint16_t mtu, const uint8_t *quote, size_t n);
size_t tun_quote(const struct packet_ip4 *ip, uint8_t out[USERNET_QUOTE_MAX]);
enum dest { DEST_OK, DEST_DNS, DEST_REFUSED };
enum dest tun_destination(const struct usernet *u, uint32_t dst, struct sockaddr_in *sa);

/* tcp.c, tcp_host.c, tcp_output.c are behind tcp_internal.h */
void tcp_input(struct usernet *u, const struct packet_ip4 *ip, bool check_sums);
void tcp_flush_due(struct usernet *u);
void tcp_kill_all(struct usernet *u);

/* udp.c */
void udp_input(struct usernet *u, const struct packet_ip4 *ip, bool check_sums);
void udp_send_to_n(struct usernet *u, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
		   const void *p, size_t n);
void udp_kill_all(struct usernet *u);

/* ping.c */
void ping_input(struct usernet *u, const struct packet_ip4 *ip);
void ping_kill_all(struct usernet *u);

/* dns.c */
void dns_query(struct usernet *u, const struct packet_ip4 *ip, const struct packet_udp *udp);
void dns_kill_all(struct usernet *u);

/* pool.c: one request to the netns-helper (microseconds; blocks for at most a second). 0, the
 * answer's errno, or ENOTCONN without a helper; *n_fds descriptors are the caller's. */
int pool_call(struct usernet *u, const struct pool_request *q, struct pool_answer *ret,
	      int fds[POOL_BATCH], size_t *n_fds);
/* a socket made in N (enum pool_kind), or -1; the caller's */
int pool_take(struct usernet *u, uint32_t kind);
void pool_set_channel(struct usernet *u, int fd);
void pool_clear(struct usernet *u);

/* pipes.c: 256 KiB pipes for splice(2), only held while bytes wait in them */
bool pipes_take(struct pipe_pool *p, int ret[2]);
void pipes_give(struct pipe_pool *p, int fds[2], bool empty);
void pipes_clear(struct pipe_pool *p);

/* ports.c */
int port_add(struct usernet *u, const struct usernet_ctl_port *p, int fd,
	     struct err *e) WARN_UNUSED;
int port_del(struct usernet *u, uint64_t id, struct err *e) WARN_UNUSED;
void port_del_all(struct usernet *u);

/* steer.c */
int steer_start(struct usernet *u, struct err *e) WARN_UNUSED;
void steer_netns_lost(struct usernet *u);

/* confine.c */
int usernet_confine(const char *resolv_conf, struct err *e) WARN_UNUSED;

#endif
