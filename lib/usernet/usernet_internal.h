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
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/list.h"
#include "base/loop.h"
#include "config/limits.h"
#include "netlink/ip.h"
#include "usernet/control.h"
#include "usernet/flow.h"
#include "usernet/frag.h"
#include "usernet/nametab.h"
#include "usernet/packet.h"
#include "usernet/pool.h"
#include "usernet/resolv.h"
#include "usernet/ring.h"
#include "usernet/stats.h"
#include "usernet/wheel.h"

#define USERNET_TUN_BUF	  (65535 + 64) /* an IP packet and a virtio-net header */
#define USERNET_QUOTE_MAX 128	       /* bytes of a packet kept for ICMP errors */
#define USERNET_MTU6                                                                \
	1500 /* bridges carry whole IPv6 packets of that size, unless one complains \
	      */
#define USERNET_MTU6_MIN 1280 /* every link does (RFC 8200 section 5) */
#define USERNET_SCRATCH	 (64 * 1024)

struct pipe_pool {
	int free[USERNET_PIPES_MAX][2];
	size_t n_free, n_made;
};

/* one family's addresses on the tun */
struct tun_net {
	struct ip_prefix subnet;
	struct ip gateway, dns, guest; /* ::2, ::3, ::100 of it */
};

struct tap;
struct usernet_slirp;

struct usernet {
	struct loop *loop;
	struct wheel wheel;
	struct flow_table flows;
	struct ring_budget rings;
	struct list tcp_due;  /* flows that owe N an acknowledgement or data */
	struct list tcp_dead; /* flows to be freed when the present callback is done */
	struct frag_table frags;

	int tun_fd; /* -1: none */
	struct loop_source *tun_source;
	bool vnet; /* packets on the tun carry a virtio-net header */
	struct tun_net net4, net6;
	bool host_loopback, no_dns;
	unsigned mtu;
	uint16_t next_id;  /* IP identification of what we write */
	uint32_t next_id6; /* and of IPv6 fragments */
	uint8_t *rx;	   /* USERNET_TUN_BUF */
	uint8_t *scratch;  /* USERNET_SCRATCH, valid within one callback */

	struct resolv resolv;
	int inet6_fd;			  /* hostaddr.h */
	bool host_names_given;		  /* host.docker.internal is not the gateway but ... */
	struct ip host_name4, host_name6; /* ... these; IP_NONE: none */
	struct nametab names;
	struct dns *dns;	 /* dns_internal.h */
	struct feed_serve *feed; /* feed_serve.c */
	bool ping_refused_logged;
	struct usernet_stats stats;

	struct tap *tap;		   /* the device is a tap; NULL: a tun */
	const struct usernet_slirp *slirp; /* called as slirp4netns; else NULL */
	struct list hostfwds;		   /* struct hostfwd */
	struct list api_clients;
	size_t n_hostfwds, n_api_clients;
	int last_hostfwd; /* id */

	struct udp_burst *burst;     /* NULL until needed */
	struct udp_slots *udp_slots; /* the same */
	bool udp_probed, no_udp_gso, no_udp_gro;
	size_t mtu6; /* larger IPv6 packets are cut before they go into N */
	bool no_uso; /* N's kernel does not cut datagrams that we write */

	int control_fd;
	struct anyip *anyip; /* NULL: no helper yet */
	int pool_fd;	     /* channel to the netns-helper; -1 none */
	struct loop_source *pool_source;
	struct gather *gather; /* NULL until needed */
	bool no_gather;	       /* the kernel cannot */
	struct list stocks;    /* struct stock */
	struct pipe_pool pipes;
	int64_t crowded_until_us; /* others want the processor; see relay.c */
	struct list ports;	  /* struct port */
	struct port_slots *port_slots;
	struct list relays_dead;
	size_t n_ports, n_port_conns, n_relays;
};

/*
 * One packet on its way into N: tun_out_start(), the protocol's header filled in, tun_out_data(),
 * tun_out_sum(), tun_write().
 */
struct tun_out {
	uint8_t hdr[120]; /* IP header and the protocol's; filled from byte 0 */
	size_t hdr_len;
	struct iovec own[2];	     /* for payload, when a few parts are enough */
	const struct iovec *payload; /* borrowed, as what it names */
	int n_payload;
	size_t payload_len;
	uint64_t pseudo;     /* sum of the pseudo header; 0 for ICMP over IPv4 */
	uint8_t l4;	     /* where the protocol's header starts */
	bool csum;	     /* a checksum is to be filled in */
	uint8_t csum_offset; /* in the protocol's header */
	bool v6;
	uint8_t proto;
	uint16_t gso_size; /* N cuts the payload into segments of that size; 0 no */
};

/* tun.c */
int tun_attach(struct usernet *u, int fd, const struct usernet_ctl_tun *t,
	       struct err *e) WARN_UNUSED;
void tun_detach(struct usernet *u);
/** tun_input() - one packet of N; udp_gso: when it is several datagrams in one, their size */
void tun_input(struct usernet *u, const struct packet *v, bool check_sums, uint16_t udp_gso);

/* tun_out.c: what goes into N, for both families */
/** tun_out_start() - IP header and room for a protocol header of l4_len bytes (zeroed; returned),
 * before payload_len bytes; dont_frag is IPv4's */
uint8_t *tun_out_start(struct usernet *u, struct tun_out *o, const struct ip *src,
		       const struct ip *dst, uint8_t proto, size_t l4_len, size_t payload_len,
		       bool dont_frag);
/** tun_out_data() - the payload in one piece; borrowed until tun_write() */
void tun_out_data(struct tun_out *o, const void *p, size_t n);
/** tun_out_sum() - wants the checksum at that offset of the protocol's header; call it last */
void tun_out_sum(struct tun_out *o, uint8_t csum_offset);
/** tun_out_finish() - puts the checksum there now, not in tun_write() */
void tun_out_finish(struct tun_out *o);
/** tun_write() - false: not taken, as if lost; errno says why */
bool tun_write(struct usernet *u, struct tun_out *o);

/* icmp.c */
enum tun_error {
	TUN_NO_ROUTE,
	TUN_NO_HOST,
	TUN_NO_PROTOCOL,
	TUN_NO_PORT,
	TUN_TOO_BIG, /* frag needed, packet too big: with an MTU */
	TUN_PROHIBITED,
	TUN_TIME_EXCEEDED,
};
/** tun_error_of() - what an errno of a host socket means for N */
enum tun_error tun_error_of(int sys);
/** tun_quote() - the beginning of a packet, for tun_unreachable() later; returns how much */
size_t tun_quote(const struct packet_ip *ip, uint8_t out[USERNET_QUOTE_MAX]);
/** tun_unreachable() - ICMP or ICMPv6 error to the source of the quoted packet */
void tun_unreachable(struct usernet *u, enum tun_error what, unsigned mtu, const uint8_t *quote,
		     size_t n);
/** tun_unreachable_from() - the same from a given address (a router that spoke); NULL: as if from
 * the destination */
void tun_unreachable_from(struct usernet *u, enum tun_error what, const struct ip *from,
			  unsigned mtu, const uint8_t *quote, size_t n);
/** tun_refuse() - tun_unreachable() for a packet at hand */
void tun_refuse(struct usernet *u, const struct packet_ip *ip, enum tun_error what, unsigned mtu);

/* dest.c */
enum dest { DEST_OK, DEST_DNS, DEST_REFUSED, DEST_NO_ROUTE, DEST_SILENT /* as if lost */ };
/** tun_destination() - where a packet to dst is to go; *ret_sa without port, valid for DEST_OK */
enum dest tun_destination(const struct usernet *u, const struct ip *dst,
			  struct sockaddr_storage *ret_sa, socklen_t *ret_len);
/** tun_bind_source() - binds a host socket to the outward address that was asked for, if any; 0 or
 * -1 with errno */
int tun_bind_source(const struct usernet *u, int fd, int family);
/** tun_peer_ok() - what a connected socket has reached may be reached: not the host's loopback
 * (unless that is open), not a listener of the engine itself. Says in the end what
 * tun_destination() could only foresee */
bool tun_peer_ok(const struct usernet *u, int fd);
/** tun_is_own() - the gateway's or the nameserver's address */
bool tun_is_own(const struct usernet *u, const struct ip *a);

/* tcp.c, tcp_host.c, tcp_output.c are behind tcp_internal.h */
void tcp_input(struct usernet *u, const struct packet_ip *ip, bool check_sums);
void tcp_flush_due(struct usernet *u);
void tcp_kill_all(struct usernet *u);
/* tcp_inward.c: a connection accepted on the host (fd, taken over) goes on to key.src in N, as if
 * from key.dst; -1: fd is still the caller's */
int tcp_from_host(struct usernet *u, int fd, const struct flow_key *key);

/* anyip.c: the fast path for TCP */
/** anyip_channel() - a new channel to the helper stands */
void anyip_channel(struct usernet *u);
/** anyip_take() - a SYN from the tun that belongs to no flow: true when the fast path has it */
bool anyip_take(struct usernet *u, const struct packet_ip *ip);
/** anyip_translated() - a flow of translation begins (1) or, if that was counted, ends (-1) */
bool anyip_translated(struct usernet *u, const struct flow_key *k, int change);
/** anyip_stop() - ends all connections and gives up all ports */
void anyip_stop(struct usernet *u);
/** anyip_free() - the same, and what was held */
void anyip_free(struct usernet *u);

/* udp.c */
void udp_input(struct usernet *u, const struct packet_ip *ip, bool check_sums);
void udp_send_to_n(struct usernet *u, const struct ip *src, uint16_t sport, const struct ip *dst,
		   uint16_t dport, const void *p, size_t n);
void udp_flush(struct usernet *u); /* at the end of a turn */
void udp_evict(struct usernet *u, struct flow *f);
void udp_kill_all(struct usernet *u);

/* hostfwd_udp.c: true when the datagram answers a client of a port published there */
bool hostfwd_udp_reply(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *in);

/* limit.c */
/** limit_init() - shares by the descriptor limit */
void limit_init(struct usernet *u);
/** limit_new_flow() - whose share a new flow from src is, an older one ended for it if need be;
 * NULL: there is none left, and that was counted */
struct quota_user *limit_new_flow(struct usernet *u, const struct ip *src, enum flow_kind kind);
/** limit_short_of_descriptors() - counts it, and makes room: the longest idle UDP flow of the user
 * that has the most of them ends */
void limit_short_of_descriptors(struct usernet *u);

/* ping.c */
void ping_input(struct usernet *u, const struct packet_ip *ip, bool check_sums);
void ping_evict(struct usernet *u, struct flow *f);
void ping_kill_all(struct usernet *u);

/* dns.c */
void dns_init(struct usernet *u);
void dns_clear(struct usernet *u);
/** dns_query() - a datagram to the nameserver's address on the tun */
void dns_query(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *udp);
/** dns_stream_open() - a TCP client of the nameserver: a connected stream socket (the caller's,
 * non-blocking, AF_UNIX) whose other end answers; or -1 with errno */
int dns_stream_open(struct usernet *u, const struct ip *asker, uint16_t port);
void dns_kill_all(struct usernet *u);
/** dns_sock_open() - there is a (new) channel to the netns-helper, or the names are known now:
 * 127.0.0.11:53 in N, if it is not open yet */
void dns_sock_open(struct usernet *u);

/* feed_serve.c: usernet's end of the feed (feed.h) */
int feed_serve_start(struct usernet *u, int listen_fd, struct err *e) WARN_UNUSED;
/** feed_told() - the names are known, or there is nobody to tell them */
bool feed_told(const struct usernet *u);
/** feed_serve_drain() - reads what was sent so far; uses the scratch */
void feed_serve_drain(struct usernet *u);
void feed_serve_stop(struct usernet *u);
/** feed_is_listener() - the engine itself listens there (addr is one of the host's) */
bool feed_is_listener(const struct usernet *u, const struct ip *addr, uint16_t port);

/* pool.c: one request to the netns-helper (microseconds; blocks for at most a second). 0, the
 * answer's errno, or ENOTCONN without a helper; *n_fds descriptors are the caller's. */
int pool_call(struct usernet *u, const struct pool_request *q, struct pool_answer *ret,
	      int fds[POOL_BATCH], size_t *n_fds);
void pool_set_channel(struct usernet *u, int fd);
void pool_clear(struct usernet *u);

/* gather.c */
/** gather_count() - from src came one datagram, or n as one packet */
void gather_count(struct usernet *u, const struct ip *src, size_t n);
/** gather_reset() - forgets all counts: a new channel, or the end */
void gather_reset(struct usernet *u);

/* pipes.c: for splice(2), only held while bulk moves */
bool pipes_take(struct pipe_pool *p, int ret[2]);
void pipes_give(struct pipe_pool *p, int fds[2], bool empty);
void pipes_clear(struct pipe_pool *p);

/* ports.c */
int port_add(struct usernet *u, const struct usernet_ctl_port *p, int fd,
	     struct err *e) WARN_UNUSED;
int port_del(struct usernet *u, uint64_t id, struct err *e) WARN_UNUSED;
void port_del_all(struct usernet *u);

/* ports_udp.c: true when the datagram answers a client of a published port; then it is done */
bool port_udp_answer(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *in);
/* gives back the memory for reading */
void port_slots_free(struct usernet *u);

/* steer.c */
int steer_start(struct usernet *u, struct err *e) WARN_UNUSED;
void steer_netns_lost(struct usernet *u);

/* confine.c */
/* keep_bind: CAP_NET_BIND_SERVICE stays if we have it */
int usernet_confine(const char *resolv_conf, bool keep_bind, struct err *e) WARN_UNUSED;

#endif
