// SPDX-License-Identifier: MIT
/* The sections that come from the kernel: rtnetlink(7), sock_diag(7). */
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/look_internal.h"

#define COMM_MAX 64

/* where a callback of a dump writes */
struct at {
	struct look *l;
	struct look_ns *ns;
	int index; /* addresses of this interface */
};

static void warn(const struct look_ns *ns, const struct err *e)
{
	log_warn(e, "network namespace of %s", ns->name);
}

static void put_ip(struct json_w *w, const char *key, const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	if (ip->family != IP_NONE)
		jw_kstr(w, key, ip_format(ip, text));
}

/* "default" for no address at all */
static void put_prefix(struct json_w *w, const char *key, const struct ip_prefix *p)
{
	char text[IP_PREFIX_TEXT_SIZE];

	jw_kstr(w, key, p->ip.family == IP_NONE ? "default" : ip_prefix_format(p, text));
}

/* --- interfaces --- */

static int on_address(const struct rtnl_addr *a, void *arg)
{
	char text[IP_PREFIX_TEXT_SIZE];
	struct at *at = arg;

	if (a->index == at->index)
		jw_str(&at->l->w, ip_prefix_format(&a->prefix, text));
	return 0;
}

static void put_counters(struct json_w *w, const struct rtnl_counters *c)
{
	jw_ku64(w, "rx_bytes", c->rx_bytes);
	jw_ku64(w, "rx_packets", c->rx_packets);
	jw_ku64(w, "rx_errors", c->rx_errors);
	jw_ku64(w, "rx_dropped", c->rx_dropped);
	jw_ku64(w, "tx_bytes", c->tx_bytes);
	jw_ku64(w, "tx_packets", c->tx_packets);
	jw_ku64(w, "tx_errors", c->tx_errors);
	jw_ku64(w, "tx_dropped", c->tx_dropped);
}

static void put_link(struct at *at, const struct rtnl_link *link)
{
	static const uint8_t no_mac[MAC_SIZE];
	struct json_w *w = &at->l->w;
	char text[MAC_TEXT_SIZE];
	struct err e;

	at->index = link->index;
	jw_obj(w);
	jw_kstr(w, "namespace", at->ns->name);
	jw_kstr(w, "name", link->name);
	jw_ki64(w, "index", link->index);
	jw_kstr(w, "kind", link->kind);
	jw_kstr(w, "state", link->flags & IFF_UP ? "up" : "down");
	jw_ku64(w, "mtu", link->mtu);
	if (memcmp(link->mac, no_mac, MAC_SIZE) != 0)
		jw_kstr(w, "mac", mac_format(link->mac, text));
	if (link->master != 0)
		jw_kstr(w, "master", look_link_name(at->ns, link->master));
	/* a container's other ends are all in N */
	if (at->ns->c != NULL && link->peer != 0)
		jw_kstr(w, "peer", look_link_name(&at->l->ns[0], link->peer));
	jw_karr(w, "addresses");
	if (rtnl_addrs(&at->ns->nl, on_address, at, &e) < 0)
		warn(at->ns, &e);
	jw_end(w);
	put_counters(w, &link->counters);
	jw_end(w);
}

void look_interfaces(struct look *l)
{
	for (size_t i = 0; i < l->n_ns; i++) {
		struct at at = {.l = l, .ns = &l->ns[i]};

		for (size_t k = 0; look_ns_wanted(l, at.ns) && k < at.ns->n_links; k++)
			put_link(&at, &at.ns->links[k]);
	}
}

/* --- routes and rules --- */

static const char *route_type(uint8_t type)
{
	static const char *const names[] = {
		[RTN_UNICAST] = "unicast",	   [RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast",	   [RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast",	   [RTN_BLACKHOLE] = "blackhole",
		[RTN_UNREACHABLE] = "unreachable", [RTN_PROHIBIT] = "prohibit",
	};

	return type < ARRAY_LEN(names) && names[type] != NULL ? names[type] : "other";
}

static void put_table(struct json_w *w, uint32_t table)
{
	jw_key(w, "table");
	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL || table == RT_TABLE_DEFAULT)
		jw_str(w, table == RT_TABLE_MAIN    ? "main"
			  : table == RT_TABLE_LOCAL ? "local"
						    : "default");
	else
		jw_strf(w, "%u", table);
}

static int on_route(const struct rtnl_route *r, void *arg)
{
	struct at *at = arg;
	struct json_w *w = &at->l->w;

	if (!at->l->conf->all && (r->table == RT_TABLE_LOCAL || r->type == RTN_MULTICAST))
		return 0;
	jw_obj(w);
	jw_kstr(w, "namespace", at->ns->name);
	put_table(w, r->table);
	jw_kstr(w, "family", r->family == IP_V4 ? "ipv4" : "ipv6");
	jw_kstr(w, "type", route_type(r->type));
	put_prefix(w, "destination", &r->dst);
	put_ip(w, "gateway", &r->gateway);
	if (r->oif != 0)
		jw_kstr(w, "interface", look_link_name(at->ns, r->oif));
	put_ip(w, "source", &r->prefsrc);
	jw_ku64(w, "metric", r->metric);
	jw_end(w);
	return 0;
}

void look_routes(struct look *l)
{
	for (size_t i = 0; i < l->n_ns; i++) {
		struct at at = {.l = l, .ns = &l->ns[i]};
		struct err e;

		if (look_ns_wanted(l, at.ns) && rtnl_routes(&at.ns->nl, on_route, &at, &e) < 0)
			warn(at.ns, &e);
	}
}

/* in the words of ip-rule(8) */
static void put_selector(struct json_w *w, const struct rtnl_rule *r)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char text[IP_PREFIX_TEXT_SIZE];

	buf_addf(&b, "from %s",
		 r->src.ip.family != IP_NONE ? ip_prefix_format(&r->src, text) : "all");
	if (r->dst.ip.family != IP_NONE)
		buf_addf(&b, " to %s", ip_prefix_format(&r->dst, text));
	if (*r->iif != '\0')
		buf_addf(&b, " iif %s", r->iif);
	if (r->fwmark != 0)
		buf_addf(&b, " fwmark 0x%x", r->fwmark);
	if (r->ipproto == IPPROTO_TCP || r->ipproto == IPPROTO_UDP)
		buf_addf(&b, " ipproto %s", r->ipproto == IPPROTO_TCP ? "tcp" : "udp");
	else if (r->ipproto != 0)
		buf_addf(&b, " ipproto %u", r->ipproto);
	if (r->dport != 0)
		buf_addf(&b, " dport %u", r->dport);
	jw_kstr(w, "selector", buf_str(&b));
}

static void put_action(struct json_w *w, const struct rtnl_rule *r)
{
	static const char *const names[] = {
		[FR_ACT_TO_TBL] = "lookup",
		[FR_ACT_GOTO] = "goto",
		[FR_ACT_NOP] = "nop",
		[FR_ACT_BLACKHOLE] = "blackhole",
		[FR_ACT_UNREACHABLE] = "unreachable",
		[FR_ACT_PROHIBIT] = "prohibit",
	};

	jw_kstr(w, "action",
		r->action < ARRAY_LEN(names) && names[r->action] != NULL ? names[r->action]
									 : "other");
	if (r->action == FR_ACT_TO_TBL)
		put_table(w, r->table);
	if (r->action == FR_ACT_GOTO)
		jw_ku64(w, "goto", r->go_to);
	if (r->skip_default)
		jw_kbool(w, "without_default", true);
}

static int on_rule(const struct rtnl_rule *r, void *arg)
{
	struct at *at = arg;
	struct json_w *w = &at->l->w;

	jw_obj(w);
	jw_kstr(w, "namespace", at->ns->name);
	jw_kstr(w, "family", r->family == IP_V4 ? "ipv4" : "ipv6");
	jw_ku64(w, "priority", r->priority);
	put_selector(w, r);
	put_action(w, r);
	jw_end(w);
	return 0;
}

void look_rules(struct look *l)
{
	for (size_t i = 0; i < l->n_ns; i++) {
		struct at at = {.l = l, .ns = &l->ns[i]};
		struct err e;

		if (look_ns_wanted(l, at.ns) && rtnl_rules(&at.ns->nl, on_rule, &at, &e) < 0)
			warn(at.ns, &e);
	}
}

/* --- sockets --- */

static void put_comm(struct json_w *w, pid_t pid)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (file_read(AT_FDCWD, path, COMM_MAX, &text, &ignored) < 0)
		return;
	jw_key(w, "process");
	jw_strn(w, buf_str(&text), strcspn(buf_str(&text), "\n"));
}

/* whose process it is: containers may share a network namespace, mounts they do not */
static const struct look_container *container_of(const struct look *l, const struct look_owner *o)
{
	for (size_t i = 0; o != NULL && i < l->cs.n; i++) {
		if (l->mnt[i] != 0 && l->mnt[i] == o->mnt)
			return &l->cs.items[i];
	}
	return NULL;
}

static int on_socket(const struct rtnl_socket *s, void *arg)
{
	struct at *at = arg;
	struct json_w *w = &at->l->w;
	const struct look_owner *o = look_owner_find(&at->l->owners, s->inode);
	const struct look_container *c = container_of(at->l, o);
	char text[IP_TEXT_SIZE];

	if (at->l->only != NULL && c != NULL && c != at->l->only)
		return 0;
	jw_obj(w);
	jw_kstr(w, "namespace", at->ns->name);
	jw_key(w, "protocol");
	jw_strf(w, "%s%s", s->protocol == IPPROTO_TCP ? "tcp" : "udp",
		s->local.family == IP_V6 ? "6" : "");
	jw_kstr(w, "address", ip_format(&s->local, text));
	jw_ku64(w, "port", s->port);
	if (o != NULL) {
		jw_ki64(w, "pid", o->pid);
		put_comm(w, o->pid);
	}
	if (c != NULL)
		jw_kstr(w, "container", c->name);
	jw_ku64(w, "uid", s->uid);
	jw_end(w);
	return 0;
}

void look_sockets(struct look *l)
{
	for (size_t i = 0; i < l->n_ns; i++) {
		struct at at = {.l = l, .ns = &l->ns[i]};
		struct err e;

		if (look_ns_wanted(l, at.ns) && rtnl_sockets(&at.ns->diag, on_socket, &at, &e) < 0)
			warn(at.ns, &e);
	}
}
