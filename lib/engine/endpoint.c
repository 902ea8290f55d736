// SPDX-License-Identifier: MIT
/*
 * The endpoints of one container while it runs: addresses, interface names, the
 * default route's choice, and the names that DNS is told.
 *
 * An endpoint is in use from endpoint_reserve() to endpoint_release(): it has
 * an endpoint id, its network stays, and its settings change under mu only by
 * the holder of the container's net_mu.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/network_internal.h"
#include "engine/resolvconf.h"

bool endpoint_is_of(const struct docker_endpoint *ep, const struct network *n)
{
	return !str_empty(ep->endpoint_id) && str_eq(ep->network_id, n->info.id);
}

struct network *endpoint_network(struct engine *en, const struct docker_endpoint *ep)
{
	return !str_empty(ep->network_id) ? map_get(&en->networks, ep->network_id) : NULL;
}

const char *endpoint_name(const struct container *c, const struct docker_endpoint *ep)
{
	for (size_t i = 0; i < c->net.networks.len; i++)
		if (c->net.networks.items[i].value == ep)
			return c->net.networks.items[i].key;
	return "";
}

const char *endpoints_main_name(struct engine *en, const struct container *c)
{
	const char *mode = c->host.network_mode;
	const struct network *n;
	struct err ignored;

	if (json_map_get(&c->net.networks, mode) != NULL)
		return mode;
	n = network_find(en, mode, &ignored);
	return n != NULL ? n->info.name : mode;
}

/* NetworkMode's network first, then by name */
size_t endpoints_order(struct engine *en, const struct container *c, struct docker_endpoint ***ret)
{
	const char *first = endpoints_main_name(en, c);
	CLEANUP(strv_clear) struct strv keys = STRV_INIT;
	size_t n = 0;

	*ret = xcalloc(c->net.networks.len + 1, sizeof(**ret));
	for (size_t i = 0; i < c->net.networks.len; i++)
		strv_add(&keys, c->net.networks.items[i].key);
	strv_sort(&keys);
	if (strv_has(&keys, first))
		(*ret)[n++] = json_map_get(&c->net.networks, first);
	for (size_t i = 0; i < keys.len; i++)
		if (!str_eq(keys.items[i], first))
			(*ret)[n++] = json_map_get(&c->net.networks, keys.items[i]);
	return n;
}

/* --- addresses --- */

static int take_address(struct network *n, struct network_pool *p, const char *fixed,
			struct ip *ret, struct err *e)
{
	if (!p->set)
		return 0;
	if (!str_empty(fixed))
		return ip_parse(fixed, ret, e) < 0 ? -1 : ipam_reserve(&p->ipam, ret, e);
	if (ipam_alloc(&p->ipam, ret, e) == 0)
		return 0;
	return err_set(e, ERR_UNAVAILABLE, 0,
		       "no available IPv%d addresses on this network's address pools: %s (%s)",
		       p->ipam.subnet.ip.family, n->info.name, n->info.id);
}

/* the lowest ethN that no endpoint of the container has */
static char *free_ifname(const struct container *c)
{
	for (unsigned i = 0;; i++) {
		CLEANUP(freep) char *name = xasprintf("eth%u", i);
		bool taken = false;

		for (size_t k = 0; k < c->net.networks.len; k++) {
			const struct docker_endpoint *ep = c->net.networks.items[k].value;

			taken = taken || str_eq(ep->ifname, name);
		}
		if (!taken)
			return TAKE(name);
	}
}

/* a fixed one, else a random one that is locally administered */
static char *choose_mac(const struct container *c, const struct docker_endpoint *ep, bool main_ep)
{
	const char *fixed = ep->desired_mac;
	char text[MAC_TEXT_SIZE];
	uint8_t mac[MAC_SIZE];
	struct err ignored;

	if (str_empty(fixed) && main_ep) /* from an engine that knew only the container's */
		fixed = c->config.mac_address;
	if (str_empty(fixed) || mac_parse(fixed, mac, &ignored) < 0) {
		rand_bytes(mac, sizeof(mac));
		mac[0] = (uint8_t)((mac[0] & 0xfe) | 2);
	}
	return xstrdup(mac_format(mac, text));
}

static void set_address(const struct network *n, const struct network_pool *p, const struct ip *a,
			char **address, int64_t *bits, char **gateway)
{
	char text[IP_TEXT_SIZE];

	if (!p->set)
		return;
	str_replace_ptr(address, ip_format(a, text));
	*bits = p->ipam.subnet.bits;
	if (!n->info.internal)
		str_replace_ptr(gateway, ip_format(&p->gateway.ip, text));
}

static struct network *find_network(struct engine *en, const char *name,
				    const struct docker_endpoint *ep, struct err *e)
{
	struct network *n = endpoint_network(en, ep);

	/* a network that was made anew under the same name is as good */
	return n != NULL && !n->pending ? n : network_find(en, name, e);
}

int endpoint_reserve(struct engine *en, struct container *c, const char *name,
		     struct docker_endpoint *ep, struct err *e)
{
	const struct docker_endpoint_ipam *fixed = ep->ipam_config;
	struct network *n = find_network(en, name, ep, e);
	char id[RAND_ID_LEN + 1];
	struct ip v4 = {0}, v6 = {0};
	bool main_ep = str_eq(name, endpoints_main_name(en, c));

	if (n == NULL)
		return -1;
	if (n->info.config_only)
		return err_set(e, ERR_DENIED, 0,
			       "configuration-only network %s cannot have containers", name);
	if (*n->bridge != '\0' && en->netns == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0,
			       "network %s is not available: the engine does not run under "
			       "rootlesskit with a network namespace of its own; use --network "
			       "host or none",
			       name);
	if (take_address(n, &n->v4, fixed != NULL ? fixed->ipv4_address : NULL, &v4, e) < 0)
		return -1;
	if (take_address(n, &n->v6, fixed != NULL ? fixed->ipv6_address : NULL, &v6, e) < 0) {
		ipam_release(&n->v4.ipam, &v4);
		return -1;
	}
	rand_hex(id, RAND_ID_LEN);
	str_replace_ptr(&ep->endpoint_id, id);
	str_replace_ptr(&ep->network_id, n->info.id);
	if (*n->bridge == '\0')
		return 0;
	set_address(n, &n->v4, &v4, &ep->ip_address, &ep->ip_prefix_len, &ep->gateway);
	set_address(n, &n->v6, &v6, &ep->global_ipv6_address, &ep->global_ipv6_prefix_len,
		    &ep->ipv6_gateway);
	free(ep->mac_address);
	ep->mac_address = choose_mac(c, ep, main_ep);
	free(ep->ifname);
	ep->ifname = free_ifname(c);
	endpoint_dns_names(c, name, ep);
	return 0;
}

/* parses text into *ret; IP_NONE when there is none */
static void parse_ip(const char *text, struct ip *ret)
{
	struct err ignored;

	memset(ret, 0, sizeof(*ret));
	if (!str_empty(text) && ip_parse(text, ret, &ignored) < 0)
		memset(ret, 0, sizeof(*ret));
}

void endpoint_addresses(const struct docker_endpoint *ep, struct ip *v4, struct ip *v6)
{
	parse_ip(ep->ip_address, v4);
	parse_ip(ep->global_ipv6_address, v6);
}

void endpoint_forget(struct docker_endpoint *ep)
{
	char **const texts[] = {&ep->endpoint_id,	  &ep->gateway,
				&ep->ip_address,	  &ep->ipv6_gateway,
				&ep->global_ipv6_address, &ep->ifname};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		str_replace_ptr(texts[i], NULL);
	ep->ip_prefix_len = ep->global_ipv6_prefix_len = 0;
	str_replace_ptr(&ep->mac_address, ep->desired_mac);
}

void endpoint_release(struct engine *en, struct docker_endpoint *ep)
{
	struct network *n = endpoint_network(en, ep);
	struct ip v4, v6;

	if (str_empty(ep->endpoint_id))
		return;
	endpoint_addresses(ep, &v4, &v6);
	if (n != NULL && v4.family != IP_NONE && n->v4.set)
		ipam_release(&n->v4.ipam, &v4);
	if (n != NULL && v6.family != IP_NONE && n->v6.set)
		ipam_release(&n->v6.ipam, &v6);
	if (en->names_feed != NULL)
		names_del(en->names_feed, ep->endpoint_id);
	endpoint_forget(ep);
}

void endpoint_take_back(struct engine *en, struct container *c, struct docker_endpoint *ep)
{
	struct network *n = endpoint_network(en, ep);
	struct ip v4, v6;
	struct err e;

	if (str_empty(ep->endpoint_id))
		return;
	if (n == NULL) {
		log_warn(NULL, "container %s: its network %s is not there", c->id,
			 endpoint_name(c, ep));
		return;
	}
	endpoint_addresses(ep, &v4, &v6);
	if (v4.family != IP_NONE && n->v4.set && ipam_reserve(&n->v4.ipam, &v4, &e) < 0)
		log_warn(&e, "address %s of container %s", ep->ip_address, c->id);
	if (v6.family != IP_NONE && n->v6.set && ipam_reserve(&n->v6.ipam, &v6, &e) < 0)
		log_warn(&e, "address %s of container %s", ep->global_ipv6_address, c->id);
	if (*n->bridge != '\0' && str_empty(ep->ifname)) /* written by an engine with one network */
		str_replace_ptr(&ep->ifname, "eth0");
}

/* --- the default route --- */

/* a is the better way out than b, by priority, then by name; either family's gateway will do */
static bool better(const struct container *c, const struct docker_endpoint *a,
		   const struct docker_endpoint *b)
{
	if (b == NULL)
		return true;
	if (a->gw_priority != b->gw_priority)
		return a->gw_priority > b->gw_priority;
	return strcmp(endpoint_name(c, a), endpoint_name(c, b)) < 0;
}

struct docker_endpoint *endpoints_gateway(const struct container *c, int family)
{
	struct docker_endpoint *best = NULL;

	for (size_t i = 0; i < c->net.networks.len; i++) {
		struct docker_endpoint *ep = c->net.networks.items[i].value;
		const char *gateway = family == IP_V4 ? ep->gateway : ep->ipv6_gateway;

		if (!str_empty(ep->endpoint_id) && !str_empty(gateway) && better(c, ep, best))
			best = ep;
	}
	return best;
}

/* the fields of NetworkSettings from before there were several networks show the default bridge */
static void mirror_bridge(struct container *c)
{
	const struct docker_endpoint *ep = json_map_get(&c->net.networks, BRIDGE_DEFAULT);
	static const struct docker_endpoint none;

	if (ep == NULL || str_empty(ep->endpoint_id))
		ep = &none;
	str_replace_ptr(&c->net.endpoint_id, ep->endpoint_id);
	str_replace_ptr(&c->net.gateway, ep->gateway);
	str_replace_ptr(&c->net.ip_address, ep->ip_address);
	c->net.ip_prefix_len = ep->ip_prefix_len;
	str_replace_ptr(&c->net.ipv6_gateway, ep->ipv6_gateway);
	str_replace_ptr(&c->net.global_ipv6_address, ep->global_ipv6_address);
	c->net.global_ipv6_prefix_len = ep->global_ipv6_prefix_len;
	str_replace_ptr(&c->net.mac_address, ep->mac_address);
}

void endpoints_refresh(struct engine *en, struct container *c)
{
	const struct docker_endpoint *gw = endpoints_gateway(c, IP_V4),
				     *gw6 = endpoints_gateway(c, IP_V6);
	const struct network *n;
	struct ip ignored;

	memset(&c->address, 0, sizeof(c->address));
	memset(&c->address6, 0, sizeof(c->address6));
	memset(&c->host_binding, 0, sizeof(c->host_binding));
	if (gw != NULL) {
		endpoint_addresses(gw, &c->address, &ignored);
		n = endpoint_network(en, gw);
		if (n != NULL)
			c->host_binding = n->host_binding;
	}
	if (gw6 != NULL)
		endpoint_addresses(gw6, &ignored, &c->address6);
	mirror_bridge(c);
}

/* --- names --- */

static bool has_user_defined(const struct container *c)
{
	for (size_t i = 0; i < c->net.networks.len; i++)
		if (network_name_is_user_defined(c->net.networks.items[i].key))
			return true;
	return false;
}

bool container_uses_resolver(const struct container *c)
{
	return !str_starts(c->host.network_mode, "container:") && has_user_defined(c);
}

/* "db:alias" is "alias=db" there */
static void feed_links(struct feed_endpoint *f, const struct strv *links)
{
	for (size_t i = 0; i < links->len; i++) {
		const char *text = links->items[i], *colon = strchr(text, ':');

		if (*text == '/')
			text++;
		if (colon != NULL && colon > text)
			strv_addf(&f->links, "%s=%.*s", colon + 1, (int)(colon - text), text);
		else
			strv_addf(&f->links, "%s=%s", text, text);
	}
}

static void push_one(struct engine *en, const struct container *c, const struct docker_endpoint *ep,
		     uint32_t order)
{
	const struct network *n = endpoint_network(en, ep);
	struct feed_endpoint f = {0};

	if (n == NULL || *n->bridge == '\0')
		return;
	str_copy(f.endpoint_id, ep->endpoint_id, sizeof(f.endpoint_id));
	str_copy(f.container_id, c->id, sizeof(f.container_id));
	str_copy(f.network_id, n->info.id, sizeof(f.network_id));
	f.network_name = xstrdup(n->info.name);
	endpoint_addresses(ep, &f.v4, &f.v6);
	f.order = order;
	strv_copy(&f.names, &ep->dns_names);
	feed_links(&f, &ep->links);
	strv_copy(&f.dns, c->host.dns.len > 0 ? &c->host.dns : &en->dns);
	f.internal = n->info.internal;
	f.ndots_set = resolvconf_ndots_set(c->host.dns_options.len > 0 ? &c->host.dns_options
								       : &en->dns_opts);
	names_set(en->names_feed, &f);
	feed_endpoint_clear(&f);
}

void endpoints_push_names(struct engine *en, const struct container *c)
{
	if (en->names_feed == NULL || !container_uses_resolver(c))
		return;
	for (size_t i = 0; i < c->net.networks.len; i++) {
		const struct docker_endpoint *ep = c->net.networks.items[i].value;
		uint32_t order = 0;

		if (str_empty(ep->endpoint_id))
			continue;
		for (size_t k = 0; k < c->net.networks.len; k++)
			if (better(c, c->net.networks.items[k].value, ep) && k != i)
				order++;
		push_one(en, c, ep, order);
	}
}

void endpoints_renamed(struct engine *en, struct container *c)
{
	for (size_t i = 0; i < c->net.networks.len; i++) {
		struct docker_endpoint *ep = c->net.networks.items[i].value;

		if (ep->dns_names.len > 0)
			endpoint_dns_names(c, c->net.networks.items[i].key, ep);
	}
	endpoints_push_names(en, c);
}
