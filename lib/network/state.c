// SPDX-License-Identifier: MIT
/* Bridges, sandboxes and addresses as maps, and their form as aliases of links. */
#include "network/state_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

#define ALIAS_BRIDGE "thimble-bridge-1"
#define ALIAS_PORT   "thimble-port-1"
#define ALIAS_SIZE   256

static void sandbox_free(void *value)
{
	struct netns_sandbox *sb = value;

	fd_close(&sb->netns_fd);
	free(sb->ports);
	free(sb);
}

void netns_state_init(struct netns_state *t, const char *pin_dir)
{
	map_init(&t->bridges, free);
	map_init(&t->sandboxes, sandbox_free);
	map_init(&t->addresses, NULL);
	t->pin_dir = xstrdup(pin_dir);
}

void netns_state_clear(struct netns_state *t)
{
	map_clear(&t->addresses);
	map_clear(&t->sandboxes);
	map_clear(&t->bridges);
	free(TAKE(t->pin_dir));
}

/* --- aliases --- */

static const char *or_dash(const char *s)
{
	return s[0] != '\0' ? s : "-";
}

static bool ip_or_dash(const char *s, struct ip *ret)
{
	struct err ignored;

	memset(ret, 0, sizeof(*ret));
	return str_eq(s, "-") || ip_parse(s, ret, &ignored) == 0;
}

static bool prefix_or_dash(const char *s, struct ip_prefix *ret)
{
	struct err ignored;

	memset(ret, 0, sizeof(*ret));
	return str_eq(s, "-") || ip_prefix_parse(s, ret, &ignored) == 0;
}

void netns_port_to_alias(const char *sandbox, const struct netns_port *p, char out[ALIAS_SIZE])
{
	char mac[MAC_TEXT_SIZE], a[IP_TEXT_SIZE], a6[IP_TEXT_SIZE];

	snprintf(out, ALIAS_SIZE, "%s %s %s %s %s %s %s", ALIAS_PORT, sandbox, p->ifname, p->bridge,
		 mac_format(p->mac, mac), or_dash(ip_format(&p->address, a)),
		 or_dash(ip_format(&p->address6, a6)));
}

bool netns_port_from_alias(const char *alias, char ret_sandbox[NETNS_SANDBOX_MAX],
			   struct netns_port *ret)
{
	CLEANUP(strv_clear) struct strv w = STRV_INIT;
	struct netns_port p = {0};
	struct err ignored;

	strv_split(&w, alias, " ");
	if (w.len != 7 || !str_eq(w.items[0], ALIAS_PORT) ||
	    strlen(w.items[1]) >= NETNS_SANDBOX_MAX ||
	    str_copy(p.ifname, w.items[2], IFNAMSIZ) >= IFNAMSIZ ||
	    str_copy(p.bridge, w.items[3], IFNAMSIZ) >= IFNAMSIZ ||
	    mac_parse(w.items[4], p.mac, &ignored) < 0 || !ip_or_dash(w.items[5], &p.address) ||
	    !ip_or_dash(w.items[6], &p.address6))
		return false;
	str_copy(ret_sandbox, w.items[1], NETNS_SANDBOX_MAX);
	*ret = p;
	return true;
}

void netns_bridge_to_alias(const struct netns_bridge *b, char out[ALIAS_SIZE])
{
	char a[IP_PREFIX_TEXT_SIZE], a6[IP_PREFIX_TEXT_SIZE];

	snprintf(out, ALIAS_SIZE, "%s %s %s %s %s", ALIAS_BRIDGE,
		 or_dash(ip_prefix_format(&b->gateway, a)),
		 or_dash(ip_prefix_format(&b->gateway6, a6)), b->internal ? "internal" : "-",
		 b->dns ? "dns" : "-");
}

bool netns_bridge_from_alias(const char *alias, struct netns_bridge *ret)
{
	CLEANUP(strv_clear) struct strv w = STRV_INIT;
	struct netns_bridge b = {0};

	strv_split(&w, alias, " ");
	if (w.len != 5 || !str_eq(w.items[0], ALIAS_BRIDGE) ||
	    !prefix_or_dash(w.items[1], &b.gateway) || !prefix_or_dash(w.items[2], &b.gateway6))
		return false;
	b.internal = str_eq(w.items[3], "internal");
	b.dns = str_eq(w.items[4], "dns");
	*ret = b;
	return true;
}

/* --- tables --- */

struct netns_bridge_entry *netns_bridge_find(const struct netns_state *t, const char *name)
{
	return map_get(&t->bridges, name);
}

struct netns_bridge_entry *netns_bridge_put(struct netns_state *t, const struct netns_bridge *b,
					    int index)
{
	struct netns_bridge_entry *n = xcalloc(1, sizeof(*n));

	n->b = *b;
	n->index = index;
	map_put(&t->bridges, b->name, n);
	return n;
}

struct netns_sandbox *netns_sandbox_find(const struct netns_state *t, const char *name)
{
	return map_get(&t->sandboxes, name);
}

struct netns_sandbox *netns_sandbox_put(struct netns_state *t, const char *name, int netns_fd)
{
	struct netns_sandbox *sb = xcalloc(1, sizeof(*sb));

	str_copy(sb->name, name, sizeof(sb->name));
	sb->netns_fd = netns_fd;
	map_put(&t->sandboxes, name, sb);
	return sb;
}

static void address_put(struct netns_state *t, const struct ip *a, struct netns_sandbox *sb)
{
	char text[IP_TEXT_SIZE];

	if (a->family != IP_NONE)
		map_put(&t->addresses, ip_format(a, text), sb);
}

static void address_forget(struct netns_state *t, const struct ip *a,
			   const struct netns_sandbox *sb)
{
	char text[IP_TEXT_SIZE];

	/* it may be another's by now */
	if (a->family != IP_NONE && map_get(&t->addresses, ip_format(a, text)) == sb)
		map_del(&t->addresses, text);
}

void netns_sandbox_forget(struct netns_state *t, struct netns_sandbox *sb)
{
	char name[NETNS_SANDBOX_MAX];

	while (sb->n_ports > 0)
		netns_port_forget(t, sb, &sb->ports[sb->n_ports - 1]);
	str_copy(name, sb->name, sizeof(name)); /* the map frees sb */
	map_del(&t->sandboxes, name);
}

struct netns_port *netns_port_find(const struct netns_sandbox *sb, const char *ifname)
{
	for (size_t i = 0; i < sb->n_ports; i++) {
		if (str_eq(sb->ports[i].ifname, ifname))
			return &sb->ports[i];
	}
	return NULL;
}

void netns_port_put(struct netns_state *t, struct netns_sandbox *sb, const struct netns_port *p)
{
	struct netns_port *old = netns_port_find(sb, p->ifname);

	if (old != NULL)
		netns_port_forget(t, sb, old);
	sb->ports = xrealloc(sb->ports, (sb->n_ports + 1) * sizeof(*sb->ports));
	sb->ports[sb->n_ports++] = *p;
	address_put(t, &p->address, sb);
	address_put(t, &p->address6, sb);
}

void netns_port_forget(struct netns_state *t, struct netns_sandbox *sb, struct netns_port *p)
{
	address_forget(t, &p->address, sb);
	address_forget(t, &p->address6, sb);
	*p = sb->ports[--sb->n_ports];
}

const struct netns_port *netns_port_by_address(const struct netns_state *t, const struct ip *a,
					       struct netns_sandbox **ret)
{
	char text[IP_TEXT_SIZE];
	struct netns_sandbox *sb = map_get(&t->addresses, ip_format(a, text));

	for (size_t i = 0; sb != NULL && i < sb->n_ports; i++) {
		if (!ip_eq(&sb->ports[i].address, a) && !ip_eq(&sb->ports[i].address6, a))
			continue;
		*ret = sb;
		return &sb->ports[i];
	}
	return NULL;
}

void netns_state_next(const struct netns_state *t, const struct netns_list *l,
		      char ret[NETNS_SANDBOX_MAX])
{
	const struct map *m = l->kind == NETNS_LIST_BRIDGES ? &t->bridges : &t->sandboxes;
	const char *best = "";

	map_for_each (slot, m) {
		if (strcmp(slot->key, l->after) > 0 &&
		    (best[0] == '\0' || strcmp(slot->key, best) < 0))
			best = slot->key;
	}
	str_copy(ret, best, NETNS_SANDBOX_MAX);
}
