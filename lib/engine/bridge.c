// SPDX-License-Identifier: MIT
/*
 * The default bridge network: an address for the time a container runs, a veth
 * made by the netns-helper, and host ports through rootlesskit. Without
 * rootlesskit (no state directory) there is no bridge, and containers use the
 * host's network or none.
 */
#include <stdatomic.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/engine_internal.h"

#define BRIDGE_NAME    "docker0"
#define BRIDGE_DEFAULT "172.17.0.1/16"

bool container_on_bridge(const struct container *c)
{
	return str_eq(c->host.network_mode, "bridge");
}

/* the id of a predefined network: the same at every start of the engine on this data root */
static void network_id(struct engine *en, const char *name, char ret[RAND_ID_LEN + 1])
{
	CLEANUP(freep) char *seed = xasprintf("%s/%s", en->id, name);

	sha256_hex(seed, strlen(seed), ret);
}

int bridge_open(struct engine *en, const char *bip, struct err *e)
{
	CLEANUP(freep) char *path = NULL;
	struct ip_prefix subnet;

	network_id(en, "bridge", en->bridge_id);
	network_id(en, "host", en->host_id);
	network_id(en, "none", en->none_id);
	if (ip_prefix_parse(!str_empty(bip) ? bip : BRIDGE_DEFAULT, &en->bridge, e) < 0)
		return err_wrap(e, "bip");
	subnet = ip_prefix_network(&en->bridge);
	if (ipam_init(&en->ipam, &subnet, NULL, &en->bridge.ip, e) < 0)
		return err_wrap(e, "bip");
	port_pool_init(&en->port_pool);
	if (en->state_dir == NULL)
		return 0;
	path = path_join(en->state_dir, NETNS_HELPER_SOCKET);
	if (path_exists(path))
		en->netns = netns_client_new(path);
	return 0;
}

static const char *mode_network_id(const struct engine *en, const char *mode)
{
	if (str_eq(mode, "bridge"))
		return en->bridge_id;
	return str_eq(mode, "host") ? en->host_id : en->none_id;
}

/* the endpoint of the container's one network, emptied; with mu held */
static struct docker_endpoint *reset_endpoint(struct engine *en, struct container *c)
{
	const char *mode = c->host.network_mode;
	struct docker_endpoint *ep;

	json_struct_clear(&docker_network_settings_json, &c->net);
	if (str_starts(mode, "container:"))
		return NULL;
	ep = json_map_add(&c->net.networks, mode, sizeof(*ep));
	ep->network_id = xstrdup(mode_network_id(en, mode));
	return ep;
}

void bridge_announce(struct engine *en, struct container *c)
{
	struct docker_endpoint *ep = reset_endpoint(en, c);

	if (ep != NULL)
		ep->endpoint_id = xstrdup("");
}

int bridge_reserve(struct engine *en, struct container *c, struct err *e)
{
	struct docker_endpoint *ep = reset_endpoint(en, c);
	uint8_t mac[MAC_SIZE];
	char text[IP_TEXT_SIZE], id[RAND_ID_LEN + 1], mac_text[MAC_TEXT_SIZE];

	rand_hex(id, RAND_ID_LEN);
	c->net.sandbox_id = xstrdup(id);
	c->net.sandbox_key = xasprintf("%s/netns", en->exec_root);
	if (ep == NULL)
		return 0;
	rand_hex(id, RAND_ID_LEN);
	ep->endpoint_id = xstrdup(id);
	if (!container_on_bridge(c))
		return 0;
	if (en->netns == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0,
			       "network bridge is not available: the engine does not run under "
			       "rootlesskit with a "
			       "network namespace of its own; use --network host or none");
	if (ipam_alloc(&en->ipam, &c->address, e) < 0)
		return -1;
	mac_from_ip(&c->address, mac);
	if (!str_empty(c->config.mac_address) && mac_parse(c->config.mac_address, mac, e) < 0)
		return -1;
	ep->ip_address = xstrdup(ip_format(&c->address, text));
	ep->ip_prefix_len = en->bridge.bits;
	ep->gateway = xstrdup(ip_format(&en->bridge.ip, text));
	ep->mac_address = xstrdup(mac_format(mac, mac_text));
	c->net.endpoint_id = xstrdup(ep->endpoint_id);
	c->net.ip_address = xstrdup(ep->ip_address);
	c->net.ip_prefix_len = ep->ip_prefix_len;
	c->net.gateway = xstrdup(ep->gateway);
	c->net.mac_address = xstrdup(ep->mac_address);
	return 0;
}

static int ensure_bridge(struct engine *en, struct err *e)
{
	struct netns_bridge b = {.name = BRIDGE_NAME, .gateway = en->bridge, .mtu = en->mtu};

	return netns_bridge_ensure(en->netns, &b, e);
}

/* the bridge is there as long as the network namespace: made once, and again should it be gone */
static int plug(struct engine *en, pid_t pid, const struct netns_plug *p, struct err *e)
{
	struct err first;

	if (atomic_load(&en->bridge_made) && netns_plug(en->netns, pid, p, NULL, &first) == 0)
		return 0;
	if (ensure_bridge(en, e) < 0 || netns_plug(en->netns, pid, p, NULL, e) < 0)
		return -1;
	atomic_store(&en->bridge_made, true);
	return 0;
}

int bridge_plug(struct engine *en, struct container *c, pid_t pid, struct err *e)
{
	struct netns_plug p = {
		.bridge = BRIDGE_NAME, .ifname = "eth0", .gateway = en->bridge.ip, .mtu = en->mtu};

	if (str_eq(c->host.network_mode, "none") && en->netns != NULL)
		return netns_sandbox_init(en->netns, pid, e);
	if (!container_on_bridge(c))
		return 0;
	p.address.ip = c->address;
	p.address.bits = en->bridge.bits;
	if (!str_empty(c->net.mac_address) && mac_parse(c->net.mac_address, p.mac, e) < 0)
		return -1;
	if (plug(en, pid, &p, e) < 0)
		return err_wrap(e, "failed to set up container networking");
	return publish_start(en, c, e);
}

void bridge_release(struct engine *en, struct container *c)
{
	publish_end(en, c);
	pthread_mutex_lock(&en->mu);
	ipam_release(&en->ipam, &c->address);
	memset(&c->address, 0, sizeof(c->address));
	bridge_announce(en, c);
	pthread_mutex_unlock(&en->mu);
}

void bridge_take_back(struct engine *en, struct container *c)
{
	struct err e;

	if (!container_on_bridge(c) || str_empty(c->net.ip_address))
		return;
	if (ip_parse(c->net.ip_address, &c->address, &e) < 0 ||
	    ipam_reserve(&en->ipam, &c->address, &e) < 0)
		log_warn(&e, "address %s of container %s", c->net.ip_address, c->id);
	publish_take_back(en, c);
}
