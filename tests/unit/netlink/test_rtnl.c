// SPDX-License-Identifier: MIT
#include "netlink/rtnl.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/mem.h"
#include "tests/unit/netlink/netns.h"

TEST(links_addresses_routes)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link_change up = {.set_up = 1, .mtu = 1400};
	struct rtnl_route r = {0};
	struct rtnl_link l;
	struct ip_prefix p;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_bridge_add(&nl, "br0", NULL, &e), e);
	CHECK(rtnl_bridge_add(&nl, "br0", NULL, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_OK(rtnl_link_get(&nl, "br0", &l, &e), e);
	CHECK_STR(l.kind, "bridge");
	CHECK_OK(rtnl_link_set(&nl, l.index, &up, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "br0", &l, &e), e);
	CHECK_EQ(l.mtu, 1400);
	CHECK((l.flags & IFF_UP) != 0);
	CHECK_OK(ip_prefix_parse("172.17.0.1/16", &p, &e), e);
	CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e);
	CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e);
	CHECK_OK(ip_parse("172.17.0.9", &r.gateway, &e), e);
	r.oif = l.index;
	CHECK_OK(rtnl_route_add(&nl, &r, &e), e);
	CHECK_OK(rtnl_route_add(&nl, &r, &e), e);
	CHECK_OK(rtnl_route_del(&nl, &r, &e), e);
	CHECK_OK(rtnl_link_del(&nl, "br0", &e), e);
	CHECK(rtnl_link_del(&nl, "br0", &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

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
	CHECK_OK(rtnl_bridge_add(&nl, "x0", mac, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "x0", &l, &e), e);
	CHECK_MEM(l.mac, mac, MAC_SIZE);
	CHECK_OK(rtnl_link_set(&nl, l.index, &up, &e), e);
	CHECK_OK(rtnl_neigh_add(&nl, l.index, &a, mac, &e), e);
}

TEST(bad_names)
{
	struct rtnl nl = RTNL_INIT;
	struct err e;

	CHECK(rtnl_bridge_add(&nl, "a/b", NULL, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(rtnl_bridge_add(&nl, "sixteen-letters-", NULL, &e) < 0);
	CHECK(rtnl_link_del(&nl, "", &e) < 0);
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
