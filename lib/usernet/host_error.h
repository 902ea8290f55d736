// SPDX-License-Identifier: MIT
/*
 * A connected datagram socket's traffic with the routers of the host's network: what they say (ICMP
 * and ICMPv6 errors by MSG_ERRQUEUE) and what they see (hop limit, whether a packet may be cut).
 * ip(7), ipv6(7).
 */
#ifndef USERNET_HOST_ERROR_H
#define USERNET_HOST_ERROR_H

#include "usernet/usernet_internal.h"

#define HOST_ERROR_DATA 64

struct host_error {
	enum tun_error what;
	bool local;	/* this host's own refusal of a send, which the call returned too */
	struct ip from; /* who said it; IP_NONE: unknown */
	unsigned mtu;	/* for TUN_TOO_BIG */
	uint8_t data[HOST_ERROR_DATA]; /* the beginning of the datagram's payload, for ICMP sockets
					* of the ICMP message */
	size_t n;
};

/** host_error_enable() - errors are queued from now on */
void host_error_enable(int fd, uint8_t family);
/** host_error_next() - takes one from the queue; false when it is empty */
bool host_error_next(int fd, uint8_t family, struct host_error *ret);
/** host_error_mtu() - the path MTU the host knows for a connected socket */
unsigned host_error_mtu(int fd, uint8_t family);

/** host_may_fragment() - false: what is larger than the path MTU fails with EMSGSIZE */
void host_may_fragment(int fd, uint8_t family, bool may);
/** host_hops_wanted() - the hop limit a host socket needs for a packet of N, as if this were a
 * router: 0 the host's own, for all but those that look for routers; the packet's is not yet at its
 * end (tun_input() sees to that) */
uint8_t host_hops_wanted(const struct packet_ip *ip);
/** host_hops_set() - gives it to a socket */
void host_hops_set(int fd, uint8_t family, uint8_t hops);

#endif
