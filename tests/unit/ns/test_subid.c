// SPDX-License-Identifier: MIT
/* subuid(5) lines as people write them, and what never may come out of them. */
#include <string.h>

#include "base/mem.h"
#include "ns/subid.h"
#include "tests/unit/harness.h"

static void parse(struct subid_ranges *r, const char *text)
{
	subid_parse(text, strlen(text), "testuser", 1001, r);
}

TEST(one_line_by_name)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	parse(&r, "other:100000:65536\ntestuser:231072:65536\n");
	CHECK_EQ(r.n, 1);
	CHECK_EQ(r.items[0].start, 231072);
	CHECK_EQ(r.items[0].count, 65536);
	CHECK_EQ(subid_total(&r), 65536);
	subid_clear(&r);
}

TEST(every_range_by_name_and_uid)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	parse(&r, "testuser:1000:10\n1001:5000:20\n10010:1:1\nx1001:1:1\ntestuser:9000:5");
	CHECK_EQ(r.n, 3);
	CHECK_EQ(r.items[1].start, 5000);
	CHECK_EQ(subid_total(&r), 35);
	subid_clear(&r);
}

TEST(bad_lines_are_skipped)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	parse(&r, "testuser\ntestuser:\ntestuser:1\ntestuser:a:1\ntestuser:1:b\ntestuser:-1:5\n"
		  "testuser:1:99999999999999999999999\n:1:1\n\n\ntestuser:0x10:5\n"
		  "testuser:4294967295:5\ntestuser:1:0\ntestuser:10:3:4\n");
	CHECK_EQ(r.n, 0);
	parse(&r, "testuser:7:3 \r\n");
	CHECK_EQ(r.n, 1);
	subid_clear(&r);
}

TEST(overlaps_are_cut_out)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	subid_add(&r, 100, 10);
	subid_add(&r, 100, 10);
	CHECK_EQ(r.n, 1);
	subid_add(&r, 95, 10);
	CHECK_EQ(r.n, 2);
	CHECK_EQ(r.items[1].start, 95);
	CHECK_EQ(r.items[1].count, 5);
	subid_add(&r, 90, 30);
	CHECK_EQ(r.n, 4);
	CHECK_EQ(r.items[2].start, 90);
	CHECK_EQ(r.items[2].count, 5);
	CHECK_EQ(r.items[3].start, 110);
	CHECK_EQ(r.items[3].count, 10);
	CHECK_EQ(subid_total(&r), 30);
	subid_clear(&r);
}

TEST(ends_before_the_id_that_is_none)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	subid_add(&r, 4294967290U, 100);
	CHECK_EQ(r.n, 1);
	CHECK_EQ(r.items[0].count, 5);
	subid_clear(&r);
}

TEST(own_id_is_taken_out)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	subid_add(&r, 1000, 10);
	subid_exclude(&r, 1001);
	CHECK_EQ(r.n, 2);
	CHECK_EQ(r.items[0].count, 1);
	CHECK_EQ(r.items[1].start, 1002);
	CHECK_EQ(r.items[1].count, 8);
	subid_exclude(&r, 5);
	CHECK_EQ(subid_total(&r), 9);
	subid_clear(&r);
}

TEST(the_kernels_limit_of_lines)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	for (uint32_t i = 0; i < 1000; i++)
		subid_add(&r, i * 10, 1);
	CHECK_EQ(r.n, 339);
	subid_clear(&r);
}

TEST(getsubids_output)
{
	static const char text[] =
		"0: testuser 100000 65536\n1: testuser 300000 10\nError x\n\n: \n";
	struct subid_ranges r = SUBID_RANGES_INIT;

	subid_parse_getsubids(text, strlen(text), &r);
	CHECK_EQ(r.n, 2);
	CHECK_EQ(r.items[1].start, 300000);
	CHECK_EQ(r.items[1].count, 10);
	subid_clear(&r);
}

TEST(a_user_without_ranges_is_told_what_to_add)
{
	struct subid_ranges r = SUBID_RANGES_INIT;
	struct err e = {0};

	CHECK_EQ(subid_load(SUBID_UID, SUBID_STATIC, "nobody-has-this-name", 3999999999U, &r, &e),
		 -1);
	CHECK(strlen(e.msg) > 0);
	CHECK_EQ(r.n, 0);
}

TEST(name_of_root)
{
	CLEANUP(freep) char *name = subid_user_name(0);

	CHECK_STR(name, "root");
}
