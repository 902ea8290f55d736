// SPDX-License-Identifier: MIT
/*
 * The netns-helper's services, as other processes call them. The helper lives
 * in N, the network namespace of the containers, and listens on a
 * SOCK_SEQPACKET socket ($ROOTLESSKIT_STATE_DIR/netns-helper.sock).
 *
 * A client may be used by several threads: one call at a time, under its own
 * mutex. It connects at the first call and again when the helper was started
 * anew; a call that meets a dying helper is tried once more (all operations
 * may be repeated). A call takes at most NETNS_CALL_TIMEOUT_MS.
 * Errors: ERR_UNAVAILABLE when no helper answers, else the helper's own.
 */
#ifndef NETWORK_CLIENT_H
#define NETWORK_CLIENT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "netlink/ip.h"

#define NETNS_HELPER_SOCKET   "netns-helper.sock" /* in the state directory */
#define NETNS_CALL_TIMEOUT_MS 10000
#define NETNS_CIDR_DEFAULT    "10.0.2.0/24" /* of the tun; .2 gateway, .3 DNS, .100 N itself */
#define NETNS_DNS_DEFAULT     "10.0.2.3"    /* nameserver for containers' resolv.conf */
#define NETNS_IFNAME_DEFAULT  "tap0"
#define NETNS_MTU_DEFAULT     65520
#define NETNS_CIDR6	      "fd00::/64" /* of the tun, always there; ::2 gateway, ::3 DNS, ::100 N */
#define NETNS_DNS_ADDRESS     "127.0.0.11" /* nameserver of user-defined networks, answered in N */
#define NETNS_PIN_DIR	      "/run/docker/netns" /* pins of namespaces, in the helper's mounts */
#define NETNS_SANDBOX_MAX     65 /* a sandbox's name: letters and digits, at most 64 */
#define NETNS_EXTRA_MAX	      8	 /* further addresses of one interface */

struct netns_client;

struct netns_info {
	uint32_t version;
	pid_t pid; /* of the helper, as the helper sees itself */
};

struct netns_tun {
	char ifname[IFNAMSIZ];	 /* "" is NETNS_IFNAME_DEFAULT */
	struct ip_prefix subnet; /* --cidr; IP_NONE is NETNS_CIDR_DEFAULT */
	unsigned mtu;		 /* 0 is NETNS_MTU_DEFAULT */
	bool ipv6;		 /* ignored: fd00::/64 is always there */
};

/*
 * One Docker network. Whatever its kind, its containers reach: each other (unless isolated), the
 * bridge's own address, and unless internal the outside by the tun. They reach no other network's
 * containers, no other bridge's address and no address of N. A network without gateway6 routes no
 * IPv6 at all.
 */
struct netns_bridge {
	char name[IFNAMSIZ];	   /* "docker0", "br-0123456789ab" */
	struct ip_prefix gateway;  /* the bridge's own address with its subnet: 172.17.0.1/16 */
	struct ip_prefix gateway6; /* IP_NONE: no IPv6 */
	unsigned mtu;		   /* 0: 1500 */
	bool internal;		   /* no way out of this network */
	bool dns;		   /* 127.0.0.11 is answered for its containers (user-defined) */
};

/*
 * One interface of a container. A container may have several, each plugged by a call of its own,
 * before its first process runs or at any time after (docker network connect).
 */
struct netns_plug {
	/* names the namespace: pinned at NETNS_PIN_DIR/<sandbox> from its first plug to its last
	 * unplug; "" does not pin it, then netns_unplug() and published ports' source addresses do
	 * not work for it */
	char sandbox[NETNS_SANDBOX_MAX];
	char bridge[IFNAMSIZ];	   /* where the near end goes; it must be there */
	char veth[IFNAMSIZ];	   /* name of the near end in N; "" picks vethXXXXXXXXXXX */
	char ifname[IFNAMSIZ];	   /* name in the container: "eth0" */
	uint8_t mac[MAC_SIZE];	   /* all zero: from the address, mac_from_ip() */
	struct ip_prefix address;  /* 172.17.0.2/16; IP_NONE: no IPv4 */
	struct ip_prefix address6; /* IP_NONE: no IPv6 */
	struct ip_prefix extra[NETNS_EXTRA_MAX]; /* LinkLocalIPs; the first IP_NONE ends them */
	struct ip gateway;  /* default route by this interface; IP_NONE: none (another's stays) */
	struct ip gateway6; /* likewise */
	unsigned mtu;	    /* 0: 1500 */
	bool isolated;	    /* cannot reach other isolated ports of the bridge (ICC=false) */
	/* 127.0.0.11 is asked by this interface; needs an IPv4 address and a bridge with dns. With
	 * several such interfaces one serves, and the next when it is unplugged. */
	bool dns;
};

/* Which interface carries a container's default route. */
struct netns_gateway {
	char sandbox[NETNS_SANDBOX_MAX];
	char ifname[IFNAMSIZ];	/* "": no default route of either family any more */
	char ifname6[IFNAMSIZ]; /* of the IPv6 default route; "": the same */
	struct ip gateway;	/* IP_NONE: no IPv4 default route */
	struct ip gateway6;	/* IP_NONE: no IPv6 default route */
};

enum netns_list_kind {
	NETNS_LIST_SANDBOXES = 1, /* names given in netns_plug.sandbox */
	NETNS_LIST_BRIDGES,	  /* every bridge in N */
};

/** netns_client_new() - a client for the socket at path; connects at the first call */
struct netns_client *netns_client_new(const char *path);
/** netns_client_free() - NULL is fine */
void netns_client_free(struct netns_client *c);

/** netns_hello() - asks whether a helper answers; ret may be NULL */
int netns_hello(struct netns_client *c, struct netns_info *ret, struct err *e) WARN_UNUSED;
/** netns_tun_open() - creates (or finds again) the tun in N, configures it with N's default route,
 * and returns its descriptor (caller's, non-blocking). ERR_UNAVAILABLE when /dev/net/tun cannot be
 * used. An existing persistent-less tun held by another process is ERR_CONFLICT. */
int netns_tun_open(struct netns_client *c, const struct netns_tun *t, int *ret_fd,
		   struct err *e) WARN_UNUSED;
/** netns_tun_adopt() - N's device to the outside was made and configured by another program
 * (slirp4netns, pasta), whose device is a tap: lets it find the containers by ARP, keeps N's own
 * address from them. ERR_NOTFOUND without the device. IPv6 of containers is not carried */
int netns_tun_adopt(struct netns_client *c, const struct netns_tun *t, struct err *e) WARN_UNUSED;
/** netns_pool_open() - a SOCK_SEQPACKET channel that can do nothing but ask for sockets made in N
 * (usernet/pool.h); for usernet's --netns-fd or usernet_ctl_netns(). Caller's. */
int netns_pool_open(struct netns_client *c, int *ret_fd, struct err *e) WARN_UNUSED;
/** netns_bridge_ensure() - creates the bridge with its isolation or brings an existing one to what
 * is described, its plugs untouched. ERR_CONFLICT when its subnet overlaps another bridge's or the
 * tun's. */
int netns_bridge_ensure(struct netns_client *c, const struct netns_bridge *b,
			struct err *e) WARN_UNUSED;
/** netns_bridge_remove() - removes a bridge and its rules; absent is success */
int netns_bridge_remove(struct netns_client *c, const char *name, struct err *e) WARN_UNUSED;
/**
 * netns_plug() - plug a container into a bridge
 * @c:        client
 * @pid:      a process in the container's network namespace, as the caller's /proc names it; 0: the
 *            pinned p->sandbox
 * @p:        what to do; copied
 * @ret_veth: filled with the near end's name in N; may be NULL
 * @e:        filled on failure; then nothing is left behind. ERR_CONFLICT when the container has
 *            an interface of that name, ERR_NOTFOUND when the bridge or the pin is not there
 *
 * Makes the pair, the addresses (IPv6 without duplicate detection, accept_ra 0), the default
 * route, lo up, and on the namespace's first plug the per-container sysctls
 * (netns_sandbox_init()).
 */
int netns_plug(struct netns_client *c, pid_t pid, const struct netns_plug *p,
	       char ret_veth[IFNAMSIZ], struct err *e) WARN_UNUSED;
/** netns_unplug() - removes one interface of a pinned sandbox, and the pin with the last; absent is
 * success. A default route by it goes too: netns_gateway_set() gives another. */
int netns_unplug(struct netns_client *c, const char *sandbox, const char *ifname,
		 struct err *e) WARN_UNUSED;
/** netns_gateway_set() - replaces the default routes of a pinned sandbox; ERR_NOTFOUND when sandbox
 * or interface are not there */
int netns_gateway_set(struct netns_client *c, const struct netns_gateway *g,
		      struct err *e) WARN_UNUSED;
/** netns_sandbox_remove() - removes all interfaces of a sandbox and its pin, when its container has
 * ended; absent is success. Without it the namespace stays, for the pin keeps it. */
int netns_sandbox_remove(struct netns_client *c, const char *sandbox, struct err *e) WARN_UNUSED;
/** netns_list() - calls fn for each name in strcmp order until it returns non-zero; fn may call
 * this client (to remove what it is told). For sweeps at start-up: one round trip per name. */
int netns_list(struct netns_client *c, enum netns_list_kind kind,
	       int (*fn)(const char *name, void *arg), void *arg, struct err *e) WARN_UNUSED;
/** netns_sandbox_init() - a namespace without a network (--network none): lo up,
 * ip_unprivileged_port_start 0, ping_group_range of all mapped groups */
int netns_sandbox_init(struct netns_client *c, pid_t pid, struct err *e) WARN_UNUSED;
/** netns_sysctl_set() - sets net.* sysctls ("net.ipv4.ip_forward" or with slashes) in the
 * namespace of pid */
int netns_sysctl_set(struct netns_client *c, pid_t pid, const char *name, const char *value,
		     struct err *e) WARN_UNUSED;

#endif
