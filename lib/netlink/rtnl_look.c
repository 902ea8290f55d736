// SPDX-License-Identifier: MIT
/* Reading policy rules (linux/fib_rules.h) and listening sockets (sock_diag(7)). */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "netlink/rtnl_internal.h"

/* linux/tcp.h does not go with netinet's; UDP uses the numbers of TCP */
#define STATE_CLOSE  7
#define STATE_LISTEN 10

bool rtnl_parse_rule(const struct nl_reply *r, struct rtnl_rule *ret)
{
	struct nl_view v = r->body;
	struct rtnl_rule out = {0};
	struct fib_rule_hdr h;
	struct fib_rule_port_range range;
	struct nl_attr a;
	const void *p = nl_skip(&v, sizeof(h));

	if (r->type != RTM_NEWRULE || p == NULL)
		return false;
	memcpy(&h, p, sizeof(h));
	if (h.family != AF_INET && h.family != AF_INET6)
		return false;
	out.family = h.family == AF_INET ? IP_V4 : IP_V6;
	out.action = h.action;
	out.table = h.table;
	out.src.bits = h.src_len;
	out.dst.bits = h.dst_len;
	while (nl_next_attr(&v, &a)) {
		if (a.type == FRA_SRC)
			rtnl_attr_ip(&a, &out.src.ip);
		else if (a.type == FRA_DST)
			rtnl_attr_ip(&a, &out.dst.ip);
		else if (a.type == FRA_IIFNAME)
			nl_attr_str(&a, out.iif, sizeof(out.iif));
		else if (a.type == FRA_PRIORITY)
			out.priority = nl_attr_u32(&a, 0);
		else if (a.type == FRA_TABLE)
			out.table = nl_attr_u32(&a, out.table);
		else if (a.type == FRA_FWMARK)
			out.fwmark = nl_attr_u32(&a, 0);
		else if (a.type == FRA_GOTO)
			out.go_to = nl_attr_u32(&a, 0);
		else if (a.type == FRA_SUPPRESS_PREFIXLEN)
			out.skip_default = nl_attr_u32(&a, 1) == 0;
		else if (a.type == FRA_IP_PROTO && a.value.n == 1)
			out.ipproto = a.value.p[0];
		else if (a.type == FRA_DPORT_RANGE && a.value.n == sizeof(range)) {
			memcpy(&range, a.value.p, sizeof(range));
			out.dport = range.start;
		}
	}
	if ((out.src.ip.family != IP_NONE && out.src.bits > ip_bits(&out.src.ip)) ||
	    (out.dst.ip.family != IP_NONE && out.dst.bits > ip_bits(&out.dst.ip)))
		return false;
	*ret = out;
	return true;
}

bool rtnl_parse_socket(const struct nl_reply *r, uint8_t protocol, struct rtnl_socket *ret)
{
	struct rtnl_socket out = {.protocol = protocol};
	struct nl_view v = r->body;
	struct inet_diag_msg m;
	const void *p = nl_skip(&v, sizeof(m));

	if (r->type != SOCK_DIAG_BY_FAMILY || p == NULL)
		return false;
	memcpy(&m, p, sizeof(m));
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return false;
	out.local.family = m.idiag_family == AF_INET ? IP_V4 : IP_V6;
	memcpy(out.local.bytes, m.id.idiag_src, m.idiag_family == AF_INET ? 4 : 16);
	out.port = ntohs(m.id.idiag_sport);
	out.uid = m.idiag_uid;
	out.inode = m.idiag_inode;
	*ret = out;
	return true;
}

struct look {
	int (*on_rule)(const struct rtnl_rule *r, void *arg);
	int (*on_socket)(const struct rtnl_socket *s, void *arg);
	uint8_t protocol;
	bool ended; /* by its caller */
	void *arg;
};

static int on_rule(const struct nl_reply *r, void *arg)
{
	const struct look *l = arg;
	struct rtnl_rule rule;

	return rtnl_parse_rule(r, &rule) ? l->on_rule(&rule, l->arg) : 0;
}

int rtnl_rules(struct rtnl *nl, int (*fn)(const struct rtnl_rule *r, void *arg), void *arg,
	       struct err *e)
{
	_Alignas(4) unsigned char data[RTNL_REQUEST_MAX];
	struct fib_rule_hdr h = {.family = AF_UNSPEC};
	struct look l = {.on_rule = fn, .arg = arg};
	struct nl_build b;

	nl_build_init(&b, data, sizeof(data), RTM_GETRULE, NLM_F_DUMP);
	nl_build_raw(&b, &h, sizeof(h));
	if (rtnl_call(nl, &b, on_rule, &l, e) < 0)
		return err_wrap(e, "dump");
	return 0;
}

static int on_socket(const struct nl_reply *r, void *arg)
{
	struct look *l = arg;
	struct rtnl_socket s;

	if (rtnl_parse_socket(r, l->protocol, &s) && l->on_socket(&s, l->arg) != 0)
		l->ended = true;
	return l->ended ? 1 : 0;
}

int rtnl_sockets(struct rtnl *nl, int (*fn)(const struct rtnl_socket *s, void *arg), void *arg,
		 struct err *e)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
	static const uint8_t families[] = {AF_INET, AF_INET6};
	_Alignas(4) unsigned char data[RTNL_REQUEST_MAX];
	struct look l = {.on_socket = fn, .arg = arg};
	struct nl_build b;

	for (unsigned i = 0; i < 4 && !l.ended; i++) {
		struct inet_diag_req_v2 q = {.sdiag_family = families[i % 2],
					     .sdiag_protocol = protocols[i / 2]};

		l.protocol = q.sdiag_protocol;
		q.idiag_states = 1U << (l.protocol == IPPROTO_TCP ? STATE_LISTEN : STATE_CLOSE);
		nl_build_init(&b, data, sizeof(data), SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
		nl_build_raw(&b, &q, sizeof(q));
		if (rtnl_call(nl, &b, on_socket, &l, e) < 0)
			return err_wrap(e, "sockets");
	}
	return 0;
}
