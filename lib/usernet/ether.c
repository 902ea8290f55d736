// SPDX-License-Identifier: MIT
/*
 * Frames in and out, ARP, and the table of who sits behind which address. A
 * network namespace has one station on its tap as a rule; others appear when
 * it bridges the tap or puts a macvlan on it.
 */
#include "usernet/ether.h"

#include <string.h>

#include "base/mem.h"
#include "usernet/ether_internal.h"

#define ARP_LEN	    28
#define ARP_REQUEST 1
#define ARP_REPLY   2

static const uint8_t broadcast[MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct ip ether_ip4(const uint8_t *p)
{
	struct ip a = {.family = IP_V4};

	memcpy(a.bytes, p, 4);
	return a;
}

struct ip ether_ip6(const uint8_t *p)
{
	struct ip a = {.family = IP_V6};

	memcpy(a.bytes, p, 16);
	return a;
}

void ether_init(struct ether *x, const struct ether_conf *c)
{
	/* the address that slirp has for its gateway: 52:55 and the IPv4 address */
	*x = (struct ether){.conf = *c, .mac = {0x52, 0x55}};
	memcpy(x->mac + 2, c->gateway.bytes, 4);
	x->link_local = (struct ip){.family = IP_V6, .bytes = {0xfe, 0x80, [15] = 2}};
}

uint8_t *ether_begin(const struct ether *x, struct ether_reply *r, const uint8_t dst[MAC_SIZE],
		     uint16_t type)
{
	memset(r->p, 0, sizeof(r->p));
	memcpy(r->p, dst, MAC_SIZE);
	memcpy(r->p + 6, x->mac, MAC_SIZE);
	packet_put16(r->p + 12, type);
	r->n = ETHER_HDR;
	return r->p + ETHER_HDR;
}

/* Only addresses of the link itself: behind a router there are many. */
static bool on_link(const struct ether *x, const struct ip *ip)
{
	struct ip_prefix subnet = {.ip = x->conf.gateway, .bits = x->conf.subnet_bits};

	if (ip->family == IP_V4)
		return ip_prefix_has(&subnet, ip) && !ip_eq(ip, &x->conf.gateway) &&
		       !ip_eq(ip, &x->conf.dns);
	if (x->conf.prefix6.ip.family != IP_V6 || ip_eq(ip, &x->conf.gateway6) ||
	    ip_eq(ip, &x->conf.dns6) || ip_eq(ip, &x->link_local))
		return false;
	return ip_prefix_has(&x->conf.prefix6, ip) ||
	       (ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80);
}

static const struct ether_neigh *find(const struct ether *x, const struct ip *ip)
{
	for (size_t i = 0; i < ETHER_NEIGH_MAX; i++)
		if (ip_eq(&x->neigh[i].ip, ip))
			return &x->neigh[i];
	return NULL;
}

void ether_learn(struct ether *x, const struct ip *ip, const uint8_t mac[MAC_SIZE])
{
	struct ether_neigh *n = (struct ether_neigh *)find(x, ip);

	if ((mac[0] & 1) != 0 || memcmp(mac, x->mac, MAC_SIZE) == 0 || !on_link(x, ip))
		return;
	if (n == NULL) {
		n = &x->neigh[x->next_neigh];
		x->next_neigh = (x->next_neigh + 1) % ETHER_NEIGH_MAX;
		n->ip = *ip;
	}
	memcpy(n->mac, mac, MAC_SIZE);
}

static void write_arp(const struct ether *x, struct ether_reply *r, uint16_t op,
		      const struct ip *own, const uint8_t dst[MAC_SIZE], const uint8_t *peer_mac,
		      const struct ip *peer)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4}; /* Ethernet, IPv4 */
	uint8_t *p = ether_begin(x, r, dst, ETHER_ARP);

	memcpy(p, head, sizeof(head));
	packet_put16(p + 6, op);
	memcpy(p + 8, x->mac, MAC_SIZE);
	memcpy(p + 14, own->bytes, 4);
	if (peer_mac != NULL)
		memcpy(p + 18, peer_mac, MAC_SIZE);
	memcpy(p + 24, peer->bytes, 4);
	r->n += ARP_LEN;
}

static enum ether_verdict arp_input(struct ether *x, const struct packet *v, struct ether_reply *r)
{
	const uint8_t *p = packet_at(v, 0, ARP_LEN);
	struct ip sender, target;

	if (p == NULL || packet_u16(p) != 1 || packet_u16(p + 2) != ETHER_IP4 || p[4] != 6 ||
	    p[5] != 4) {
		x->stats.malformed++;
		return ETHER_DROP;
	}
	sender = ether_ip4(p + 14);
	target = ether_ip4(p + 24);
	ether_learn(x, &sender, p + 8);
	/* for our own addresses only: others may be those of further stations on the link */
	if (packet_u16(p + 6) != ARP_REQUEST ||
	    (!ip_eq(&target, &x->conf.gateway) && !ip_eq(&target, &x->conf.dns)))
		return ETHER_DROP;
	write_arp(x, r, ARP_REPLY, &target, p + 8, p + 8, &sender);
	x->stats.answered++;
	return ETHER_REPLY;
}

/* What an IP packet says about its sender; link-level requests in it are answered. */
static enum ether_verdict ip_input(struct ether *x, const struct packet *v, const uint8_t *head,
				   struct packet *ret_ip, struct ether_reply *r)
{
	bool v4 = packet_u16(head + 12) == ETHER_IP4, bad = false;
	const uint8_t *p = packet_at(v, 0, v4 ? PACKET_IP4_HDR : 40);
	struct ip src;

	if (p == NULL || p[0] >> 4 != (v4 ? 4 : 6)) {
		x->stats.runt++;
		return ETHER_DROP;
	}
	r->n = 0;
	if (v4 ? dhcp_input(x, v, r, &bad) : ndp_input(x, v, head + 6, r, &bad)) {
		x->stats.malformed += bad;
		x->stats.answered += r->n > 0;
		return r->n > 0 ? ETHER_REPLY : ETHER_DROP;
	}
	if ((head[0] & 1) != 0) {
		x->stats.multicast++;
		return ETHER_DROP;
	}
	src = v4 ? ether_ip4(p + 12) : ether_ip6(p + 8);
	ether_learn(x, &src, head + 6);
	*ret_ip = *v;
	return ETHER_PACKET;
}

enum ether_verdict ether_input(struct ether *x, const struct packet *frame, struct packet *ret_ip,
			       struct ether_reply *ret_reply)
{
	const uint8_t *head = packet_at(frame, 0, ETHER_HDR);
	struct packet v;

	if (head == NULL) {
		x->stats.runt++;
		return ETHER_DROP;
	}
	v = (struct packet){.p = frame->p + ETHER_HDR, .n = frame->n - ETHER_HDR};
	if ((head[0] & 1) == 0 && memcmp(head, x->mac, MAC_SIZE) != 0) {
		x->stats.foreign++;
		return ETHER_DROP;
	}
	switch (packet_u16(head + 12)) {
	case ETHER_ARP:
		return arp_input(x, &v, ret_reply);
	case ETHER_IP4:
		return ip_input(x, &v, head, ret_ip, ret_reply);
	case ETHER_IP6:
		if (x->conf.prefix6.ip.family == IP_V6)
			return ip_input(x, &v, head, ret_ip, ret_reply);
		x->stats.unknown_type++;
		return ETHER_DROP;
	case ETHER_VLAN:
	case ETHER_QINQ:
		x->stats.vlan++;
		return ETHER_DROP;
	default:
		x->stats.unknown_type++;
		return ETHER_DROP;
	}
}

void ether_header(const struct ether *x, const uint8_t *ip_hdr, uint8_t out[ETHER_HDR])
{
	bool v4 = ip_hdr[0] >> 4 == 4;
	struct ip dst = v4 ? ether_ip4(ip_hdr + 16) : ether_ip6(ip_hdr + 24);
	const struct ether_neigh *n = find(x, &dst);

	/* unheard of, or behind a router that the guest is */
	memcpy(out, n != NULL ? n->mac : x->conf.guest_mac, MAC_SIZE);
	memcpy(out + 6, x->mac, MAC_SIZE);
	packet_put16(out + 12, v4 ? ETHER_IP4 : ETHER_IP6);
}

bool ether_who_has(const struct ether *x, const struct ip *ip, struct ether_reply *ret_question)
{
	ret_question->n = 0;
	if (!on_link(x, ip) || find(x, ip) != NULL)
		return false;
	if (ip->family == IP_V4)
		write_arp(x, ret_question, ARP_REQUEST, &x->conf.gateway, broadcast, NULL, ip);
	else
		ndp_question(x, ip, ret_question);
	return true;
}

void ether_advertise(const struct ether *x, struct ether_reply *ret)
{
	static const struct ip all_nodes = {.family = IP_V6, .bytes = {0xff, 0x02, [15] = 1}};
	static const uint8_t all_mac[MAC_SIZE] = {0x33, 0x33, 0, 0, 0, 1};

	ret->n = 0;
	if (x->conf.prefix6.ip.family == IP_V6)
		ndp_advertise(x, all_mac, &all_nodes, ret);
}
