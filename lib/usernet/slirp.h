// SPDX-License-Identifier: MIT
/*
 * What slirp4netns(1) does before it carries packets: a tap in a network
 * namespace that others made, and a sandbox for the process that serves it.
 * Single-threaded processes only; all of it before usernet_run().
 */
#ifndef USERNET_SLIRP_H
#define USERNET_SLIRP_H

#include <net/if.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "netlink/ip.h"

struct slirp_target {
	pid_t pid;		 /* 0: by path */
	const char *netns_path;	 /* NULL: of pid */
	const char *userns_path; /* NULL: of pid; without a pid no user namespace is joined */
	const char *ifname;	 /* of the tap to be made */

	bool configure;	       /* the fields below are for that */
	struct ip_prefix addr; /* of the guest, with its subnet */
	struct ip gateway;
	struct ip_prefix addr6; /* IP_NONE: no IPv6 */
	struct ip gateway6;
	unsigned mtu;
	bool has_mac;
	uint8_t mac[MAC_SIZE];
};

/**
 * slirp_open_tap() - makes the tap in the target's network namespace
 * @t:      where and how
 * @ret_fd: the tap, the caller's; with virtio-net headers and offloads
 * @e:      as the child that joined the namespaces found it
 *
 * A forked child joins; the caller stays in its namespaces. The device goes
 * when the descriptor is closed.
 */
int slirp_open_tap(const struct slirp_target *t, int *ret_fd, struct err *e) WARN_UNUSED;

/** slirp_accept_bess() - listens at a path (replacing what is there) and waits for one client that
 * sends and takes one frame a message, as User Mode Linux does; its socket */
int slirp_accept_bess(const char *path, int *ret_fd, struct err *e) WARN_UNUSED;

/**
 * slirp_sandbox() - a mount namespace in which there are only /etc and /run, and no capability but
 * CAP_NET_BIND_SERVICE
 * @t: whose user namespace is joined first, unless the effective uid is 0 already
 * @e: says which step failed
 */
int slirp_sandbox(const struct slirp_target *t, struct err *e) WARN_UNUSED;

#endif
