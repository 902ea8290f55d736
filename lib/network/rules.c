// SPDX-License-Identifier: MIT
/*
 * N's policy rules, without netfilter. Their order is the table in
 * server_internal.h; here each of its lines is a call. Documentation of the
 * kernel's side: ip-rule(8), net/core/fib_rules.c: rules are walked by
 * priority, an error route ends the walk, "goto" goes on at another priority.
 */
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "network/server_internal.h"

#define LO_INDEX 1 /* of every network namespace */

static const uint8_t families[] = {IP_V4, IP_V6};

static struct ip_prefix prefix(const char *text)
{
	struct ip_prefix p = {0};
	struct err ignored;

	if (ip_prefix_parse(text, &p, &ignored) < 0)
		abort(); /* they are constants */
	return p;
}

/* Those that know no bridge. */
static int general_rules(struct rtnl *nl, uint8_t family, struct err *e)
{
	const struct rtnl_rule rules[] = {
		{.priority = NETNS_RULE_LOCAL, .table = RT_TABLE_LOCAL},
		{.priority = NETNS_RULE_END, .action = FR_ACT_PROHIBIT},
		{.priority = NETNS_RULE_OUT, .table = RT_TABLE_MAIN},
		{.priority = NETNS_RULE_APART, .table = NETNS_TABLE_APART},
		{.priority = NETNS_RULE_MAIN_IN, .table = RT_TABLE_MAIN, .skip_default = true},
		{.priority = NETNS_RULE_LOCAL_IN, .table = RT_TABLE_LOCAL},
		{.priority = NETNS_RULE_SELF,
		 .action = FR_ACT_GOTO,
		 .go_to = NETNS_RULE_LOCAL,
		 .iif = "lo"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct rtnl_rule r = rules[i];

		r.family = family;
		if (rtnl_rule_add(nl, &r, e) < 0)
			return -1;
	}
	return 0;
}

static int link_rules(struct rtnl *nl, struct err *e)
{
	struct rtnl_rule r = {.family = IP_V6,
			      .priority = NETNS_RULE_LINK,
			      .ipproto = IPPROTO_ICMPV6,
			      .table = RT_TABLE_LOCAL};

	r.dst = prefix("fe80::/10");
	if (rtnl_rule_add(nl, &r, e) < 0)
		return -1;
	r.dst = prefix("ff00::/8");
	return rtnl_rule_add(nl, &r, e);
}

static int rules_of_family(struct rtnl *nl, uint8_t family, struct err *e)
{
	struct rtnl_rule front = {.family = family, .first = true, .table = RT_TABLE_LOCAL};
	struct ip_prefix loopback = prefix("127.0.0.0/8");
	int r = 0;

	rtnl_batch_begin(nl);
	r |= general_rules(nl, family, e);
	if (family == IP_V6)
		r |= link_rules(nl, e);
	else
		r |= netns_rules_apart(nl, &loopback, true, e);
	if (rtnl_batch_end(nl, e) < 0 || r < 0)
		return -1;
	return rtnl_rule_del(nl, &front, e) == 0 || e->kind == ERR_NOTFOUND ? 0 : -1;
}

int netns_rules_of_n(struct netns_server *s, struct err *e)
{
	struct err why;

	if (rules_of_family(&s->rtnl, IP_V4, e) < 0)
		return err_wrap(e, "policy rules");
	s->ipv6 = rules_of_family(&s->rtnl, IP_V6, &why) == 0;
	if (!s->ipv6)
		log_warn(&why, "containers get no IPv6: policy rules");
	return 0;
}

int netns_rules_apart(struct rtnl *nl, const struct ip_prefix *p, bool add, struct err *e)
{
	struct rtnl_route r = {
		.dst = ip_prefix_network(p), .table = NETNS_TABLE_APART, .type = RTN_PROHIBIT};

	return add ? rtnl_route_add(nl, &r, e) : rtnl_route_del(nl, &r, e);
}

int netns_rules_tun(struct netns_server *s, const char *ifname, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct rtnl_rule r = {.family = families[i],
				      .priority = NETNS_RULE_TUN_END,
				      .action = FR_ACT_PROHIBIT};

		str_copy(r.iif, ifname, sizeof(r.iif));
		if ((r.family == IP_V4 || s->ipv6) && rtnl_rule_add(&s->rtnl, &r, e) < 0)
			return -1;
	}
	return 0;
}

/* --- one bridge --- */

/* What the bridge's own table holds for one family. */
static int table_routes(struct rtnl *nl, const struct netns_bridge_entry *n,
			const struct ip_prefix *gateway, struct err *e)
{
	struct rtnl_route own = {.dst = {.ip = gateway->ip, .bits = (uint8_t)ip_bits(&gateway->ip)},
				 .oif = LO_INDEX,
				 .table = NETNS_TABLE_BRIDGE + (uint32_t)n->index,
				 .type = RTN_LOCAL,
				 .scope = RT_SCOPE_HOST};
	struct rtnl_route none = {
		.family = gateway->ip.family, .table = own.table, .type = RTN_PROHIBIT};

	if (rtnl_route_add(nl, &own, e) < 0)
		return -1;
	if (n->b.dns && gateway->ip.family == IP_V4) {
		own.dst = prefix(NETNS_DNS_ADDRESS "/32");
		if (rtnl_route_add(nl, &own, e) < 0)
			return -1;
	}
	return n->b.internal ? rtnl_route_add(nl, &none, e) : 0;
}

typedef int rule_fn(struct rtnl *nl, const struct rtnl_rule *r, struct err *e);

/* The rule that ends whatever no other lets pass: first to come, last to go. */
static int last_rule(struct rtnl *nl, const char *bridge, uint8_t family, rule_fn *fn,
		     struct err *e)
{
	struct rtnl_rule r = {
		.family = family, .priority = NETNS_RULE_BRIDGE_SPOOF, .action = FR_ACT_BLACKHOLE};

	str_copy(r.iif, bridge, sizeof(r.iif));
	return fn(nl, &r, e);
}

/* Calls fn for each rule that lets something pass. */
static int each_rule(struct rtnl *nl, const struct netns_bridge_entry *n, uint8_t family,
		     rule_fn *fn, struct err *e)
{
	const struct ip_prefix *gateway = family == IP_V4 ? &n->b.gateway : &n->b.gateway6;
	struct rtnl_rule r = {.family = family, .priority = NETNS_RULE_BRIDGE};

	if (gateway->ip.family == IP_NONE)
		return 0;
	str_copy(r.iif, n->b.name, sizeof(r.iif));
	r.table = NETNS_TABLE_BRIDGE + (uint32_t)n->index;
	r.src = ip_prefix_network(gateway);
	if (fn(nl, &r, e) < 0)
		return -1;
	if (family == IP_V6) {
		/* a neighbour's unicast probe of the bridge's address may come from fe80:: */
		r.src = prefix("fe80::/10");
		r.ipproto = IPPROTO_ICMPV6;
		if (fn(nl, &r, e) < 0)
			return -1;
		r.ipproto = 0;
		r.src = ip_prefix_network(gateway);
	}
	if (n->b.internal)
		return 0;
	r.priority = NETNS_RULE_BRIDGE_OUT;
	r.action = FR_ACT_GOTO;
	r.go_to = NETNS_RULE_APART;
	r.table = 0;
	return fn(nl, &r, e);
}

static int add_family(struct netns_server *s, const struct netns_bridge_entry *n, uint8_t family,
		      struct err *e)
{
	const struct ip_prefix *gateway = family == IP_V4 ? &n->b.gateway : &n->b.gateway6;

	if (last_rule(&s->rtnl, n->b.name, family, rtnl_rule_add, e) < 0)
		return -1;
	if (gateway->ip.family != IP_NONE && (netns_rules_apart(&s->rtnl, gateway, true, e) < 0 ||
					      table_routes(&s->rtnl, n, gateway, e) < 0))
		return -1;
	return each_rule(&s->rtnl, n, family, rtnl_rule_add, e);
}

int netns_rules_add(struct netns_server *s, const struct netns_bridge_entry *n, struct err *e)
{
	int r;

	rtnl_batch_begin(&s->rtnl);
	r = add_family(s, n, IP_V4, e);
	if (r == 0 && s->ipv6)
		r = add_family(s, n, IP_V6, e);
	return rtnl_batch_end(&s->rtnl, e) < 0 ? -1 : r;
}

static int del_table(struct rtnl *nl, const struct netns_bridge_entry *n, uint8_t family,
		     struct err *e)
{
	const struct ip_prefix *gateway = family == IP_V4 ? &n->b.gateway : &n->b.gateway6;
	struct rtnl_route r = {.table = NETNS_TABLE_BRIDGE + (uint32_t)n->index,
			       .dst = {.ip = gateway->ip, .bits = (uint8_t)ip_bits(&gateway->ip)},
			       .type = RTN_LOCAL};

	if (gateway->ip.family == IP_NONE)
		return 0;
	if (rtnl_route_del(nl, &r, e) < 0)
		return -1;
	if (family == IP_V4) {
		r.dst = prefix(NETNS_DNS_ADDRESS "/32");
		if (rtnl_route_del(nl, &r, e) < 0)
			return -1;
	}
	r = (struct rtnl_route){.family = family, .table = r.table, .type = RTN_PROHIBIT};
	if (rtnl_route_del(nl, &r, e) < 0)
		return -1;
	return netns_rules_apart(nl, gateway, false, e);
}

int netns_rules_del(struct netns_server *s, const struct netns_bridge_entry *n, struct err *e)
{
	int r = 0;

	rtnl_batch_begin(&s->rtnl);
	for (size_t i = 0; i < ARRAY_LEN(families) && r == 0; i++) {
		if (families[i] == IP_V6 && !s->ipv6)
			continue;
		r = each_rule(&s->rtnl, n, families[i], rtnl_rule_del, e);
		if (r == 0)
			r = del_table(&s->rtnl, n, families[i], e);
	}
	return rtnl_batch_end(&s->rtnl, e) < 0 ? -1 : r;
}

int netns_rules_forget(struct netns_server *s, const struct netns_bridge_entry *n, struct err *e)
{
	int r = 0;

	if (netns_rules_del(s, n, e) < 0)
		return -1;
	rtnl_batch_begin(&s->rtnl);
	for (size_t i = 0; i < ARRAY_LEN(families) && r == 0; i++) {
		if (families[i] == IP_V4 || s->ipv6)
			r = last_rule(&s->rtnl, n->b.name, families[i], rtnl_rule_del, e);
	}
	return rtnl_batch_end(&s->rtnl, e) < 0 ? -1 : r;
}
