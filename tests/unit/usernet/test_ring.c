// SPDX-License-Identifier: MIT
#include "usernet/ring.h"

#include <string.h>

#include "tests/unit/harness.h"

static void gather(const struct ring *r, size_t off, size_t n, char *out)
{
	struct iovec iov[2];
	int parts = ring_view(r, off, n, iov);

	for (int i = 0; i < parts; i++) {
		memcpy(out, iov[i].iov_base, iov[i].iov_len);
		out += iov[i].iov_len;
	}
}

TEST(bytes_wrap_around)
{
	struct ring_budget b = {.max = 1 << 20};
	struct ring r = {0};
	static char chunk[12000], out[12000];

	for (int i = 0; i < 50; i++) {
		memset(chunk, i, sizeof(chunk));
		CHECK(ring_room(&r, &b, sizeof(chunk), 65536) >= sizeof(chunk));
		ring_add(&r, chunk, sizeof(chunk));
		gather(&r, 0, sizeof(chunk), out);
		CHECK_MEM(out, chunk, sizeof(chunk));
		ring_consume(&r, sizeof(chunk) - 1);
		gather(&r, 0, 1, out);
		CHECK_EQ(out[0], i);
		ring_consume(&r, 1);
	}
	CHECK_EQ(r.len, 0);
	ring_clear(&r, &b);
	CHECK_EQ(b.used, 0);
}

TEST(growth_keeps_bytes_and_stops_at_the_bounds)
{
	struct ring_budget b = {.max = 100000};
	struct ring r = {0}, other = {0};
	static char chunk[10000], out[4];

	ring_room(&r, &b, 10000, 1 << 20);
	ring_add(&r, chunk, 10000);
	ring_consume(&r, 9996);
	memset(chunk, 7, sizeof(chunk));
	CHECK(ring_room(&r, &b, 10000, 1 << 20) >= 10000);
	ring_add(&r, chunk, 10000);
	CHECK(ring_room(&r, &b, 30000, 1 << 20) >= 30000);
	gather(&r, 4, 4, out);
	CHECK_MEM(out, chunk, 4);
	CHECK(ring_room(&r, &b, 200000, 1 << 20) < 200000);
	CHECK(b.used <= b.max);
	ring_room(&other, &b, 65536, 1 << 20);
	CHECK(b.used <= b.max);
	ring_clear(&r, &b);
	ring_clear(&other, &b);
	CHECK_EQ(b.used, 0);
}

TEST(a_share_leaves_something_for_others)
{
	struct ring_budget all = {.max = 1 << 20}, one = {.max = 3 << 18, .all = &all};
	struct ring_budget other = {.max = 3 << 18, .all = &all};
	struct ring greedy[64] = {0}, r = {0};

	for (size_t i = 0; i < 64; i++)
		ring_room(&greedy[i], &one, 1 << 16, 1 << 16);
	CHECK(one.used <= one.max && all.used == one.used);
	CHECK(ring_room(&r, &other, 1 << 16, 1 << 16) >= 1 << 16);
	CHECK_EQ(all.used, one.used + other.used);
	for (size_t i = 0; i < 64; i++)
		ring_clear(&greedy[i], &one);
	ring_clear(&r, &other);
	CHECK(all.used == 0 && one.used == 0 && other.used == 0);
}
