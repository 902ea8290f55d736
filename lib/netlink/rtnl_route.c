// SPDX-License-Identifier: MIT
/*
 * Routes, policy rules and neighbours: each function builds one message for
 * rtnl_change(). rtnetlink(7), linux/rtnetlink.h, linux/fib_rules.h,
 * linux/neighbour.h.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "netlink/rtnl.h"
#include "netlink/rtnl_internal.h"

static int route_change(struct rtnl *nl, const struct rtnl_route *r, bool add, struct err *e)
{
	uint8_t family = r->family != 0		       ? r->family
			 : r->dst.ip.family != IP_NONE ? r->dst.ip.family
						       : r->gateway.family;
	uint32_t table = r->table != 0 ? r->table : RT_TABLE_MAIN;
	struct rtmsg m = {.rtm_family = rtnl_family(family),
			  .rtm_dst_len = r->dst.ip.family != IP_NONE ? r->dst.bits : 0,
			  .rtm_table = table < 256 ? (unsigned char)table : RT_TABLE_UNSPEC,
			  .rtm_protocol = add ? RTPROT_STATIC : RTPROT_UNSPEC,
			  .rtm_scope = add ? r->scope : RT_SCOPE_NOWHERE,
			  .rtm_type = r->type != 0 ? r->type : RTN_UNICAST};
	char text[IP_PREFIX_TEXT_SIZE];
	struct rtnl_request q;

	rtnl_request_init(&q, add ? RTM_NEWROUTE : RTM_DELROUTE,
			  add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	nl_build_raw(&q.b, &m, sizeof(m));
	nl_build_u32(&q.b, RTA_TABLE, table);
	if (m.rtm_dst_len > 0)
		nl_build_attr(&q.b, RTA_DST, r->dst.ip.bytes, ip_bits(&r->dst.ip) / 8);
	if (r->gateway.family != IP_NONE)
		nl_build_attr(&q.b, RTA_GATEWAY, r->gateway.bytes, ip_bits(&r->gateway) / 8);
	if (r->prefsrc.family != IP_NONE)
		nl_build_attr(&q.b, RTA_PREFSRC, r->prefsrc.bytes, ip_bits(&r->prefsrc) / 8);
	if (r->oif > 0)
		nl_build_u32(&q.b, RTA_OIF, (uint32_t)r->oif);
	if (r->metric != 0)
		nl_build_u32(&q.b, RTA_PRIORITY, r->metric);
	if (rtnl_change(nl, &q, add ? 0 : RTNL_ABSENT, e) < 0)
		return err_wrap(e, "%s route %s", add ? "add" : "remove",
				m.rtm_dst_len > 0 ? ip_prefix_format(&r->dst, text) : "default");
	return 0;
}

int rtnl_route_add(struct rtnl *nl, const struct rtnl_route *r, struct err *e)
{
	return route_change(nl, r, true, e);
}

int rtnl_route_del(struct rtnl *nl, const struct rtnl_route *r, struct err *e)
{
	return route_change(nl, r, false, e);
}

static int rule_change(struct rtnl *nl, const struct rtnl_rule *r, bool add, struct err *e)
{
	struct fib_rule_hdr h = {.family = rtnl_family(r->family),
				 .src_len = r->src.ip.family != IP_NONE ? r->src.bits : 0,
				 .dst_len = r->dst.ip.family != IP_NONE ? r->dst.bits : 0,
				 .table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_UNSPEC,
				 .action = r->action != 0 ? r->action : FR_ACT_TO_TBL};
	int fine = add ? EEXIST : rtnl_in_batch(nl) ? RTNL_ABSENT : 0;
	struct fib_rule_port_range ports = {.start = r->dport, .end = r->dport};
	struct rtnl_request q;

	rtnl_request_init(&q, add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	nl_build_raw(&q.b, &h, sizeof(h));
	if (r->table != 0)
		nl_build_u32(&q.b, FRA_TABLE, r->table);
	if (r->priority != 0 || r->first)
		nl_build_u32(&q.b, FRA_PRIORITY, r->priority);
	if (r->fwmark != 0)
		nl_build_u32(&q.b, FRA_FWMARK, r->fwmark);
	if (h.src_len > 0)
		nl_build_attr(&q.b, FRA_SRC, r->src.ip.bytes, ip_bits(&r->src.ip) / 8);
	if (h.dst_len > 0)
		nl_build_attr(&q.b, FRA_DST, r->dst.ip.bytes, ip_bits(&r->dst.ip) / 8);
	if (r->iif[0] != '\0')
		nl_build_str(&q.b, FRA_IIFNAME, r->iif);
	if (r->ipproto != 0)
		nl_build_u8(&q.b, FRA_IP_PROTO, r->ipproto);
	if (r->dport != 0)
		nl_build_attr(&q.b, FRA_DPORT_RANGE, &ports, sizeof(ports));
	if (r->skip_default)
		nl_build_u32(&q.b, FRA_SUPPRESS_PREFIXLEN, 0);
	if (r->go_to != 0)
		nl_build_u32(&q.b, FRA_GOTO, r->go_to);
	if (rtnl_change(nl, &q, fine, e) == 0)
		return 0;
	return err_wrap(e, "%s rule %u", add ? "add" : "remove", r->priority);
}

int rtnl_rule_add(struct rtnl *nl, const struct rtnl_rule *r, struct err *e)
{
	return rule_change(nl, r, true, e);
}

int rtnl_rule_del(struct rtnl *nl, const struct rtnl_rule *r, struct err *e)
{
	return rule_change(nl, r, false, e);
}

static int neigh_change(struct rtnl *nl, const struct ndmsg *n, const struct ip *ip,
			const uint8_t *mac, bool add, struct err *e)
{
	struct rtnl_request q;

	if (add)
		rtnl_request_init(&q, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
	else
		rtnl_request_init(&q, RTM_DELNEIGH, 0);
	nl_build_raw(&q.b, n, sizeof(*n));
	if (ip != NULL)
		nl_build_attr(&q.b, NDA_DST, ip->bytes, ip_bits(ip) / 8);
	if (mac != NULL)
		nl_build_attr(&q.b, NDA_LLADDR, mac, MAC_SIZE);
	return rtnl_change(nl, &q, add ? 0 : RTNL_ABSENT, e);
}

int rtnl_neigh_add(struct rtnl *nl, int index, const struct ip *ip, const uint8_t mac[MAC_SIZE],
		   struct err *e)
{
	struct ndmsg n = {.ndm_family = rtnl_family(ip->family),
			  .ndm_ifindex = index,
			  .ndm_state = NUD_PERMANENT};
	char text[IP_TEXT_SIZE];

	if (neigh_change(nl, &n, ip, mac, true, e) < 0)
		return err_wrap(e, "add neighbour %s", ip_format(ip, text));
	return 0;
}

int rtnl_neigh_del(struct rtnl *nl, int index, const struct ip *ip, struct err *e)
{
	struct ndmsg n = {.ndm_family = rtnl_family(ip->family), .ndm_ifindex = index};
	char text[IP_TEXT_SIZE];

	if (neigh_change(nl, &n, ip, NULL, false, e) < 0)
		return err_wrap(e, "remove neighbour %s", ip_format(ip, text));
	return 0;
}

int rtnl_fdb_add(struct rtnl *nl, int port_index, const uint8_t mac[MAC_SIZE], struct err *e)
{
	/* static: does not age; sticky: another port that sends from it does not get it */
	struct ndmsg n = {.ndm_family = AF_BRIDGE,
			  .ndm_ifindex = port_index,
			  .ndm_state = NUD_NOARP,
			  .ndm_flags = NTF_MASTER | NTF_STICKY};
	char text[MAC_TEXT_SIZE];

	if (neigh_change(nl, &n, NULL, mac, true, e) < 0)
		return err_wrap(e, "fix %s to bridge port %d", mac_format(mac, text), port_index);
	return 0;
}

int rtnl_fdb_del(struct rtnl *nl, int port_index, const uint8_t mac[MAC_SIZE], struct err *e)
{
	struct ndmsg n = {
		.ndm_family = AF_BRIDGE, .ndm_ifindex = port_index, .ndm_flags = NTF_MASTER};
	char text[MAC_TEXT_SIZE];

	if (neigh_change(nl, &n, NULL, mac, false, e) < 0)
		return err_wrap(e, "free %s of bridge port %d", mac_format(mac, text), port_index);
	return 0;
}
