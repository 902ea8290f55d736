// SPDX-License-Identifier: MIT
#include "netlink/rtnl.h"

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
	CHECK_OK(rtnl_bridge_add(&nl, "br0", NULL, 0, &e), e);
	CHECK(rtnl_bridge_add(&nl, "br0", NULL, 0, &e) < 0);
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

TEST(bad_names)
{
	struct rtnl nl = RTNL_INIT;
	struct err e;

	CHECK(rtnl_bridge_add(&nl, "a/b", NULL, 0, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(rtnl_bridge_add(&nl, "sixteen-letters-", NULL, 0, &e) < 0);
	CHECK(rtnl_link_del(&nl, "", &e) < 0);
}

TEST(a_pair_is_born_in_a_bridge)
{
	uint8_t mac[MAC_SIZE] = {2, 0, 0, 0, 0, 9};
	struct rtnl_veth pair = {.name = "near0",
				 .index = 0x123456,
				 .peer_name = "far0",
				 .peer_netns_fd = -1,
				 .peer_mac = mac,
				 .mtu = 1400,
				 .set_up = true};
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link l;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_bridge_add(&nl, "br0", NULL, 100, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "br0", &l, &e), e);
	pair.master = l.index;
	CHECK_OK(rtnl_veth_add(&nl, &pair, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "near0", &l, &e), e);
	CHECK_EQ(l.index, pair.index);
	CHECK_EQ(l.master, pair.master);
	CHECK((l.flags & IFF_UP) != 0);
	CHECK_OK(rtnl_bridge_port_isolated(&nl, l.index, true, &e), e);
	CHECK_OK(rtnl_fdb_add(&nl, l.index, mac, &e), e);
	CHECK_OK(rtnl_fdb_add(&nl, l.index, mac, &e), e);
	CHECK_OK(rtnl_fdb_del(&nl, l.index, mac, &e), e);
	CHECK_OK(rtnl_fdb_del(&nl, l.index, mac, &e), e);
	CHECK_OK(rtnl_bridge_port_disable(&nl, l.index, &e), e);
	pair.name = "near1";
	pair.peer_name = "far1";
	CHECK(rtnl_veth_add(&nl, &pair, &e) < 0);
}

TEST(a_queue_is_put_once)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_veth pair = {
		.name = "near0", .index = 0x123456, .peer_name = "far0", .peer_netns_fd = -1};
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_veth_add(&nl, &pair, &e), e);
	CHECK_OK(rtnl_qdisc_fifo(&nl, pair.index, 256, &e), e);
	CHECK_OK(rtnl_qdisc_fifo(&nl, pair.index, 128, &e), e);
	CHECK(rtnl_qdisc_fifo(&nl, 0x654321, 256, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}
