// SPDX-License-Identifier: MIT
#include <errno.h>

#include "base/mem.h"
#include "netlink/rtnl.h"
#include "tests/unit/netlink/netns.h"

static int count_addr(const struct rtnl_addr *a, void *arg)
{
	*(int *)arg += a->prefix.ip.family == IP_V4;
	return 0;
}

TEST(a_batch_does_all_and_tells_the_first_failure)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct ip_prefix p = {.ip = ip_v4(0x0a090001), .bits = 24};
	struct rtnl_link_change bad = {.master = 0x7ffffff0};
	struct rtnl_link l;
	int n = 0;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_bridge_add(&nl, "br0", NULL, 0, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "br0", &l, &e), e);
	rtnl_batch_begin(&nl);
	CHECK_OK(rtnl_batch_end(&nl, &e), e);
	rtnl_batch_begin(&nl);
	CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e);
	CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e); /* already there is success */
	CHECK(rtnl_link_get(&nl, "br0", &l, &e) < 0);	  /* no questions here */
	CHECK_OK(rtnl_link_set(&nl, l.index, &bad, &e), e);
	CHECK_OK(rtnl_link_set(&nl, 99999, &bad, &e), e);
	p.ip = ip_v4(0x0a090002);
	CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e);
	CHECK(rtnl_batch_end(&nl, &e) < 0);
	CHECK(strstr(e.msg, "set link") != NULL);
	CHECK(e.sys != 0 && e.sys != EEXIST);
	CHECK_OK(rtnl_addrs(&nl, count_addr, &n, &e), e);
	CHECK_EQ(n, 2);
}

TEST(a_batch_of_any_length)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct ip_prefix p = {.bits = 16};
	struct rtnl_link l;
	int n = 0;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "lo", &l, &e), e);
	rtnl_batch_begin(&nl);
	for (uint32_t i = 0; i < 500; i++) {
		p.ip = ip_v4(0x0a090001 + i);
		CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e);
	}
	CHECK_OK(rtnl_batch_end(&nl, &e), e);
	CHECK_OK(rtnl_addrs(&nl, count_addr, &n, &e), e);
	CHECK_EQ(n, 500);
}
