// SPDX-License-Identifier: MIT
#include "usernet/frag.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

static bool add(struct frag_table *t, uint16_t id, uint16_t off, size_t n, bool more, int64_t now,
		uint8_t **ret, size_t *ret_len)
{
	static uint8_t data[2048];
	struct packet_ip ip = {.src = ip_v4(1),
			       .dst = ip_v4(2),
			       .id = id,
			       .proto = 17,
			       .frag_offset = off,
			       .more_frags = more,
			       .frag = true,
			       .payload = {.p = data, .n = n}};

	for (size_t i = 0; i < n; i++)
		data[i] = (uint8_t)((off + i) / 8);
	return frag_add(t, &ip, now, ret, ret_len);
}

TEST(any_order_makes_the_whole)
{
	struct frag_table *t = xcalloc(1, sizeof(*t));
	uint8_t *p = NULL;
	size_t n = 0;

	CHECK(!add(t, 1, 1480, 500, false, 0, &p, &n));
	CHECK(!add(t, 2, 0, 1480, true, 0, &p, &n));
	CHECK(add(t, 1, 0, 1480, true, 0, &p, &n));
	CHECK_EQ(n, 20 + 1980);
	for (size_t i = 0; i < 1980; i++)
		CHECK_EQ(p[20 + i], (uint8_t)(i / 8));
	free(p);
	frag_clear(t);
	free(t);
}

TEST(overlaps_and_old_ones_are_dropped)
{
	struct frag_table *t = xcalloc(1, sizeof(*t));
	uint8_t *p = NULL;
	size_t n = 0;

	CHECK(!add(t, 1, 0, 1480, true, 0, &p, &n));
	CHECK(!add(t, 1, 1472, 500, false, 0, &p, &n));
	CHECK(!add(t, 1, 1480, 500, false, 0, &p, &n)); /* the first part went with the overlap */
	CHECK(!add(t, 3, 0, 1480, true, 0, &p, &n));
	CHECK(!add(t, 3, 1480, 500, false, 5000, &p, &n));
	CHECK(!add(t, 4, 65528, 1000, false, 0, &p, &n));
	CHECK(!add(t, 4, 0, 7, true, 0, &p, &n));
	for (uint16_t id = 10; id < 200; id++)
		CHECK(!add(t, id, 0, 8, true, 5000, &p, &n));
	frag_clear(t);
	free(t);
}

static struct packet_ip part6(uint32_t id, uint8_t source, uint16_t off, size_t n, bool more)
{
	static uint8_t data[2048];

	return (struct packet_ip){.src = {.family = IP_V6, .bytes = {0xfd, [15] = source}},
				  .dst = {.family = IP_V6, .bytes = {0x20, 1}},
				  .id = id,
				  .proto = 17,
				  .frag_offset = off,
				  .more_frags = more,
				  .frag = true,
				  .payload = {.p = data, .n = n}};
}

TEST(ipv6_is_made_whole_too)
{
	struct frag_table *t = xcalloc(1, sizeof(*t));
	struct packet_ip a = part6(0x12345678, 1, 0, 1232, true);
	struct packet_ip b = part6(0x12345678, 1, 1232, 100, false);
	struct packet_ip other = part6(0x22345678, 1, 1232, 100, false), ip;
	struct packet v;
	uint8_t *p = NULL;
	size_t n = 0;

	CHECK(!frag_add(t, &other, 0, &p, &n));
	CHECK(!frag_add(t, &b, 0, &p, &n));
	CHECK(frag_add(t, &a, 0, &p, &n));
	CHECK_EQ(n, 40 + 1332);
	v = (struct packet){.p = p, .n = n};
	CHECK(packet_parse_ip(&v, &ip));
	CHECK(ip.proto == 17 && !ip.frag && ip.payload.n == 1332);
	free(p);
	frag_clear(t);
	free(t);
}

TEST(one_source_has_its_share_only)
{
	struct frag_table *t = xcalloc(1, sizeof(*t));
	struct packet_ip quiet = part6(1, 1, 0, 8, true), end = part6(1, 1, 8, 8, false);
	uint8_t *p = NULL;
	size_t n = 0;

	CHECK(!frag_add(t, &quiet, 0, &p, &n));
	for (uint32_t id = 0; id < 1000; id++) {
		struct packet_ip noisy = part6(id, 2, 0, 8, true);

		CHECK(!frag_add(t, &noisy, 1, &p, &n));
	}
	CHECK_EQ(t->n_dropped, 1000 - USERNET_FRAG_PER_SOURCE);
	CHECK(frag_add(t, &end, 2, &p, &n));
	free(p);
	frag_clear(t);
	free(t);
}
