// SPDX-License-Identifier: MIT
#include <linux/rtnetlink.h>

#include "base/mem.h"
#include "netlink/rtnl.h"
#include "tests/unit/netlink/netns.h"

struct seen {
	int links, addrs, routes;
	bool veth_peer;
};

static int on_link(const struct rtnl_link *l, void *arg)
{
	struct seen *s = arg;

	s->links++;
	if (strcmp(l->name, "far0") == 0 && strcmp(l->kind, "veth") == 0)
		s->veth_peer = true;
	return 0;
}

static int on_addr(const struct rtnl_addr *a, void *arg)
{
	((struct seen *)arg)->addrs += a->prefix.bits == 24;
	return 0;
}

static int on_route(const struct rtnl_route *r, void *arg)
{
	((struct seen *)arg)->routes += r->dst.bits == 24 && r->table == RT_TABLE_MAIN;
	return 0;
}

TEST(dumps_show_what_was_made)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link_change up = {.set_up = 1, .alias = "what it is for"};
	struct rtnl_veth pair = {
		.name = "near0", .peer_name = "far0", .peer_netns_fd = -1, .mtu = 1300};
	struct seen s = {0};
	struct rtnl_link l;
	struct ip_prefix p;
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_veth_add(&nl, &pair, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "near0", &l, &e), e);
	CHECK_EQ(l.mtu, 1300);
	CHECK_OK(ip_prefix_parse("10.9.0.1/24", &p, &e), e);
	CHECK_OK(rtnl_addr_add(&nl, l.index, &p, &e), e);
	CHECK_OK(rtnl_link_set(&nl, l.index, &up, &e), e);
	CHECK_OK(rtnl_link_get(&nl, "near0", &l, &e), e);
	CHECK_STR(l.alias, "what it is for");
	CHECK_OK(rtnl_links(&nl, on_link, &s, &e), e);
	CHECK_OK(rtnl_addrs(&nl, on_addr, &s, &e), e);
	CHECK_OK(rtnl_routes(&nl, on_route, &s, &e), e);
	CHECK(s.links >= 3 && s.veth_peer);
	CHECK_EQ(s.addrs, 1);
	CHECK(s.routes >= 1);
}
