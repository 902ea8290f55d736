// SPDX-License-Identifier: MIT
/* Reading links, addresses and routes: parsers over bounded views, and the dumps. */
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/str.h"
#include "netlink/rtnl_internal.h"

bool rtnl_attr_ip(const struct nl_attr *a, struct ip *ret)
{
	struct ip ip = {.family = a->value.n == 4 ? IP_V4 : a->value.n == 16 ? IP_V6 : IP_NONE};

	if (ip.family == IP_NONE)
		return false;
	memcpy(ip.bytes, a->value.p, a->value.n);
	*ret = ip;
	return true;
}

static void copy_counters(const struct nl_attr *a, struct rtnl_counters *c)
{
	struct rtnl_link_stats64 s = {0};

	/* newer kernels say more, older ones less */
	memcpy(&s, a->value.p, MIN(a->value.n, sizeof(s)));
	*c = (struct rtnl_counters){
		.rx_bytes = s.rx_bytes,
		.rx_packets = s.rx_packets,
		.rx_errors = s.rx_errors,
		.rx_dropped = s.rx_dropped,
		.tx_bytes = s.tx_bytes,
		.tx_packets = s.tx_packets,
		.tx_errors = s.tx_errors,
		.tx_dropped = s.tx_dropped,
	};
}

bool rtnl_parse_link(const struct nl_reply *r, struct rtnl_link *ret)
{
	struct nl_view v = r->body;
	struct rtnl_link l = {0};
	struct ifinfomsg i;
	struct nl_attr a, sub;
	const void *p = nl_skip(&v, sizeof(i));

	if (r->type != RTM_NEWLINK || p == NULL)
		return false;
	memcpy(&i, p, sizeof(i));
	l.index = i.ifi_index;
	l.flags = i.ifi_flags;
	while (nl_next_attr(&v, &a)) {
		switch (a.type) {
		case IFLA_IFNAME:
			nl_attr_str(&a, l.name, sizeof(l.name));
			break;
		case IFLA_MTU:
			l.mtu = nl_attr_u32(&a, 0);
			break;
		case IFLA_MASTER:
			l.master = (int)nl_attr_u32(&a, 0);
			break;
		case IFLA_LINK:
			l.peer = (int)nl_attr_u32(&a, 0);
			break;
		case IFLA_STATS64:
			copy_counters(&a, &l.counters);
			break;
		case IFLA_ADDRESS:
			if (a.value.n == MAC_SIZE)
				memcpy(l.mac, a.value.p, MAC_SIZE);
			break;
		case IFLA_IFALIAS:
			nl_attr_str(&a, l.alias, sizeof(l.alias));
			break;
		case IFLA_LINKINFO:
			while (nl_next_attr(&a.value, &sub)) {
				if (sub.type == IFLA_INFO_KIND)
					nl_attr_str(&sub, l.kind, sizeof(l.kind));
			}
			break;
		default:
			break;
		}
	}
	*ret = l;
	return true;
}

bool rtnl_parse_addr(const struct nl_reply *r, struct rtnl_addr *ret)
{
	struct nl_view v = r->body;
	struct rtnl_addr out = {0};
	struct ifaddrmsg m;
	struct nl_attr a;
	const void *p = nl_skip(&v, sizeof(m));

	if (r->type != RTM_NEWADDR || p == NULL)
		return false;
	memcpy(&m, p, sizeof(m));
	out.index = (int)m.ifa_index;
	out.prefix.bits = m.ifa_prefixlen;
	while (nl_next_attr(&v, &a)) {
		/* IFA_LOCAL is the own address; IPv6 has only IFA_ADDRESS */
		if (a.type == IFA_LOCAL ||
		    (a.type == IFA_ADDRESS && out.prefix.ip.family == IP_NONE))
			rtnl_attr_ip(&a, &out.prefix.ip);
	}
	if (out.prefix.ip.family == IP_NONE || out.prefix.bits > ip_bits(&out.prefix.ip))
		return false;
	*ret = out;
	return true;
}

bool rtnl_parse_route(const struct nl_reply *r, struct rtnl_route *ret)
{
	struct nl_view v = r->body;
	struct rtnl_route out = {0};
	struct rtmsg m;
	struct nl_attr a;
	const void *p = nl_skip(&v, sizeof(m));

	if (r->type != RTM_NEWROUTE || p == NULL)
		return false;
	memcpy(&m, p, sizeof(m));
	if (m.rtm_family != AF_INET && m.rtm_family != AF_INET6)
		return false;
	out.family = m.rtm_family == AF_INET ? IP_V4 : IP_V6;
	out.table = m.rtm_table;
	out.type = m.rtm_type;
	out.scope = m.rtm_scope;
	out.dst.bits = m.rtm_dst_len;
	while (nl_next_attr(&v, &a)) {
		if (a.type == RTA_DST)
			rtnl_attr_ip(&a, &out.dst.ip);
		else if (a.type == RTA_GATEWAY)
			rtnl_attr_ip(&a, &out.gateway);
		else if (a.type == RTA_PREFSRC)
			rtnl_attr_ip(&a, &out.prefsrc);
		else if (a.type == RTA_OIF)
			out.oif = (int)nl_attr_u32(&a, 0);
		else if (a.type == RTA_TABLE)
			out.table = nl_attr_u32(&a, out.table);
		else if (a.type == RTA_PRIORITY)
			out.metric = nl_attr_u32(&a, 0);
	}
	if (out.dst.ip.family != IP_NONE && out.dst.bits > ip_bits(&out.dst.ip))
		return false;
	*ret = out;
	return true;
}

struct get_link {
	struct rtnl_link *ret;
	bool found;
};

static int on_get_link(const struct nl_reply *r, void *arg)
{
	struct get_link *g = arg;

	g->found = rtnl_parse_link(r, g->ret) || g->found;
	return 0;
}

int rtnl_link_get(struct rtnl *nl, const char *name, struct rtnl_link *ret, struct err *e)
{
	_Alignas(4) unsigned char data[RTNL_REQUEST_MAX];
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC};
	struct rtnl_link l;
	struct get_link g = {.ret = &l};
	struct nl_build b;

	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ)
		return err_set(e, ERR_INVALID, 0, "invalid interface name: %s", name);
	nl_build_init(&b, data, sizeof(data), RTM_GETLINK, NLM_F_ACK);
	nl_build_raw(&b, &i, sizeof(i));
	nl_build_str(&b, IFLA_IFNAME, name);
	if (rtnl_call(nl, &b, on_get_link, &g, e) < 0)
		return err_wrap(e, "link %s", name);
	if (!g.found)
		return err_set(e, ERR_NOTFOUND, 0, "link %s: no answer", name);
	*ret = l;
	return 0;
}

struct dump {
	int (*on_link)(const struct rtnl_link *l, void *arg);
	int (*on_addr)(const struct rtnl_addr *a, void *arg);
	int (*on_route)(const struct rtnl_route *r, void *arg);
	void *arg;
};

static int on_dump(const struct nl_reply *r, void *arg)
{
	const struct dump *d = arg;
	struct rtnl_route route;
	struct rtnl_link link;
	struct rtnl_addr addr;

	if (d->on_link != NULL && rtnl_parse_link(r, &link))
		return d->on_link(&link, d->arg);
	if (d->on_addr != NULL && rtnl_parse_addr(r, &addr))
		return d->on_addr(&addr, d->arg);
	if (d->on_route != NULL && rtnl_parse_route(r, &route))
		return d->on_route(&route, d->arg);
	return 0;
}

static int run_dump(struct rtnl *nl, uint16_t type, const void *fixed, size_t n, struct dump *d,
		    struct err *e)
{
	_Alignas(4) unsigned char data[RTNL_REQUEST_MAX];
	struct nl_build b;

	nl_build_init(&b, data, sizeof(data), type, NLM_F_DUMP);
	nl_build_raw(&b, fixed, n);
	if (rtnl_call(nl, &b, on_dump, d, e) < 0)
		return err_wrap(e, "dump");
	return 0;
}

int rtnl_links(struct rtnl *nl, int (*fn)(const struct rtnl_link *l, void *arg), void *arg,
	       struct err *e)
{
	struct ifinfomsg m = {.ifi_family = AF_UNSPEC};
	struct dump d = {.on_link = fn, .arg = arg};

	return run_dump(nl, RTM_GETLINK, &m, sizeof(m), &d, e);
}

int rtnl_addrs(struct rtnl *nl, int (*fn)(const struct rtnl_addr *a, void *arg), void *arg,
	       struct err *e)
{
	struct ifaddrmsg m = {.ifa_family = AF_UNSPEC};
	struct dump d = {.on_addr = fn, .arg = arg};

	return run_dump(nl, RTM_GETADDR, &m, sizeof(m), &d, e);
}

int rtnl_routes(struct rtnl *nl, int (*fn)(const struct rtnl_route *r, void *arg), void *arg,
		struct err *e)
{
	struct rtmsg m = {.rtm_family = AF_UNSPEC};
	struct dump d = {.on_route = fn, .arg = arg};

	return run_dump(nl, RTM_GETROUTE, &m, sizeof(m), &d, e);
}
