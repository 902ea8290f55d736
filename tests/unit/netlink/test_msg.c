// SPDX-License-Identifier: MIT
#include "netlink/msg.h"

#include <string.h>

#include "tests/unit/harness.h"

TEST(what_is_built_can_be_parsed)
{
	_Alignas(4) unsigned char data[256];
	struct nl_attr a, sub;
	struct nl_reply r;
	struct nl_build b;
	struct nl_view v;
	char name[16];
	size_t nest;

	nl_build_init(&b, data, sizeof(data), 16, NLM_F_ACK);
	nl_build_raw(&b, "abcde", 5);
	nl_build_str(&b, 3, "docker0");
	nest = nl_build_nest(&b, 18);
	nl_build_u32(&b, 1, 77);
	nl_build_nest_end(&b, nest);
	CHECK(nl_build_end(&b, 9));
	v = (struct nl_view){.p = data, .n = b.len};
	CHECK(nl_next_msg(&v, &r));
	CHECK_EQ(r.type, 16);
	CHECK_EQ(r.seq, 9);
	CHECK_EQ(r.flags, NLM_F_ACK | NLM_F_REQUEST);
	CHECK_MEM(nl_skip(&r.body, 5), "abcde", 5);
	CHECK(nl_next_attr(&r.body, &a));
	nl_attr_str(&a, name, sizeof(name));
	CHECK_STR(name, "docker0");
	CHECK(nl_next_attr(&r.body, &a));
	CHECK_EQ(a.type, 18);
	CHECK(nl_next_attr(&a.value, &sub));
	CHECK_EQ(nl_attr_u32(&sub, 0), 77);
	CHECK(!nl_next_attr(&r.body, &a));
	CHECK(!nl_next_msg(&v, &r));
}

TEST(overflow_is_remembered)
{
	_Alignas(4) unsigned char data[32];
	struct nl_build b;

	nl_build_init(&b, data, sizeof(data), 16, 0);
	nl_build_str(&b, 3, "a name that does not fit");
	nl_build_u8(&b, 4, 1);
	CHECK(b.overflow);
	CHECK(!nl_build_end(&b, 1));
}

TEST(lying_lengths_end_the_walk)
{
	_Alignas(4) unsigned char data[20] = {24, 0, 0, 0};
	struct nl_view v = {.p = data, .n = sizeof(data)};
	struct nl_reply r;
	struct nl_attr a;

	CHECK(!nl_next_msg(&v, &r));
	data[0] = 15;
	CHECK(!nl_next_msg(&v, &r));
	data[0] = 3;
	CHECK(!nl_next_attr(&v, &a));
	data[0] = 21;
	CHECK(!nl_next_attr(&v, &a));
}
