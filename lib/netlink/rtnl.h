// SPDX-License-Identifier: MIT
/*
 * rtnetlink by hand: links, addresses, routes, rules, neighbours. A socket
 * belongs to the network namespace it was opened in, wherever its owner goes.
 * Every operation waits for the kernel's acknowledgement. One thread at a time
 * per struct rtnl. Errors name the object (those of a batch only its sort); kind by errno (EEXIST
 * ERR_CONFLICT, ENODEV ERR_NOTFOUND, EPERM ERR_DENIED).
 */
#ifndef NETLINK_RTNL_H
#define NETLINK_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "netlink/ip.h"

struct rtnl {
	int fd;
	uint32_t seq;
	unsigned char *answer;	  /* room for a datagram, made with the first call */
	struct rtnl_batch *batch; /* made with the first batch */
};

#define RTNL_INIT        \
	{                \
		.fd = -1 \
	}

#define RTNL_ALIAS_SIZE 256

struct rtnl_counters {
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

struct rtnl_link {
	int index;
	int peer;   /* index of a veth's other end in its namespace, 0 none */
	int master; /* index of the bridge, 0 none */
	unsigned mtu;
	unsigned flags; /* IFF_* */
	char name[IFNAMSIZ];
	char kind[16]; /* "bridge", "veth", "tun", "" */
	uint8_t mac[MAC_SIZE];
	char alias[RTNL_ALIAS_SIZE]; /* free text that stays with the link */
	struct rtnl_counters counters;
};

/* A socket that waits for what comes: a listening TCP one, an unconnected UDP one. */
struct rtnl_socket {
	struct ip local; /* all zero: every address */
	uint16_t port;
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint32_t uid;	  /* of its maker, as our user namespace shows it */
	uint32_t inode;	  /* "socket:[inode]" below /proc/PID/fd */
};

struct rtnl_veth {
	const char *name;	 /* of the near end */
	int index;		 /* of the near end; 0: the kernel's choice */
	int master;		 /* of the near end; 0 none */
	const char *peer_name;	 /* of the far end */
	int peer_netns_fd;	 /* where the far end is born; -1: here */
	const uint8_t *peer_mac; /* NULL: random */
	unsigned mtu;		 /* of both; 0: the kernel's choice */
	bool set_up;		 /* the near end is born up; the far end never is */
};

struct rtnl_addr {
	int index;
	struct ip_prefix prefix;
};

struct rtnl_route {
	struct ip_prefix dst; /* IP_NONE: default */
	struct ip gateway;    /* IP_NONE: none */
	struct ip prefsrc;    /* IP_NONE: the kernel's choice */
	int oif;	      /* 0 none */
	uint32_t table;	      /* 0: main */
	uint8_t type;	      /* RTN_*; 0: RTN_UNICAST */
	uint8_t scope;	      /* RT_SCOPE_*; 0: universe */
	uint8_t family;	      /* enum ip_family; needed when dst and gateway are IP_NONE */
	uint32_t metric;      /* 0: the kernel's choice */
};

struct rtnl_rule {
	uint8_t family;	   /* enum ip_family */
	uint8_t action;	   /* FR_ACT_*; 0: FR_ACT_TO_TBL */
	uint32_t priority; /* 0: the kernel's choice */
	bool first;	   /* the priority is really 0 */
	uint32_t table;
	uint32_t fwmark;      /* 0 none */
	struct ip_prefix src; /* IP_NONE any */
	struct ip_prefix dst; /* IP_NONE any */
	char iif[IFNAMSIZ];   /* "" any */
	uint8_t ipproto;      /* IPPROTO_*; 0 any (Linux 4.17, as dport) */
	uint16_t dport;	      /* 0 any */
	bool skip_default;    /* the table's default routes do not count */
	uint32_t go_to;	      /* priority of the rule to go on with; action FR_ACT_GOTO */
};

struct rtnl_link_change {
	int set_up;	    /* 1 up, -1 down, 0 as is */
	int master;	    /* index; 0 as is, -1 none */
	unsigned mtu;	    /* 0 as is */
	unsigned txqlen;    /* 0 as is */
	const char *name;   /* NULL as is */
	const uint8_t *mac; /* NULL as is */
	const char *alias;  /* NULL as is; shorter than RTNL_ALIAS_SIZE */
	int netns_fd;	    /* 0 as is */
	int arp_off;	    /* 1: IFF_NOARP */
};

/** rtnl_open() - opens a socket in the present network namespace */
int rtnl_open(struct rtnl *nl, struct err *e) WARN_UNUSED;
/** rtnl_open_diag() - opens a socket for rtnl_sockets() in the present network namespace */
int rtnl_open_diag(struct rtnl *nl, struct err *e) WARN_UNUSED;
/** rtnl_close() - closes; also a never opened RTNL_INIT */
void rtnl_close(struct rtnl *nl);
/** rtnl_batch_begin() - from here on changes (all below but get and dumps) are collected; each
 * returns 0 unless malformed */
void rtnl_batch_begin(struct rtnl *nl);
/** rtnl_batch_end() - sends them in one go; all are tried, e tells of the first that failed */
int rtnl_batch_end(struct rtnl *nl, struct err *e) WARN_UNUSED;

/** rtnl_link_get() - the link of that name; ERR_NOTFOUND */
int rtnl_link_get(struct rtnl *nl, const char *name, struct rtnl_link *ret,
		  struct err *e) WARN_UNUSED;
/** rtnl_bridge_add() - creates a bridge, down; mac may be NULL; it learns at most macs_max
 * neighbours' MAC addresses (0: any number; before Linux 6.8 likewise) */
int rtnl_bridge_add(struct rtnl *nl, const char *name, const uint8_t *mac, unsigned macs_max,
		    struct err *e) WARN_UNUSED;
/** rtnl_veth_add() - creates a pair; ERR_CONFLICT when a name or the index is taken */
int rtnl_veth_add(struct rtnl *nl, const struct rtnl_veth *v, struct err *e) WARN_UNUSED;
/** rtnl_dummy_add() - creates a dummy link, down */
int rtnl_dummy_add(struct rtnl *nl, const char *name, struct err *e) WARN_UNUSED;
/** rtnl_link_set() - changes a link by index */
int rtnl_link_set(struct rtnl *nl, int index, const struct rtnl_link_change *c,
		  struct err *e) WARN_UNUSED;
/** rtnl_bridge_port_isolated() - sets a bridge port's isolated flag (ICC=false) */
int rtnl_bridge_port_isolated(struct rtnl *nl, int index, bool on, struct err *e) WARN_UNUSED;
/** rtnl_bridge_port_disable() - a port that passes nothing any more, at once */
int rtnl_bridge_port_disable(struct rtnl *nl, int index, struct err *e) WARN_UNUSED;
/** rtnl_qdisc_fifo() - a queue of at most so many packets where a link sends at once by itself; one
 * that is there already stays */
int rtnl_qdisc_fifo(struct rtnl *nl, int index, uint32_t packets, struct err *e) WARN_UNUSED;
/** rtnl_link_del() - removes a link by name; ERR_NOTFOUND */
int rtnl_link_del(struct rtnl *nl, const char *name, struct err *e) WARN_UNUSED;
/** rtnl_addr_add() - adds an address (IPv4 with its broadcast address, IPv6 without duplicate
 * detection); already there is success */
int rtnl_addr_add(struct rtnl *nl, int index, const struct ip_prefix *p, struct err *e) WARN_UNUSED;
/** rtnl_addr_del() - removes an address; absent is success */
int rtnl_addr_del(struct rtnl *nl, int index, const struct ip_prefix *p, struct err *e) WARN_UNUSED;
/** rtnl_route_add() - adds or replaces a route */
int rtnl_route_add(struct rtnl *nl, const struct rtnl_route *r, struct err *e) WARN_UNUSED;
/** rtnl_route_del() - removes a route; absent is success */
int rtnl_route_del(struct rtnl *nl, const struct rtnl_route *r, struct err *e) WARN_UNUSED;
/** rtnl_rule_add() - adds a policy rule; already there is success */
int rtnl_rule_add(struct rtnl *nl, const struct rtnl_rule *r, struct err *e) WARN_UNUSED;
/** rtnl_rule_del() - removes a policy rule; absent is ERR_NOTFOUND, but success within a batch */
int rtnl_rule_del(struct rtnl *nl, const struct rtnl_rule *r, struct err *e) WARN_UNUSED;
/** rtnl_neigh_add() - adds or replaces a permanent neighbour */
int rtnl_neigh_add(struct rtnl *nl, int index, const struct ip *ip, const uint8_t mac[MAC_SIZE],
		   struct err *e) WARN_UNUSED;
/** rtnl_neigh_del() - removes a neighbour; absent is success */
int rtnl_neigh_del(struct rtnl *nl, int index, const struct ip *ip, struct err *e) WARN_UNUSED;
/** rtnl_fdb_add() - a bridge port's own MAC address, which no other port can take over */
int rtnl_fdb_add(struct rtnl *nl, int port_index, const uint8_t mac[MAC_SIZE],
		 struct err *e) WARN_UNUSED;
/** rtnl_fdb_del() - takes that back; absent is success */
int rtnl_fdb_del(struct rtnl *nl, int port_index, const uint8_t mac[MAC_SIZE],
		 struct err *e) WARN_UNUSED;

/** rtnl_links() - calls fn for every link until it returns non-zero */
int rtnl_links(struct rtnl *nl, int (*fn)(const struct rtnl_link *l, void *arg), void *arg,
	       struct err *e) WARN_UNUSED;
/** rtnl_addrs() - calls fn for every address until it returns non-zero */
int rtnl_addrs(struct rtnl *nl, int (*fn)(const struct rtnl_addr *a, void *arg), void *arg,
	       struct err *e) WARN_UNUSED;
/** rtnl_routes() - calls fn for every route of all tables until it returns non-zero */
int rtnl_routes(struct rtnl *nl, int (*fn)(const struct rtnl_route *r, void *arg), void *arg,
		struct err *e) WARN_UNUSED;
/** rtnl_rules() - calls fn for every policy rule of both families until it returns non-zero */
int rtnl_rules(struct rtnl *nl, int (*fn)(const struct rtnl_rule *r, void *arg), void *arg,
	       struct err *e) WARN_UNUSED;
/** rtnl_sockets() - calls fn for every listening socket, TCP and UDP, IPv4 and IPv6, until it
 * returns non-zero; nl is of rtnl_open_diag(). ERR_NOTFOUND: a kernel without sock_diag(7) */
int rtnl_sockets(struct rtnl *nl, int (*fn)(const struct rtnl_socket *s, void *arg), void *arg,
		 struct err *e) WARN_UNUSED;

#endif
