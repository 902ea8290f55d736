// SPDX-License-Identifier: MIT
/*
 * Bridges in N. An internal network gets a routing table of its own with its
 * subnet and "prohibit default", chosen by a rule on the bridge as input: no
 * netfilter. The table's number is derived from the subnet's bridge index, so
 * that a helper started anew finds it again.
 */
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/log.h"
#include "base/rand.h"
#include "base/str.h"
#include "network/server_internal.h"

#define TABLE_BASE    10000 /* + index of the bridge */
#define RULE_PRIORITY 1000
#define BRIDGE_MTU    1500

static int internal_routes(struct rtnl *nl, const struct rtnl_link *link,
			   const struct ip_prefix *gateway, struct err *e)
{
	uint32_t table = TABLE_BASE + (uint32_t)link->index;
	struct rtnl_route subnet = {
		.dst = ip_prefix_network(gateway),
		.oif = link->index,
		.table = table,
		.scope = RT_SCOPE_LINK,
	};
	struct rtnl_route none = {
		.family = gateway->ip.family, .table = table, .type = RTN_PROHIBIT};
	struct rtnl_rule rule = {
		.family = gateway->ip.family, .priority = RULE_PRIORITY, .table = table};

	str_copy(rule.iif, link->name, sizeof(rule.iif));
	if (rtnl_route_add(nl, &subnet, e) < 0 || rtnl_route_add(nl, &none, e) < 0)
		return -1;
	return rtnl_rule_add(nl, &rule, e);
}

static void drop_rules(struct rtnl *nl, const struct rtnl_link *link)
{
	static const uint8_t families[] = {IP_V4, IP_V6};
	struct err e;

	for (size_t i = 0; i < 2; i++) {
		struct rtnl_rule rule = {.family = families[i],
					 .priority = RULE_PRIORITY,
					 .table = TABLE_BASE + (uint32_t)link->index};

		str_copy(rule.iif, link->name, sizeof(rule.iif));
		if (rtnl_rule_del(nl, &rule, &e) < 0)
			log_debug(&e, "bridge %s", link->name);
	}
}

/* The bridge of that name, made when absent. */
static int find_or_add(struct rtnl *nl, const char *name, struct rtnl_link *ret, struct err *e)
{
	uint8_t mac[MAC_SIZE];

	if (rtnl_link_get(nl, name, ret, e) == 0) {
		if (!str_eq(ret->kind, "bridge"))
			return err_set(e, ERR_CONFLICT, 0, "link %s exists and is no bridge", name);
		return 0;
	}
	if (e->kind != ERR_NOTFOUND)
		return -1;
	/* a fixed address: else it follows the ports and neighbours' tables go stale */
	rand_bytes(mac, sizeof(mac));
	mac[0] = 0x02;
	mac[1] = 0x42;
	if (rtnl_bridge_add(nl, name, mac, e) < 0)
		return -1;
	return rtnl_link_get(nl, name, ret, e);
}

static void sysctl_of(const char *family, const char *link, const char *name, const char *value)
{
	char path[NETNS_SYSCTL_MAX];

	snprintf(path, sizeof(path), "net/%s/conf/%s/%s", family, link, name);
	netns_sysctl_try(path, value);
}

struct stale {
	int index;
	const struct netns_bridge *want;
	struct ip_prefix found;
};

static int find_stale(const struct rtnl_addr *a, void *arg)
{
	struct stale *s = arg;
	const struct ip_prefix *keep =
		a->prefix.ip.family == IP_V4 ? &s->want->gateway : &s->want->gateway6;
	bool link_local = a->prefix.ip.family == IP_V6 && a->prefix.ip.bytes[0] == 0xfe;

	if (a->index != s->index || link_local ||
	    (ip_eq(&a->prefix.ip, &keep->ip) && a->prefix.bits == keep->bits))
		return 0;
	s->found = a->prefix;
	return 1;
}

/* Addresses of an earlier description of this bridge. */
static int drop_stale(struct rtnl *nl, int index, const struct netns_bridge *b, struct err *e)
{
	for (;;) {
		struct stale s = {.index = index, .want = b};

		if (rtnl_addrs(nl, find_stale, &s, e) < 0)
			return -1;
		if (s.found.ip.family == IP_NONE)
			return 0;
		if (rtnl_addr_del(nl, index, &s.found, e) < 0)
			return -1;
	}
}

int netns_do_bridge(struct netns_server *s, const struct netns_bridge *b, struct err *e)
{
	struct rtnl_link_change up = {.set_up = 1, .mtu = b->mtu > 0 ? b->mtu : BRIDGE_MTU};
	struct rtnl *nl = &s->rtnl;
	struct rtnl_link link;

	if (find_or_add(nl, b->name, &link, e) < 0 || drop_stale(nl, link.index, b, e) < 0)
		return -1;
	sysctl_of("ipv4", b->name, "rp_filter", "1"); /* against spoofing by containers */
	sysctl_of("ipv6", b->name, "disable_ipv6", b->gateway6.ip.family == IP_NONE ? "1" : "0");
	if (rtnl_link_set(nl, link.index, &up, e) < 0)
		return -1;
	if (b->gateway.ip.family != IP_NONE && rtnl_addr_add(nl, link.index, &b->gateway, e) < 0)
		return -1;
	if (b->gateway6.ip.family != IP_NONE && rtnl_addr_add(nl, link.index, &b->gateway6, e) < 0)
		return -1;
	netns_anyip_addresses(s);
	if (!b->internal) {
		drop_rules(nl, &link);
		return 0;
	}
	if (b->gateway.ip.family != IP_NONE && internal_routes(nl, &link, &b->gateway, e) < 0)
		return -1;
	if (b->gateway6.ip.family != IP_NONE && internal_routes(nl, &link, &b->gateway6, e) < 0)
		return -1;
	return 0;
}

int netns_do_bridge_remove(struct netns_server *s, const char *name, struct err *e)
{
	struct rtnl_link link;

	if (rtnl_link_get(&s->rtnl, name, &link, e) < 0)
		return e->kind == ERR_NOTFOUND ? 0 : -1;
	if (!str_eq(link.kind, "bridge"))
		return err_set(e, ERR_INVALID, 0, "link %s is no bridge", name);
	drop_rules(&s->rtnl, &link);
	if (rtnl_link_del(&s->rtnl, name, e) < 0)
		return -1;
	netns_anyip_addresses(s);
	return 0;
}
