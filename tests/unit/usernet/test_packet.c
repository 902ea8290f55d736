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
	struct ip src = ip_v4(0x0a000264), dst = ip_v4(0xc0000201);
	uint64_t sum;

	packet_write_ip(p, &src, &dst, 6, 7, n, true);
	memset(h, 0, n);
	packet_put16(h, 40000);
	packet_put16(h + 2, 80);
	packet_put32(h + 4, 0x01020304);
	h[12] = 7 << 4;
	h[13] = PACKET_SYN;
	packet_put16(h + 14, 64240);
	memcpy(h + 20, opts, sizeof(opts));
	memcpy(h + 28, "hello", 5);
	sum = packet_sum(packet_pseudo(&src, &dst, 6, n), h, n, 0);
	packet_put16(h + 16, (uint16_t)~packet_fold(sum));
	return PACKET_IP4_HDR + n;
}

TEST(tcp_is_parsed_and_verified)
{
	uint8_t p[128];
	struct packet v = {.p = p, .n = make_syn(p)};
	struct packet_ip ip;
	struct packet_tcp t;

	CHECK(packet_parse_ip(&v, &ip));
	CHECK_EQ(ip_v4_u32(&ip.src), 0x0a000264);
	CHECK_EQ(ip_v4_u32(&ip.dst), 0xc0000201);
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
	CHECK(!packet_parse_ip(&v, &ip));
}

TEST(every_cut_is_refused_or_harmless)
{
	uint8_t p[128];
	size_t n = make_syn(p);
	struct packet_ip ip;
	struct packet v;

	for (size_t i = 0; i < n; i++) {
		v = (struct packet){.p = p, .n = i};
		CHECK(!packet_parse_ip(&v, &ip));
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
	struct packet_ip ip;
	struct packet_udp u;
	struct packet_echo e;
	struct ip src = ip_v4(1), dst = ip_v4(2);

	packet_write_ip(p, &src, &dst, 17, 1, 20, false);
	packet_put16(p + 20, 1000);
	packet_put16(p + 22, 53);
	packet_put16(p + 24, 20);
	CHECK(packet_parse_ip(&v, &ip));
	CHECK(packet_parse_udp(&ip, true, &u)); /* no checksum */
	CHECK_EQ(u.payload.n, 12);
	packet_put16(p + 24, 21);
	CHECK(!packet_parse_udp(&ip, true, &u));
	packet_put16(p + 24, 7);
	CHECK(!packet_parse_udp(&ip, true, &u));
	packet_write_ip(p, &src, &dst, 1, 1, 20, false);
	memset(p + 20, 0, 20);
	p[20] = 8;
	packet_put16(p + 24, 77);
	packet_put16(p + 22, (uint16_t)~packet_fold(packet_sum(0, p + 20, 20, 0)));
	CHECK(packet_parse_ip(&v, &ip));
	CHECK(packet_parse_echo(&ip, true, &e));
	CHECK(!e.reply && e.id == 77);
	p[30] = 1;
	CHECK(!packet_parse_echo(&ip, true, &e));
}

/* An IPv6 packet: extension headers of n_ext bytes and then udp_len bytes of a datagram. */
static size_t make_udp6(uint8_t *p, uint8_t first, const uint8_t *ext, size_t n_ext)
{
	struct ip src = {.family = IP_V6, .bytes = {0xfd, [15] = 1}};
	struct ip dst = {.family = IP_V6, .bytes = {0x20, 0x01, [15] = 2}};
	uint8_t *h = p + PACKET_IP6_HDR + n_ext;
	size_t n = PACKET_UDP_HDR + 5;

	packet_write_ip(p, &src, &dst, first, 0, n_ext + n, false);
	if (n_ext > 0)
		memcpy(p + PACKET_IP6_HDR, ext, n_ext);
	memset(h, 0, n);
	packet_put16(h, 1000);
	packet_put16(h + 2, 53);
	packet_put16(h + 4, (uint16_t)n);
	memcpy(h + 8, "hello", 5);
	packet_put16(h + 6,
		     (uint16_t)~packet_fold(packet_sum(packet_pseudo(&src, &dst, 17, n), h, n, 0)));
	return PACKET_IP6_HDR + n_ext + n;
}

TEST(ipv6_is_parsed_behind_its_extension_headers)
{
	static const uint8_t exts[] = {60, 0, 1, 4, 0, 0, 0, 0, /* hop by hop: destination next */
				       44, 0, 1, 4, 0, 0, 0, 0, /* fragment next */
				       17, 0, 0, 0, 0, 0, 0, 9 /* atomic: all of it */};
	uint8_t p[256];
	struct packet v = {.p = p};
	struct packet_ip ip;
	struct packet_udp u;

	v.n = make_udp6(p, 17, NULL, 0);
	CHECK(packet_parse_ip(&v, &ip));
	CHECK(ip.src.family == IP_V6 && ip.src.bytes[15] == 1 && ip.dst.bytes[15] == 2);
	CHECK(ip.proto == 17 && !ip.frag && ip.hdr.n == 40);
	CHECK(packet_parse_udp(&ip, true, &u));
	CHECK_MEM(u.payload.p, "hello", 5);
	packet_put16(p + 46, 0); /* IPv6 has no datagram without a checksum */
	CHECK(!packet_parse_udp(&ip, true, &u));
	v.n = make_udp6(p, 0, exts, sizeof(exts));
	CHECK(packet_parse_ip(&v, &ip));
	CHECK(ip.proto == 17 && !ip.frag && ip.hdr.n == 64);
	CHECK(packet_parse_udp(&ip, true, &u));
	for (size_t i = 0; i < 64; i++) {
		struct packet cut = {.p = p, .n = i};

		CHECK(!packet_parse_ip(&cut, &ip));
	}
}

TEST(ipv6_headers_nobody_should_send)
{
	static const uint8_t routing0[] = {17, 2, 0, 0, 0, 0, 0, 0, [23] = 0};
	static const uint8_t routing2[] = {17, 2, 2, 1, 0, 0, 0, 0, [23] = 0};
	static const uint8_t late_hop[] = {0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};
	static const uint8_t first[] = {17, 0, 0, 1, 0, 0, 0, 7};
	uint8_t p[256], many[80];
	struct packet v = {.p = p};
	struct packet_ip ip;

	v.n = make_udp6(p, 43, routing0, sizeof(routing0));
	CHECK(!packet_parse_ip(&v, &ip));
	v.n = make_udp6(p, 43, routing2, sizeof(routing2));
	CHECK(!packet_parse_ip(&v, &ip));
	v.n = make_udp6(p, 60, late_hop, sizeof(late_hop));
	CHECK(!packet_parse_ip(&v, &ip));
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 8 == 0 ? 60 : i % 8 == 2 ? 1 : i % 8 == 3 ? 4 : 0;
	v.n = make_udp6(p, 60, many, sizeof(many));
	CHECK(!packet_parse_ip(&v, &ip));
	v.n = make_udp6(p, 44, first, sizeof(first));
	CHECK(packet_parse_ip(&v, &ip));
	CHECK(ip.frag && ip.more_frags && ip.frag_offset == 0 && ip.id == 7 && ip.proto == 17);
}
