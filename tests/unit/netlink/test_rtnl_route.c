// SPDX-License-Identifier: MIT
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "netlink/rtnl.h"
#include "tests/unit/netlink/netns.h"

TEST(rules_and_neighbours)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_rule rule = {.family = IP_V4, .priority = 1000, .table = 10001, .iif = "x0"};
	struct rtnl_link_change up = {.set_up = 1};
	uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 1};
	struct ip a = ip_v4(0x0a000001);
	struct rtnl_link l;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	if (rtnl_rule_add(&nl, &rule, &e) < 0)
		SKIP("kernel without policy rules");
	CHECK_OK(rtnl_rule_add(&nl, &rule, &e), e);
	CHECK_OK(rtnl_rule_del(&nl, &rule, &e), e);
	CHECK(rtnl_rule_del(&nl, &rule, &e) < 0);
	CHECK_OK(rtnl_bridge_add(&nl, "x0", mac, 0, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "x0", &l, &e), e);
	CHECK_MEM(l.mac, mac, MAC_SIZE);
	CHECK_OK(rtnl_link_set(&nl, l.index, &up, &e), e);
	CHECK_OK(rtnl_neigh_add(&nl, l.index, &a, mac, &e), e);
	CHECK_OK(rtnl_neigh_del(&nl, l.index, &a, &e), e);
	CHECK_OK(rtnl_neigh_del(&nl, l.index, &a, &e), e);
}

TEST(rules_by_port)
{
	struct rtnl_rule port = {.family = IP_V6,
				 .priority = 2000,
				 .table = 77,
				 .ipproto = IPPROTO_TCP,
				 .dport = 443};
	struct rtnl_rule skip = {
		.family = IP_V4, .priority = 1990, .table = RT_TABLE_MAIN, .skip_default = true};
	struct rtnl_rule jump = {
		.family = IP_V4, .priority = 1980, .action = FR_ACT_GOTO, .go_to = 1990};
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	if (rtnl_rule_add(&nl, &port, &e) < 0)
		SKIP("kernel without rules by port");
	CHECK_OK(rtnl_rule_add(&nl, &skip, &e), e);
	CHECK_OK(rtnl_rule_add(&nl, &jump, &e), e);
	CHECK_OK(rtnl_rule_del(&nl, &port, &e), e);
	port.dport = 80;
	CHECK(rtnl_rule_del(&nl, &port, &e) < 0);
}

TEST(the_first_rule_moves_behind)
{
	struct rtnl_rule local = {.family = IP_V4, .priority = 900, .table = RT_TABLE_LOCAL};
	struct rtnl_rule first = {.family = IP_V4, .first = true, .table = RT_TABLE_LOCAL};
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_rule_add(&nl, &local, &e), e);
	CHECK_OK(rtnl_rule_del(&nl, &first, &e), e);
	CHECK(rtnl_rule_del(&nl, &first, &e) < 0); /* absent, and not the one at 900 */
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(rtnl_rule_del(&nl, &local, &e), e);
}
