// SPDX-License-Identifier: MIT
/*
 * docker network connect and disconnect. A container that runs gets or loses
 * an interface at once (under its net_mu); of one that does not, only the
 * settings change. Where the default route and the published ports lead may
 * change with it.
 */
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"

/* what the default route and published ports follow */
struct way_out {
	char ifname[IFNAMSIZ], ifname6[IFNAMSIZ];
	struct ip gateway, gateway6, address, address6;
};

/* with mu held */
static void way_out(struct container *c, struct way_out *w)
{
	const struct docker_endpoint *gw = endpoints_gateway(c, IP_V4),
				     *gw6 = endpoints_gateway(c, IP_V6);
	struct err ignored;

	memset(w, 0, sizeof(*w));
	w->address = c->address;
	w->address6 = c->address6;
	if (gw != NULL && ip_parse(gw->gateway, &w->gateway, &ignored) == 0)
		str_copy(w->ifname, gw->ifname, sizeof(w->ifname));
	if (gw6 != NULL && ip_parse(gw6->ipv6_gateway, &w->gateway6, &ignored) == 0)
		str_copy(w->ifname6, gw6->ifname, sizeof(w->ifname6));
}

static bool same_route(const struct way_out *a, const struct way_out *b)
{
	return str_eq(a->ifname, b->ifname) && str_eq(a->ifname6, b->ifname6) &&
	       ip_eq(&a->gateway, &b->gateway) && ip_eq(&a->gateway6, &b->gateway6);
}

/* the default route and the published ports follow the change; net_mu held */
static int move_way_out(struct engine *en, struct container *c, const struct way_out *before,
			struct err *e)
{
	struct netns_gateway g = {0};
	struct way_out now;

	pthread_mutex_lock(&en->mu);
	way_out(c, &now);
	sandbox_name(c, g.sandbox);
	pthread_mutex_unlock(&en->mu);
	str_copy(g.ifname, now.ifname, sizeof(g.ifname));
	str_copy(g.ifname6, now.ifname6, sizeof(g.ifname6));
	g.gateway = now.gateway;
	g.gateway6 = now.gateway6;
	/* with its last interface the sandbox has gone */
	if (!same_route(&now, before) && netns_gateway_set(en->netns, &g, e) < 0 &&
	    e->kind != ERR_NOTFOUND)
		return -1;
	if (ip_eq(&now.address, &before->address) && ip_eq(&now.address6, &before->address6))
		return 0;
	publish_end(en, c);
	pthread_mutex_lock(&en->mu);
	network_clear_ports(c);
	pthread_mutex_unlock(&en->mu);
	if (now.address.family == IP_NONE && now.address6.family == IP_NONE)
		return 0;
	return publish_start(en, c, e);
}

static void save(struct engine *en, struct container *c, bool sync)
{
	struct err e;

	if (container_save(en, c, sync, &e) < 0)
		log_warn(&e, "state of container %s is not on disk", c->id);
}

/* the container settled, with net_mu and mu held */
static void lock_container(struct engine *en, struct container *c)
{
	for (;;) {
		pthread_mutex_lock(&c->net_mu);
		pthread_mutex_lock(&en->mu);
		if (c->state != C_STARTING || c->net_pid != 0)
			return;
		pthread_mutex_unlock(&c->net_mu);
		container_settled(en, c);
		pthread_mutex_unlock(&en->mu);
	}
}

/* the container's files follow, unless the change failed */
static void finish(struct engine *en, struct container *c, bool changed,
		   struct hosts_snapshot *hosts)
{
	bool live = c->net_pid != 0;

	pthread_mutex_unlock(&en->mu);
	if (live && changed)
		hosts_update(en, c, hosts);
	hosts_snapshot_clear(hosts);
	pthread_mutex_unlock(&c->net_mu);
	if (changed)
		save(en, c, !live);
}

/* --- connect --- */

static int check_modes(const struct container *c, const struct network *n, struct err *e)
{
	const char *mode = c->host.network_mode;

	if (c->state == C_REMOVING || c->state == C_DEAD)
		return err_set(e, ERR_CONFLICT, 0,
			       "container %s is marked for removal and cannot be connected or "
			       "disconnected to the network %s",
			       c->id, n->info.name);
	if (str_starts(mode, "container:") || str_eq(mode, "host"))
		return err_set(e, ERR_INVALID, 0,
			       "container sharing network namespace with another container or host "
			       "cannot be connected to any other network");
	if (str_eq(n->info.name, "host"))
		return err_set(e, ERR_INVALID, 0,
			       "cannot connect container to host network - container must be "
			       "created in host network mode");
	if (json_map_get(&c->net.networks, n->info.name) != NULL)
		return 0;
	if ((str_eq(n->info.name, "none") && c->net.networks.len > 0) ||
	    json_map_get(&c->net.networks, "none") != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "container cannot be connected to multiple networks with one of the "
			       "networks in private (none) mode");
	if (c->net.networks.len >= ENGINE_ENDPOINTS_MAX)
		return err_set(e, ERR_INVALID, 0, "a container can be in at most %d networks",
			       ENGINE_ENDPOINTS_MAX);
	return 0;
}

static void drop_endpoint(struct container *c, const char *name)
{
	struct docker_network_settings one = {0};
	struct json_map *m = &c->net.networks;

	for (size_t i = 0; i < m->len; i++) {
		if (!str_eq(m->items[i].key, name))
			continue;
		one.networks = (struct json_map){.items = xcalloc(1, sizeof(*m->items)), .len = 1};
		one.networks.items[0] = m->items[i];
		memmove(&m->items[i], &m->items[i + 1], (--m->len - i) * sizeof(*m->items));
		break;
	}
	json_struct_clear(&docker_network_settings_json, &one);
}

/* the program ended under our hands: the endpoint is for the next start */
static bool has_ended(const struct container *c)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%d/ns/net", (int)c->net_pid);

	return !path_exists(path);
}

/* the live part: gives up mu meanwhile */
static int connect_live(struct engine *en, struct container *c, const char *name,
			struct docker_endpoint *ep, struct err *e)
{
	char sandbox[NETNS_SANDBOX_MAX], ifname[IFNAMSIZ];
	struct err ignored;
	struct way_out before;
	int r;

	way_out(c, &before);
	if (endpoint_reserve(en, c, name, ep, e) < 0)
		return -1;
	endpoints_refresh(en, c);
	sandbox_name(c, sandbox);
	str_copy(ifname, ep->ifname != NULL ? ep->ifname : "", sizeof(ifname));
	pthread_mutex_unlock(&en->mu);
	r = endpoint_plug(en, c, ep, c->net_pid, e);
	if (r > 0 && move_way_out(en, c, &before, e) < 0) {
		r = -1;
		if (netns_unplug(en->netns, sandbox, ifname, &ignored) < 0)
			log_debug(&ignored, "container %s", c->id);
	}
	pthread_mutex_lock(&en->mu);
	if (r < 0) {
		endpoint_release(en, ep);
		endpoints_refresh(en, c);
		return has_ended(c) ? 0 : -1;
	}
	endpoints_push_names(en, c);
	endpoint_event(en, c, ep, "connect");
	return 0;
}

/* with net_mu and mu held */
static int connect_locked(struct engine *en, struct container *c, const char *network,
			  struct docker_endpoint *conf, struct err *e)
{
	const struct network *n = network_find(en, network, e);
	CLEANUP(freep) char *name = NULL;
	struct docker_endpoint *ep;

	if (n == NULL || check_modes(c, n, e) < 0)
		return -1;
	if (conf != NULL && endpoint_check(n, n->info.name, conf, e) < 0)
		return -1;
	ep = json_map_get(&c->net.networks, n->info.name);
	if (ep != NULL && c->net_pid != 0)
		return err_set(e, ERR_DENIED, 0,
			       "endpoint with name %s already exists in network %s", c->name,
			       n->info.name);
	name = xstrdup(n->info.name);
	if (ep != NULL) /* of one that does not run only the settings are new */
		drop_endpoint(c, name);
	ep = json_map_add(&c->net.networks, name, sizeof(*ep));
	if (conf != NULL)
		endpoint_take_config(ep, conf);
	endpoint_dns_names(c, name, ep);
	if (c->net_pid != 0 && connect_live(en, c, name, ep, e) < 0) {
		drop_endpoint(c, name);
		return -1;
	}
	return 0;
}

int engine_network_connect(struct engine *en, const char *network,
			   struct docker_network_connect *req, struct err *e)
{
	struct container *c = NULL;
	struct hosts_snapshot hosts;
	int r = 0;

	if (str_empty(req->container))
		r = err_set(e, ERR_INVALID, 0, "invalid name or ID supplied: \"\"");
	else if ((c = container_get(en, req->container, e)) == NULL)
		r = -1;
	if (r == 0) {
		lock_container(en, c);
		hosts_snapshot(c, &hosts);
		r = connect_locked(en, c, network, req->endpoint_config, e);
		finish(en, c, r == 0, &hosts);
		container_unref(en, c);
	}
	json_struct_clear(&docker_network_connect_json, req);
	return r;
}

/* --- disconnect --- */

/* gives up mu meanwhile */
static int disconnect_live(struct engine *en, struct container *c, struct docker_endpoint *ep,
			   struct err *e)
{
	char sandbox[NETNS_SANDBOX_MAX], ifname[IFNAMSIZ];
	struct way_out before;
	int r = 0;

	way_out(c, &before);
	sandbox_name(c, sandbox);
	str_copy(ifname, ep->ifname != NULL ? ep->ifname : "", sizeof(ifname));
	pthread_mutex_unlock(&en->mu);
	if (*ifname != '\0')
		r = netns_unplug(en->netns, sandbox, ifname, e);
	pthread_mutex_lock(&en->mu);
	if (r < 0)
		return -1;
	endpoint_event(en, c, ep, "disconnect");
	endpoint_release(en, ep);
	endpoints_refresh(en, c);
	if (*ifname == '\0')
		return 0;
	pthread_mutex_unlock(&en->mu);
	if (move_way_out(en, c, &before, e) < 0) /* the network is left all the same */
		log_warn(e, "default route and ports of container %s", c->id);
	pthread_mutex_lock(&en->mu);
	return 0;
}

/* with net_mu and mu held */
static int disconnect_locked(struct engine *en, struct container *c, const char *network,
			     struct err *e)
{
	const struct network *n = network_find(en, network, e);
	CLEANUP(freep) char *name = n != NULL ? xstrdup(n->info.name) : NULL;
	struct docker_endpoint *ep;
	int r = 0;

	if (n == NULL)
		return -1;
	if (str_eq(c->host.network_mode, "host") && str_eq(name, "host"))
		return err_set(e, ERR_INVALID, 0,
			       "cannot disconnect container from host network - container was "
			       "created in host network mode");
	ep = json_map_get(&c->net.networks, name);
	if (ep == NULL)
		return err_set(e, ERR_SYSTEM, 0, "container %s is not connected to %snetwork %s",
			       c->id, c->net_pid != 0 ? "" : "the ", name);
	if (c->net_pid != 0 && !str_empty(ep->endpoint_id))
		r = disconnect_live(en, c, ep, e);
	if (r == 0) {
		drop_endpoint(c, name);
		endpoints_push_names(en, c);
	}
	return r;
}

int engine_network_disconnect(struct engine *en, const char *network, const char *container,
			      bool force, struct err *e)
{
	struct hosts_snapshot hosts;
	const struct network *n;
	struct container *c;
	int r;

	pthread_mutex_lock(&en->mu);
	n = network_find(en, network, e);
	pthread_mutex_unlock(&en->mu);
	if (n == NULL)
		return -1;
	if (str_empty(container))
		return err_set(e, ERR_INVALID, 0, "invalid name or ID supplied: \"\"");
	c = container_get(en, container, e);
	if (c == NULL)
		return force && e->kind == ERR_NOTFOUND
			       ? err_set(e, ERR_NOTFOUND, 0, "endpoint %s not found", container)
			       : -1;
	lock_container(en, c);
	hosts_snapshot(c, &hosts);
	r = disconnect_locked(en, c, network, e);
	finish(en, c, r == 0, &hosts);
	container_unref(en, c);
	return r;
}
