// SPDX-License-Identifier: MIT
/* The three predefined networks as the API shows them. Others are not there yet; api says so. */
#include <string.h>

#include "base/str.h"
#include "engine/engine_internal.h"

static const char *const names[] = {"bridge", "host", "none"};

static const char *id_of(const struct engine *en, const char *name)
{
	if (str_eq(name, "bridge"))
		return en->bridge_id;
	return str_eq(name, "host") ? en->host_id : en->none_id;
}

static void add_member(const struct container *c, const struct docker_endpoint *ep,
		       struct engine_network *ret)
{
	struct engine_network_member *m;

	ret->members = xrealloc(ret->members, (ret->n_members + 1) * sizeof(*ret->members));
	m = &ret->members[ret->n_members++];
	memset(m, 0, sizeof(*m));
	str_copy(m->id, c->id, sizeof(m->id));
	m->name = xstrdup(c->name);
	m->endpoint_id = xstrdup(ep->endpoint_id);
	m->mac = xstrdup(ep->mac_address);
	if (!str_empty(ep->ip_address))
		m->ipv4 = xasprintf("%s/%d", ep->ip_address, (int)ep->ip_prefix_len);
}

static void add_members(struct engine *en, const char *name, struct engine_network *ret)
{
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;
		const struct docker_endpoint *ep;

		if (!state_runs(c->state) || !str_eq(c->host.network_mode, name))
			continue;
		ep = json_map_get(&c->net.networks, name);
		if (ep != NULL)
			add_member(c, ep, ret);
	}
}

static void fill_bridge(const struct engine *en, struct engine_network *ret)
{
	static const char *const options[][2] = {
		{"com.docker.network.bridge.default_bridge", "true"},
		{"com.docker.network.bridge.enable_icc", "true"},
		{"com.docker.network.bridge.enable_ip_masquerade", "true"},
		{"com.docker.network.bridge.host_binding_ipv4", "0.0.0.0"},
		{"com.docker.network.bridge.name", "docker0"},
	};
	struct ip_prefix subnet = ip_prefix_network(&en->bridge);
	char text[IP_PREFIX_TEXT_SIZE], ip[IP_TEXT_SIZE], mtu[16];

	ret->subnet = xstrdup(ip_prefix_format(&subnet, text));
	ret->gateway = xstrdup(ip_format(&en->bridge.ip, ip));
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		json_strmap_set(&ret->options, options[i][0], options[i][1]);
	snprintf(mtu, sizeof(mtu), "%u", en->mtu);
	json_strmap_set(&ret->options, "com.docker.network.driver.mtu", mtu);
}

static void fill(struct engine *en, const char *name, struct engine_network *ret)
{
	memset(ret, 0, sizeof(*ret));
	str_copy(ret->id, id_of(en, name), sizeof(ret->id));
	ret->name = name;
	ret->driver = str_eq(name, "none") ? "null" : name;
	ret->created_nsec = en->started_nsec;
	if (str_eq(name, "bridge"))
		fill_bridge(en, ret);
	add_members(en, name, ret);
}

int engine_network_get(struct engine *en, const char *name, struct engine_network *ret,
		       struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!str_eq(names[i], name) &&
		    (str_empty(name) || !str_starts(id_of(en, names[i]), name)))
			continue;
		fill(en, names[i], ret);
		return 0;
	}
	return err_set(e, ERR_NOTFOUND, 0, "network %s not found", name);
}

static bool some_in(const struct strv *want, const char *text, bool prefix)
{
	for (size_t i = 0; want != NULL && i < want->len; i++)
		if (prefix ? str_starts(text, want->items[i])
			   : strstr(text, want->items[i]) != NULL)
			return true;
	return want == NULL;
}

static bool wanted(const struct engine_filters *f, const struct engine_network *n)
{
	const struct strv *type = engine_filters_get(f, "type"),
			  *driver = engine_filters_get(f, "driver"),
			  *scope = engine_filters_get(f, "scope");

	return some_in(engine_filters_get(f, "name"), n->name, false) &&
	       some_in(engine_filters_get(f, "id"), n->id, true) &&
	       (type == NULL || strv_has(type, "builtin")) &&
	       (driver == NULL || strv_has(driver, n->driver)) &&
	       (scope == NULL || strv_has(scope, "local")) &&
	       engine_filters_get(f, "label") == NULL && engine_filters_get(f, "dangling") == NULL;
}

int engine_network_list(struct engine *en, const struct engine_filters *f,
			struct engine_network **ret, size_t *ret_n, struct err *e)
{
	static const char *const known[] = {"name",  "id",    "driver",	  "type",
					    "scope", "label", "dangling", NULL};
	struct engine_network *list;
	size_t n = 0;

	if (f != NULL && engine_filters_check(f, known, e) < 0)
		return -1;
	list = xcalloc(ARRAY_LEN(names), sizeof(*list));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		fill(en, names[i], &list[n]);
		if (wanted(f, &list[n]))
			n++;
		else
			engine_network_clear(&list[n]);
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

void engine_network_clear(struct engine_network *net)
{
	for (size_t i = 0; i < net->n_members; i++) {
		free(net->members[i].name);
		free(net->members[i].endpoint_id);
		free(net->members[i].mac);
		free(net->members[i].ipv4);
	}
	free(net->members);
	free(net->subnet);
	free(net->gateway);
	json_strmap_clear(&net->options);
	memset(net, 0, sizeof(*net));
}
