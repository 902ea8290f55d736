// SPDX-License-Identifier: MIT
/*
 * The network of a container's run, from start to end:
 *
 *   1. network_reserve()  addresses of all endpoints, before anything is made (mu)
 *   2. network_plug()     interfaces, published ports, names: the namespaces exist, the program
 *                         does not run yet (net_mu)
 *   3. connect.c         changes while it runs (net_mu)
 *   4. network_release()  the end (net_mu)
 *
 * c->net_pid is not 0 from 2 to 4; whoever changes the run's network holds
 * net_mu, which is taken before en->mu and held across the helper's work.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/network_internal.h"

#define SANDBOX_NAME_LEN 12

void sandbox_name(const struct container *c, char ret[NETNS_SANDBOX_MAX])
{
	snprintf(ret, NETNS_SANDBOX_MAX, "%.*s", SANDBOX_NAME_LEN,
		 c->net.sandbox_id != NULL ? c->net.sandbox_id : "");
}

static bool shares_network(const struct container *c)
{
	return str_starts(c->host.network_mode, "container:");
}

/* --- reserve --- */

int network_reserve(struct engine *en, struct container *c, struct err *e)
{
	CLEANUP(freep) struct docker_endpoint **eps = NULL;
	char id[RAND_ID_LEN + 1];
	size_t n;

	if (shares_network(c))
		return 0;
	rand_hex(id, RAND_ID_LEN);
	str_replace_ptr(&c->net.sandbox_id, id);
	free(c->net.sandbox_key);
	c->net.sandbox_key = xasprintf("%s/%.*s", NETNS_PIN_DIR, SANDBOX_NAME_LEN, id);
	n = endpoints_order(en, c, &eps);
	for (size_t i = 0; i < n; i++)
		if (endpoint_reserve(en, c, endpoint_name(c, eps[i]), eps[i], e) < 0)
			return err_wrap(e, "failed to set up container networking");
	endpoints_refresh(en, c);
	return 0;
}

/* --- plug --- */

static void fill_extra(const struct docker_endpoint *ep, struct netns_plug *p)
{
	const struct docker_endpoint_ipam *ipam = ep->ipam_config;
	size_t n = 0;

	for (size_t i = 0; ipam != NULL && i < ipam->link_local_ips.len; i++) {
		struct ip_prefix a;
		struct err ignored;

		if (n == NETNS_EXTRA_MAX ||
		    ip_parse(ipam->link_local_ips.items[i], &a.ip, &ignored) < 0)
			continue;
		a.bits = a.ip.family == IP_V4 ? 16 : 64;
		p->extra[n++] = a;
	}
}

/* what the helper needs to know; with mu held */
static void fill_plug(const struct container *c, const struct docker_endpoint *ep,
		      const struct network *n, struct netns_plug *p)
{
	struct err ignored;

	memset(p, 0, sizeof(*p));
	sandbox_name(c, p->sandbox);
	str_copy(p->bridge, n->bridge, sizeof(p->bridge));
	str_copy(p->ifname, ep->ifname, sizeof(p->ifname));
	if (mac_parse(ep->mac_address, p->mac, &ignored) < 0)
		memset(p->mac, 0, sizeof(p->mac));
	endpoint_addresses(ep, &p->address.ip, &p->address6.ip);
	p->address.bits = (uint8_t)ep->ip_prefix_len;
	p->address6.bits = (uint8_t)ep->global_ipv6_prefix_len;
	fill_extra(ep, p);
	if (endpoints_gateway(c, IP_V4) == ep)
		p->gateway = n->v4.gateway.ip;
	if (endpoints_gateway(c, IP_V6) == ep)
		p->gateway6 = n->v6.gateway.ip;
	p->mtu = n->mtu;
	p->isolated = !n->icc;
	p->dns = !n->predefined && p->address.ip.family != IP_NONE;
}

int endpoint_plug(struct engine *en, struct container *c, const struct docker_endpoint *ep,
		  pid_t pid, struct err *e)
{
	struct network *n;
	struct netns_plug p;
	struct err first;

	pthread_mutex_lock(&en->mu);
	n = endpoint_network(en, ep);
	if (n != NULL && *n->bridge != '\0')
		fill_plug(c, ep, n, &p);
	pthread_mutex_unlock(&en->mu);
	if (n == NULL || *n->bridge == '\0')
		return 0;
	/* the bridge is there as long as N: made once, and again should it be gone */
	if (atomic_load(&n->bridge_made) && netns_plug(en->netns, pid, &p, NULL, &first) == 0)
		return 1;
	if (network_ensure_bridge(en, n, e) < 0 || netns_plug(en->netns, pid, &p, NULL, e) < 0)
		return -1;
	return 1;
}

void endpoint_event(struct engine *en, const struct container *c, const struct docker_endpoint *ep,
		    const char *action)
{
	const struct network *n = endpoint_network(en, ep);

	if (n != NULL)
		network_event(en, n, action, c->id);
}

static int plug_all(struct engine *en, struct container *c, pid_t pid, struct err *e)
{
	CLEANUP(freep) struct docker_endpoint **eps = NULL;
	int plugged = 0;
	size_t n;

	pthread_mutex_lock(&en->mu);
	n = endpoints_order(en, c, &eps);
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < n; i++) {
		int r = endpoint_plug(en, c, eps[i], pid, e);

		if (r < 0)
			return -1;
		plugged += r;
	}
	if (plugged == 0 && en->netns != NULL && !str_eq(c->host.network_mode, "host") &&
	    netns_sandbox_init(en->netns, pid, e) < 0)
		return -1;
	pthread_mutex_lock(&en->mu);
	endpoints_push_names(en, c);
	for (size_t i = 0; i < n; i++)
		endpoint_event(en, c, eps[i], "connect");
	pthread_mutex_unlock(&en->mu);
	return 0;
}

int network_plug(struct engine *en, struct container *c, pid_t pid, struct err *e)
{
	MUTEX_GUARD(&c->net_mu);

	if (shares_network(c))
		return 0;
	c->net_pid = pid;
	if (plug_all(en, c, pid, e) < 0)
		return err_wrap(e, "failed to set up container networking");
	if (c->address.family == IP_NONE && c->address6.family == IP_NONE)
		return 0;
	if (publish_start(en, c, e) < 0)
		return -1;
	links_changed(en, c);
	return 0;
}

/* --- release --- */

void network_clear_ports(struct container *c)
{
	struct docker_network_settings only = {.ports = c->net.ports};

	memset(&c->net.ports, 0, sizeof(c->net.ports));
	json_struct_clear(&docker_network_settings_json, &only);
}

/* back to what a container shows that does not run; with mu held */
static void settle_settings(struct engine *en, struct container *c)
{
	network_clear_ports(c);
	str_replace_ptr(&c->net.sandbox_id, NULL);
	str_replace_ptr(&c->net.sandbox_key, NULL);
	endpoints_refresh(en, c);
}

void network_release(struct engine *en, struct container *c)
{
	char sandbox[NETNS_SANDBOX_MAX];
	bool interfaces = false;
	struct err e;
	MUTEX_GUARD(&c->net_mu);

	publish_end(en, c);
	c->net_pid = 0;
	pthread_mutex_lock(&en->mu);
	sandbox_name(c, sandbox);
	for (size_t i = 0; i < c->net.networks.len; i++) {
		struct docker_endpoint *ep = c->net.networks.items[i].value;

		if (str_empty(ep->endpoint_id))
			continue;
		interfaces = interfaces || !str_empty(ep->ifname);
		endpoint_event(en, c, ep, "disconnect");
	}
	pthread_mutex_unlock(&en->mu);
	/* before the addresses may be given to another */
	if (interfaces && en->netns != NULL && *sandbox != '\0' &&
	    netns_sandbox_remove(en->netns, sandbox, &e) < 0)
		log_debug(&e, "network of container %s", c->id);
	pthread_mutex_lock(&en->mu);
	for (size_t i = 0; i < c->net.networks.len; i++)
		endpoint_release(en, c->net.networks.items[i].value);
	settle_settings(en, c);
	pthread_mutex_unlock(&en->mu);
}

/* --- a new engine --- */

void network_take_back(struct engine *en, struct container *c)
{
	for (size_t i = 0; i < c->net.networks.len; i++)
		endpoint_take_back(en, c, c->net.networks.items[i].value);
	endpoints_refresh(en, c);
	endpoints_push_names(en, c);
	c->net_pid = (pid_t)c->pid;
	publish_take_back(en, c);
}

void network_forget(struct engine *en, struct container *c)
{
	for (size_t i = 0; i < c->net.networks.len; i++)
		endpoint_forget(c->net.networks.items[i].value);
	settle_settings(en, c);
}

struct sweep {
	struct engine *en;
	struct strv lost;
};

static bool sandbox_known(struct engine *en, const char *name)
{
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->containers) {
		char own[NETNS_SANDBOX_MAX];

		sandbox_name(slot->value, own);
		if (str_eq(own, name))
			return true;
	}
	return false;
}

static int note_sandbox(const char *name, void *arg)
{
	struct sweep *s = arg;

	if (!sandbox_known(s->en, name))
		strv_add(&s->lost, name);
	return 0;
}

/* bridges that look like ours and belong to no network */
static int note_bridge(const char *name, void *arg)
{
	struct sweep *s = arg;
	const char *id = str_skip(name, "br-");
	bool known = false;

	if (id == NULL || strlen(id) != 12 || !str_is_hex(id, 12))
		return 0;
	pthread_mutex_lock(&s->en->mu);
	map_for_each (slot, &s->en->networks)
		known = known || str_eq(((struct network *)slot->value)->bridge, name);
	pthread_mutex_unlock(&s->en->mu);
	if (!known)
		strv_add(&s->lost, name);
	return 0;
}

void network_sweep(struct engine *en)
{
	struct sweep s = {.en = en};
	struct err e;

	if (en->netns == NULL)
		return;
	if (netns_list(en->netns, NETNS_LIST_SANDBOXES, note_sandbox, &s, &e) < 0)
		log_debug(&e, "sandboxes");
	for (size_t i = 0; i < s.lost.len; i++)
		if (netns_sandbox_remove(en->netns, s.lost.items[i], &e) < 0)
			log_debug(&e, "sandbox %s", s.lost.items[i]);
	strv_clear(&s.lost);
	if (netns_list(en->netns, NETNS_LIST_BRIDGES, note_bridge, &s, &e) < 0)
		log_debug(&e, "bridges");
	for (size_t i = 0; i < s.lost.len; i++)
		if (netns_bridge_remove(en->netns, s.lost.items[i], &e) < 0)
			log_debug(&e, "bridge %s", s.lost.items[i]);
	strv_clear(&s.lost);
}

bool network_owns_address(struct engine *en, const struct ip *a)
{
	bool owned = false;
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->networks) {
		const struct network *n = slot->value;

		owned = owned || (n->v4.set && ip_prefix_has(&n->v4.ipam.subnet, a)) ||
			(n->v6.set && ip_prefix_has(&n->v6.ipam.subnet, a));
	}
	return owned;
}
