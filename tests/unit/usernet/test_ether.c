// SPDX-License-Identifier: MIT
#include "usernet/ether.h"

#include "tests/unit/usernet/frames.h"

static size_t arp(uint8_t *f, const uint8_t *dst, uint16_t op, uint8_t sender, uint8_t target)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};
	uint8_t *p = frame(f, dst, ETHER_ARP);

	memset(p, 0, 28);
	memcpy(p, head, 6);
	packet_put16(p + 6, op);
	memcpy(p + 8, GUEST_MAC, 6);
	p[8 + 5] = sender; /* a station of its own for each address */
	memcpy(p + 14, addr4(sender).bytes, 4);
	memcpy(p + 24, addr4(target).bytes, 4);
	return ETHER_HDR + 28;
}

TEST(arp_is_answered_for_our_addresses_only)
{
	struct ether_reply r;
	struct packet ip;
	struct ether x;
	uint8_t f[64];

	link_init(&x, false);
	for (uint8_t own = 2; own <= 3; own++) {
		CHECK_EQ(in(&x, f, arp(f, ALL_MAC, 1, 100, own), &ip, &r), ETHER_REPLY);
		CHECK_EQ(r.n, ETHER_HDR + 28);
		CHECK_MEM(r.p + 6, OUR_MAC, 6);
		CHECK_EQ(packet_u16(r.p + ETHER_HDR + 6), 2);
		CHECK_MEM(r.p + ETHER_HDR + 8, OUR_MAC, 6);
		CHECK_MEM(r.p + ETHER_HDR + 14, addr4(own).bytes, 4);
		CHECK_MEM(r.p + ETHER_HDR + 24, addr4(100).bytes, 4);
	}
	/* the guest's own address, another station's, an answer */
	CHECK_EQ(in(&x, f, arp(f, ALL_MAC, 1, 0, 100), &ip, &r), ETHER_DROP);
	CHECK_EQ(in(&x, f, arp(f, ALL_MAC, 1, 100, 50), &ip, &r), ETHER_DROP);
	CHECK_EQ(in(&x, f, arp(f, OUR_MAC, 2, 100, 2), &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.answered, 2);
	CHECK_EQ(x.stats.malformed, 0);
	CHECK_EQ(in(&x, f, arp(f, ALL_MAC, 1, 100, 2) - 1, &ip, &r), ETHER_DROP);
	f[ETHER_HDR + 4] = 8;
	CHECK_EQ(in(&x, f, ETHER_HDR + 28, &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.malformed, 2);
}

TEST(stations_are_learnt)
{
	uint8_t f[64], head[20], out[ETHER_HDR];
	struct ip a = addr4(101), gateway = addr4(2), far = ip_v4(0x08080808);
	struct ether_reply r;
	struct packet ip;
	struct ether x;

	link_init(&x, false);
	head4(head, 17, gateway, a, 0);
	ether_header(&x, head, out);
	CHECK_MEM(out, GUEST_MAC, 6); /* the tap's own, while nothing better is known */
	CHECK_MEM(out + 6, OUR_MAC, 6);
	CHECK(ether_who_has(&x, &a, &r) && r.n == ETHER_HDR + 28);
	CHECK_MEM(r.p, ALL_MAC, 6);
	CHECK_MEM(r.p + ETHER_HDR + 24, a.bytes, 4);
	CHECK_EQ(in(&x, f, arp(f, OUR_MAC, 2, 101, 2), &ip, &r), ETHER_DROP);
	ether_header(&x, head, out);
	CHECK_EQ(out[5], 101);
	CHECK(!ether_who_has(&x, &a, &r));
	CHECK(!ether_who_has(&x, &far, &r)); /* not on the link: nobody there to ask */
	CHECK(!ether_who_has(&x, &gateway, &r));
	/* who says that our address is his is not believed */
	in(&x, f, arp(f, OUR_MAC, 2, 2, 3), &ip, &r);
	head4(head, 17, a, gateway, 0);
	ether_header(&x, head, out);
	CHECK_MEM(out, GUEST_MAC, 6);
	/* the table is bounded */
	for (int i = 4; i < 250; i++)
		in(&x, f, arp(f, OUR_MAC, 2, (uint8_t)i, 2), &ip, &r);
	head4(head, 17, gateway, addr4(249), 0);
	ether_header(&x, head, out);
	CHECK_EQ(out[5], 249);
}

TEST(packets_are_handed_on)
{
	struct ether_reply r;
	struct packet ip = {0};
	struct ether x;
	uint8_t f[128] = {0};

	link_init(&x, false);
	head4(frame(f, OUR_MAC, ETHER_IP4), 17, addr4(100), ip_v4(0x08080808), 10);
	CHECK_EQ(in(&x, f, ETHER_HDR + 30, &ip, &r), ETHER_PACKET);
	CHECK(ip.p == f + ETHER_HDR && ip.n == 30);
	CHECK_EQ(in(&x, f, ETHER_HDR + 19, &ip, &r), ETHER_DROP);
	CHECK_EQ(in(&x, f, 13, &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.runt, 2);
	f[0] ^= 4; /* for somebody else */
	CHECK_EQ(in(&x, f, ETHER_HDR + 30, &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.foreign, 1);
	memcpy(f, ALL_MAC, 6);
	CHECK_EQ(in(&x, f, ETHER_HDR + 30, &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.multicast, 1);
	frame(f, OUR_MAC, ETHER_VLAN);
	CHECK_EQ(in(&x, f, ETHER_HDR + 30, &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.vlan, 1);
	frame(f, OUR_MAC, 0x88cc);
	CHECK_EQ(in(&x, f, ETHER_HDR + 30, &ip, &r), ETHER_DROP);
	f[ETHER_HDR] = 0x60;
	frame(f, OUR_MAC, ETHER_IP6);
	CHECK_EQ(in(&x, f, ETHER_HDR + 60, &ip, &r), ETHER_DROP); /* IPv6 was not asked for */
	CHECK_EQ(x.stats.unknown_type, 2);
	x.conf.prefix6 = (struct ip_prefix){.ip = addr6("fd00::"), .bits = 64};
	CHECK_EQ(in(&x, f, ETHER_HDR + 60, &ip, &r), ETHER_PACKET);
}
