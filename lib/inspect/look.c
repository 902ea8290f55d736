// SPDX-License-Identifier: MIT
/*
 * Order: the containers' files and rootlesskit's API as the user; then into
 * RootlessKit's namespaces, a netlink socket for each network namespace, the
 * owners of sockets; then the sections.
 */
#include "inspect/look.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "inspect/look_internal.h"
#include "rootless/client.h"
#include "rootless/enter.h"
#include "rootless/state.h"
#include "usernet/stats.h"

static const char *const section_names[LOOK_SECTIONS] = {
	[LOOK_CONTAINERS] = "containers", [LOOK_INTERFACES] = "interfaces",
	[LOOK_ROUTES] = "routes",	  [LOOK_RULES] = "rules",
	[LOOK_SOCKETS] = "sockets",	  [LOOK_PORTS] = "ports",
	[LOOK_COUNTERS] = "counters",
};

/* those that need no kernel */
#define FROM_FILES (1U << LOOK_CONTAINERS)
#define FROM_API   (1U << LOOK_PORTS | 1U << LOOK_COUNTERS)

const char *look_section_name(enum look_section s)
{
	return section_names[s];
}

/* --- containers --- */

static void put_address(struct json_w *w, const char *key, const struct json *ep,
			const char *address_key, const char *bits_key)
{
	const char *text = json_get_str(ep, address_key);

	if (str_empty(text))
		return;
	jw_key(w, key);
	jw_strf(w, "%s/%d", text, (int)json_get_i64(ep, bits_key, 0));
}

static void put_text(struct json_w *w, const char *key, const struct json *v, const char *from)
{
	const char *text = json_get_str(v, from);

	if (!str_empty(text))
		jw_kstr(w, key, text);
}

/* "container:NAME" for the id that the engine keeps */
static void put_mode(struct look *l, const struct look_container *c)
{
	const char *other = str_skip(c->mode, "container:");
	const struct look_container *of = NULL;
	struct err ignored;

	if (other != NULL)
		of = look_container_find(&l->cs, other, &ignored);
	jw_key(&l->w, "network");
	if (of != NULL)
		jw_strf(&l->w, "container:%s", of->name);
	else
		jw_str(&l->w, c->mode);
}

/* one row; ep is NULL for a container without a network of its own */
static void put_endpoint(struct look *l, const struct look_container *c, const struct json *ep)
{
	struct json_w *w = &l->w;
	char id[13];

	str_copy(id, c->id, sizeof(id));
	jw_obj(w);
	jw_kstr(w, "name", c->name);
	jw_kstr(w, "id", id);
	jw_kstr(w, "status", c->status);
	if (c->pid != 0)
		jw_ki64(w, "pid", c->pid);
	if (ep == NULL) {
		put_mode(l, c);
	} else {
		jw_kstr(w, "network", json_key(ep));
		put_text(w, "interface", ep, "IfName");
		put_address(w, "ipv4", ep, "IPAddress", "IPPrefixLen");
		put_address(w, "ipv6", ep, "GlobalIPv6Address", "GlobalIPv6PrefixLen");
		put_text(w, "mac", ep, "MacAddress");
		put_text(w, "gateway", ep, "Gateway");
		put_text(w, "gateway6", ep, "IPv6Gateway");
	}
	jw_end(w);
}

static void look_at_containers(struct look *l)
{
	for (size_t i = 0; i < l->cs.n; i++) {
		const struct look_container *c = &l->cs.items[i];

		if (l->only != NULL && c != l->only)
			continue;
		json_for_each (ep, c->networks)
			put_endpoint(l, c, ep);
		if (json_len(c->networks) == 0)
			put_endpoint(l, c, NULL);
	}
}

/* --- rootlesskit's API --- */

static void put_member(struct json_w *w, const char *key, const struct json *v)
{
	if (v == NULL)
		return;
	jw_key(w, key);
	jw_tree(w, v);
}

static int look_at_ports(struct look *l, const char *socket, struct err *e)
{
	CLEANUP(json_freep) struct json *ports = NULL;
	struct json_w *w = &l->w;

	if (rk_client_call(socket, "GET", "/v1/ports", NULL, &ports, e) < 0)
		return -1;
	json_for_each (p, ports) {
		const struct json *spec = json_get(p, "spec");
		const char *child = json_get_str(spec, "childIP");
		const struct look_container *c = NULL;
		struct err ignored;

		if (!str_empty(child))
			c = look_container_find(&l->cs, child, &ignored);
		if (l->only != NULL && c != l->only)
			continue;
		jw_obj(w);
		if (c != NULL)
			jw_kstr(w, "container", c->name);
		put_member(w, "protocol", json_get(spec, "proto"));
		put_member(w, "host_address", json_get(spec, "parentIP"));
		put_member(w, "host_port", json_get(spec, "parentPort"));
		put_member(w, "address", json_get(spec, "childIP"));
		put_member(w, "port", json_get(spec, "childPort"));
		put_member(w, "id", json_get(p, "id"));
		jw_end(w);
	}
	return 0;
}

static void put_counter(struct json_w *w, const char *kind, const char *name, uint64_t value,
			const char *about)
{
	jw_obj(w);
	jw_kstr(w, "kind", kind);
	jw_kstr(w, "name", name);
	jw_ku64(w, "value", value);
	jw_kstr(w, "about", about);
	jw_end(w);
}

static const char *counter_about(const char *name)
{
	static const char *const table[][2] = {
#define X(counter, help) {#counter, help},
		USERNET_STATS(X)
#undef X
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (str_eq(table[i][0], name))
			return table[i][1];
	}
	return "";
}

static int look_at_counters(struct look *l, const char *socket, struct err *e)
{
	static const struct {
		const char *name;
		uint64_t value;
		const char *about;
	} limits[] = {
		{"relays", USERNET_RELAYS_MAX,
		 "TCP connections joined: fast path, published ports"},
		{"ports", USERNET_PORTS_MAX, "published ports"},
		{"relay_udp", USERNET_RELAY_UDP_MAX, "clients of published UDP ports"},
		{"frag_buffers", USERNET_FRAG_BUFFERS, "datagrams being reassembled"},
		{"rings_bytes", USERNET_RINGS_BYTES_MAX, "buffers of all translated connections"},
		{"rings_user_bytes", USERNET_RINGS_USER_MAX, "one container's share of them"},
	};
	CLEANUP(json_freep) struct json *info = NULL;
	const struct json *driver;

	if (rk_client_call(socket, "GET", "/v1/info", NULL, &info, e) < 0)
		return -1;
	driver = json_get(info, "networkDriver");
	json_for_each (item, json_get(driver, "counters")) {
		uint64_t value = 0;

		if (json_u64(item, &value) == 0)
			put_counter(&l->w, "counter", json_key(item), value,
				    counter_about(json_key(item)));
	}
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		put_counter(&l->w, "limit", limits[i].name, limits[i].value, limits[i].about);
	return 0;
}

/* --- all --- */

static void put_section(struct look *l, enum look_section s, bool kernel, struct err *why)
{
	CLEANUP(freep) char *socket = path_join(l->state_dir, RK_FILE_API);
	int r = 0;

	jw_karr(&l->w, section_names[s]);
	if (s == LOOK_CONTAINERS)
		look_at_containers(l);
	else if (s == LOOK_PORTS)
		r = look_at_ports(l, socket, why);
	else if (s == LOOK_COUNTERS)
		r = look_at_counters(l, socket, why);
	else if (kernel && s == LOOK_INTERFACES)
		look_interfaces(l);
	else if (kernel && s == LOOK_ROUTES)
		look_routes(l);
	else if (kernel && s == LOOK_RULES)
		look_rules(l);
	else if (kernel && s == LOOK_SOCKETS)
		look_sockets(l);
	if (r < 0 && why->kind == 0)
		(void)err_set(why, ERR_UNAVAILABLE, 0, "%s", section_names[s]);
	jw_end(&l->w);
}

static void look_clear(struct look *l)
{
	look_namespaces_close(l);
	look_owners_clear(&l->owners);
	look_containers_clear(&l->cs);
	free(l->state_dir);
}

static int look_run(struct look *l, struct buf *ret, struct err *e)
{
	unsigned asked = l->conf->sections;
	bool kernel = (asked & ~(FROM_FILES | FROM_API)) != 0;
	struct err why = {0};
	pid_t child;

	if (l->conf->container != NULL) {
		l->only = look_container_find(&l->cs, l->conf->container, e);
		if (l->only == NULL)
			return -1;
	}
	if ((asked & ~FROM_FILES) != 0 && rk_dir_child(l->state_dir, &child, &why) < 0)
		kernel = false;
	else if (kernel && look_namespaces_open(l, &why) < 0)
		return *e = why, -1;
	if (kernel && (asked & 1U << LOOK_SOCKETS) != 0)
		look_owners_load(&l->owners);
	jw_init(&l->w, ret);
	jw_obj(&l->w);
	for (int s = 0; s < LOOK_SECTIONS; s++) {
		if (asked & 1U << s)
			put_section(l, (enum look_section)s, kernel, &why);
	}
	if (why.kind != 0)
		jw_kstr(&l->w, "unavailable", why.msg);
	jw_end(&l->w);
	return 0;
}

int look_gather(const struct look_conf *c, struct buf *ret, struct err *e)
{
	CLEANUP(look_clear) struct look l = {.conf = c};
	CLEANUP(freep) char *root = NULL;

	l.state_dir = c->state_dir != NULL ? xstrdup(c->state_dir) : rk_dir_find();
	root = look_data_root(c->data_root, l.state_dir);
	if (look_containers_load(root, &l.cs, e) < 0)
		return err_set(e, ERR_UNAVAILABLE, e->sys,
			       "no engine's state in %s: %s (--data-root names another)", root,
			       e->sys != 0 ? strerror(e->sys) : e->msg);
	return look_run(&l, ret, e);
}
