// SPDX-License-Identifier: MIT
/* /networks. */
#include "engine/network.h"

#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"

int network_list(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) struct docker_network *list = NULL;
	struct json_w w;
	size_t n = 0;

	/* before 1.28 the list told about containers too */
	if (call_filters(c, &f, e) < 0 ||
	    engine_network_list(c->en, &f, c->version < API_VERSION(1, 28), &list, &n, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_arr(&w);
	for (size_t i = 0; i < n; i++) {
		json_unbind(&w, &docker_network_json, &list[i]);
		json_struct_clear(&docker_network_json, &list[i]);
	}
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

int network_inspect(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *scope = call_get(c, "scope"), *verbose = call_get(c, "verbose");
	struct docker_network n = {0};
	struct json_w w;
	bool ignored;

	if (verbose[0] != '\0' && str_bool(verbose, &ignored) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid value for verbose: %.64s: strconv.ParseBool: parsing "
			       "\"%.64s\": invalid syntax",
			       verbose, verbose);
	if (engine_network_get(c->en, c->name, &n, e) < 0)
		return -1;
	if (scope[0] != '\0' && !str_eq(scope, n.scope)) {
		json_struct_clear(&docker_network_json, &n);
		return err_set(e, ERR_NOTFOUND, 0, "network %s not found", c->name);
	}
	jw_init(&w, &b);
	json_unbind(&w, &docker_network_json, &n);
	json_struct_clear(&docker_network_json, &n);
	return call_json(c, 200, &b, e);
}

int network_create(struct api_call *c, struct err *e)
{
	struct docker_network_create rq = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	char id[65];

	if (call_bind(c, true, &docker_network_create_json, &rq, e) < 0) {
		json_struct_clear(&docker_network_create_json, &rq);
		return -1;
	}
	/* EnableIPv4 came with 1.48 */
	if (c->version < API_VERSION(1, 48))
		rq.enable_ipv4 = JSON_TRI_NIL;
	if (engine_network_create(c->en, &rq, id, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "Id", id);
	jw_kstr(&w, "Warning", "");
	jw_end(&w);
	return call_json(c, 201, &b, e);
}

int network_remove(struct api_call *c, struct err *e)
{
	if (engine_network_remove(c->en, c->name, e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

int network_connect(struct api_call *c, struct err *e)
{
	struct docker_network_connect rq = {0};

	if (call_bind(c, true, &docker_network_connect_json, &rq, e) < 0) {
		json_struct_clear(&docker_network_connect_json, &rq);
		return -1;
	}
	if (engine_network_connect(c->en, c->name, &rq, e) < 0)
		return -1;
	return call_empty(c, 200, e);
}

int network_disconnect(struct api_call *c, struct err *e)
{
	struct docker_network_disconnect rq = {0};
	int r = call_bind(c, true, &docker_network_disconnect_json, &rq, e);

	if (r == 0)
		r = engine_network_disconnect(c->en, c->name, rq.container, rq.force, e);
	json_struct_clear(&docker_network_disconnect_json, &rq);
	return r < 0 ? -1 : call_empty(c, 200, e);
}

int network_prune(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (call_filters(c, &f, e) < 0 || engine_network_prune(c->en, &f, &names, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	api_write_strs(&w, "NetworksDeleted", &names, true);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}
