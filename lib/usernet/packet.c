// SPDX-License-Identifier: MIT
/* Bounded parsing of packets; see packet.h. */
#include "usernet/packet.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

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

uint64_t packet_pseudo(uint32_t src, uint32_t dst, uint8_t proto, size_t len)
{
	uint8_t h[12];

	packet_put32(h, src);
	packet_put32(h + 4, dst);
	h[8] = 0;
	h[9] = proto;
	packet_put16(h + 10, (uint16_t)len);
	return packet_sum(0, h, sizeof(h), 0);
}

bool packet_parse_ip4(const struct packet *v, struct packet_ip4 *ret)
{
	const uint8_t *h = packet_at(v, 0, PACKET_IP4_HDR);
	size_t hdr_len, total;
	uint16_t frag;

	if (h == NULL || h[0] >> 4 != 4)
		return false;
	hdr_len = (size_t)(h[0] & 15) * 4;
	total = packet_u16(h + 2);
	if (hdr_len < PACKET_IP4_HDR || total < hdr_len || packet_at(v, 0, total) == NULL)
		return false;
	if (packet_fold(packet_sum(0, h, hdr_len, 0)) != 0xffff)
		return false;
	frag = packet_u16(h + 6);
	*ret = (struct packet_ip4){
		.src = packet_u32(h + 12),
		.dst = packet_u32(h + 16),
		.id = packet_u16(h + 4),
		.frag_offset = (uint16_t)((frag & 0x1fff) * 8),
		.more_frags = (frag & 0x2000) != 0,
		.dont_frag = (frag & 0x4000) != 0,
		.proto = h[9],
		.ttl = h[8],
		.tos = h[1],
		.hdr_len = (uint8_t)hdr_len,
		.payload = {.p = h + hdr_len, .n = total - hdr_len},
	};
	return true;
}

static bool sum_ok(const struct packet_ip4 *ip, const struct packet *v)
{
	uint64_t s = packet_pseudo(ip->src, ip->dst, ip->proto, v->n);

	return packet_fold(packet_sum(s, v->p, v->n, 0)) == 0xffff;
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
		i += o[1];
	}
}

bool packet_parse_tcp(const struct packet_ip4 *ip, bool check, struct packet_tcp *ret)
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

bool packet_parse_udp(const struct packet_ip4 *ip, bool check, struct packet_udp *ret)
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
	if (check && packet_u16(h + 6) != 0 && !sum_ok(ip, &whole))
		return false;
	*ret = (struct packet_udp){
		.sport = packet_u16(h),
		.dport = packet_u16(h + 2),
		.payload = {.p = h + PACKET_UDP_HDR, .n = len - PACKET_UDP_HDR},
	};
	return ret->dport != 0;
}

bool packet_parse_echo(const struct packet_ip4 *ip, struct packet_echo *ret)
{
	const uint8_t *h = packet_at(&ip->payload, 0, 8);

	if (h == NULL || (h[0] != 8 && h[0] != 0) || h[1] != 0)
		return false;
	if (packet_fold(packet_sum(0, h, ip->payload.n, 0)) != 0xffff)
		return false;
	*ret = (struct packet_echo){
		.type = h[0],
		.id = packet_u16(h + 4),
		.seq = packet_u16(h + 6),
		.whole = ip->payload,
	};
	return true;
}

void packet_write_ip4(uint8_t *p, uint32_t src, uint32_t dst, uint8_t proto, uint16_t id,
		      size_t payload_len, bool dont_frag)
{
	memset(p, 0, PACKET_IP4_HDR);
	p[0] = 0x45;
	packet_put16(p + 2, (uint16_t)(PACKET_IP4_HDR + payload_len));
	packet_put16(p + 4, id);
	packet_put16(p + 6, dont_frag ? 0x4000 : 0);
	p[8] = 64;
	p[9] = proto;
	packet_put32(p + 12, src);
	packet_put32(p + 16, dst);
	packet_put16(p + 10, (uint16_t)~packet_fold(packet_sum(0, p, PACKET_IP4_HDR, 0)));
}
