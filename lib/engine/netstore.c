// SPDX-License-Identifier: MIT
/*
 * The table of networks, and their files: network/thimble/<id>.json below the
 * data root, one object as inspect shows it and for which families the
 * subnet was given. A file is written whole, synced and renamed before its
 * network is announced, and removed when the network is. The predefined
 * networks have none: they follow from the configuration.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"

#define STORE_DIR   "network/thimble"
#define BIP_DEFAULT "172.17.0.1/16"
#define BRIDGE_NAME "docker0"
#define MTU_DEFAULT 1500
#define CONFIGURED4 "ConfiguredIPv4" /* the subnet was given, not cut from a pool */
#define CONFIGURED6 "ConfiguredIPv6"

struct network *network_new(void)
{
	struct network *n = xcalloc(1, sizeof(*n));

	n->icc = true;
	n->mtu = MTU_DEFAULT;
	return n;
}

void network_free(struct network *n)
{
	if (n == NULL)
		return;
	json_struct_clear(&docker_network_json, &n->info);
	ipam_clear(&n->v4.ipam);
	ipam_clear(&n->v6.ipam);
	free(n);
}

bool network_name_is_user_defined(const char *name)
{
	return !str_eq(name, "bridge") && !str_eq(name, "host") && !str_eq(name, "none");
}

/* --- lookup --- */

struct network *network_by_name(struct engine *en, const char *name)
{
	map_for_each (slot, &en->networks)
		if (str_eq(((struct network *)slot->value)->info.name, name))
			return slot->value;
	return NULL;
}

struct network *network_find(struct engine *en, const char *name, struct err *e)
{
	struct network *n = map_get(&en->networks, name), *found = NULL;
	unsigned count = 0;

	if (n == NULL)
		n = network_by_name(en, name);
	if (n != NULL && !n->pending)
		return n;
	map_for_each (slot, &en->networks) {
		n = slot->value;
		if (*name != '\0' && !n->pending && str_starts(slot->key, name)) {
			found = n;
			count++;
		}
	}
	if (count > 1)
		err_set(e, ERR_INVALID, 0,
			"network %s is ambiguous (%u matches found based on ID prefix)", name,
			count);
	else if (count == 0)
		err_set(e, ERR_NOTFOUND, 0, "network %s not found", name);
	return count == 1 ? found : NULL;
}

/* --- files --- */

static char *file_of(const struct engine *en, const char *id, const char *suffix)
{
	return xasprintf("%s/" STORE_DIR "/%s.json%s", en->data_root, id, suffix);
}

int network_save(struct engine *en, const struct network *n, struct err *e)
{
	CLEANUP(freep) char *path = file_of(en, n->info.id, "");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	json_unbind_fields(&w, &docker_network_json, &n->info);
	jw_kbool(&w, CONFIGURED4, n->v4.configured);
	jw_kbool(&w, CONFIGURED6, n->v6.configured);
	jw_end(&w);
	return file_write(AT_FDCWD, path, b.data, b.len, 0600, FILE_SYNC, e);
}

int network_delete_file(struct engine *en, const char *id, struct err *e)
{
	CLEANUP(freep) char *path = file_of(en, id, "");

	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", path);
	return file_sync_parent(AT_FDCWD, path, e);
}

static int parse(const char *id, const struct buf *text, struct network *n, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;

	if (json_parse(text->data, text->len, &v, e) < 0 ||
	    json_bind(v, &docker_network_json, &n->info, e) < 0)
		return -1;
	if (!str_eq(n->info.id, id) || str_empty(n->info.name) ||
	    !network_name_is_user_defined(n->info.name))
		return err_set(e, ERR_INVALID, 0, "no network of this id");
	n->v4.configured = json_get_bool(v, CONFIGURED4, false);
	n->v6.configured = json_get_bool(v, CONFIGURED6, false);
	if (n->info.config_only)
		return 0;
	if (!str_eq(n->info.driver, "bridge"))
		return err_set(e, ERR_INVALID, 0, "no driver %s", n->info.driver);
	if (netconfig_check_ipam(&n->info.ipam, e) < 0 || netconfig_apply_options(n, e) < 0)
		return -1;
	return netconfig_open_pools(n, e);
}

/* a file that cannot be used is kept under another name, for whoever wants to look at it */
static void set_aside(struct engine *en, const char *id, const struct err *why)
{
	CLEANUP(freep) char *path = file_of(en, id, "");
	CLEANUP(freep) char *aside = file_of(en, id, ".bad");

	log_warn(why, "network %s cannot be loaded; its file is now %s", id, aside);
	if (rename(path, aside) < 0)
		log_debug(NULL, "rename %s", path);
}

static void load(struct engine *en, const char *id)
{
	CLEANUP(freep) char *path = file_of(en, id, "");
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct network *n = network_new();
	struct err e;

	if (file_read(AT_FDCWD, path, ENGINE_STATE_FILE_MAX, &text, &e) < 0 ||
	    parse(id, &text, n, &e) < 0) {
		set_aside(en, id, &e);
		network_free(n);
		return;
	}
	if (network_by_name(en, n->info.name) != NULL) {
		log_warn(NULL, "network %s: name %s is in use, taking the id", id, n->info.name);
		str_replace_ptr(&n->info.name, id);
	}
	map_put(&en->networks, id, n);
}

static int load_all(struct engine *en, struct err *e)
{
	CLEANUP(freep) char *dir = path_join(en->data_root, STORE_DIR);
	DIR *d;
	struct dirent *ent;

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	d = opendir(dir);
	if (d == NULL)
		return err_sys(e, "open %s", dir);
	while ((ent = readdir(d)) != NULL) {
		char id[RAND_ID_LEN + 1];

		if (strlen(ent->d_name) == RAND_ID_LEN + 5 &&
		    str_eq(ent->d_name + RAND_ID_LEN, ".json")) {
			str_copy(id, ent->d_name, sizeof(id));
			if (str_is_hex(id, RAND_ID_LEN))
				load(en, id);
		} else if (str_starts(ent->d_name, ".tmp-")) {
			unlinkat(dirfd(d), ent->d_name, 0); /* a write that a crash cut short */
		}
	}
	closedir(d);
	return 0;
}

/* --- the predefined ones --- */

/* an id that is the same at every start of the engine on this data root */
static struct network *predefine(struct engine *en, const char *name, const char *driver)
{
	CLEANUP(freep) char *seed = xasprintf("%s/%s", en->id, name);
	struct network *n = network_new();
	char id[SHA256_HEX_SIZE];

	sha256_hex(seed, strlen(seed), id);
	n->predefined = true;
	n->info.id = xstrdup(id);
	n->info.name = xstrdup(name);
	n->info.driver = xstrdup(driver);
	n->info.scope = xstrdup("local");
	n->info.ipam.driver = xstrdup("default");
	n->info.created_nsec = en->started_nsec;
	n->info.enable_ipv4 = true;
	map_put(&en->networks, id, n);
	return n;
}

static int add_ipv6(struct engine *en, const struct engine_options *o, struct network *n,
		    struct err *e)
{
	struct docker_ipam_config *c =
		json_array_add(&n->info.ipam.config, &docker_ipam_config_json);
	char text[IP_PREFIX_TEXT_SIZE], ip[IP_TEXT_SIZE];
	const struct ip_prefixes none = {0};
	struct ip_prefix subnet;
	struct ip gateway;

	c->subnet = xstrdup("");
	if (o->fixed_cidr6 != NULL ? ip_prefix_parse(o->fixed_cidr6, &subnet, e) < 0
				   : addr_pools_next(&en->pools, IP_V6, &none, &subnet, e) < 0)
		return -1;
	subnet = ip_prefix_network(&subnet);
	if (subnet.ip.family != IP_V6 || ip_prefix_nth(&subnet, 1, &gateway, e) < 0)
		return err_set(e, ERR_INVALID, 0, "not an IPv6 subnet");
	str_replace_ptr(&c->subnet, ip_prefix_format(&subnet, text));
	c->gateway = xstrdup(ip_format(&gateway, ip));
	n->info.enable_ipv6 = true;
	return 0;
}

static int predefine_bridge(struct engine *en, const struct engine_options *o, struct err *e)
{
	static const char *const options[][2] = {
		{OPT_BRIDGE "default_bridge", "true"},
		{OPT_BRIDGE "enable_ip_masquerade", "true"},
		{OPT_BRIDGE "host_binding_ipv4", "0.0.0.0"},
		{OPT_BRIDGE "name", BRIDGE_NAME},
	};
	struct network *n = predefine(en, BRIDGE_DEFAULT, "bridge");
	char text[IP_PREFIX_TEXT_SIZE], ip[IP_TEXT_SIZE], mtu[16];
	struct docker_ipam_config *c;
	struct ip_prefix bip, subnet;

	if (ip_prefix_parse(!str_empty(o->bip) ? o->bip : BIP_DEFAULT, &bip, e) < 0)
		return err_wrap(e, "bip");
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		json_strmap_set(&n->info.options, options[i][0], options[i][1]);
	json_strmap_set(&n->info.options, OPT_BRIDGE "enable_icc", o->no_icc ? "false" : "true");
	snprintf(mtu, sizeof(mtu), "%u", en->mtu);
	json_strmap_set(&n->info.options, OPT_MTU, mtu);
	subnet = ip_prefix_network(&bip);
	c = json_array_add(&n->info.ipam.config, &docker_ipam_config_json);
	c->subnet = xstrdup(ip_prefix_format(&subnet, text));
	c->gateway = xstrdup(ip_format(&bip.ip, ip));
	c->ip_range = xstrdup(o->fixed_cidr);
	if (o->ipv6 && add_ipv6(en, o, n, e) < 0)
		return err_wrap(e, "fixed-cidr-v6");
	if (netconfig_check_ipam(&n->info.ipam, e) < 0 || netconfig_apply_options(n, e) < 0 ||
	    netconfig_open_pools(n, e) < 0)
		return err_wrap(e, "bip");
	return 0;
}

int networks_open(struct engine *en, const struct engine_options *o, struct err *e)
{
	CLEANUP(freep) char *path = NULL;

	port_pool_init(&en->port_pool);
	predefine(en, "host", "host");
	predefine(en, "none", "null");
	for (size_t i = 0; i < o->address_pools.len; i++)
		if (addr_pools_parse(&en->pools, o->address_pools.items[i], e) < 0)
			return -1;
	addr_pools_default(&en->pools, en->id);
	if (predefine_bridge(en, o, e) < 0)
		return -1;
	if (load_all(en, e) < 0)
		return -1;
	if (en->state_dir == NULL)
		return 0;
	path = path_join(en->state_dir, NETNS_HELPER_SOCKET);
	if (path_exists(path))
		en->netns = netns_client_new(path);
	return 0;
}

void networks_close(struct engine *en)
{
	map_for_each (slot, &en->networks)
		network_free(slot->value);
	map_clear(&en->networks);
	addr_pools_clear(&en->pools);
}

/* --- what others need of a network --- */

int network_ensure_bridge(struct engine *en, struct network *n, struct err *e)
{
	struct netns_bridge b = {
		.gateway = n->v4.gateway,
		.gateway6 = n->v6.gateway,
		.mtu = n->mtu,
		.internal = n->info.internal,
		.dns = network_name_is_user_defined(n->info.name),
	};

	str_copy(b.name, n->bridge, sizeof(b.name));
	if (netns_bridge_ensure(en->netns, &b, e) < 0)
		return -1;
	atomic_store(&n->bridge_made, true);
	return 0;
}

void network_event(struct engine *en, const struct network *n, const char *action,
		   const char *container_id)
{
	struct json_strmap attributes = {0};

	if (container_id != NULL)
		json_strmap_set(&attributes, "container", container_id);
	json_strmap_set(&attributes, "name", n->info.name);
	json_strmap_set(&attributes, "type", n->info.driver);
	engine_event_emit(en, "network", action, n->info.id, &attributes);
	json_strmap_clear(&attributes);
}
