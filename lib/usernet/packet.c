// SPDX-License-Identifier: MIT
/* Bounded parsing of packets; see packet.h. */
#include "usernet/packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define EXTENSIONS_MAX 8 /* headers between the IPv6 header and the payload */

const uint8_t *packet_at(const struct packet *v, size_t off, size_t n)
{
	return off <= v->n && n <= v->n - off ? v->p + off : NULL;
}

uint16_t packet_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t packet_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void packet_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void packet_put32(uint8_t *p, uint32_t v)
{
	packet_put16(p, (uint16_t)(v >> 16));
	packet_put16(p + 2, (uint16_t)v);
}

/* The sum is kept in memory order (RFC 1071 section 2B) and swapped when folded; a block that
 * starts at an odd offset is summed alone and its halves swapped. */
uint64_t packet_sum(uint64_t sum, const void *data, size_t n, size_t off)
{
	const uint8_t *p = data;
	uint64_t s = 0;

	for (; n >= 8; p += 8, n -= 8) {
		uint32_t w[2];

		memcpy(w, p, 8);
		s += (uint64_t)w[0] + w[1];
	}
	for (; n >= 2; p += 2, n -= 2) {
		uint16_t w;

		memcpy(&w, p, 2);
		s += w;
	}
	if (n == 1) {
		uint16_t w = 0;

		memcpy(&w, p, 1);
		s += w;
	}
	if (off % 2 == 1) {
		while (s >> 16 != 0)
			s = (s & 0xffff) + (s >> 16);
		s = (s & 0xff) << 8 | s >> 8;
	}
	return sum + s;
}

uint16_t packet_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return ntohs((uint16_t)sum);
}

uint64_t packet_pseudo(const struct ip *src, const struct ip *dst, uint8_t proto, size_t len)
{
	size_t n = ip_bits(src) / 8;
	uint8_t h[40] = {0}; /* both forms add the same words, in whatever places */

	memcpy(h, src->bytes, n);
	memcpy(h + n, dst->bytes, n);
	packet_put32(h + 2 * n, (uint32_t)len);
	h[2 * n + 7] = proto;
	return packet_sum(0, h, sizeof(h), 0);
}

static struct ip address(uint8_t family, const uint8_t *p)
{
	struct ip a = {.family = family};

	memcpy(a.bytes, p, ip_bits(&a) / 8);
	return a;
}

static bool parse_ip4(const struct packet *v, struct packet_ip *ret)
{
	const uint8_t *h = packet_at(v, 0, PACKET_IP4_HDR);
	size_t hdr_len, total;
	uint16_t frag;

	if (h == NULL)
		return false;
	hdr_len = (size_t)(h[0] & 15) * 4;
	total = packet_u16(h + 2);
	if (hdr_len < PACKET_IP4_HDR || total < hdr_len || packet_at(v, 0, total) == NULL)
		return false;
	if (packet_fold(packet_sum(0, h, hdr_len, 0)) != 0xffff)
		return false;
	frag = packet_u16(h + 6);
	*ret = (struct packet_ip){
		.src = address(IP_V4, h + 12),
		.dst = address(IP_V4, h + 16),
		.id = packet_u16(h + 4),
		.frag_offset = (uint16_t)((frag & 0x1fff) * 8),
		.more_frags = (frag & 0x2000) != 0,
		.dont_frag = (frag & 0x4000) != 0,
		.proto = h[9],
		.ttl = h[8],
		.tos = h[1],
		.hdr = {.p = h, .n = hdr_len},
		.payload = {.p = h + hdr_len, .n = total - hdr_len},
	};
	ret->frag = ret->more_frags || ret->frag_offset != 0;
	return true;
}

/* Steps over one extension header at *off; -1 malformed or to be dropped, 0 it is none, 1 stepped.
 * A fragment that is not the whole (RFC 6946) is marked and ends the walk. */
static int skip_extension(const struct packet *v, struct packet_ip *ip, size_t *off)
{
	const uint8_t *x = packet_at(v, *off, 8);
	size_t len = 8;

	switch (ip->proto) {
	case IPPROTO_HOPOPTS:
		if (*off != PACKET_IP6_HDR)
			return -1;
		break;
	case IPPROTO_ROUTING: /* type 0 is gone (RFC 5095); with segments left it is not dst's */
		if (x == NULL || x[2] == 0 || x[3] != 0)
			return -1;
		break;
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
		break;
	default:
		return 0;
	}
	if (x == NULL)
		return -1;
	if (ip->proto == IPPROTO_FRAGMENT) {
		ip->frag_offset = packet_u16(x + 2) & 0xfff8;
		ip->more_frags = (x[3] & 1) != 0;
		ip->id = packet_u32(x + 4);
		ip->frag = ip->more_frags || ip->frag_offset != 0;
	} else {
		len += (size_t)x[1] * 8;
	}
	if (packet_at(v, *off, len) == NULL)
		return -1;
	ip->proto = x[0];
	*off += len;
	return 1;
}

static bool parse_ip6(const struct packet *v, struct packet_ip *ret)
{
	const uint8_t *h = packet_at(v, 0, PACKET_IP6_HDR);
	size_t off = PACKET_IP6_HDR;
	struct packet whole;
	int more = 1;

	if (h == NULL || packet_at(v, off, packet_u16(h + 4)) == NULL)
		return false;
	whole = (struct packet){.p = h, .n = off + packet_u16(h + 4)};
	*ret = (struct packet_ip){
		.src = address(IP_V6, h + 8),
		.dst = address(IP_V6, h + 24),
		.dont_frag = true,
		.proto = h[6],
		.ttl = h[7],
		.tos = (uint8_t)(packet_u16(h) >> 4),
	};
	for (int i = 0; more > 0 && !ret->frag; i++)
		more = i < EXTENSIONS_MAX ? skip_extension(&whole, ret, &off) : -1;
	if (more < 0)
		return false;
	ret->hdr = (struct packet){.p = h, .n = off};
	ret->payload = (struct packet){.p = h + off, .n = whole.n - off};
	return true;
}

bool packet_parse_ip(const struct packet *v, struct packet_ip *ret)
{
	const uint8_t *h = packet_at(v, 0, 1);

	if (h == NULL)
		return false;
	return h[0] >> 4 == 4 ? parse_ip4(v, ret) : h[0] >> 4 == 6 && parse_ip6(v, ret);
}

static bool sum_ok(const struct packet_ip *ip, const struct packet *v)
{
	uint64_t s = packet_pseudo(&ip->src, &ip->dst, ip->proto, v->n);

	return packet_fold(packet_sum(s, v->p, v->n, 0)) == 0xffff;
}

static void parse_sacks(const uint8_t *o, struct packet_tcp *ret)
{
	ret->n_sacks = 0;
	for (size_t at = 2; at + 8 <= o[1] && ret->n_sacks < PACKET_SACKS; at += 8) {
		struct packet_range *r = &ret->sacks[ret->n_sacks++];

		r->from = packet_u32(o + at);
		r->to = packet_u32(o + at + 4);
	}
}

static void parse_tcp_options(const struct packet *opts, struct packet_tcp *ret)
{
	size_t i = 0;

	while (i < opts->n && opts->p[i] != 0) {
		const uint8_t *o;

		if (opts->p[i] == 1) {
			i++;
			continue;
		}
		o = packet_at(opts, i, 2);
		if (o == NULL || o[1] < 2 || packet_at(opts, i, o[1]) == NULL)
			return;
		if (o[0] == 2 && o[1] == 4)
			ret->mss = packet_u16(o + 2);
		else if (o[0] == 3 && o[1] == 3)
			ret->wscale = o[2] > 14 ? 14 : o[2];
		else if (o[0] == 4 && o[1] == 2)
			ret->sack_ok = true;
		else if (o[0] == 5)
			parse_sacks(o, ret);
		i += o[1];
	}
}

bool packet_parse_tcp(const struct packet_ip *ip, bool check, struct packet_tcp *ret)
{
	const uint8_t *h = packet_at(&ip->payload, 0, PACKET_TCP_HDR);
	struct packet opts;
	size_t hdr_len;

	if (h == NULL)
		return false;
	hdr_len = (size_t)(h[12] >> 4) * 4;
	if (hdr_len < PACKET_TCP_HDR || packet_at(&ip->payload, 0, hdr_len) == NULL)
		return false;
	if (check && !sum_ok(ip, &ip->payload))
		return false;
	*ret = (struct packet_tcp){
		.sport = packet_u16(h),
		.dport = packet_u16(h + 2),
		.seq = packet_u32(h + 4),
		.ack = packet_u32(h + 8),
		.flags = h[13],
		.wnd = packet_u16(h + 14),
		.wscale = -1,
		.payload = {.p = h + hdr_len, .n = ip->payload.n - hdr_len},
	};
	opts = (struct packet){.p = h + PACKET_TCP_HDR, .n = hdr_len - PACKET_TCP_HDR};
	parse_tcp_options(&opts, ret);
	return ret->sport != 0 && ret->dport != 0;
}

bool packet_parse_udp(const struct packet_ip *ip, bool check, struct packet_udp *ret)
{
	const uint8_t *h = packet_at(&ip->payload, 0, PACKET_UDP_HDR);
	struct packet whole;
	size_t len;

	if (h == NULL)
		return false;
	len = packet_u16(h + 4);
	if (len < PACKET_UDP_HDR || packet_at(&ip->payload, 0, len) == NULL)
		return false;
	whole = (struct packet){.p = h, .n = len};
	if (check && packet_u16(h + 6) == 0 && ip->src.family == IP_V6)
		return false;
	if (check && packet_u16(h + 6) != 0 && !sum_ok(ip, &whole))
		return false;
	*ret = (struct packet_udp){
		.sport = packet_u16(h),
		.dport = packet_u16(h + 2),
		.payload = {.p = h + PACKET_UDP_HDR, .n = len - PACKET_UDP_HDR},
	};
	return ret->dport != 0;
}

bool packet_parse_echo(const struct packet_ip *ip, bool check, struct packet_echo *ret)
{
	const uint8_t *h = packet_at(&ip->payload, 0, 8);
	bool v6 = ip->src.family == IP_V6;
	uint8_t request = v6 ? PACKET_ECHO6 : PACKET_ECHO4;
	uint8_t reply = v6 ? PACKET_ECHO6_REPLY : PACKET_ECHO4_REPLY;

	if (h == NULL || (h[0] != request && h[0] != reply) || h[1] != 0)
		return false;
	if (check && v6 && !sum_ok(ip, &ip->payload))
		return false;
	if (check && !v6 && packet_fold(packet_sum(0, h, ip->payload.n, 0)) != 0xffff)
		return false;
	*ret = (struct packet_echo){
		.reply = h[0] == reply,
		.id = packet_u16(h + 4),
		.seq = packet_u16(h + 6),
		.whole = ip->payload,
	};
	return true;
}

size_t packet_ip_hdr(uint8_t family)
{
	return family == IP_V6 ? PACKET_IP6_HDR : PACKET_IP4_HDR;
}

size_t packet_write_ip(uint8_t *p, const struct ip *src, const struct ip *dst, uint8_t proto,
		       uint16_t id, size_t payload_len, bool dont_frag)
{
	size_t len = packet_ip_hdr(src->family);

	memset(p, 0, len);
	if (src->family == IP_V6) {
		p[0] = 0x60;
		packet_put16(p + 4, (uint16_t)payload_len);
		p[6] = proto;
		p[7] = PACKET_TTL;
		memcpy(p + 8, src->bytes, 16);
		memcpy(p + 24, dst->bytes, 16);
		return len;
	}
	p[0] = 0x45;
	packet_put16(p + 2, (uint16_t)(len + payload_len));
	packet_put16(p + 4, id);
	packet_put16(p + 6, dont_frag ? 0x4000 : 0);
	p[8] = PACKET_TTL;
	p[9] = proto;
	memcpy(p + 12, src->bytes, 4);
	memcpy(p + 16, dst->bytes, 4);
	packet_put16(p + 10, (uint16_t)~packet_fold(packet_sum(0, p, len, 0)));
	return len;
}
