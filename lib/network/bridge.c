// SPDX-License-Identifier: MIT
/*
 * Bridges in N. What its containers may reach is rules.c's work: its rules
 * stand before the bridge comes up, and go after it is gone. The description
 * is kept as the bridge's alias (state_internal.h).
 */
#include <stdio.h>
#include <string.h>

#include "base/rand.h"
#include "base/str.h"
#include "config/limits.h"
#include "network/server_internal.h"

#define BRIDGE_MTU 1500

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
	if (rtnl_bridge_add(nl, name, mac, NETNS_BRIDGE_MACS_MAX, e) < 0)
		return -1;
	return rtnl_link_get(nl, name, ret, e);
}

static void sysctl_of(const char *family, const char *link, const char *name, const char *value)
{
	char path[NETNS_SYSCTL_MAX];

	snprintf(path, sizeof(path), "net/%s/conf/%s/%s", family, link, name);
	netns_sysctl_try(path, value);
}

struct scan {
	int index;
	const struct netns_bridge *want;
	struct ip_prefix stale;	   /* an address of an earlier description */
	struct ip_prefix conflict; /* another link's address whose subnet overlaps */
};

static bool overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->ip.family == b->ip.family && ip_prefix_overlaps(a, b);
}

static int on_addr(const struct rtnl_addr *a, void *arg)
{
	struct scan *s = arg;
	const struct ip_prefix *want =
		a->prefix.ip.family == IP_V4 ? &s->want->gateway : &s->want->gateway6;
	bool link_local = a->prefix.ip.family == IP_V6 && a->prefix.ip.bytes[0] == 0xfe;

	if (link_local)
		return 0;
	if (a->index != s->index) {
		if (overlaps(&a->prefix, want))
			s->conflict = a->prefix;
	} else if (!ip_eq(&a->prefix.ip, &want->ip) || a->prefix.bits != want->bits) {
		s->stale = a->prefix;
	}
	return 0;
}

/* Refuses a subnet that is another's, removes addresses of an earlier description. */
static int check_addresses(struct rtnl *nl, int index, const struct netns_bridge *b, struct err *e)
{
	char text[IP_PREFIX_TEXT_SIZE];

	for (;;) {
		struct scan s = {.index = index, .want = b};

		if (rtnl_addrs(nl, on_addr, &s, e) < 0)
			return -1;
		if (s.conflict.ip.family != IP_NONE)
			return err_set(e, ERR_CONFLICT, 0, "subnet of bridge %s overlaps %s",
				       b->name, ip_prefix_format(&s.conflict, text));
		if (s.stale.ip.family == IP_NONE)
			return 0;
		if (rtnl_addr_del(nl, index, &s.stale, e) < 0)
			return -1;
	}
}

static void set_sysctls(const struct netns_bridge *b)
{
	sysctl_of("ipv4", b->name, "rp_filter", "1"); /* against spoofing by containers */
	sysctl_of("ipv4", b->name, "route_localnet", b->dns ? "1" : "0");
	sysctl_of("ipv6", b->name, "accept_dad", "0");
	sysctl_of("ipv6", b->name, "accept_ra", "0");
	sysctl_of("ipv6", b->name, "disable_ipv6", b->gateway6.ip.family == IP_NONE ? "1" : "0");
}

static int bring_up(struct rtnl *nl, int index, const struct netns_bridge *b, struct err *e)
{
	struct rtnl_link_change up = {.set_up = 1, .mtu = b->mtu > 0 ? b->mtu : BRIDGE_MTU};
	int r;

	rtnl_batch_begin(nl);
	r = rtnl_link_set(nl, index, &up, e);
	if (r == 0 && b->gateway.ip.family != IP_NONE)
		r = rtnl_addr_add(nl, index, &b->gateway, e);
	if (r == 0 && b->gateway6.ip.family != IP_NONE)
		r = rtnl_addr_add(nl, index, &b->gateway6, e);
	return rtnl_batch_end(nl, e) < 0 ? -1 : r;
}

static bool same_rules(const struct netns_bridge *a, const struct netns_bridge *b)
{
	char one[RTNL_ALIAS_SIZE], two[RTNL_ALIAS_SIZE];

	netns_bridge_to_alias(a, one);
	netns_bridge_to_alias(b, two);
	return str_eq(one, two);
}

/* Rules and table as b says; what an earlier description let pass is taken back first. */
static int set_rules(struct netns_server *s, const struct netns_bridge *b, int index,
		     struct netns_bridge_entry **ret, struct err *e)
{
	struct netns_bridge_entry *n = netns_bridge_find(&s->state, b->name);
	char alias[RTNL_ALIAS_SIZE];
	struct rtnl_link_change name = {.alias = alias};

	if (n != NULL && n->index == index && !same_rules(&n->b, b) && netns_rules_del(s, n, e) < 0)
		return -1;
	netns_bridge_to_alias(b, alias);
	if (rtnl_link_set(&s->rtnl, index, &name, e) < 0)
		return -1;
	n = netns_bridge_put(&s->state, b, index);
	if (netns_rules_add(s, n, e) < 0)
		return -1;
	*ret = n;
	return 0;
}

int netns_do_bridge(struct netns_server *s, const struct netns_bridge *b, struct err *e)
{
	struct netns_bridge_entry *n = netns_bridge_find(&s->state, b->name);
	struct rtnl *nl = &s->rtnl;
	struct rtnl_link link;

	if (b->gateway6.ip.family != IP_NONE && !s->ipv6)
		return err_set(e, ERR_UNAVAILABLE, 0, "bridge %s: this host has no IPv6", b->name);
	if (find_or_add(nl, b->name, &link, e) < 0)
		return -1;
	if (n != NULL && n->ruled && n->index == link.index && (link.flags & IFF_UP) != 0 &&
	    same_rules(&n->b, b) && link.mtu == (b->mtu > 0 ? b->mtu : BRIDGE_MTU))
		return 0;
	if (check_addresses(nl, link.index, b, e) < 0)
		return -1;
	set_sysctls(b);
	if (set_rules(s, b, link.index, &n, e) < 0 || bring_up(nl, link.index, b, e) < 0)
		return err_wrap(e, "bridge %s", b->name);
	n->ruled = true;
	netns_anyip_addresses(s);
	return 0;
}

int netns_do_bridge_remove(struct netns_server *s, const char *name, struct err *e)
{
	struct netns_bridge_entry *n = netns_bridge_find(&s->state, name);
	struct rtnl_link link;
	int r;

	if (rtnl_link_get(&s->rtnl, name, &link, e) < 0)
		r = e->kind == ERR_NOTFOUND ? 0 : -1;
	else if (!str_eq(link.kind, "bridge"))
		return err_set(e, ERR_INVALID, 0, "link %s is no bridge", name);
	else
		r = rtnl_link_del(&s->rtnl, name, e);
	if (r < 0 || n == NULL)
		return r;
	r = netns_rules_forget(s, n, e);
	map_del(&s->state.bridges, name);
	netns_anyip_addresses(s);
	return r;
}
