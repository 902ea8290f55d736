// SPDX-License-Identifier: MIT
/*
 * /networks. Only the predefined networks bridge, host and none are there;
 * making further ones is answered with 501.
 */
#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/resource.h"

static void write_ipam(struct json_w *w, const struct engine_network *n)
{
	jw_kobj(w, "IPAM");
	jw_kstr(w, "Driver", "default");
	jw_knull(w, "Options");
	if (n->subnet == NULL) {
		jw_knull(w, "Config");
	} else {
		jw_karr(w, "Config");
		jw_obj(w);
		jw_kstr(w, "Subnet", n->subnet);
		if (n->gateway != NULL)
			jw_kstr(w, "Gateway", n->gateway);
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
}

static void write_members(struct json_w *w, const struct engine_network *n)
{
	jw_kobj(w, "Containers");
	for (size_t i = 0; i < n->n_members; i++) {
		const struct engine_network_member *m = &n->members[i];

		jw_kobj(w, m->id);
		jw_kstr(w, "Name", m->name);
		jw_kstr(w, "EndpointID", m->endpoint_id);
		jw_kstr(w, "MacAddress", m->mac);
		jw_kstr(w, "IPv4Address", m->ipv4);
		jw_kstr(w, "IPv6Address", "");
		jw_end(w);
	}
	jw_end(w);
}

static void write_network(struct json_w *w, const struct engine_network *n, bool members)
{
	char created[TIME_RFC3339_SIZE];

	time_format(n->created_nsec, created);
	jw_obj(w);
	jw_kstr(w, "Name", n->name);
	jw_kstr(w, "Id", n->id);
	jw_kstr(w, "Created", created);
	jw_kstr(w, "Scope", "local");
	jw_kstr(w, "Driver", n->driver);
	jw_kbool(w, "EnableIPv4", true);
	jw_kbool(w, "EnableIPv6", false);
	write_ipam(w, n);
	jw_kbool(w, "Internal", false);
	jw_kbool(w, "Attachable", false);
	jw_kbool(w, "Ingress", false);
	jw_kobj(w, "ConfigFrom");
	jw_kstr(w, "Network", "");
	jw_end(w);
	jw_kbool(w, "ConfigOnly", false);
	if (members) {
		write_members(w, n);
	} else {
		jw_kobj(w, "Containers");
		jw_end(w);
	}
	jw_kobj(w, "Options");
	for (size_t i = 0; i < n->options.len; i++)
		jw_kstr(w, n->options.items[i].key, n->options.items[i].value);
	jw_end(w);
	jw_kobj(w, "Labels");
	jw_end(w);
	jw_end(w);
}

int network_list(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) struct engine_network *list = NULL;
	struct json_w w;
	size_t n = 0;

	if (call_filters(c, &f, e) < 0 || engine_network_list(c->en, &f, &list, &n, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_arr(&w);
	for (size_t i = 0; i < n; i++) {
		/* before 1.28 the list told about containers too */
		write_network(&w, &list[i], c->version < API_VERSION(1, 28));
		engine_network_clear(&list[i]);
	}
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

int network_inspect(struct api_call *c, struct err *e)
{
	CLEANUP(engine_network_clear) struct engine_network n = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *scope = call_get(c, "scope"), *verbose = call_get(c, "verbose");
	struct json_w w;
	bool ignored;

	if (verbose[0] != '\0' && str_bool(verbose, &ignored) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid value for verbose: %.64s: strconv.ParseBool: parsing "
			       "\"%.64s\": invalid syntax",
			       verbose, verbose);
	if (engine_network_get(c->en, c->name, &n, e) < 0)
		return -1;
	if (scope[0] != '\0' && !str_eq(scope, "local"))
		return err_set(e, ERR_NOTFOUND, 0, "network %s not found", c->name);
	jw_init(&w, &b);
	write_network(&w, &n, true);
	return call_json(c, 200, &b, e);
}

static bool predefined(const char *name)
{
	return str_eq(name, "bridge") || str_eq(name, "host") || str_eq(name, "none") ||
	       str_eq(name, "default");
}

int network_create(struct api_call *c, struct err *e)
{
	CLEANUP(json_freep) struct json *body = NULL;
	const char *name;

	if (call_body(c, false, &body, e) < 0)
		return -1;
	name = json_str(json_get_fold(body, "Name"));
	if (str_empty(name))
		return err_set(e, ERR_INVALID, 0, "network name cannot be empty");
	if (predefined(name))
		return err_set(e, ERR_DENIED, 0,
			       "operation is not permitted on predefined %s network ", name);
	return err_set(e, ERR_UNIMPLEMENTED, 0,
		       "user-defined networks are not supported yet: use bridge, host or none");
}

int network_remove(struct api_call *c, struct err *e)
{
	CLEANUP(engine_network_clear) struct engine_network n = {0};

	if (engine_network_get(c->en, c->name, &n, e) < 0)
		return -1;
	return err_set(e, ERR_DENIED, 0, "%s is a pre-defined network and cannot be removed",
		       n.name);
}

int network_connect(struct api_call *c, struct err *e)
{
	CLEANUP(engine_network_clear) struct engine_network n = {0};
	CLEANUP(json_freep) struct json *body = NULL;

	if (call_body(c, false, &body, e) < 0 || engine_network_get(c->en, c->name, &n, e) < 0)
		return -1;
	return err_set(e, ERR_UNIMPLEMENTED, 0,
		       "connecting an existing container to a network is not supported yet");
}

int network_prune(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	static const char *const known[] = {"until", "label", "label!", NULL};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (call_filters(c, &f, e) < 0 || engine_filters_check(&f, known, e) < 0)
		return -1;
	buf_addstr(&b, "{\"NetworksDeleted\":null}");
	return call_json(c, 200, &b, e);
}
