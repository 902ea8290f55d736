// SPDX-License-Identifier: MIT
/*
 * rtnetlink requests. Each function builds one message, sends it, and reads
 * datagrams until the acknowledgement (or the end of a dump) with its sequence
 * number came; what belongs to older requests is skipped. rtnetlink(7),
 * linux/rtnetlink.h, linux/if_link.h, linux/fib_rules.h.
 */
#include "netlink/rtnl.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "netlink/rtnl_internal.h"

#define CALL_TIMEOUT_S 5

struct request {
	struct nl_build b;
	_Alignas(4) unsigned char data[RTNL_REQUEST_MAX];
};

static void request_init(struct request *q, uint16_t type, uint16_t flags)
{
	nl_build_init(&q->b, q->data, sizeof(q->data), type, flags | NLM_F_ACK);
}

uint8_t rtnl_family(uint8_t ip_family)
{
	return ip_family == IP_V6 ? AF_INET6 : AF_INET;
}

int rtnl_open(struct rtnl *nl, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct timeval t = {.tv_sec = CALL_TIMEOUT_S};
	int one = 1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return err_sys(e, "open rtnetlink socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) < 0)
		return err_sys(e, "set rtnetlink timeout");
	/* strict checking makes the kernel filter dumps; absent before 4.20, harmless then */
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	nl->fd = TAKE_FD(fd);
	nl->seq = 0;
	return 0;
}

void rtnl_close(struct rtnl *nl)
{
	fd_close(&nl->fd);
	free(TAKE(nl->answer));
}

/* 1: the request is done (e filled and *ret_failed set when refused), 0: go on reading */
static int on_message(const struct nl_reply *r, int (*on_reply)(const struct nl_reply *, void *),
		      void *arg, bool *stopped, bool *ret_failed, struct err *e)
{
	struct nl_view v = r->body;
	const int *code;
	int sys = 0;

	if (r->type != NLMSG_ERROR && r->type != NLMSG_DONE) {
		if (on_reply != NULL && !*stopped && on_reply(r, arg) != 0)
			*stopped = true;
		return 0;
	}
	code = nl_skip(&v, sizeof(int));
	if (code != NULL)
		memcpy(&sys, code, sizeof(sys));
	if (sys != 0) {
		errno = -sys;
		err_sys(e, "rtnetlink");
		if (errno == ENODEV)
			e->kind = ERR_NOTFOUND;
		*ret_failed = true;
	}
	return 1;
}

int rtnl_call(struct rtnl *nl, struct nl_build *b,
	      int (*on_reply)(const struct nl_reply *r, void *arg), void *arg, struct err *e)
{
	bool stopped = false, failed = false;

	if (!nl_build_end(b, ++nl->seq))
		return err_set(e, ERR_INVALID, 0, "rtnetlink request is too long");
	if (nl->answer == NULL)
		nl->answer = xmalloc(RTNL_DATAGRAM_MAX);
	if (send(nl->fd, b->data, b->len, 0) < 0)
		return err_sys(e, "send to rtnetlink");
	for (;;) {
		ssize_t n = recv(nl->fd, nl->answer, RTNL_DATAGRAM_MAX, 0);
		struct nl_view v = {.p = nl->answer, .n = n > 0 ? (size_t)n : 0};
		struct nl_reply r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "receive from rtnetlink");
		while (nl_next_msg(&v, &r)) {
			if (r.seq != nl->seq)
				continue;
			if (on_message(&r, on_reply, arg, &stopped, &failed, e))
				return failed ? -1 : 0;
		}
	}
}

static int check_name(const char *name, struct err *e)
{
	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strchr(name, '/') != NULL)
		return err_set(e, ERR_INVALID, 0, "invalid interface name: %s", name);
	return 0;
}

/* An RTM_NEWLINK request up to and with the name. */
static void newlink(struct request *q, const char *name, uint16_t flags)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC};

	request_init(q, RTM_NEWLINK, flags);
	nl_build_raw(&q->b, &i, sizeof(i));
	nl_build_str(&q->b, IFLA_IFNAME, name);
}

static int add_simple(struct rtnl *nl, const char *name, const char *kind, const uint8_t *mac,
		      struct err *e)
{
	struct request q;
	size_t info;

	if (check_name(name, e) < 0)
		return -1;
	newlink(&q, name, NLM_F_CREATE | NLM_F_EXCL);
	if (mac != NULL)
		nl_build_attr(&q.b, IFLA_ADDRESS, mac, MAC_SIZE);
	info = nl_build_nest(&q.b, IFLA_LINKINFO);
	nl_build_str(&q.b, IFLA_INFO_KIND, kind);
	nl_build_nest_end(&q.b, info);
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
		return err_wrap(e, "add %s %s", kind, name);
	return 0;
}

int rtnl_bridge_add(struct rtnl *nl, const char *name, const uint8_t *mac, struct err *e)
{
	return add_simple(nl, name, "bridge", mac, e);
}

int rtnl_dummy_add(struct rtnl *nl, const char *name, struct err *e)
{
	return add_simple(nl, name, "dummy", NULL, e);
}

int rtnl_veth_add(struct rtnl *nl, const char *name, const char *peer_name, int peer_netns_fd,
		  const uint8_t *peer_mac, unsigned mtu, struct err *e)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC};
	size_t info, data, peer;
	struct request q;

	if (check_name(name, e) < 0 || check_name(peer_name, e) < 0)
		return -1;
	newlink(&q, name, NLM_F_CREATE | NLM_F_EXCL);
	if (mtu > 0)
		nl_build_u32(&q.b, IFLA_MTU, mtu);
	info = nl_build_nest(&q.b, IFLA_LINKINFO);
	nl_build_str(&q.b, IFLA_INFO_KIND, "veth");
	data = nl_build_nest(&q.b, IFLA_INFO_DATA);
	peer = nl_build_nest(&q.b, VETH_INFO_PEER);
	nl_build_raw(&q.b, &i, sizeof(i));
	nl_build_str(&q.b, IFLA_IFNAME, peer_name);
	if (mtu > 0)
		nl_build_u32(&q.b, IFLA_MTU, mtu);
	if (peer_mac != NULL)
		nl_build_attr(&q.b, IFLA_ADDRESS, peer_mac, MAC_SIZE);
	if (peer_netns_fd >= 0)
		nl_build_u32(&q.b, IFLA_NET_NS_FD, (uint32_t)peer_netns_fd);
	nl_build_nest_end(&q.b, peer);
	nl_build_nest_end(&q.b, data);
	nl_build_nest_end(&q.b, info);
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
		return err_wrap(e, "add veth pair %s, %s", name, peer_name);
	return 0;
}

int rtnl_link_set(struct rtnl *nl, int index, const struct rtnl_link_change *c, struct err *e)
{
	struct ifinfomsg i = {.ifi_family = AF_UNSPEC, .ifi_index = index};
	struct request q;

	if (c->set_up != 0) {
		i.ifi_flags = c->set_up > 0 ? IFF_UP : 0;
		i.ifi_change = IFF_UP;
	}
	if (c->arp_off) {
		i.ifi_flags |= IFF_NOARP;
		i.ifi_change |= IFF_NOARP;
	}
	request_init(&q, RTM_NEWLINK, 0);
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
	if (c->netns_fd > 0)
		nl_build_u32(&q.b, IFLA_NET_NS_FD, (uint32_t)c->netns_fd);
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
		return err_wrap(e, "change link %d", index);
	return 0;
}

int rtnl_bridge_port_isolated(struct rtnl *nl, int index, bool on, struct err *e)
{
	struct ifinfomsg i = {.ifi_family = AF_BRIDGE, .ifi_index = index};
	struct request q;
	size_t info;

	request_init(&q, RTM_SETLINK, 0);
	nl_build_raw(&q.b, &i, sizeof(i));
	info = nl_build_nest(&q.b, IFLA_PROTINFO);
	nl_build_u8(&q.b, IFLA_BRPORT_ISOLATED, on);
	nl_build_nest_end(&q.b, info);
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
		return err_wrap(e, "isolate bridge port %d", index);
	return 0;
}

int rtnl_link_del(struct rtnl *nl, const char *name, struct err *e)
{
	struct request q;

	if (check_name(name, e) < 0)
		return -1;
	newlink(&q, name, 0);
	((struct nlmsghdr *)(void *)q.data)->nlmsg_type = RTM_DELLINK;
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
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
	struct request q;

	request_init(&q, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	nl_build_raw(&q.b, &a, sizeof(a));
	nl_build_attr(&q.b, IFA_LOCAL, p->ip.bytes, n);
	nl_build_attr(&q.b, IFA_ADDRESS, p->ip.bytes, n);
	if (add && p->ip.family == IP_V4 && p->bits < 31) {
		struct ip b = ip_v4(ip_v4_u32(&p->ip) | (uint32_t)(0xffffffffULL >> p->bits));

		nl_build_attr(&q.b, IFA_BROADCAST, b.bytes, n);
	}
	if (rtnl_call(nl, &q.b, NULL, NULL, e) == 0 || (add && e->sys == EEXIST))
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
	struct request q;

	request_init(&q, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
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
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
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
	struct fib_rule_port_range ports = {.start = r->dport, .end = r->dport};
	struct request q;

	request_init(&q, add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
	nl_build_raw(&q.b, &h, sizeof(h));
	if (r->table != 0)
		nl_build_u32(&q.b, FRA_TABLE, r->table);
	if (r->priority != 0)
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
	if (rtnl_call(nl, &q.b, NULL, NULL, e) == 0 || (add && e->sys == EEXIST))
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

int rtnl_neigh_add(struct rtnl *nl, int index, const struct ip *ip, const uint8_t mac[MAC_SIZE],
		   struct err *e)
{
	struct ndmsg n = {.ndm_family = rtnl_family(ip->family),
			  .ndm_ifindex = index,
			  .ndm_state = NUD_PERMANENT};
	char text[IP_TEXT_SIZE];
	struct request q;

	request_init(&q, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
	nl_build_raw(&q.b, &n, sizeof(n));
	nl_build_attr(&q.b, NDA_DST, ip->bytes, ip_bits(ip) / 8);
	nl_build_attr(&q.b, NDA_LLADDR, mac, MAC_SIZE);
	if (rtnl_call(nl, &q.b, NULL, NULL, e) < 0)
		return err_wrap(e, "add neighbour %s", ip_format(ip, text));
	return 0;
}
