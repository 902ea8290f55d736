// SPDX-License-Identifier: MIT
#include "tests/unit/usernet/frames.h"

#define BOOTP (ETHER_HDR + 28)

/* A request of station number mac; options beyond the type are in extra. */
static size_t request(uint8_t *f, uint8_t mac, uint8_t type, const uint8_t *extra, size_t n_extra)
{
	static const uint8_t magic[7] = {99, 130, 83, 99, 53, 1};
	size_t n = 240 + 3 + n_extra + 1;
	uint8_t *p = frame(f, ALL_MAC, ETHER_IP4), *b = f + BOOTP;

	memset(p, 0, 400);
	head4(p, 17, ip_v4(0), ip_v4(0xffffffffU), 8 + n);
	packet_put16(p + 20, 68);
	packet_put16(p + 22, 67);
	packet_put16(p + 24, (uint16_t)(8 + n));
	b[0] = b[1] = 1;
	b[2] = 6;
	memcpy(b + 4, "abcd", 4);
	memcpy(b + 28, GUEST_MAC, 6);
	b[33] = mac;
	memcpy(b + 236, magic, 6);
	b[242] = type;
	if (n_extra > 0)
		memcpy(b + 243, extra, n_extra);
	b[243 + n_extra] = 255;
	return BOOTP + n;
}

/* An option of an answer, or NULL. */
static const uint8_t *option(const struct ether_reply *r, uint8_t tag)
{
	for (size_t i = BOOTP + 240; i < r->n && r->p[i] != 255; i += 2 + r->p[i + 1])
		if (r->p[i] == tag)
			return r->p + i + 2;
	return NULL;
}

TEST(offer_and_acknowledgement)
{
	uint8_t f[512], want[6] = {50, 4, 10, 0, 2, 15};
	struct ether_reply r;
	struct packet ip;
	struct ether x;

	link_init(&x, false);
	CHECK_EQ(in(&x, f, request(f, 1, 1, NULL, 0), &ip, &r), ETHER_REPLY);
	CHECK_EQ(packet_fold(packet_sum(0, r.p + ETHER_HDR, 20, 0)), 0xffff);
	CHECK_MEM(r.p + ETHER_HDR + 12, addr4(2).bytes, 4);
	CHECK_EQ(packet_u16(r.p + ETHER_HDR + 22), 68);
	CHECK_MEM(r.p + BOOTP + 4, "abcd", 4);
	CHECK_MEM(r.p + BOOTP + 16, addr4(15).bytes, 4);
	CHECK_EQ(*option(&r, 53), 2);
	CHECK_MEM(option(&r, 1), "\377\377\377\0", 4);
	CHECK_MEM(option(&r, 3), addr4(2).bytes, 4);
	CHECK_MEM(option(&r, 6), addr4(3).bytes, 4);
	CHECK_EQ(packet_u16(option(&r, 26)), 1500);
	CHECK_EQ(packet_u32(option(&r, 51)), 86400);
	CHECK_EQ(in(&x, f, request(f, 1, 3, want, 6), &ip, &r), ETHER_REPLY);
	CHECK_EQ(*option(&r, 53), 5);
	want[5] = 77; /* not what it was offered */
	CHECK_EQ(in(&x, f, request(f, 1, 3, want, 6), &ip, &r), ETHER_REPLY);
	CHECK_EQ(*option(&r, 53), 6);
	CHECK_MEM(r.p, ALL_MAC, 6);
	CHECK_EQ(in(&x, f, request(f, 1, 8, NULL, 0), &ip, &r), ETHER_REPLY);
	CHECK(*option(&r, 53) == 5 && option(&r, 51) == NULL);
}

TEST(sixteen_stations)
{
	struct ether_reply r;
	struct packet ip;
	struct ether x;
	uint8_t f[512];

	link_init(&x, false);
	for (uint8_t i = 0; i < 16; i++) {
		CHECK_EQ(in(&x, f, request(f, i, 1, NULL, 0), &ip, &r), ETHER_REPLY);
		CHECK_EQ(r.p[BOOTP + 19], 15 + i);
	}
	CHECK_EQ(in(&x, f, request(f, 16, 1, NULL, 0), &ip, &r), ETHER_DROP);
	CHECK_EQ(in(&x, f, request(f, 3, 1, NULL, 0), &ip, &r), ETHER_REPLY);
	CHECK_EQ(r.p[BOOTP + 19], 18);
}

TEST(not_for_us_or_not_right)
{
	static const uint8_t other[6] = {54, 4, 10, 0, 2, 9};
	struct ether_reply r;
	struct packet ip;
	struct ether x;
	uint8_t f[512];
	size_t n;

	link_init(&x, false);
	CHECK_EQ(in(&x, f, request(f, 1, 3, other, 6), &ip, &r), ETHER_DROP);
	CHECK_EQ(x.stats.malformed, 0);
	for (n = request(f, 1, 1, NULL, 0) - 1; n > BOOTP - 8; n -= 7)
		CHECK_EQ(in(&x, f, n, &ip, &r), ETHER_DROP);
	n = request(f, 1, 1, NULL, 0);
	f[BOOTP + 240 + 1] = 200; /* an option beyond the end */
	CHECK_EQ(in(&x, f, n, &ip, &r), ETHER_DROP);
	n = request(f, 1, 1, NULL, 0);
	f[BOOTP + 236] = 0;
	CHECK_EQ(in(&x, f, n, &ip, &r), ETHER_DROP);
	CHECK(x.stats.malformed > 30);
	CHECK_EQ(x.stats.answered, 0);
}
