// SPDX-License-Identifier: MIT
/* Networks as the API shows them: inspect and list. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "engine/network_internal.h"

static char *address_text(const char *address, int64_t bits)
{
	return str_empty(address) ? xstrdup("") : xasprintf("%s/%d", address, (int)bits);
}

/* the endpoint by which a container is in a network, or NULL */
static const struct docker_endpoint *endpoint_in(const struct container *c, const struct network *n)
{
	for (size_t i = 0; i < c->net.networks.len; i++)
		if (endpoint_is_of(c->net.networks.items[i].value, n))
			return c->net.networks.items[i].value;
	return NULL;
}

static void add_members(struct engine *en, const struct network *n, struct docker_network *ret)
{
	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;
		const struct docker_endpoint *ep = endpoint_in(c, n);
		struct docker_network_member *m;

		if (ep == NULL)
			continue;
		m = json_map_add(&ret->containers, c->id, sizeof(*m));
		m->name = xstrdup(c->name);
		m->endpoint_id = xstrdup(ep->endpoint_id);
		m->mac_address = xstrdup(ep->mac_address);
		m->ipv4_address = address_text(ep->ip_address, ep->ip_prefix_len);
		m->ipv6_address = address_text(ep->global_ipv6_address, ep->global_ipv6_prefix_len);
	}
}

static void show(struct engine *en, const struct network *n, bool members,
		 struct docker_network *ret)
{
	json_struct_copy(&docker_network_json, ret, &n->info);
	if (members)
		add_members(en, n, ret);
}

int engine_network_get(struct engine *en, const char *name, struct docker_network *ret,
		       struct err *e)
{
	const struct network *n;
	MUTEX_GUARD(&en->mu);

	memset(ret, 0, sizeof(*ret));
	n = network_find(en, name, e);
	if (n == NULL)
		return -1;
	show(en, n, true, ret);
	return 0;
}

/* --- filters --- */

static bool some_in(const struct strv *want, const char *text, bool prefix)
{
	for (size_t i = 0; want != NULL && i < want->len; i++)
		if (prefix ? str_starts(text, want->items[i])
			   : strstr(text, want->items[i]) != NULL)
			return true;
	return want == NULL;
}

static int check_filters(const struct engine_filters *f, struct err *e)
{
	static const char *const known[] = {"name",  "id",    "driver",	  "type",
					    "scope", "label", "dangling", NULL};
	const struct strv *type = engine_filters_get(f, "type"),
			  *dangling = engine_filters_get(f, "dangling");
	bool ignored;

	if (f != NULL && engine_filters_check(f, known, e) < 0)
		return -1;
	for (size_t i = 0; type != NULL && i < type->len; i++)
		if (!str_eq(type->items[i], "builtin") && !str_eq(type->items[i], "custom"))
			return err_set(e, ERR_SYSTEM, 0, "invalid filter: 'type'='%s'",
				       type->items[i]);
	if (dangling != NULL && dangling->len > 1)
		return err_set(e, ERR_INVALID, 0,
			       "got more than one value for filter key \"dangling\"");
	if (dangling != NULL && str_bool(dangling->items[0], &ignored) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid value for filter 'dangling', must be \"true\" (or \"1\"), "
			       "or \"false\" (or \"0\")");
	return 0;
}

static bool dangling_ok(struct engine *en, const struct strv *want, const struct network *n)
{
	bool on = false, used = n->predefined;

	if (want == NULL || str_bool(want->items[0], &on) < 0)
		return true;
	map_for_each (slot, &en->containers)
		used = used || endpoint_in(slot->value, n) != NULL;
	return on == !used;
}

static bool wanted(struct engine *en, const struct engine_filters *f, const struct network *n)
{
	const struct strv *type = engine_filters_get(f, "type"),
			  *driver = engine_filters_get(f, "driver"),
			  *scope = engine_filters_get(f, "scope");

	return some_in(engine_filters_get(f, "name"), n->info.name, false) &&
	       some_in(engine_filters_get(f, "id"), n->info.id, true) &&
	       (type == NULL || strv_has(type, n->predefined ? "builtin" : "custom")) &&
	       (driver == NULL || strv_has(driver, n->info.driver)) &&
	       (scope == NULL || strv_has(scope, n->info.scope)) &&
	       filters_label_ok(engine_filters_get(f, "label"), &n->info.labels) &&
	       dangling_ok(en, engine_filters_get(f, "dangling"), n);
}

static int by_age(const void *a, const void *b)
{
	const struct docker_network *x = a, *y = b;

	if (x->created_nsec != y->created_nsec)
		return x->created_nsec < y->created_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

int engine_network_list(struct engine *en, const struct engine_filters *f, bool members,
			struct docker_network **ret, size_t *ret_n, struct err *e)
{
	struct docker_network *list;
	size_t n = 0;

	if (check_filters(f, e) < 0)
		return -1;
	pthread_mutex_lock(&en->mu);
	list = xcalloc(en->networks.n + 1, sizeof(*list));
	map_for_each (slot, &en->networks) {
		const struct network *net = slot->value;

		if (!net->pending && wanted(en, f, net))
			show(en, net, members, &list[n++]);
	}
	pthread_mutex_unlock(&en->mu);
	qsort(list, n, sizeof(*list), by_age);
	*ret = list;
	*ret_n = n;
	return 0;
}
