// SPDX-License-Identifier: MIT
/*
 * Which networks a container is in, as a request says it: NetworkMode and
 * NetworkingConfig of a creation, EndpointConfig of a connect. Checked in the
 * order and with the words of Docker 28 (daemon/container_operations.go).
 */
#include <string.h>

#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"

/* --- one endpoint --- */

static void check_address(struct err_list *l, const char *text, int family)
{
	struct err ignored;
	struct ip a;

	if (!str_empty(text) && (ip_parse(text, &a, &ignored) < 0 || a.family != family))
		err_list_add(l, "invalid IPv%d address: %s", family, text);
}

static void check_link_local(struct err_list *l, const struct strv *ips)
{
	for (size_t i = 0; i < ips->len; i++) {
		struct err ignored;
		struct ip a;

		if (ip_parse(ips->items[i], &a, &ignored) < 0 || ip_is_any(&a))
			err_list_add(l, "invalid link-local IP address: %s", ips->items[i]);
	}
	if (ips->len > NETNS_EXTRA_MAX)
		err_list_add(l, "at most %d link-local IP addresses are possible", NETNS_EXTRA_MAX);
}

static void check_in_subnet(struct err_list *l, const char *text, const struct network_pool *p)
{
	struct err ignored;
	struct ip a;

	if (str_empty(text))
		return;
	if (!p->set || !p->configured)
		err_list_add(l, "user specified IP address is supported only when connecting to "
				"networks with user configured subnets");
	else if (ip_parse(text, &a, &ignored) < 0 || !ip_prefix_has(&p->ipam.subnet, &a))
		err_list_add(l, "no configured subnet or ip-range contain the IP address %s", text);
}

int endpoint_check(const struct network *n, const char *name, const struct docker_endpoint *ep,
		   struct err *e)
{
	const struct docker_endpoint_ipam *ipam = ep->ipam_config;
	const char *v4 = ipam != NULL ? ipam->ipv4_address : NULL,
		   *v6 = ipam != NULL ? ipam->ipv6_address : NULL;
	struct err_list l = {0};
	uint8_t mac[MAC_SIZE];

	if (!str_empty(ep->mac_address) && mac_parse(ep->mac_address, mac, e) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid MAC address %s", ep->mac_address);
	if (!network_name_is_user_defined(name)) {
		if (!str_empty(v4) || !str_empty(v6))
			err_list_add(&l, "user specified IP address is supported on user defined "
					 "networks only");
		if (ep->aliases.len > 0)
			err_list_add(&l, "network-scoped alias is supported only for containers "
					 "in user defined networks");
	}
	check_address(&l, v4, IP_V4);
	check_address(&l, v6, IP_V6);
	if (ipam != NULL)
		check_link_local(&l, &ipam->link_local_ips);
	if (n != NULL && network_name_is_user_defined(name)) {
		check_in_subnet(&l, v4, &n->v4);
		check_in_subnet(&l, v6, &n->v6);
	}
	return err_list_end(&l, "invalid endpoint settings", e);
}

void endpoint_take_config(struct docker_endpoint *to, struct docker_endpoint *from)
{
	to->ipam_config = TAKE(from->ipam_config);
	to->links = from->links;
	to->aliases = from->aliases;
	to->driver_opts = from->driver_opts;
	memset(&from->links, 0, sizeof(from->links));
	memset(&from->aliases, 0, sizeof(from->aliases));
	memset(&from->driver_opts, 0, sizeof(from->driver_opts));
	to->gw_priority = from->gw_priority;
	to->desired_mac = xstrdup(from->mac_address);
	to->mac_address = TAKE(from->mac_address);
}

static void add_name(struct docker_endpoint *ep, const char *name)
{
	if (!str_empty(name) && !strv_has(&ep->dns_names, name))
		strv_add(&ep->dns_names, name);
}

void endpoint_dns_names(const struct container *c, const char *network, struct docker_endpoint *ep)
{
	CLEANUP(freep) char *short_id = xstrndup(c->id, 12);

	strv_clear(&ep->dns_names);
	if (!network_name_is_user_defined(network))
		return;
	add_name(ep, c->name);
	for (size_t i = 0; i < ep->aliases.len; i++)
		add_name(ep, ep->aliases.items[i]);
	add_name(ep, short_id);
	add_name(ep, c->config.hostname);
}

/* --- the networks of a new container --- */

/* NetworkMode "container:NAME": its names too; the id is kept */
static int share(struct engine *en, struct container *c, const char *other, struct err *e)
{
	struct container *o = container_get(en, other, e);

	if (o == NULL)
		return -1;
	str_replace_ptr(&c->config.hostname, o->config.hostname);
	str_replace_ptr(&c->config.domainname, o->config.domainname);
	free(c->host.network_mode);
	c->host.network_mode = xasprintf("container:%s", o->id);
	container_unref(en, o);
	return 0;
}

/* one entry of EndpointsConfig, whose key is a name or an id; with mu held */
static int add_endpoint(struct engine *en, struct container *c, const char *key,
			struct docker_endpoint *from, struct err *e)
{
	struct docker_endpoint *to;
	const struct network *n;
	struct err ignored;
	const char *name;

	if (c->net.networks.len >= ENGINE_ENDPOINTS_MAX)
		return err_set(e, ERR_INVALID, 0, "a container can be in at most %d networks",
			       ENGINE_ENDPOINTS_MAX);
	if (str_eq(key, "default")) /* NetworkMode's default has its real name by now */
		key = c->host.network_mode;
	n = network_find(en, key, &ignored);
	name = n != NULL ? n->info.name : key;

	if (from != NULL && endpoint_check(n, name, from, e) < 0)
		return err_wrap(e, "invalid config for network %s", key);
	to = json_map_add(&c->net.networks, name, sizeof(*to));
	if (from != NULL)
		endpoint_take_config(to, from);
	return 0;
}

/* host and none are alone */
static int check_alone(const char *mode, const struct docker_networking_config *nc, struct err *e)
{
	for (size_t i = 0; i < nc->endpoints_config.len; i++)
		if (!str_eq(nc->endpoints_config.items[i].key, mode) &&
		    !str_eq(nc->endpoints_config.items[i].key, "default"))
			return err_set(e, ERR_INVALID, 0,
				       "conflicting options: cannot attach both user-defined and "
				       "non-user-defined network-modes");
	return 0;
}

int endpoints_configure(struct engine *en, struct container *c, struct docker_networking_config *nc,
			struct err *e)
{
	const char *mode = c->host.network_mode, *other = str_skip(mode, "container:");
	const struct docker_endpoint *main_ep;
	struct err_list nil = {0};

	for (size_t i = 0; i < nc->endpoints_config.len; i++)
		if (nc->endpoints_config.items[i].value == NULL)
			err_list_add(&nil, "invalid config for network %s: EndpointsConfig is nil",
				     nc->endpoints_config.items[i].key);
	if (err_list_end(&nil, "", e) < 0)
		return -1;

	if (other != NULL)
		return share(en, c, other, e);
	if (c->config.network_disabled) /* a namespace with lo alone */
		return 0;
	if ((str_eq(mode, "host") || str_eq(mode, "none")) && check_alone(mode, nc, e) < 0)
		return -1;
	MUTEX_GUARD(&en->mu);
	for (size_t i = 0; i < nc->endpoints_config.len; i++)
		if (add_endpoint(en, c, nc->endpoints_config.items[i].key,
				 nc->endpoints_config.items[i].value, e) < 0)
			return -1;
	if (c->net.networks.len == 0 && add_endpoint(en, c, mode, NULL, e) < 0)
		return -1;
	main_ep = json_map_get(&c->net.networks, endpoints_main_name(en, c));
	if (main_ep != NULL && !str_empty(main_ep->desired_mac))
		str_replace_ptr(&c->config.mac_address, main_ep->desired_mac);
	return 0;
}
