// SPDX-License-Identifier: MIT
/*
 * Links and addresses: each function builds one message for rtnl_change().
 * rtnetlink(7), linux/rtnetlink.h, linux/if_link.h.
 */
#include "netlink/rtnl.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/rtnl_internal.h"

#define BR_FDB_MAX_LEARNED 49 /* IFLA_BR_FDB_MAX_LEARNED, Linux 6.8; older ones ignore it */

static int check_name(const char *name, struct err *e)
{
	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strchr(name, '/') != NULL)
		return err_set(e, ERR_INVALID, 0, "invalid interface name: %s", name);
	return 0;
}

/* An RTM_NEWLINK request up to and with the name. */
static void newlink(struct rtnl_request *q, const char *name, uint16_t flags)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC};

	rtnl_request_init(q, RTM_NEWLINK, flags);
	nl_build_raw(&q->b, &i, sizeof(i));
	nl_build_str(&q->b, IFLA_IFNAME, name);
}

static int add_simple(struct rtnl *nl, const char *name, const char *kind, const uint8_t *mac,
		      unsigned macs_max, struct err *e)
{
	struct rtnl_request q;
	size_t info, data;

	if (check_name(name, e) < 0)
		return -1;
	newlink(&q, name, NLM_F_CREATE | NLM_F_EXCL);
	if (mac != NULL)
		nl_build_attr(&q.b, IFLA_ADDRESS, mac, MAC_SIZE);
	info = nl_build_nest(&q.b, IFLA_LINKINFO);
	nl_build_str(&q.b, IFLA_INFO_KIND, kind);
	if (macs_max > 0) {
		data = nl_build_nest(&q.b, IFLA_INFO_DATA);
		nl_build_u32(&q.b, BR_FDB_MAX_LEARNED, macs_max);
		nl_build_nest_end(&q.b, data);
	}
	nl_build_nest_end(&q.b, info);
	if (rtnl_change(nl, &q, 0, e) < 0)
		return err_wrap(e, "add %s %s", kind, name);
	return 0;
}

int rtnl_bridge_add(struct rtnl *nl, const char *name, const uint8_t *mac, unsigned macs_max,
		    struct err *e)
{
	return add_simple(nl, name, "bridge", mac, macs_max, e);
}

int rtnl_dummy_add(struct rtnl *nl, const char *name, struct err *e)
{
	return add_simple(nl, name, "dummy", NULL, 0, e);
}

/* The peer's part of a veth request. */
static void build_peer(struct rtnl_request *q, const struct rtnl_veth *v)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC};
	size_t peer;

	peer = nl_build_nest(&q->b, VETH_INFO_PEER);
	nl_build_raw(&q->b, &i, sizeof(i));
	nl_build_str(&q->b, IFLA_IFNAME, v->peer_name);
	if (v->mtu > 0)
		nl_build_u32(&q->b, IFLA_MTU, v->mtu);
	if (v->peer_mac != NULL)
		nl_build_attr(&q->b, IFLA_ADDRESS, v->peer_mac, MAC_SIZE);
	if (v->peer_netns_fd >= 0)
		nl_build_u32(&q->b, IFLA_NET_NS_FD, (uint32_t)v->peer_netns_fd);
	nl_build_nest_end(&q->b, peer);
}

int rtnl_veth_add(struct rtnl *nl, const struct rtnl_veth *v, struct err *e)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = v->index};
	struct rtnl_request q;
	size_t info, data;

	if (check_name(v->name, e) < 0 || check_name(v->peer_name, e) < 0)
		return -1;
	if (v->set_up) {
		i.ifi_flags = IFF_UP;
		i.ifi_change = IFF_UP;
	}
	rtnl_request_init(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	nl_build_raw(&q.b, &i, sizeof(i));
	nl_build_str(&q.b, IFLA_IFNAME, v->name);
	if (v->mtu > 0)
		nl_build_u32(&q.b, IFLA_MTU, v->mtu);
	if (v->master > 0)
		nl_build_u32(&q.b, IFLA_MASTER, (uint32_t)v->master);
	info = nl_build_nest(&q.b, IFLA_LINKINFO);
	nl_build_str(&q.b, IFLA_INFO_KIND, "veth");
	data = nl_build_nest(&q.b, IFLA_INFO_DATA);
	build_peer(&q, v);
	nl_build_nest_end(&q.b, data);
	nl_build_nest_end(&q.b, info);
	if (rtnl_change(nl, &q, 0, e) < 0)
		return err_wrap(e, "add veth pair %s, %s", v->name, v->peer_name);
	return 0;
}

int rtnl_link_set(struct rtnl *nl, int index, const struct rtnl_link_change *c, struct err *e)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct rtnl_request q;

	if (c->set_up != 0) {
		i.ifi_flags = c->set_up > 0 ? IFF_UP : 0;
		i.ifi_change = IFF_UP;
	}
	if (c->arp_off) {
		i.ifi_flags |= IFF_NOARP;
		i.ifi_change |= IFF_NOARP;
	}
	rtnl_request_init(&q, RTM_NEWLINK, 0);
	nl_build_raw(&q.b, &i, sizeof(i));
	if (c->master != 0)
		nl_build_u32(&q.b, IFLA_MASTER, c->master < 0 ? 0 : (uint32_t)c->master);
	if (c->mtu > 0)
		nl_build_u32(&q.b, IFLA_MTU, c->mtu);
	if (c->txqlen > 0)
		nl_build_u32(&q.b, IFLA_TXQLEN, c->txqlen);
	if (c->name != NULL)
		nl_build_str(&q.b, IFLA_IFNAME, c->name);
	if (c->mac != NULL)
		nl_build_attr(&q.b, IFLA_ADDRESS, c->mac, MAC_SIZE);
	if (c->alias != NULL)
		nl_build_attr(&q.b, IFLA_IFALIAS, c->alias, strlen(c->alias));
	if (c->netns_fd > 0)
		nl_build_u32(&q.b, IFLA_NET_NS_FD, (uint32_t)c->netns_fd);
	if (rtnl_change(nl, &q, 0, e) < 0)
		return err_wrap(e, "change link %d", index);
	return 0;
}

static int port_set(struct rtnl *nl, int index, uint16_t attr, uint8_t value, struct err *e)
{
	struct ifinfomsg i = {.ifi_family = AF_BRIDGE, .ifi_index = index};
	struct rtnl_request q;
	size_t info;

	rtnl_request_init(&q, RTM_SETLINK, 0);
	nl_build_raw(&q.b, &i, sizeof(i));
	info = nl_build_nest(&q.b, IFLA_PROTINFO);
	nl_build_u8(&q.b, attr, value);
	nl_build_nest_end(&q.b, info);
	return rtnl_change(nl, &q, 0, e);
}

int rtnl_bridge_port_isolated(struct rtnl *nl, int index, bool on, struct err *e)
{
	if (port_set(nl, index, IFLA_BRPORT_ISOLATED, on, e) < 0)
		return err_wrap(e, "isolate bridge port %d", index);
	return 0;
}

int rtnl_bridge_port_disable(struct rtnl *nl, int index, struct err *e)
{
	if (port_set(nl, index, IFLA_BRPORT_STATE, BR_STATE_DISABLED, e) < 0)
		return err_wrap(e, "disable bridge port %d", index);
	return 0;
}

int rtnl_qdisc_fifo(struct rtnl *nl, int index, uint32_t packets, struct err *e)
{
	struct tcmsg t = {.tcm_ifindex = index, .tcm_parent = TC_H_ROOT};
	struct tc_fifo_qopt o = {.limit = packets};
	struct rtnl_request q;

	rtnl_request_init(&q, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
	nl_build_raw(&q.b, &t, sizeof(t));
	nl_build_str(&q.b, TCA_KIND, "pfifo");
	nl_build_attr(&q.b, TCA_OPTIONS, &o, sizeof(o));
	if (rtnl_change(nl, &q, EEXIST, e) < 0)
		return err_wrap(e, "queue of link %d", index);
	return 0;
}

int rtnl_link_del(struct rtnl *nl, const char *name, struct err *e)
{
	struct rtnl_request q;

	if (check_name(name, e) < 0)
		return -1;
	newlink(&q, name, 0);
	((struct nlmsghdr *)(void *)q.data)->nlmsg_type = RTM_DELLINK;
	if (rtnl_change(nl, &q, 0, e) < 0)
		return err_wrap(e, "remove link %s", name);
	return 0;
}

static int addr_change(struct rtnl *nl, int index, const struct ip_prefix *p, bool add,
		       struct err *e)
{
	size_t n = ip_bits(&p->ip) / 8;
	struct ifaddrmsg a = {.ifa_family = rtnl_family(p->ip.family),
			      .ifa_prefixlen = p->bits,
			      .ifa_flags = p->ip.family == IP_V6 ? IFA_F_NODAD : 0,
			      .ifa_index = (unsigned)index};
	char text[IP_PREFIX_TEXT_SIZE];
	struct rtnl_request q;

	rtnl_request_init(&q, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	nl_build_raw(&q.b, &a, sizeof(a));
	nl_build_attr(&q.b, IFA_LOCAL, p->ip.bytes, n);
	nl_build_attr(&q.b, IFA_ADDRESS, p->ip.bytes, n);
	if (add && p->ip.family == IP_V4 && p->bits < 31) {
		struct ip b = ip_v4(ip_v4_u32(&p->ip) | (uint32_t)(0xffffffffULL >> p->bits));

		nl_build_attr(&q.b, IFA_BROADCAST, b.bytes, n);
	}
	if (rtnl_change(nl, &q, add ? EEXIST : RTNL_ABSENT, e) == 0)
		return 0;
	return err_wrap(e, "%s address %s", add ? "add" : "remove", ip_prefix_format(p, text));
}

int rtnl_addr_add(struct rtnl *nl, int index, const struct ip_prefix *p, struct err *e)
{
	return addr_change(nl, index, p, true, e);
}

int rtnl_addr_del(struct rtnl *nl, int index, const struct ip_prefix *p, struct err *e)
{
	return addr_change(nl, index, p, false, e);
}
