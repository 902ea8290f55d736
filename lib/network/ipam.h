// SPDX-License-Identifier: MIT
/*
 * Addresses of one subnet: lowest free first, as Docker's default. A bitmap of
 * at most IPAM_SIZE_MAX addresses of the range that is given out; what is
 * reserved elsewhere in the subnet is kept in a list. The engine keeps no file
 * of it: it reserves again what its containers hold.
 * Not for sharing between threads without a lock.
 */
#ifndef NETWORK_IPAM_H
#define NETWORK_IPAM_H

#include <stdint.h>

#include "base/err.h"
#include "netlink/ip.h"

#define IPAM_SIZE_MAX 65536

struct ipam {
	struct ip_prefix subnet; /* host bits clear */
	struct ip_prefix range;	 /* given out; the subnet when none was asked for */
	struct ip gateway;
	uint8_t *used;	/* bitmap of offsets in the range */
	size_t size;	/* offsets covered */
	struct ip *far; /* taken addresses that the bitmap does not cover */
	size_t n_far;
};

/**
 * ipam_init() - a subnet's addresses
 * @m:       filled; ipam_clear() frees
 * @subnet:  for example 172.17.0.0/16; host bits are ignored
 * @range:   part of it to give out; NULL all
 * @gateway: NULL: the first address of the range
 * @e:       ERR_INVALID when they do not fit together
 */
int ipam_init(struct ipam *m, const struct ip_prefix *subnet, const struct ip_prefix *range,
	      const struct ip *gateway, struct err *e) WARN_UNUSED;
/** ipam_clear() - frees */
void ipam_clear(struct ipam *m);
/** ipam_alloc() - takes the lowest free address; ERR_UNAVAILABLE "no available IPv4 addresses on
 * this network's address pools" when full */
int ipam_alloc(struct ipam *m, struct ip *ret, struct err *e) WARN_UNUSED;
/** ipam_reserve() - takes that address; ERR_DENIED "Address already in use", ERR_INVALID when
 * outside the subnet */
int ipam_reserve(struct ipam *m, const struct ip *a, struct err *e) WARN_UNUSED;
/** ipam_release() - gives it back; unknown ones, the gateway, the network's and the broadcast
 * address are ignored */
void ipam_release(struct ipam *m, const struct ip *a);

#endif
