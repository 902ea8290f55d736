// SPDX-License-Identifier: MIT
/*
 * Containers' namespaces as the helper keeps them: found by name and by
 * address, closed when their containers end.
 *
 * A port is closed before its pair is removed: removing waits for the kernel's
 * grace periods, while the address may be the next container's at once. At a
 * container's end the pair is left to go with its namespace, which the kernel
 * takes down by itself when the pin is gone; only if somebody else holds that
 * (a container that shares it) the pair is removed a while later.
 */
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "network/server_internal.h"

#define LEFT_OVER_MS 3000

/* A pair that should have gone with its namespace. */
struct left_over {
	struct netns_server *server;
	char veth[IFNAMSIZ];
	int index;
};

static void on_left_over(struct loop *l UNUSED, void *arg)
{
	CLEANUP(freep) struct left_over *o = arg;
	struct rtnl *nl = &o->server->rtnl;
	struct rtnl_link link;
	struct err e;

	if (rtnl_link_get(nl, o->veth, &link, &e) < 0 || link.index != o->index)
		return;
	if (rtnl_link_del(nl, o->veth, &e) < 0)
		log_debug(&e, "a port left over");
}

static void look_again(struct netns_server *s, const struct netns_sandbox *sb,
		       const struct netns_port *p)
{
	struct left_over *o = xcalloc(1, sizeof(*o));

	o->server = s;
	o->index = p->index;
	netns_veth_name(sb->name, p->ifname, o->veth);
	(void)loop_timer(s->loop, LEFT_OVER_MS, on_left_over, o);
}

static int on_link(const struct rtnl_link *l, void *arg)
{
	struct netns_server *s = arg;
	char name[NETNS_SANDBOX_MAX];
	struct netns_sandbox *sb;
	struct netns_bridge b;
	struct netns_port p;

	if (str_eq(l->kind, "bridge")) {
		if (!netns_bridge_from_alias(l->alias, &b))
			memset(&b, 0, sizeof(b));
		str_copy(b.name, l->name, sizeof(b.name));
		netns_bridge_put(&s->state, &b, l->index);
	} else if (str_eq(l->kind, "veth") && netns_port_from_alias(l->alias, name, &p)) {
		sb = netns_sandbox_find(&s->state, name);
		/* without its pin it is remembered so that it can be removed */
		if (sb == NULL)
			sb = netns_sandbox_put(&s->state, name, -1);
		p.index = l->index;
		p.loaded = true;
		netns_port_put(&s->state, sb, &p);
	}
	return 0;
}

int netns_sandboxes_load(struct netns_server *s, struct err *e)
{
	netns_pins_load(s);
	return rtnl_links(&s->rtnl, on_link, s, e);
}

static void neigh_forget(struct netns_server *s, const struct netns_port *p, const struct ip *a)
{
	const struct netns_bridge_entry *n = netns_bridge_find(&s->state, p->bridge);
	struct netns_sandbox *sb;
	struct err e;

	/* the address may be another container's by now */
	if (n == NULL || a->family == IP_NONE || netns_port_by_address(&s->state, a, &sb) != p)
		return;
	if (rtnl_neigh_del(&s->rtnl, n->index, a, &e) < 0)
		log_debug(&e, "port %d", p->index);
}

void netns_port_close(struct netns_server *s, const struct netns_port *p)
{
	struct rtnl_link_change forget = {.alias = ""}; /* no helper takes it for a container's */
	struct err e;

	rtnl_batch_begin(&s->rtnl);
	/* in this order: a change of the link brings its port up again */
	if (rtnl_link_set(&s->rtnl, p->index, &forget, &e) < 0 ||
	    rtnl_bridge_port_disable(&s->rtnl, p->index, &e) < 0 ||
	    rtnl_fdb_del(&s->rtnl, p->index, p->mac, &e) < 0)
		log_debug(&e, "port %d", p->index);
	neigh_forget(s, p, &p->address);
	neigh_forget(s, p, &p->address6);
	if (rtnl_batch_end(&s->rtnl, &e) < 0) /* gone already */
		log_debug(&e, "port %d", p->index);
}

static void end_sandbox(struct netns_server *s, struct netns_sandbox *sb)
{
	netns_unpin(s, sb->name);
	netns_sandbox_forget(&s->state, sb);
}

int netns_do_unplug(struct netns_server *s, const struct netns_end *end, struct err *e)
{
	struct netns_sandbox *sb = netns_sandbox_find(&s->state, end->sandbox);
	struct netns_port *p = sb != NULL ? netns_port_find(sb, end->ifname) : NULL;
	char veth[IFNAMSIZ];

	if (p == NULL)
		return 0;
	netns_port_close(s, p);
	netns_veth_name(end->sandbox, end->ifname, veth);
	if (rtnl_link_del(&s->rtnl, veth, e) < 0 && e->kind != ERR_NOTFOUND)
		return -1;
	netns_port_forget(&s->state, sb, p);
	if (sb->n_ports == 0)
		end_sandbox(s, sb);
	return 0;
}

int netns_do_sandbox_remove(struct netns_server *s, const char *name, struct err *e UNUSED)
{
	struct netns_sandbox *sb = netns_sandbox_find(&s->state, name);

	if (sb == NULL)
		return 0;
	for (size_t i = 0; i < sb->n_ports; i++) {
		netns_port_close(s, &sb->ports[i]);
		look_again(s, sb, &sb->ports[i]);
	}
	end_sandbox(s, sb);
	return 0;
}

int netns_sandbox_by_address(struct netns_server *s, const struct ip *a, int *ret_netns_fd,
			     struct ip *ret_gateway4, struct ip *ret_gateway6)
{
	const struct netns_bridge_entry *n;
	struct netns_sandbox *sb;
	const struct netns_port *p = netns_port_by_address(&s->state, a, &sb);

	if (p == NULL || sb->netns_fd < 0)
		return -1;
	n = netns_bridge_find(&s->state, p->bridge);
	if (n == NULL)
		return -1;
	*ret_netns_fd = sb->netns_fd;
	*ret_gateway4 = n->b.gateway.ip;
	*ret_gateway6 = n->b.gateway6.ip;
	return 0;
}
