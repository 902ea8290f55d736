// SPDX-License-Identifier: MIT
/* What the netns-helper's files share. */
#ifndef NETWORK_SERVER_INTERNAL_H
#define NETWORK_SERVER_INTERNAL_H

#include "base/loop.h"
#include "netlink/rtnl.h"
#include "network/msg_internal.h"
#include "network/state_internal.h"

/*
 * Policy rules of N, IPv4 and IPv6 alike; the only place where their order is written down.
 * N's own packets ("iif lo") take the short way. What a bridge brings with a source of its own
 * subnet has three ways to go: its bridge's table (the bridge's own address, 127.0.0.11; an
 * internal network ends there), the apart table (ends what is meant for other containers or for
 * N), and then out: anyip's ports, else the tun. Nothing falls through to the local table, which
 * for this has left its place at the front.
 *
 *  prio  selector                   action
 *  100   iif lo                     goto 900
 *  200   icmpv6 to fe80::/10,ff00::/8   lookup local          (IPv6 only: neighbour discovery)
 *  300   iif BRIDGE from SUBNET     lookup BRIDGE's table: local GATEWAY, local 127.0.0.11,
 *                                   prohibit default when internal
 *  310   iif BRIDGE from SUBNET     goto 500              (not when internal)
 *  320   iif BRIDGE                 blackhole             (spoofed source)
 *  400   (what the tun brings)      lookup local
 *  405   to the tun's gateway       goto 500: the host's address is outside too  (anyip.c)
 *  410                              lookup main, not its default route: the containers
 *  500   (tun and bridges)          lookup APART: prohibit every bridge's subnet and the tun's
 *                                   own address
 *  600.. ipproto tcp dport PORT     lookup ANYIP: local default dev lo   (anyip.c, to 799; needs
 *                                   no iif: only packets from a bridge to the outside, or from
 *                                   the tun to no container, come by here)
 *  880   iif TUN                    prohibit
 *  885                              lookup main: the default route
 *  890                              prohibit
 *  900   (iif lo)                   lookup local
 *  32766                            lookup main
 */
enum netns_rule {
	NETNS_RULE_SELF = 100,
	NETNS_RULE_LINK = 200,
	NETNS_RULE_BRIDGE = 300,
	NETNS_RULE_BRIDGE_OUT = 310,
	NETNS_RULE_BRIDGE_SPOOF = 320,
	NETNS_RULE_LOCAL_IN = 400,
	NETNS_RULE_GATEWAY_IN = 405,
	NETNS_RULE_MAIN_IN = 410,
	NETNS_RULE_APART = 500,
	NETNS_RULE_ANYIP = 600,
	NETNS_RULE_ANYIP_LAST = 799,
	NETNS_RULE_TUN_END = 880,
	NETNS_RULE_OUT = 885,
	NETNS_RULE_END = 890,
	NETNS_RULE_LOCAL = 900,
};

#define NETNS_TABLE_APART  9000
#define NETNS_TABLE_ANYIP  9001
#define NETNS_TABLE_BRIDGE 10000 /* + the bridge's index */

/* the fast path: anyip.c */
struct netns_anyip {
	const void *owner; /* channel of the usernet it belongs to; NULL: no rules are set */
	int notes_fd;	   /* N's addresses go there; -1 none */
};

struct netns_server {
	struct loop *loop;
	struct rtnl rtnl;  /* in N */
	int self_netns_fd; /* N, to come back to */
	int sysfs_fd;	   /* a sysfs of N, mounted nowhere; -1: none, datagrams are not gathered */
	int listen_fd;
	struct netns_anyip anyip;
	bool ipv6; /* N has IPv6 and policy rules for it */
	struct netns_state state;
};

/* sysctl.c: name below /proc/sys of the namespace the process is in */
int netns_sysctl_write(const char *name, const char *value, struct err *e) WARN_UNUSED;
/* sysctl.c: as above; a failure is logged at debug level only */
void netns_sysctl_try(const char *name, const char *value);
/* sysctl.c: all that N needs, for it inherits some from the host's namespace */
void netns_sysctls_of_n(void);
/* sysctl.c: what Docker gives each container */
void netns_sysctls_of_container(void);

/* tun.c */
int netns_do_tun(struct netns_server *s, const struct netns_tun *t, int *ret_fd,
		 struct err *e) WARN_UNUSED;
int netns_do_tun_adopt(struct netns_server *s, const struct netns_tun *t,
		       struct err *e) WARN_UNUSED;

/* confine.c */
int netns_confine(struct err *e) WARN_UNUSED;

/* rules.c */
int netns_rules_of_n(struct netns_server *s, struct err *e) WARN_UNUSED;
/* rules.c: what the tun of that name brings and nobody wants ends there */
int netns_rules_tun(struct netns_server *s, const char *ifname, struct err *e) WARN_UNUSED;
/* rules.c: a subnet that no bridge's packets may be routed to */
int netns_rules_apart(struct rtnl *nl, const struct ip_prefix *p, bool add,
		      struct err *e) WARN_UNUSED;
/* rules.c: a bridge's rules and table; what is there already stays */
int netns_rules_add(struct netns_server *s, const struct netns_bridge_entry *n,
		    struct err *e) WARN_UNUSED;
/* rules.c: nothing that the bridge brings is routed any more */
int netns_rules_del(struct netns_server *s, const struct netns_bridge_entry *n,
		    struct err *e) WARN_UNUSED;
/* rules.c: as above, for a bridge that is gone */
int netns_rules_forget(struct netns_server *s, const struct netns_bridge_entry *n,
		       struct err *e) WARN_UNUSED;

/* pin.c: without success the namespace is held by the caller's descriptor alone */
void netns_pin(const struct netns_server *s, const char *name, int netns_fd);
/* pin.c */
void netns_unpin(const struct netns_server *s, const char *name);
/* pin.c: puts the sandboxes of all pins into the state */
void netns_pins_load(struct netns_server *s);

/* sandbox.c: reads back what an earlier helper made */
int netns_sandboxes_load(struct netns_server *s, struct err *e) WARN_UNUSED;
/* sandbox.c: ends a port at once, the pair itself is left */
void netns_port_close(struct netns_server *s, const struct netns_port *p);
int netns_do_unplug(struct netns_server *s, const struct netns_end *end, struct err *e) WARN_UNUSED;
int netns_do_sandbox_remove(struct netns_server *s, const char *name, struct err *e) WARN_UNUSED;
/* sandbox.c: the namespace of the container that has the address (borrowed, valid until the next
 * request), and its bridge's addresses; -1 when there is none */
int netns_sandbox_by_address(struct netns_server *s, const struct ip *a, int *ret_netns_fd,
			     struct ip *ret_gateway4, struct ip *ret_gateway6) WARN_UNUSED;

/* bridge.c */
int netns_do_bridge(struct netns_server *s, const struct netns_bridge *b,
		    struct err *e) WARN_UNUSED;
int netns_do_bridge_remove(struct netns_server *s, const char *name, struct err *e) WARN_UNUSED;

/* plug.c: netns_fd is the container's, borrowed */
int netns_do_plug(struct netns_server *s, int netns_fd, const struct netns_plug *p,
		  char ret_veth[IFNAMSIZ], struct err *e) WARN_UNUSED;
int netns_do_gateway(struct netns_server *s, const struct netns_gateway *g,
		     struct err *e) WARN_UNUSED;
int netns_do_sandbox(struct netns_server *s, int netns_fd, struct err *e) WARN_UNUSED;
int netns_do_sysctl(struct netns_server *s, int netns_fd, const struct netns_sysctl *c,
		    struct err *e) WARN_UNUSED;
int netns_lo_up(struct rtnl *nl, struct err *e) WARN_UNUSED;

/* plug.c: the near end's name follows from what it serves. Into a container's namespace and back;
 * between the two nothing may fail to come back */
void netns_veth_name(const char *sandbox, const char *ifname, char ret[IFNAMSIZ]);
int netns_enter(int netns_fd, struct err *e) WARN_UNUSED;
void netns_come_back(const struct netns_server *s);

/* pool.c: serves one channel until its other end is closed; owns fd */
int netns_pool_serve(struct netns_server *s, int fd, struct err *e) WARN_UNUSED;

/* gather.c: for sysfs_fd, before netns_confine(); -1: none */
int netns_gather_open(void);

/* anyip.c: N's addresses changed: whoever watches SYNs is told */
void netns_anyip_addresses(struct netns_server *s);

#endif
