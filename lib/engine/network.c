// SPDX-License-Identifier: MIT
/*
 * Networks: create, look, remove, prune. A network in the making or in removal
 * is pending: it keeps its name and its subnets, and nobody finds it.
 */
#include "engine/network.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"

/* --- create --- */

static bool predefined_word(const char *name)
{
	return !network_name_is_user_defined(name) || str_eq(name, "default");
}

static int check_driver(const char *driver, struct err *e)
{
	if (str_eq(driver, "bridge"))
		return 0;
	if (str_eq(driver, "host") || str_eq(driver, "null"))
		return err_set(e, ERR_DENIED, 0, "only one instance of \"%s\" network is allowed",
			       driver);
	if (str_eq(driver, "macvlan") || str_eq(driver, "ipvlan"))
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "operation not supported: a %s network needs a device of the host, "
			       "which a rootless engine cannot attach to",
			       driver);
	if (str_eq(driver, "overlay"))
		return err_set(e, ERR_DENIED, 0,
			       "This node is not a swarm manager. Use \"docker swarm init\" or "
			       "\"docker swarm join\" to connect this node to swarm and try "
			       "again.");
	return err_set(e, ERR_NOTFOUND, 0, "plugin \"%s\" not found", driver);
}

/* all that can be said without looking at other networks */
static int check_request(const struct docker_network_create *req, struct err *e)
{
	const char *name = req->name != NULL ? req->name : "";

	if (name[strspn(name, " \t\r\n")] == '\0')
		return err_set(e, ERR_INVALID, 0, "invalid name: name is empty");
	if (predefined_word(name))
		return err_set(e, ERR_DENIED, 0,
			       "operation is not permitted on predefined %s network ", name);
	if (str_eq(req->scope, "swarm"))
		return err_set(e, ERR_DENIED, 0,
			       "cannot create a swarm scoped network when swarm is not active");
	if (req->ingress)
		return err_set(e, ERR_DENIED, 0,
			       "Ingress network can only be global scope network");
	if (!req->config_only && !str_empty(req->driver) && check_driver(req->driver, e) < 0)
		return -1;
	if (req->enable_ipv4 == JSON_TRI_FALSE && req->enable_ipv6 != JSON_TRI_TRUE)
		return err_set(e, ERR_INVALID, 0, "IPv4 or IPv6 must be enabled");
	if (req->ipam == NULL)
		return 0;
	if (!str_empty(req->ipam->driver) && !str_eq(req->ipam->driver, "default"))
		return err_set(e, ERR_NOTFOUND, 0, "plugin \"%s\" not found", req->ipam->driver);
	return netconfig_check_ipam(req->ipam, e);
}

static struct network *from_request(const struct docker_network_create *req)
{
	struct network *n = network_new();
	char id[RAND_ID_LEN + 1];

	rand_hex(id, RAND_ID_LEN);
	n->info.id = xstrdup(id);
	n->info.name = xstrdup(req->name);
	n->info.created_nsec = time_now_nsec();
	n->info.scope = xstrdup(!str_empty(req->scope) ? req->scope : "local");
	n->info.driver = xstrdup(req->config_only ? "null" : "bridge");
	n->info.enable_ipv4 = req->enable_ipv4 != JSON_TRI_FALSE;
	n->info.enable_ipv6 = req->enable_ipv6 == JSON_TRI_TRUE;
	if (req->ipam != NULL)
		json_struct_copy(&docker_ipam_json, &n->info.ipam, req->ipam);
	if (str_empty(n->info.ipam.driver))
		str_replace_ptr(&n->info.ipam.driver, "default");
	n->info.internal = req->internal;
	n->info.attachable = req->attachable;
	n->info.config_only = req->config_only;
	json_strmap_copy(&n->info.options, &req->options);
	json_strmap_copy(&n->info.labels, &req->labels);
	return n;
}

/* takes over what a configuration-only network says; with mu held */
static int apply_config_from(struct engine *en, struct network *n, const char *name, struct err *e)
{
	const struct network *from = network_find(en, name, e);

	if (from == NULL || !from->info.config_only)
		return err_set(e, ERR_NOTFOUND, 0, "configuration network \"%s\" does not exist",
			       name);
	if (n->info.ipam.config.len > 0 || n->info.options.len > 0 || n->info.labels.len > 0)
		return err_set(e, ERR_DENIED, 0,
			       "%s are not supported if the network depends on a configuration "
			       "network",
			       n->info.options.len > 0 ? "network driver options"
						       : "user specified configurations");
	json_struct_clear(&docker_ipam_json, &n->info.ipam);
	json_struct_copy(&docker_ipam_json, &n->info.ipam, &from->info.ipam);
	json_strmap_copy(&n->info.options, &from->info.options);
	json_strmap_copy(&n->info.labels, &from->info.labels);
	n->info.enable_ipv6 = from->info.enable_ipv6;
	n->info.internal = from->info.internal;
	str_replace_ptr(&n->info.config_from.network, name);
	return 0;
}

/* every subnet of N; with mu held */
static void subnets_in_use(struct engine *en, struct ip_prefixes *ret)
{
	static const char *const own[] = {NETNS_CIDR_DEFAULT, NETNS_CIDR6};

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct ip_prefix p;
		struct err ignored;

		if (ip_prefix_parse(own[i], &p, &ignored) == 0)
			ip_prefixes_add(ret, &p);
	}
	if (en->uplink.dns.family != IP_NONE) { /* of --cidr */
		const struct ip_prefix tun = {.ip = en->uplink.dns, .bits = 24};

		ip_prefixes_add(ret, &tun);
	}
	map_for_each (slot, &en->networks) {
		const struct network *n = slot->value;

		if (n->v4.set)
			ip_prefixes_add(ret, &n->v4.ipam.subnet);
		if (n->v6.set)
			ip_prefixes_add(ret, &n->v6.ipam.subnet);
	}
}

/* what the host's routes lead to would be out of the containers' reach */
static void add_host_routes(struct ip_prefixes *ret)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, "/proc/net/route", ENGINE_ROUTES_MAX, &b, &ignored) == 0)
		ip_prefixes_routes4(ret, buf_str(&b));
	buf_reset(&b);
	if (file_read(AT_FDCWD, "/proc/net/ipv6_route", ENGINE_ROUTES_MAX, &b, &ignored) == 0)
		ip_prefixes_routes6(ret, buf_str(&b));
}

/* one family without a subnet gets one from the pools */
static int cut_subnet(struct engine *en, struct network *n, int family,
		      const struct ip_prefixes *taken, struct err *e)
{
	char text[IP_PREFIX_TEXT_SIZE], ip[IP_TEXT_SIZE];
	struct docker_ipam_config *c;
	struct ip_prefix subnet;
	struct ip gateway;

	if (addr_pools_next(&en->pools, family, taken, &subnet, e) < 0 ||
	    ip_prefix_nth(&subnet, 1, &gateway, e) < 0)
		return -1;
	c = json_array_add(&n->info.ipam.config, &docker_ipam_config_json);
	c->subnet = xstrdup(ip_prefix_format(&subnet, text));
	c->gateway = xstrdup(ip_format(&gateway, ip));
	return 0;
}

/* the given subnets overlap nothing, and there is one of a family */
static int check_given(struct network *n, const struct ip_prefixes *taken, struct err *e)
{
	CLEANUP(ip_prefixes_clear) struct ip_prefixes all = {0};
	unsigned count[2] = {0};

	for (size_t i = 0; i < taken->n; i++)
		ip_prefixes_add(&all, &taken->items[i]);
	for (size_t i = 0; i < n->info.ipam.config.len; i++) {
		struct ip_prefix p;
		bool v6;

		if (ip_prefix_parse(n->info.ipam.config.items[i].subnet, &p, e) < 0)
			return -1;
		v6 = p.ip.family == IP_V6;
		if (!(v6 ? n->info.enable_ipv6 : n->info.enable_ipv4))
			continue;
		for (size_t k = 0; k < all.n; k++)
			if (ip_prefix_overlaps(&all.items[k], &p))
				return err_set(e, ERR_DENIED, 0,
					       "invalid pool request: Pool overlaps with other one "
					       "on this address space");
		ip_prefixes_add(&all, &p);
		count[v6]++;
	}
	if (count[0] > 1 || count[1] > 1)
		return err_set(e, ERR_DENIED, 0, "bridge driver doesn't support multiple subnets");
	n->v4.configured = count[0] > 0;
	n->v6.configured = count[1] > 0;
	return 0;
}

static int by_family(const void *a, const void *b)
{
	const struct docker_ipam_config *x = a, *y = b;

	return (strchr(x->subnet, ':') != NULL) - (strchr(y->subnet, ':') != NULL);
}

/* with mu held */
static int plan_subnets(struct engine *en, struct network *n, struct err *e)
{
	CLEANUP(ip_prefixes_clear) struct ip_prefixes taken = {0};

	if (n->info.config_only)
		return 0;
	subnets_in_use(en, &taken);
	if (check_given(n, &taken, e) < 0)
		return -1;
	add_host_routes(&taken);
	/* as Docker lists them: IPv4, IPv6, then those it has cut itself */
	if (n->info.ipam.config.len > 1)
		qsort(n->info.ipam.config.items, n->info.ipam.config.len,
		      sizeof(*n->info.ipam.config.items), by_family);
	if (n->info.enable_ipv4 && !n->v4.configured && cut_subnet(en, n, IP_V4, &taken, e) < 0)
		return -1;
	if (n->info.enable_ipv6 && !n->v6.configured && cut_subnet(en, n, IP_V6, &taken, e) < 0)
		return -1;
	return netconfig_open_pools(n, e);
}

static int check_bridge_free(struct engine *en, const struct network *n, struct err *e)
{
	map_for_each (slot, &en->networks) {
		const struct network *o = slot->value;

		if (*n->bridge != '\0' && str_eq(o->bridge, n->bridge))
			return err_set(e, ERR_DENIED, 0,
				       "cannot create network %s (%s): conflicts with network %s "
				       "(%s): networks have same bridge name",
				       n->info.id, n->bridge, o->info.id, o->bridge);
	}
	return 0;
}

/* into the table, pending */
static int enter(struct engine *en, struct network *n, const char *config_from, struct err *e)
{
	MUTEX_GUARD(&en->mu);

	if (network_by_name(en, n->info.name) != NULL)
		return err_set(e, ERR_CONFLICT, 0, "network with name %s already exists",
			       n->info.name);
	if (en->networks.n >= ENGINE_NETWORKS_MAX)
		return err_set(e, ERR_UNAVAILABLE, 0, "there are %d networks already",
			       ENGINE_NETWORKS_MAX);
	if (!str_empty(config_from) && apply_config_from(en, n, config_from, e) < 0)
		return -1;
	if (!n->info.config_only &&
	    (netconfig_apply_options(n, e) < 0 || check_bridge_free(en, n, e) < 0))
		return -1;
	if (plan_subnets(en, n, e) < 0)
		return -1;
	n->pending = true;
	map_put(&en->networks, n->info.id, n);
	return 0;
}

static void leave(struct engine *en, struct network *n)
{
	pthread_mutex_lock(&en->mu);
	map_steal(&en->networks, n->info.id);
	pthread_mutex_unlock(&en->mu);
}

static int realize(struct engine *en, struct network *n, struct err *e)
{
	struct err ignored;
	bool up = *n->bridge == '\0' || en->netns == NULL || network_ensure_bridge(en, n, e) == 0;

	if (up && network_save(en, n, e) == 0)
		return 0;
	/* half of a bridge, too: its addresses would be in nobody's pool */
	if (*n->bridge != '\0' && en->netns != NULL &&
	    netns_bridge_remove(en->netns, n->bridge, &ignored) < 0)
		log_debug(&ignored, "bridge %s", n->bridge);
	return -1;
}

/* --opt says it where the request does not */
static int option_tri(const struct docker_network_create *req, const char *key, enum json_tri *tri,
		      struct err *e)
{
	const char *v = json_strmap_get(&req->options, key);
	bool on;

	if (v == NULL || *tri != JSON_TRI_NIL)
		return 0;
	if (str_bool(v, &on) < 0)
		return err_set(e, ERR_INVALID, 0, "driver-opt \"%s\" is not a valid bool", key);
	*tri = on ? JSON_TRI_TRUE : JSON_TRI_FALSE;
	return 0;
}

int engine_network_create(struct engine *en, struct docker_network_create *req, char *ret_id,
			  struct err *e)
{
	struct network *n = NULL;
	int r = option_tri(req, OPT_NETWORK "enable_ipv4", &req->enable_ipv4, e) < 0 ||
				option_tri(req, OPT_NETWORK "enable_ipv6", &req->enable_ipv6, e) < 0
			? -1
			: check_request(req, e);

	if (r == 0) {
		n = from_request(req);
		r = enter(en, n, req->config_from != NULL ? req->config_from->network : NULL, e);
	}
	json_struct_clear(&docker_network_create_json, req);
	if (r == 0) {
		r = realize(en, n, e);
		if (r < 0)
			leave(en, n);
	}
	if (r < 0) {
		network_free(n);
		return -1;
	}
	str_copy(ret_id, n->info.id, RAND_ID_LEN + 1);
	network_event(en, n, "create", NULL);
	pthread_mutex_lock(&en->mu);
	n->pending = false;
	pthread_mutex_unlock(&en->mu);
	return 0;
}

/* --- remove --- */

/* "(name:"web" id:"0123456789ab", ...)", or NULL when nobody has an endpoint; with mu held */
static char *endpoints_text(struct engine *en, const struct network *n)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;

		for (size_t i = 0; i < c->net.networks.len; i++) {
			const struct docker_endpoint *ep = c->net.networks.items[i].value;

			if (endpoint_is_of(ep, n))
				buf_addf(&b, "%sname:\"%s\" id:\"%.12s\"", b.len > 0 ? ", " : "",
					 c->name, ep->endpoint_id);
		}
	}
	return b.len > 0 ? buf_detach(&b) : NULL;
}

/* marks it pending; with mu held */
static int claim_removal(struct engine *en, const char *name, struct network **ret, struct err *e)
{
	struct network *n = network_find(en, name, e);
	CLEANUP(freep) char *members = NULL;

	if (n == NULL)
		return -1;
	map_for_each (slot, &en->networks) {
		const struct network *o = slot->value;

		if (n->info.config_only && str_eq(o->info.config_from.network, n->info.name))
			return err_set(e, ERR_DENIED, 0,
				       "error while removing network: configuration network "
				       "\"%s\" is in use",
				       n->info.name);
	}
	if (n->predefined)
		return err_set(e, ERR_DENIED, 0,
			       "%s is a pre-defined network and cannot be removed", n->info.name);
	members = endpoints_text(en, n);
	if (members != NULL)
		return err_set(e, ERR_DENIED, 0,
			       "error while removing network: network %s has active endpoints (%s)",
			       n->info.name, members);
	n->pending = true;
	*ret = n;
	return 0;
}

int engine_network_remove(struct engine *en, const char *name, struct err *e)
{
	struct network *n = NULL;
	int r;

	pthread_mutex_lock(&en->mu);
	r = claim_removal(en, name, &n, e);
	pthread_mutex_unlock(&en->mu);
	if (r < 0)
		return -1;
	if (*n->bridge != '\0' && en->netns != NULL)
		r = netns_bridge_remove(en->netns, n->bridge, e);
	if (r == 0)
		r = network_delete_file(en, n->info.id, e);
	if (r < 0) {
		pthread_mutex_lock(&en->mu);
		n->pending = false;
		atomic_store(&n->bridge_made, false);
		pthread_mutex_unlock(&en->mu);
		return -1;
	}
	leave(en, n);
	network_event(en, n, "destroy", NULL);
	network_free(n);
	return 0;
}

static bool prunable(struct engine *en, const struct network *n, const struct engine_filters *f,
		     int64_t until_nsec)
{
	const struct strv *unwanted = engine_filters_get(f, "label!");
	CLEANUP(freep) char *members = NULL;

	if (n->predefined || n->pending || n->info.config_only)
		return false;
	if (until_nsec != 0 && n->info.created_nsec > until_nsec)
		return false;
	if (unwanted != NULL && filters_label_ok(unwanted, &n->info.labels))
		return false;
	if (!filters_label_ok(engine_filters_get(f, "label"), &n->info.labels))
		return false;
	members = endpoints_text(en, n);
	return members == NULL;
}

int engine_network_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_names,
			 struct err *e)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	int64_t until_nsec = 0;
	struct err why;

	if ((f != NULL && engine_filters_check(f, known, e) < 0) ||
	    engine_filters_until(f, &until_nsec, e) < 0)
		return -1;
	pthread_mutex_lock(&en->mu);
	map_for_each (slot, &en->networks) {
		const struct network *n = slot->value;

		if (prunable(en, n, f, until_nsec)) {
			strv_add(&ids, n->info.id);
			strv_add(&names, n->info.name);
		}
	}
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < ids.len; i++)
		if (engine_network_remove(en, ids.items[i], &why) == 0)
			strv_add(ret_names, names.items[i]);
		else
			log_debug(&why, "prune"); /* in use or removed meanwhile */
	engine_event_prune(en, "network", 0);
	return 0;
}
