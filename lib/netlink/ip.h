// SPDX-License-Identifier: MIT
/*
 * IP addresses, prefixes and MAC addresses as values. Text forms: inet_pton(3),
 * RFC 4632 (CIDR), RFC 5952. No allocation, any thread.
 */
#ifndef NETLINK_IP_H
#define NETLINK_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define IP_TEXT_SIZE	    46 /* INET6_ADDRSTRLEN */
#define IP_PREFIX_TEXT_SIZE 50
#define MAC_SIZE	    6
#define MAC_TEXT_SIZE	    18

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip {
	uint8_t family;	   /* enum ip_family; IP_NONE: absent */
	uint8_t bytes[16]; /* network order; the first 4 for IPv4, the rest zero */
};

struct ip_prefix {
	struct ip ip; /* host bits may be set: an interface's address with its subnet */
	uint8_t bits; /* 0 to 32 or 128 */
};

/** ip_bits() - 32, 128, or 0 for IP_NONE */
unsigned ip_bits(const struct ip *a);
/** ip_v4() - an IPv4 address from a number in host order */
struct ip ip_v4(uint32_t host_order);
/** ip_v4_u32() - an IPv4 address as a number in host order */
uint32_t ip_v4_u32(const struct ip *a);
/** ip_eq() - same family and bytes */
bool ip_eq(const struct ip *a, const struct ip *b);
/** ip_parse() - "10.0.2.100" or "fd00::1"; ERR_INVALID "invalid IP address: ..." */
int ip_parse(const char *s, struct ip *ret, struct err *e) WARN_UNUSED;
/** ip_format() - text form; "" for IP_NONE; returns out */
const char *ip_format(const struct ip *a, char out[IP_TEXT_SIZE]);
/** ip_prefix_parse() - "172.17.0.1/16"; host bits are kept; ERR_INVALID otherwise */
int ip_prefix_parse(const char *s, struct ip_prefix *ret, struct err *e) WARN_UNUSED;
/** ip_prefix_format() - "172.17.0.1/16"; "" for IP_NONE; returns out */
const char *ip_prefix_format(const struct ip_prefix *p, char out[IP_PREFIX_TEXT_SIZE]);
/** ip_prefix_network() - the same prefix with the host bits cleared */
struct ip_prefix ip_prefix_network(const struct ip_prefix *p);
/** ip_prefix_has() - the address lies in the prefix */
bool ip_prefix_has(const struct ip_prefix *p, const struct ip *a);
/** ip_prefix_overlaps() - the two prefixes share an address */
bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b);
/** ip_prefix_nth() - the n-th address of the network (0 is the network address); ERR_INVALID when
 * it lies outside */
int ip_prefix_nth(const struct ip_prefix *p, uint64_t n, struct ip *ret, struct err *e) WARN_UNUSED;
/** ip_is_loopback() - 127/8, ::1, and ::ffff:127/104 */
bool ip_is_loopback(const struct ip *a);
/** ip_is_any() - 0.0.0.0, ::, ::ffff:0.0.0.0 */
bool ip_is_any(const struct ip *a);

/** mac_format() - "02:42:ac:11:00:02"; returns out */
const char *mac_format(const uint8_t mac[MAC_SIZE], char out[MAC_TEXT_SIZE]);
/** mac_parse() - six pairs of hexadecimal digits between colons or dashes; ERR_INVALID otherwise */
int mac_parse(const char *s, uint8_t ret[MAC_SIZE], struct err *e) WARN_UNUSED;
/** mac_from_ip() - Docker's form for an IPv4 address: 02:42 and its four bytes; for IPv6 02:42 and
 * the last four */
void mac_from_ip(const struct ip *a, uint8_t ret[MAC_SIZE]);

#endif
