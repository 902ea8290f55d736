// SPDX-License-Identifier: MIT
/*
 * How rootlesskit's parent steers a running usernet: typed messages on a
 * SOCK_SEQPACKET pair, descriptors by SCM_RIGHTS, one answer per message.
 *
 * The parent makes socketpair(AF_UNIX, SOCK_SEQPACKET), gives one end to
 * usernet (--control-fd) and uses the functions below on the other. usernet
 * ends when the control socket reaches end of file. A usernet that died is
 * started again and told everything anew (netns, tun, ports); the parent keeps
 * its duplicates of the descriptors. Unasked for, usernet sends
 * USERNET_EV_NETNS_LOST (see usernet_ctl_event()) when its channel to the
 * netns-helper broke: open a new one (netns_pool_open()) and send it.
 */
#ifndef USERNET_CONTROL_H
#define USERNET_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "netlink/ip.h"

#define USERNET_CTL_VERSION    1
#define USERNET_CTL_TIMEOUT_MS 5000
#define USERNET_CIDR6	       "fd00::/64" /* of the tun, always: ::2 gateway, ::3 DNS, ::100 N */

enum usernet_ctl_op {
	USERNET_CTL_TUN = 1,  /* + 1 descriptor: the tun; replaces an older one */
	USERNET_CTL_NETNS,    /* + 1 descriptor: pool channel to the netns-helper */
	USERNET_CTL_PORT_ADD, /* + 1 descriptor: listening TCP or bound UDP socket of the host */
	USERNET_CTL_PORT_DEL,
	USERNET_EV_NETNS_LOST = 100, /* from usernet, unasked */
};

struct usernet_ctl_port {
	uint64_t id;	     /* the caller's, unique */
	uint8_t udp;	     /* 0 TCP, 1 UDP */
	uint8_t family;	     /* enum ip_family of child */
	uint16_t child_port; /* host order */
	uint8_t source_ip;   /* 1: the container sees the client's address, where it can */
	uint8_t child[16];   /* address in N; IP_NONE: 127.0.0.1 */
};

struct usernet_ctl_tun {
	uint8_t subnet[4];     /* network address, 10.0.2.0 */
	uint8_t bits;	       /* 24 */
	uint8_t ipv6;	       /* reserved: IPv6 is always carried, USERNET_CIDR6 */
	uint8_t host_loopback; /* 1: gateway .2 leads to the host's 127.0.0.1 */
	uint8_t disable_dns;
	uint32_t mtu;
};

struct usernet_ctl_msg {
	uint32_t version; /* USERNET_CTL_VERSION */
	uint32_t op;	  /* enum usernet_ctl_op */
	uint32_t seq;	  /* copied into the answer */
	uint32_t pad;
	union {
		struct usernet_ctl_port port;
		struct usernet_ctl_tun tun;
	};
};

struct usernet_ctl_reply {
	uint32_t version;
	uint32_t op;  /* of the request, or an event */
	uint32_t seq; /* of the request, 0 for an event */
	uint32_t pad;
	struct err err; /* kind 0: done */
};

/** usernet_ctl_tun() - hand the tun over; usernet owns its duplicate. Blocks for an answer; events
 * met meanwhile set *ret_netns_lost (may be NULL) in all of these */
int usernet_ctl_tun(int ctl_fd, const struct usernet_ctl_tun *t, int tun_fd, bool *ret_netns_lost,
		    struct err *e) WARN_UNUSED;
/** usernet_ctl_netns() - hand over a (new) channel to the netns-helper */
int usernet_ctl_netns(int ctl_fd, int pool_fd, bool *ret_netns_lost, struct err *e) WARN_UNUSED;
/** usernet_ctl_port_add() - publish: usernet accepts from (TCP) or receives on (UDP) host_fd and
 * relays to the child address in N; it owns its duplicate, the caller may close its own */
int usernet_ctl_port_add(int ctl_fd, const struct usernet_ctl_port *p, int host_fd,
			 bool *ret_netns_lost, struct err *e) WARN_UNUSED;
/** usernet_ctl_port_del() - stop accepting and cut the port's connections; ERR_NOTFOUND */
int usernet_ctl_port_del(int ctl_fd, uint64_t id, bool *ret_netns_lost, struct err *e) WARN_UNUSED;
/** usernet_ctl_event() - when the control socket is readable outside a call: reads one event;
 * 0 with *ret_netns_lost, -1 at end of file (ERR_UNAVAILABLE: usernet has ended) */
int usernet_ctl_event(int ctl_fd, bool *ret_netns_lost, struct err *e) WARN_UNUSED;

#endif
