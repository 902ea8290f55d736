// SPDX-License-Identifier: MIT
/*
 * IPv6 neighbour discovery on a tap: neighbour and router solicitations are
 * answered for the gateway and the nameserver. RFC 4861, RFC 8106 (RDNSS).
 */
#include <string.h>

#include "base/mem.h"
#include "usernet/ether_internal.h"

#define ICMP6_PROTO 58

#define ND_ROUTER_SOLICIT 133
#define ND_ROUTER_ADVERT  134
#define ND_NEIGH_SOLICIT  135
#define ND_NEIGH_ADVERT	  136
#define ND_REDIRECT	  137

#define OPT_SOURCE 1
#define OPT_TARGET 2
#define OPT_PREFIX 3
#define OPT_MTU	   5
#define OPT_RDNSS  25

#define NA_ROUTER    0x80
#define NA_SOLICITED 0x40
#define NA_OVERRIDE  0x20

#define IP6_HDR	  40
#define FOR_EVER  0xffffffffU
#define ROUTER_S  65535 /* the longest a router may promise itself (RFC 8319) */
#define PREFIX_LA 0xc0	/* on-link, autonomous */

static const struct ip all_nodes = {.family = IP_V6, .bytes = {0xff, 0x02, [15] = 1}};
static const uint8_t all_nodes_mac[MAC_SIZE] = {0x33, 0x33, 0, 0, 0, 1};

/* Sum of what the checksum covers: 0xffff when the checksum in it is right. */
static uint16_t sum(const uint8_t *ip6, size_t n)
{
	struct ip src = ether_ip6(ip6 + 8), dst = ether_ip6(ip6 + 24);

	return packet_fold(
		packet_sum(packet_pseudo(&src, &dst, ICMP6_PROTO, n), ip6 + IP6_HDR, n, 0));
}

/* Header, length and checksum around n bytes of ICMPv6 behind them. */
static void finish(struct ether_reply *r, const struct ip *src, const struct ip *dst, size_t n)
{
	uint8_t *p = r->p + ETHER_HDR;

	p[0] = 0x60;
	packet_put16(p + 4, (uint16_t)n);
	p[6] = ICMP6_PROTO;
	p[7] = 255; /* cannot come from beyond the link */
	memcpy(p + 8, src->bytes, 16);
	memcpy(p + 24, dst->bytes, 16);
	packet_put16(p + IP6_HDR + 2, (uint16_t)~sum(p, n));
	r->n = ETHER_HDR + IP6_HDR + n;
}

static uint8_t *put_lladdr(uint8_t *p, uint8_t kind, const uint8_t mac[MAC_SIZE])
{
	p[0] = kind;
	p[1] = 1;
	memcpy(p + 2, mac, MAC_SIZE);
	return p + 8;
}

void ndp_advertise(const struct ether *x, const uint8_t dst_mac[MAC_SIZE], const struct ip *dst,
		   struct ether_reply *r)
{
	uint8_t *icmp = ether_begin(x, r, dst_mac, ETHER_IP6) + IP6_HDR, *p = icmp + 16;
	struct ip_prefix net = ip_prefix_network(&x->conf.prefix6);

	icmp[0] = ND_ROUTER_ADVERT;
	icmp[4] = 64; /* hop limit */
	packet_put16(icmp + 6, ROUTER_S);
	p = put_lladdr(p, OPT_SOURCE, x->mac);
	p[0] = OPT_MTU;
	p[1] = 1;
	packet_put32(p + 4, x->conf.mtu);
	p += 8;
	p[0] = OPT_PREFIX;
	p[1] = 4;
	p[2] = net.bits;
	p[3] = PREFIX_LA;
	packet_put32(p + 4, FOR_EVER);
	packet_put32(p + 8, FOR_EVER);
	memcpy(p + 16, net.ip.bytes, 16);
	p += 32;
	if (!x->conf.no_dns) {
		p[0] = OPT_RDNSS;
		p[1] = 3;
		packet_put32(p + 4, FOR_EVER);
		memcpy(p + 8, x->conf.dns6.bytes, 16);
		p += 24;
	}
	finish(r, &x->link_local, dst, (size_t)(p - icmp));
}

void ndp_question(const struct ether *x, const struct ip *ip, struct ether_reply *r)
{
	uint8_t mac[MAC_SIZE] = {0x33, 0x33, 0xff, ip->bytes[13], ip->bytes[14], ip->bytes[15]};
	struct ip dst = {.family = IP_V6, .bytes = {0xff, 0x02, [11] = 1, [12] = 0xff}};
	uint8_t *icmp = ether_begin(x, r, mac, ETHER_IP6) + IP6_HDR;

	memcpy(dst.bytes + 13, ip->bytes + 13, 3);
	icmp[0] = ND_NEIGH_SOLICIT;
	memcpy(icmp + 8, ip->bytes, 16);
	put_lladdr(icmp + 24, OPT_SOURCE, x->mac);
	finish(r, &x->link_local, &dst, 32);
}

static void answer_neighbour(struct ether *x, const struct ip *src, const struct ip *target,
			     const uint8_t src_mac[MAC_SIZE], struct ether_reply *r)
{
	/* from ::, somebody asks whether the address is free: all must hear that it is not */
	bool probe = ip_is_any(src);
	uint8_t *icmp = ether_begin(x, r, probe ? all_nodes_mac : src_mac, ETHER_IP6) + IP6_HDR;

	icmp[0] = ND_NEIGH_ADVERT;
	icmp[4] = (uint8_t)(NA_ROUTER | NA_OVERRIDE | (probe ? 0 : NA_SOLICITED));
	memcpy(icmp + 8, target->bytes, 16);
	put_lladdr(icmp + 24, OPT_TARGET, x->mac);
	finish(r, target, probe ? &all_nodes : src, 32);
}

/* The options' lengths must come out even; the link-layer address of one kind is given back. */
static bool walk_options(const struct packet *v, size_t off, uint8_t kind, const uint8_t **ret_mac)
{
	const uint8_t *o;

	*ret_mac = NULL;
	while (off < v->n) {
		o = packet_at(v, off, 8);
		if (o == NULL || o[1] == 0)
			return false;
		if (o[0] == kind && o[1] == 1)
			*ret_mac = o + 2;
		off += (size_t)o[1] * 8;
	}
	return off == v->n;
}

/* A message whose header was found right; false: malformed. */
static bool take(struct ether *x, const struct packet *icmp, const struct ip *src,
		 const uint8_t src_mac[MAC_SIZE], struct ether_reply *r)
{
	const uint8_t *p = packet_at(icmp, 0, 8), *mac;
	struct ip target;

	if (p[0] == ND_ROUTER_SOLICIT) {
		if (!walk_options(icmp, 8, OPT_SOURCE, &mac))
			return false;
		if (mac != NULL && !ip_is_any(src))
			ether_learn(x, src, mac);
		ether_advertise(x, r);
		return true;
	}
	if (p[0] != ND_NEIGH_SOLICIT && p[0] != ND_NEIGH_ADVERT)
		return true;
	p = packet_at(icmp, 0, 24);
	if (p == NULL ||
	    !walk_options(icmp, 24, p[0] == ND_NEIGH_SOLICIT ? OPT_SOURCE : OPT_TARGET, &mac))
		return false;
	target = ether_ip6(p + 8);
	if (p[0] == ND_NEIGH_ADVERT) {
		if (mac != NULL)
			ether_learn(x, &target, mac);
		return true;
	}
	if (mac != NULL && !ip_is_any(src))
		ether_learn(x, src, mac);
	if (ip_eq(&target, &x->conf.gateway6) || ip_eq(&target, &x->conf.dns6) ||
	    ip_eq(&target, &x->link_local))
		answer_neighbour(x, src, &target, src_mac, r);
	return true;
}

bool ndp_input(struct ether *x, const struct packet *ip, const uint8_t src_mac[MAC_SIZE],
	       struct ether_reply *r, bool *ret_bad)
{
	const uint8_t *p = packet_at(ip, 0, IP6_HDR), *type;
	struct packet icmp;
	struct ip src;

	if (p == NULL || p[6] != ICMP6_PROTO)
		return false;
	type = packet_at(ip, IP6_HDR, 1);
	if (type == NULL || *type < ND_ROUTER_SOLICIT || *type > ND_REDIRECT)
		return false;
	icmp = (struct packet){.p = p + IP6_HDR, .n = packet_u16(p + 4)};
	*ret_bad = true;
	if (p[7] != 255 || packet_at(ip, IP6_HDR, icmp.n) == NULL || icmp.n < 8 || icmp.p[1] != 0 ||
	    sum(p, icmp.n) != 0xffff)
		return true;
	src = ether_ip6(p + 8);
	*ret_bad = !take(x, &icmp, &src, src_mac, r);
	return true;
}
