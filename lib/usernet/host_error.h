// SPDX-License-Identifier: MIT
/*
 * What the host's network said about datagrams of a connected socket: ICMP and ICMPv6 errors by
 * MSG_ERRQUEUE (ip(7), ipv6(7): IP_RECVERR, IPV6_RECVERR).
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

#endif
