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

struct netns_client;

struct netns_info {
	uint32_t version;
	pid_t pid; /* of the helper, as the helper sees itself */
};

struct netns_tun {
	char ifname[IFNAMSIZ];	 /* "" is NETNS_IFNAME_DEFAULT */
	struct ip_prefix subnet; /* --cidr; IP_NONE is NETNS_CIDR_DEFAULT */
	unsigned mtu;		 /* 0 is NETNS_MTU_DEFAULT */
	bool ipv6;		 /* asked for; usernet carries no IPv6 yet, so this only warns */
};

struct netns_bridge {
	char name[IFNAMSIZ];	   /* "docker0", "br-0123456789ab" */
	struct ip_prefix gateway;  /* the bridge's own address with its subnet: 172.17.0.1/16 */
	struct ip_prefix gateway6; /* IP_NONE: no IPv6 */
	unsigned mtu;		   /* 0: 1500 */
	bool internal;		   /* no way out of this network */
};

struct netns_plug {
	char bridge[IFNAMSIZ];	   /* where the near end goes */
	char veth[IFNAMSIZ];	   /* name of the near end in N; "" picks vethXXXXXXX */
	char ifname[IFNAMSIZ];	   /* name in the container: "eth0" */
	uint8_t mac[MAC_SIZE];	   /* all zero: from the address, mac_from_ip() */
	struct ip_prefix address;  /* 172.17.0.2/16 */
	struct ip_prefix address6; /* IP_NONE: no IPv6 */
	struct ip gateway;	   /* default route; IP_NONE: none */
	struct ip gateway6;
	unsigned mtu;  /* 0: 1500 */
	bool isolated; /* cannot reach other isolated ports of the bridge (ICC=false) */
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
/** netns_pool_open() - a SOCK_SEQPACKET channel that can do nothing but ask for sockets made in N
 * (usernet/pool.h); for usernet's --netns-fd or usernet_ctl_netns(). Caller's. */
int netns_pool_open(struct netns_client *c, int *ret_fd, struct err *e) WARN_UNUSED;
/** netns_bridge_ensure() - creates the bridge or brings an existing one to what is described */
int netns_bridge_ensure(struct netns_client *c, const struct netns_bridge *b,
			struct err *e) WARN_UNUSED;
/** netns_bridge_remove() - removes a bridge and its rules; absent is success */
int netns_bridge_remove(struct netns_client *c, const char *name, struct err *e) WARN_UNUSED;
/**
 * netns_plug() - plug a container into a bridge
 * @c:        client
 * @pid:      a process in the container's network namespace, as the caller's /proc names it
 * @p:        what to do; copied
 * @ret_veth: filled with the near end's name in N, for netns_unplug(); may be NULL
 * @e:        filled on failure; then nothing is left behind
 *
 * Makes the pair, the address, the default route, lo up, and on the namespace's first plug the
 * per-container sysctls (netns_sandbox_init()).
 */
int netns_plug(struct netns_client *c, pid_t pid, const struct netns_plug *p,
	       char ret_veth[IFNAMSIZ], struct err *e) WARN_UNUSED;
/** netns_unplug() - removes a pair by its near end's name; absent is success (it goes with the
 * container's namespace) */
int netns_unplug(struct netns_client *c, const char *veth, struct err *e) WARN_UNUSED;
/** netns_sandbox_init() - a namespace without a network (--network none): lo up,
 * ip_unprivileged_port_start 0, ping_group_range of all mapped groups */
int netns_sandbox_init(struct netns_client *c, pid_t pid, struct err *e) WARN_UNUSED;
/** netns_sysctl_set() - sets net.* sysctls ("net.ipv4.ip_forward" or with slashes) in the
 * namespace of pid */
int netns_sysctl_set(struct netns_client *c, pid_t pid, const char *name, const char *value,
		     struct err *e) WARN_UNUSED;

#endif
