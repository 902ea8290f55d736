// SPDX-License-Identifier: MIT
/*
 * The smallest DHCP server that a tap needs: sixteen stations get sixteen
 * addresses, always the same one for the same station, for a day at a time.
 * RFC 2131, RFC 2132.
 */
#include <string.h>

#include "base/mem.h"
#include "usernet/ether_internal.h"

#define SERVER_PORT 67
#define CLIENT_PORT 68
#define BOOTP_LEN   236
#define BOOTP_MIN   300 /* of a reply, as old clients want it */
#define LEASE_S	    86400

#define OP_REQUEST 1
#define OP_REPLY   2

#define DHCP_DISCOVER 1
#define DHCP_OFFER    2
#define DHCP_REQUEST  3
#define DHCP_ACK      5
#define DHCP_NAK      6
#define DHCP_INFORM   8

#define TAG_MASK      1
#define TAG_ROUTER    3
#define TAG_DNS	      6
#define TAG_MTU	      26
#define TAG_ADDRESS   50
#define TAG_LEASE     51
#define TAG_TYPE      53
#define TAG_SERVER_ID 54
#define TAG_END	      255

static const uint8_t magic[4] = {99, 130, 83, 99};

struct request {
	const uint8_t *bootp; /* BOOTP_LEN bytes */
	uint8_t type;
	const uint8_t *wanted; /* 4 bytes, or NULL */
	const uint8_t *server; /* 4 bytes, or NULL */
};

static bool parse(const struct packet *v, struct request *q)
{
	const uint8_t *m = packet_at(v, BOOTP_LEN, 4);
	size_t off = BOOTP_LEN + 4;

	if (m == NULL || memcmp(m, magic, 4) != 0)
		return false;
	*q = (struct request){.bootp = packet_at(v, 0, BOOTP_LEN)};
	if (q->bootp[0] != OP_REQUEST || q->bootp[1] != 1 || q->bootp[2] != MAC_SIZE)
		return false;
	for (;;) {
		const uint8_t *tag = packet_at(v, off, 1), *o;

		if (tag == NULL || *tag == TAG_END)
			return q->type != 0;
		if (*tag == 0) {
			off++;
			continue;
		}
		o = packet_at(v, off, 2);
		if (o == NULL || packet_at(v, off + 2, o[1]) == NULL)
			return false;
		if (o[0] == TAG_TYPE && o[1] == 1)
			q->type = o[2];
		else if (o[0] == TAG_ADDRESS && o[1] == 4)
			q->wanted = o + 2;
		else if (o[0] == TAG_SERVER_ID && o[1] == 4)
			q->server = o + 2;
		off += 2 + (size_t)o[1];
	}
}

/* The station's own address, the first free one, or none. */
static bool lease(struct ether *x, const uint8_t mac[MAC_SIZE], struct ip *ret)
{
	size_t i, n = ARRAY_LEN(x->leases);

	for (i = 0; i < n; i++)
		if (x->leases[i].used && memcmp(x->leases[i].mac, mac, MAC_SIZE) == 0)
			break;
	for (size_t j = 0; i == n && j < n; j++)
		if (!x->leases[j].used)
			i = j;
	if (i == n)
		return false;
	x->leases[i].used = true;
	memcpy(x->leases[i].mac, mac, MAC_SIZE);
	*ret = ip_v4(ip_v4_u32(&x->conf.dhcp_first) + (uint32_t)i);
	return true;
}

static uint8_t *put(uint8_t *p, uint8_t tag, const void *value, uint8_t n)
{
	p[0] = tag;
	p[1] = n;
	memcpy(p + 2, value, n);
	return p + 2 + n;
}

static uint8_t *put32(uint8_t *p, uint8_t tag, uint32_t value)
{
	uint8_t v[4];

	packet_put32(v, value);
	return put(p, tag, v, 4);
}

static uint8_t *put_options(const struct ether *x, uint8_t *p, uint8_t type, bool with_lease)
{
	uint8_t mtu[2];

	memcpy(p, magic, 4);
	p = put(p + 4, TAG_TYPE, &type, 1);
	p = put(p, TAG_SERVER_ID, x->conf.gateway.bytes, 4);
	if (type != DHCP_NAK) {
		packet_put16(mtu, (uint16_t)MIN(x->conf.mtu, 65535U));
		p = put32(p, TAG_MASK,
			  x->conf.subnet_bits == 0 ? 0 : 0xffffffffU << (32 - x->conf.subnet_bits));
		p = put(p, TAG_ROUTER, x->conf.gateway.bytes, 4);
		if (!x->conf.no_dns)
			p = put(p, TAG_DNS, x->conf.dns.bytes, 4);
		p = put(p, TAG_MTU, mtu, 2);
		if (with_lease)
			p = put32(p, TAG_LEASE, LEASE_S);
	}
	*p = TAG_END;
	return p + 1;
}

/* Ethernet, IPv4 and UDP around n bytes of BOOTP that stand where they belong. */
static void finish(const struct ether *x, struct ether_reply *r, const struct ip *dst, size_t n)
{
	uint8_t *p = r->p + ETHER_HDR, *udp = p + PACKET_IP4_HDR;

	p[0] = 0x45;
	packet_put16(p + 2, (uint16_t)(PACKET_IP4_HDR + PACKET_UDP_HDR + n));
	p[8] = 64;
	p[9] = 17;
	memcpy(p + 12, x->conf.gateway.bytes, 4);
	memcpy(p + 16, dst->bytes, 4);
	packet_put16(p + 10, (uint16_t)~packet_fold(packet_sum(0, p, PACKET_IP4_HDR, 0)));
	packet_put16(udp, SERVER_PORT);
	packet_put16(udp + 2, CLIENT_PORT);
	packet_put16(udp + 4, (uint16_t)(PACKET_UDP_HDR + n)); /* checksum 0: none */
	r->n = ETHER_HDR + PACKET_IP4_HDR + PACKET_UDP_HDR + n;
}

static void reply(const struct ether *x, const struct request *q, uint8_t type,
		  const struct ip *given, struct ether_reply *r)
{
	const uint8_t *ciaddr = q->bootp + 12, *mac = q->bootp + 28;
	struct ip dst = given->family == IP_V4 ? *given : ether_ip4(ciaddr);
	bool all = (q->bootp[10] & 0x80) != 0 || type == DHCP_NAK;
	static const uint8_t everybody[MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint8_t *p, *b;
	size_t n;

	if (all)
		dst = ip_v4(0xffffffffU);
	b = ether_begin(x, r, all ? everybody : mac, ETHER_IP4) + PACKET_IP4_HDR + PACKET_UDP_HDR;
	memcpy(b, q->bootp, 12); /* hardware, transaction; then what is ours */
	b[0] = OP_REPLY;
	b[3] = 0;
	packet_put16(b + 10, packet_u16(q->bootp + 10));
	if (type != DHCP_NAK) {
		memcpy(b + 12, ciaddr, 4);
		if (given->family == IP_V4)
			memcpy(b + 16, given->bytes, 4);
		memcpy(b + 20, x->conf.gateway.bytes, 4);
	}
	memcpy(b + 28, q->bootp + 28, 16);
	p = put_options(x, b + BOOTP_LEN, type, given->family == IP_V4);
	n = MAX((size_t)(p - b), (size_t)BOOTP_MIN);
	finish(x, r, &dst, n);
}

/* false: nothing is to be said */
static void answer(struct ether *x, const struct request *q, struct ether_reply *r)
{
	const uint8_t *asked = q->wanted != NULL ? q->wanted : q->bootp + 12;
	struct ip none = {0}, given;

	if (q->server != NULL && memcmp(q->server, x->conf.gateway.bytes, 4) != 0)
		return; /* another server was chosen */
	if (q->type == DHCP_INFORM) {
		reply(x, q, DHCP_ACK, &none, r);
		return;
	}
	if ((q->type != DHCP_DISCOVER && q->type != DHCP_REQUEST) ||
	    !lease(x, q->bootp + 28, &given))
		return;
	if (q->type == DHCP_DISCOVER)
		reply(x, q, DHCP_OFFER, &given, r);
	else if (memcmp(asked, given.bytes, 4) == 0)
		reply(x, q, DHCP_ACK, &given, r);
	else
		reply(x, q, DHCP_NAK, &none, r);
}

bool dhcp_input(struct ether *x, const struct packet *ip, struct ether_reply *r, bool *ret_bad)
{
	const uint8_t *p = packet_at(ip, 0, PACKET_IP4_HDR), *udp;
	struct request q;
	size_t hdr;
	struct packet v;

	if (p == NULL || x->conf.dhcp_first.family != IP_V4 || p[9] != 17 ||
	    (packet_u16(p + 6) & 0x3fff) != 0)
		return false;
	hdr = (size_t)(p[0] & 15) * 4;
	udp = packet_at(ip, hdr, PACKET_UDP_HDR);
	if (hdr < PACKET_IP4_HDR || udp == NULL || packet_u16(udp + 2) != SERVER_PORT ||
	    packet_u16(udp) != CLIENT_PORT)
		return false;
	/* to everybody, or to us: a relay elsewhere may have the port, too */
	if (packet_u32(p + 16) != 0xffffffffU && memcmp(p + 16, x->conf.gateway.bytes, 4) != 0)
		return false;
	v = (struct packet){.p = udp + PACKET_UDP_HDR, .n = packet_u16(udp + 4)};
	*ret_bad = v.n < PACKET_UDP_HDR || packet_at(ip, hdr, v.n) == NULL;
	if (!*ret_bad) {
		v.n -= PACKET_UDP_HDR;
		*ret_bad = !parse(&v, &q);
	}
	if (!*ret_bad)
		answer(x, &q, r);
	return true;
}
