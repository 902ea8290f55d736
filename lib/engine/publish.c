// SPDX-License-Identifier: MIT
/*
 * Published ports of containers (-p, -P): which host ports, asked of rootlesskit
 * one by one, and given back at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/engine_internal.h"
#include "engine/network_internal.h"

/* Exact host ports first, so that nothing of a range or ephemeral takes one of them. */
enum phase { EXACT, RANGE, EPHEMERAL, PHASES };

struct publish {
	struct engine *en;
	struct container *c;
	enum port_proto proto;
	uint16_t container_port;
	struct json_array *row; /* of net.ports; guarded by mu */
};

static void remember(struct publish *p, uint64_t id, const char *host_ip, uint16_t host_port,
		     bool ephemeral)
{
	struct docker_port_binding *b;
	struct container *c = p->c;
	MUTEX_GUARD(&p->en->mu);

	c->ports.items = xrealloc(c->ports.items, (c->ports.len + 1) * sizeof(*c->ports.items));
	c->ports.items[c->ports.len++] =
		(struct container_port){id, p->proto, host_port, ephemeral};
	b = json_array_add(p->row, &docker_port_binding_json);
	b->host_ip = xstrdup(host_ip);
	b->host_port = xasprintf("%u", host_port);
}

/* Takes the last one back; its ephemeral port stays taken. */
static void unremember(struct publish *p)
{
	struct docker_port_binding *b;
	uint64_t id;
	struct err e;

	pthread_mutex_lock(&p->en->mu);
	id = p->c->ports.items[--p->c->ports.len].id;
	b = (struct docker_port_binding *)p->row->items + --p->row->len;
	json_struct_clear(&docker_port_binding_json, b);
	pthread_mutex_unlock(&p->en->mu);
	if (rk_port_del(p->en->state_dir, id, &e) < 0)
		log_debug(&e, "unpublish");
}

/* Docker's sentence for a port another container holds; others' are the kernel's already. */
static int refused(const char *host_ip, uint16_t host_port, const struct err *why, struct err *e)
{
	const char *offer = strstr(why->msg, " (port ");

	if (!str_starts(why->msg, "conflict with ID")) {
		*e = *why;
		return -1;
	}
	return err_set(e, ERR_CONFLICT, 0, "Bind for %s:%u failed: port is already allocated%s",
		       host_ip, host_port, offer != NULL ? offer : "");
}

/* Where in the container clients of a host address arrive: the same family where it has one. */
static struct ip child_address(const struct container *c, const struct ip *host_ip)
{
	if (c->address6.family == IP_NONE)
		return c->address;
	return host_ip->family == IP_V6 || c->address.family == IP_NONE ? c->address6 : c->address;
}

/* publishes on one host address; "" is both 0.0.0.0 and ::, or what the network says */
static int publish_on(struct publish *p, const char *host_ip, uint16_t host_port, bool ephemeral,
		      struct err *e)
{
	const char *const both[] = {"0.0.0.0", "::"};
	bool any = str_empty(host_ip) && p->c->host_binding.family == IP_NONE;
	char binding[IP_TEXT_SIZE];
	uint64_t id;

	if (str_empty(host_ip))
		host_ip = ip_format(&p->c->host_binding, binding);
	for (size_t i = 0; i < (any ? 2 : 1); i++) {
		const char *text = any ? both[i] : host_ip;
		struct rk_port rp = {.proto = p->proto,
				     .parent_port = host_port,
				     .child_port = p->container_port};
		struct err why;

		if (ip_parse(text, &rp.parent_ip, e) < 0)
			return -1;
		rp.child_ip = child_address(p->c, &rp.parent_ip);
		if (rk_port_add(p->en->state_dir, &rp, &id, &why) == 0) {
			remember(p, id, text, host_port, ephemeral && i == 0);
			continue;
		}
		if (i == 1 && why.kind != ERR_CONFLICT) { /* a host without IPv6 */
			log_debug(&why, "publish on ::");
			break;
		}
		if (i == 1)
			unremember(p);
		return refused(text, host_port, &why, e);
	}
	return 0;
}

static int publish_ephemeral(struct publish *p, const char *host_ip, struct err *e)
{
	/* another program may sit on a port of the pool: go on to the next one */
	for (int tries = 0; tries < 100; tries++) {
		uint16_t port;

		if (port_pool_take(&p->en->port_pool, p->proto, &port, e) < 0)
			return -1;
		if (publish_on(p, host_ip, port, true, e) == 0)
			return 0;
		port_pool_release(&p->en->port_pool, p->proto, port);
		if (e->kind != ERR_CONFLICT)
			return -1;
	}
	return -1;
}

static int publish_range(struct publish *p, const char *host_ip, const struct port_range *want,
			 struct err *e)
{
	for (unsigned port = want->first; port <= want->last; port++) {
		if (publish_on(p, host_ip, (uint16_t)port, false, e) == 0)
			return 0;
		if (e->kind != ERR_CONFLICT)
			return -1;
	}
	return want->first == want->last
		       ? -1
		       : err_set(e, ERR_CONFLICT, 0, "all ports are allocated (%u to %u)",
				 want->first, want->last);
}

static int publish_binding(struct publish *p, const struct docker_port_binding *b, enum phase phase,
			   struct err *e)
{
	const char *host_ip = b->host_ip != NULL ? b->host_ip : "";
	struct port_range want;
	enum phase kind;

	if (port_parse_host(b->host_port != NULL ? b->host_port : "", &want, e) < 0)
		return -1;
	kind = want.first == 0 ? EPHEMERAL : want.first == want.last ? EXACT : RANGE;
	if (kind != phase)
		return 0;
	return kind == EPHEMERAL ? publish_ephemeral(p, host_ip, e)
				 : publish_range(p, host_ip, &want, e);
}

static struct json_array *row_of(struct publish *p)
{
	char key[PORT_TEXT_SIZE];
	MUTEX_GUARD(&p->en->mu);

	return json_map_add(&p->c->net.ports, port_format(p->proto, p->container_port, key),
			    sizeof(struct json_array));
}

/* One entry of the host config's PortBindings: a port or a range of them, its bindings. */
static int publish_entry(struct engine *en, struct container *c, const struct json_map_entry *entry,
			 enum phase phase, struct err *e)
{
	const struct json_array *bindings = entry->value;
	struct publish p = {.en = en, .c = c};
	struct port_range r;

	if (port_parse(entry->key, &r, e) < 0)
		return -1;
	p.proto = r.proto;
	for (unsigned port = r.first; port <= r.last; port++) {
		p.container_port = (uint16_t)port;
		p.row = row_of(&p);
		for (size_t i = 0; bindings != NULL && i < bindings->len; i++) {
			const struct docker_port_binding *b =
				(const struct docker_port_binding *)bindings->items + i;

			if (p.proto == PORT_SCTP)
				return err_set(e, ERR_INVALID, 0, "port %s: protocol not supported",
					       entry->key);
			if (publish_binding(&p, b, phase, e) < 0)
				return -1;
		}
	}
	return 0;
}

/* Forgets the rows of an earlier time and lists what is exposed (null). */
static void list_ports(struct engine *en, struct container *c)
{
	struct port_range r;
	struct err ignored;
	char key[PORT_TEXT_SIZE];
	MUTEX_GUARD(&en->mu);

	network_clear_ports(c);
	for (size_t i = 0; i < c->config.exposed_ports.len; i++) {
		if (port_parse(c->config.exposed_ports.items[i], &r, &ignored) < 0)
			continue;
		for (unsigned port = r.first; port <= r.last; port++)
			json_map_add(&c->net.ports, port_format(r.proto, (uint16_t)port, key),
				     sizeof(struct json_array));
	}
}

/* -P: exposed ports that no binding names get a host port each */
static int publish_exposed(struct engine *en, struct container *c, struct err *e)
{
	for (size_t i = 0; i < c->net.ports.len; i++) {
		struct publish p = {.en = en, .c = c, .row = c->net.ports.items[i].value};
		struct port_range r;

		if (p.row->len > 0)
			continue;
		if (port_parse(c->net.ports.items[i].key, &r, e) < 0)
			return -1;
		p.proto = r.proto;
		p.container_port = r.first;
		if (p.proto != PORT_SCTP && publish_ephemeral(&p, "", e) < 0)
			return -1;
	}
	return 0;
}

static int publish_all(struct engine *en, struct container *c, struct err *e)
{
	list_ports(en, c);
	for (int phase = EXACT; phase < PHASES; phase++)
		for (size_t i = 0; i < c->host.port_bindings.len; i++)
			if (publish_entry(en, c, &c->host.port_bindings.items[i], (enum phase)phase,
					  e) < 0)
				return -1;
	return c->host.publish_all_ports ? publish_exposed(en, c, e) : 0;
}

/* The id of the endpoint whose address is published. */
static const char *endpoint_id(const struct container *c)
{
	char text[IP_TEXT_SIZE];

	ip_format(c->address.family != IP_NONE ? &c->address : &c->address6, text);
	for (size_t i = 0; i < c->net.networks.len; i++) {
		const struct docker_endpoint *ep = c->net.networks.items[i].value;

		if (str_eq(ep->ip_address, text))
			return ep->endpoint_id != NULL ? ep->endpoint_id : "";
	}
	return c->net.endpoint_id != NULL ? c->net.endpoint_id : "";
}

int publish_start(struct engine *en, struct container *c, struct err *e)
{
	if (publish_all(en, c, e) == 0)
		return 0;
	e->kind = ERR_SYSTEM; /* 500, as Docker answers to all of these */
	return err_wrap(e,
			"failed to set up container networking: driver failed programming external "
			"connectivity on endpoint %s (%s)",
			c->name, endpoint_id(c));
}

void publish_end(struct engine *en, struct container *c)
{
	JSON_ARRAY_OF(struct container_port) ports;
	struct err e;

	pthread_mutex_lock(&en->mu);
	ports.items = TAKE(c->ports.items);
	ports.len = c->ports.len;
	c->ports.len = c->ports.cap = 0;
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < ports.len; i++) {
		if (rk_port_del(en->state_dir, ports.items[i].id, &e) < 0)
			log_debug(&e, "unpublish port %u", ports.items[i].host_port);
		if (ports.items[i].ephemeral)
			port_pool_release(&en->port_pool, ports.items[i].proto,
					  ports.items[i].host_port);
	}
	free(ports.items);
}

void publish_take_back(struct engine *en, struct container *c)
{
	for (size_t i = 0; i < c->ports.len; i++)
		if (c->ports.items[i].ephemeral)
			port_pool_reserve(&en->port_pool, c->ports.items[i].proto,
					  c->ports.items[i].host_port);
}

void publish_forget(struct container *c)
{
	c->ports.len = 0;
}

struct port_sweep {
	struct engine *en;
	JSON_ARRAY_OF(uint64_t) lost;
};

static bool port_owned(struct engine *en, uint64_t id)
{
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;

		for (size_t i = 0; i < c->ports.len; i++)
			if (c->ports.items[i].id == id)
				return true;
	}
	return false;
}

/* ports that lead into a network are ours; a user's own (rootlessctl) lead elsewhere */
static int note_lost(uint64_t id, const struct rk_port *p, void *arg)
{
	struct port_sweep *s = arg;

	if (!network_owns_address(s->en, &p->child_ip) || port_owned(s->en, id))
		return 0;
	s->lost.items = xrealloc(s->lost.items, (s->lost.len + 1) * sizeof(*s->lost.items));
	s->lost.items[s->lost.len++] = id;
	return 0;
}

void publish_sweep(struct engine *en)
{
	struct port_sweep s = {.en = en};
	struct err e;

	if (en->netns == NULL)
		return;
	if (rk_port_list(en->state_dir, note_lost, &s, &e) < 0)
		log_warn(&e, "published ports");
	for (size_t i = 0; i < s.lost.len; i++)
		if (rk_port_del(en->state_dir, s.lost.items[i], &e) < 0)
			log_debug(&e, "unpublish port %llu", (unsigned long long)s.lost.items[i]);
	free(s.lost.items);
}
