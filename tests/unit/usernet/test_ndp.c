// SPDX-License-Identifier: MIT
#include "tests/unit/usernet/frames.h"

#define IP6 (ETHER_HDR + 40)

static bool sum_is_right(const uint8_t *ip, size_t n)
{
	struct ip src = {.family = IP_V6}, dst = src;

	memcpy(src.bytes, ip + 8, 16);
	memcpy(dst.bytes, ip + 24, 16);
	return packet_fold(packet_sum(packet_pseudo(&src, &dst, 58, n), ip + 40, n, 0)) == 0xffff;
}

/* A message of n bytes of ICMPv6 whose type and body are in f already; returns the frame's size. */
static size_t finish(uint8_t *f, const char *from, const char *to, size_t n)
{
	uint8_t *p = frame(f, OUR_MAC, ETHER_IP6);
	struct ip src = addr6(from), dst = addr6(to);

	memset(p, 0, 40);
	packet_write_ip(p, &src, &dst, 58, 0, n, false);
	p[7] = 255;
	packet_put16(p + 42, 0);
	packet_put16(p + 42, (uint16_t)~packet_fold(
				     packet_sum(packet_pseudo(&src, &dst, 58, n), p + 40, n, 0)));
	return IP6 + n;
}

static size_t solicit(uint8_t *f, const char *from, const char *target)
{
	memset(f, 0, 128);
	f[IP6] = 135;
	memcpy(f + IP6 + 8, addr6(target).bytes, 16);
	f[IP6 + 24] = 1;
	f[IP6 + 25] = 1;
	memcpy(f + IP6 + 26, GUEST_MAC, 6);
	return finish(f, from, "ff02::1:ff00:2", 32);
}

TEST(neighbour_solicitations)
{
	struct ether_reply r;
	struct packet ip;
	struct ether x;
	uint8_t f[128];

	link_init(&x, true);
	CHECK_EQ(in(&x, f, solicit(f, "fd00::100", "fd00::2"), &ip, &r), ETHER_REPLY);
	CHECK_EQ(r.n, IP6 + 32);
	CHECK_MEM(r.p, GUEST_MAC, 6);
	CHECK_EQ(r.p[IP6], 136);
	CHECK_EQ(r.p[IP6 + 4], 0xe0); /* router, solicited, override */
	CHECK_EQ(r.p[ETHER_HDR + 7], 255);
	CHECK_MEM(r.p + IP6 + 8, addr6("fd00::2").bytes, 16);
	CHECK_MEM(r.p + IP6 + 26, OUR_MAC, 6);
	CHECK(sum_is_right(r.p + ETHER_HDR, 32));
	CHECK_EQ(in(&x, f, solicit(f, "fe80::5", "fe80::2"), &ip, &r), ETHER_REPLY);
	CHECK_EQ(in(&x, f, solicit(f, "fe80::5", "fd00::3"), &ip, &r), ETHER_REPLY);
	/* duplicate detection of our address: everybody is told */
	CHECK_EQ(in(&x, f, solicit(f, "::", "fd00::3"), &ip, &r), ETHER_REPLY);
	CHECK_EQ(r.p[0], 0x33);
	CHECK_EQ(r.p[IP6 + 4], 0xa0);
	/* of another: silence, so that it is free */
	CHECK_EQ(in(&x, f, solicit(f, "::", "fd00::100"), &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.malformed, 0);
}

TEST(router_solicitation)
{
	struct ether_reply r;
	struct packet ip;
	struct ether x;
	uint8_t f[128] = {0};
	size_t n;

	link_init(&x, true);
	f[IP6] = 133;
	CHECK_EQ(in(&x, f, finish(f, "fe80::5", "ff02::2", 8), &ip, &r), ETHER_REPLY);
	n = r.n - IP6;
	CHECK_EQ(n, 16 + 8 + 8 + 32 + 24);
	CHECK_EQ(r.p[IP6], 134);
	CHECK_EQ(packet_u16(r.p + IP6 + 6), 65535);
	CHECK_MEM(r.p + ETHER_HDR + 8, addr6("fe80::2").bytes, 16);
	CHECK_MEM(r.p + IP6 + 16 + 8 + 8 + 16, addr6("fd00::").bytes, 16);
	CHECK_MEM(r.p + IP6 + 64 + 8, addr6("fd00::3").bytes, 16);
	CHECK(sum_is_right(r.p + ETHER_HDR, n));
	x.conf.no_dns = true;
	ether_advertise(&x, &r);
	CHECK_EQ(r.n - IP6, n - 24);
	x.conf.prefix6.ip.family = IP_NONE;
	ether_advertise(&x, &r);
	CHECK_EQ(r.n, 0);
}

TEST(what_is_wrong_is_dropped)
{
	struct ether_reply r;
	struct packet ip;
	struct ether x;
	uint8_t f[128];
	size_t n;

	link_init(&x, true);
	n = solicit(f, "fd00::100", "fd00::2");
	f[ETHER_HDR + 7] = 254; /* from beyond a router */
	CHECK_EQ(in(&x, f, n, &ip, &r), ETHER_DROP);
	n = solicit(f, "fd00::100", "fd00::2");
	f[IP6 + 2] ^= 1; /* checksum */
	CHECK_EQ(in(&x, f, n, &ip, &r), ETHER_DROP);
	n = solicit(f, "fd00::100", "fd00::2");
	CHECK_EQ(in(&x, f, n - 1, &ip, &r), ETHER_DROP);
	solicit(f, "fd00::100", "fd00::2");
	f[IP6 + 25] = 0; /* an option of no length */
	CHECK_EQ(in(&x, f, finish(f, "fd00::100", "fd00::2", 32), &ip, &r), ETHER_DROP);
	solicit(f, "fd00::100", "fd00::2");
	f[IP6 + 25] = 9; /* and one beyond the end */
	CHECK_EQ(in(&x, f, finish(f, "fd00::100", "fd00::2", 32), &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.malformed, 5);
	CHECK_EQ(x.stats.answered, 0);
}

TEST(an_advertisement_is_learnt)
{
	struct ip a = addr6("fd00::7");
	uint8_t f[128] = {0}, head[40] = {0}, out[ETHER_HDR];
	struct ether_reply r;
	struct packet ip;
	struct ether x;

	link_init(&x, true);
	CHECK(ether_who_has(&x, &a, &r) && r.p[IP6] == 135);
	CHECK(sum_is_right(r.p + ETHER_HDR, 32));
	f[IP6] = 136;
	memcpy(f + IP6 + 8, a.bytes, 16);
	f[IP6 + 24] = 2;
	f[IP6 + 25] = 1;
	memcpy(f + IP6 + 26, "\2\7\7\7\7\7", 6);
	CHECK_EQ(in(&x, f, finish(f, "fd00::7", "fe80::2", 32), &ip, &r), ETHER_DROP);
	CHECK(!ether_who_has(&x, &a, &r));
	head[0] = 0x60;
	memcpy(head + 24, a.bytes, 16);
	ether_header(&x, head, out);
	CHECK_MEM(out, "\2\7\7\7\7\7", 6);
	CHECK_EQ(packet_u16(out + 12), ETHER_IP6);
}
