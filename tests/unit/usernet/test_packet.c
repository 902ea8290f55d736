// SPDX-License-Identifier: MIT
#include "usernet/packet.h"

#include <string.h>

#include "tests/unit/harness.h"

/* A SYN from 10.0.2.100:40000 to 192.0.2.1:80 with MSS 1460 and window scale 7. */
static size_t make_syn(uint8_t *p)
{
	static const uint8_t opts[] = {2, 4, 5, 180, 1, 3, 3, 7};
	uint8_t *h = p + PACKET_IP4_HDR;
	size_t n = PACKET_TCP_HDR + sizeof(opts) + 5;
	uint64_t sum;

	packet_write_ip4(p, 0x0a000264, 0xc0000201, 6, 7, n, true);
	memset(h, 0, n);
	packet_put16(h, 40000);
	packet_put16(h + 2, 80);
	packet_put32(h + 4, 0x01020304);
	h[12] = 7 << 4;
	h[13] = PACKET_SYN;
	packet_put16(h + 14, 64240);
	memcpy(h + 20, opts, sizeof(opts));
	memcpy(h + 28, "hello", 5);
	sum = packet_sum(packet_pseudo(0x0a000264, 0xc0000201, 6, n), h, n, 0);
	packet_put16(h + 16, (uint16_t)~packet_fold(sum));
	return PACKET_IP4_HDR + n;
}

TEST(tcp_is_parsed_and_verified)
{
	uint8_t p[128];
	struct packet v = {.p = p, .n = make_syn(p)};
	struct packet_ip4 ip;
	struct packet_tcp t;

	CHECK(packet_parse_ip4(&v, &ip));
	CHECK_EQ(ip.src, 0x0a000264);
	CHECK_EQ(ip.dst, 0xc0000201);
	CHECK_EQ(ip.proto, 6);
	CHECK(ip.dont_frag && !ip.more_frags);
	CHECK(packet_parse_tcp(&ip, true, &t));
	CHECK(t.sport == 40000 && t.dport == 80 && t.flags == PACKET_SYN);
	CHECK_EQ(t.seq, 0x01020304);
	CHECK_EQ(t.mss, 1460);
	CHECK_EQ(t.wscale, 7);
	CHECK_EQ(t.payload.n, 5);
	CHECK_MEM(t.payload.p, "hello", 5);
	p[50] ^= 1;
	CHECK(!packet_parse_tcp(&ip, true, &t));
	CHECK(packet_parse_tcp(&ip, false, &t));
	p[8] ^= 1;
	CHECK(!packet_parse_ip4(&v, &ip));
}

TEST(every_cut_is_refused_or_harmless)
{
	uint8_t p[128];
	size_t n = make_syn(p);
	struct packet_ip4 ip;
	struct packet v;

	for (size_t i = 0; i < n; i++) {
		v = (struct packet){.p = p, .n = i};
		CHECK(!packet_parse_ip4(&v, &ip));
	}
}

TEST(sum_over_odd_parts)
{
	uint8_t p[64];
	uint64_t whole, parts;

	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = (uint8_t)(i * 37 + 11);
	whole = packet_sum(0, p, sizeof(p), 0);
	for (size_t cut = 0; cut <= sizeof(p); cut++) {
		parts = packet_sum(0, p, cut, 0);
		parts = packet_sum(parts, p + cut, sizeof(p) - cut, cut);
		CHECK_EQ(packet_fold(parts), packet_fold(whole));
	}
}

TEST(udp_and_echo)
{
	uint8_t p[64] = {0};
	struct packet v = {.p = p, .n = 40};
	struct packet_ip4 ip;
	struct packet_udp u;
	struct packet_echo e;

	packet_write_ip4(p, 1, 2, 17, 1, 20, false);
	packet_put16(p + 20, 1000);
	packet_put16(p + 22, 53);
	packet_put16(p + 24, 20);
	CHECK(packet_parse_ip4(&v, &ip));
	CHECK(packet_parse_udp(&ip, true, &u)); /* no checksum */
	CHECK_EQ(u.payload.n, 12);
	packet_put16(p + 24, 21);
	CHECK(!packet_parse_udp(&ip, true, &u));
	packet_put16(p + 24, 7);
	CHECK(!packet_parse_udp(&ip, true, &u));
	packet_write_ip4(p, 1, 2, 1, 1, 20, false);
	memset(p + 20, 0, 20);
	p[20] = 8;
	packet_put16(p + 24, 77);
	packet_put16(p + 22, (uint16_t)~packet_fold(packet_sum(0, p + 20, 20, 0)));
	CHECK(packet_parse_ip4(&v, &ip));
	CHECK(packet_parse_echo(&ip, &e));
	CHECK(e.type == 8 && e.id == 77);
	p[30] = 1;
	CHECK(!packet_parse_echo(&ip, &e));
}
