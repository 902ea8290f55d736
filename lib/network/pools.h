// SPDX-License-Identifier: MIT
/*
 * Address pools: where the subnet of a network comes from for which none was
 * given. Defaults are Docker's: 172.17.0.0/16 to 172.31.0.0/16, then
 * 192.168.0.0/16 in /20s; IPv6 has a ULA prefix of the engine's own (RFC 4193).
 * Pure functions, any thread.
 */
#ifndef NETWORK_POOLS_H
#define NETWORK_POOLS_H

#include <stddef.h>

#include "base/err.h"
#include "netlink/ip.h"

struct addr_pool {
	struct ip_prefix base;
	uint8_t size; /* prefix length of the subnets cut from it */
};

/* A list of pools, or of prefixes in use. Zeroed is empty. */
struct addr_pools {
	struct addr_pool *items;
	size_t n;
};

struct ip_prefixes {
	struct ip_prefix *items;
	size_t n;
};

/** addr_pools_add() - appends; ERR_INVALID when size does not fit the base, in Docker's words */
int addr_pools_add(struct addr_pools *p, const char *base, int size, struct err *e) WARN_UNUSED;
/** addr_pools_parse() - appends one of the command line's form "base=10.0.0.0/8,size=24" */
int addr_pools_parse(struct addr_pools *p, const char *text, struct err *e) WARN_UNUSED;
/** addr_pools_default() - appends the families that p lacks; seed makes the ULA prefix */
void addr_pools_default(struct addr_pools *p, const char *seed);
/** addr_pools_clear() - frees */
void addr_pools_clear(struct addr_pools *p);
/** addr_pools_next() - the first subnet of that family (enum ip_family) that overlaps nothing
 * taken; ERR_INVALID "all predefined address pools have been fully subnetted" */
int addr_pools_next(const struct addr_pools *p, int family, const struct ip_prefixes *taken,
		    struct ip_prefix *ret, struct err *e) WARN_UNUSED;

/** ip_prefixes_add() - appends a copy */
void ip_prefixes_add(struct ip_prefixes *p, const struct ip_prefix *add);
/** ip_prefixes_clear() - frees */
void ip_prefixes_clear(struct ip_prefixes *p);
/** ip_prefixes_routes4() - appends the destinations in text of /proc/net/route, default routes left
 * out; lines that are none are skipped */
void ip_prefixes_routes4(struct ip_prefixes *p, const char *text);
/** ip_prefixes_routes6() - likewise of /proc/net/ipv6_route, without link-local, multicast and
 * host routes */
void ip_prefixes_routes6(struct ip_prefixes *p, const char *text);

#endif
