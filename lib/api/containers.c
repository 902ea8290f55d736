// SPDX-License-Identifier: MIT
/* /containers: everything that is no stream. */
#include "engine/container.h"

#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"

void api_write_summaries(struct json_w *w, const struct engine_summaries *s)
{
	jw_arr(w);
	for (size_t i = 0; i < s->list.len; i++)
		json_unbind(w, &docker_summary_json, &s->list.items[i]);
	jw_end(w);
}

#define CONTAINER_ROW_BYTES 1024 /* about what a row takes */
#define START_BODY_MAX	    7	 /* "null", "{}" and line ends */

int container_list(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(engine_summaries_clear) struct engine_summaries l = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	int64_t limit = 0;

	if (call_int(c, "limit", INT32_MIN, INT32_MAX, &limit, e) < 0 || call_filters(c, &f, e) < 0)
		return -1;
	if (engine_container_list(c->en, call_bool(c, "all"), call_bool(c, "size"), limit, &f, &l,
				  e) < 0)
		return -1;
	buf_reserve(&b, l.list.len * CONTAINER_ROW_BYTES);
	jw_init(&w, &b);
	api_write_summaries(&w, &l);
	return call_json(c, 200, &b, e);
}

static void write_warnings(struct json_w *w, const struct strv *warnings)
{
	jw_karr(w, "Warnings");
	strv_for_each (it, warnings)
		jw_str(w, *it);
	jw_end(w);
}

static int check_one_endpoint(const struct docker_create_request *rq, struct err *e)
{
	const struct json_map *m = &rq->networking_config.endpoints_config;
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(freep) char *joined = NULL;

	if (m->len <= 1)
		return 0;
	for (size_t i = 0; i < m->len; i++)
		strv_add(&names, m->items[i].key);
	joined = strv_join(&names, ", ");
	return err_set(e, ERR_INVALID, 0,
		       "Container cannot be created with multiple network endpoints: %s", joined);
}

/* the endpoint of NetworkMode's network, made when the request has none */
static struct docker_endpoint *main_endpoint(struct docker_create_request *rq)
{
	struct json_map *m = &rq->networking_config.endpoints_config;
	const char *mode = rq->host_config.network_mode;

	return json_map_add(m, str_empty(mode) ? "default" : mode, sizeof(struct docker_endpoint));
}

/* until 1.43 the MAC address stood in Config only, and that of an endpoint was ignored */
static int adjust_mac(const struct api_call *c, struct docker_create_request *rq,
		      struct strv *warnings, struct err *e)
{
	const char *mode = rq->host_config.network_mode, *mac = rq->config.mac_address;
	struct json_map *m = &rq->networking_config.endpoints_config;
	bool old = c->version < API_VERSION(1, 44);
	struct docker_endpoint *ep;

	for (size_t i = 0; i < m->len; i++) {
		ep = m->items[i].value;
		if (ep != NULL && old)
			str_replace_ptr(&ep->mac_address, NULL);
		if (ep != NULL && c->version < API_VERSION(1, 48))
			ep->gw_priority = 0;
	}
	if (str_empty(mac))
		return 0;
	if (str_eq(mode, "host") || str_eq(mode, "none") ||
	    (mode != NULL && str_starts(mode, "container:")))
		return old ? err_set(e, ERR_INVALID, 0,
				     "conflicting options: mac-address and the network mode")
			   : 0;
	ep = main_endpoint(rq);
	if (!str_empty(ep->mac_address) && !str_eq(ep->mac_address, mac))
		return err_set(
			e, ERR_INVALID, 0,
			"the container-wide MAC address must match the endpoint-specific MAC "
			"address for the main network, or be left empty");
	str_replace_ptr(&ep->mac_address, mac);
	if (!old)
		strv_add(warnings, "The container-wide MacAddress field is now deprecated. It "
				   "should be specified in EndpointsConfig instead.");
	return 0;
}

static int needs(const char *what, const char *version, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "%s needs API v%s or newer", what, version);
}

/* options of mounts that came with later versions are refused or ignored, as Docker does it */
static int adjust_mount(const struct api_call *c, struct docker_mount *m, struct err *e)
{
	struct docker_bind_options *bind = m->bind_options;
	unsigned v = c->version;

	if (v < API_VERSION(1, 48) && str_eq(m->type, "image"))
		return needs("Mount type \"Image\"", "1.48", e);
	if (v < API_VERSION(1, 45) && m->volume_options != NULL &&
	    !str_empty(m->volume_options->subpath))
		return needs("VolumeOptions.Subpath", "1.45", e);
	if (bind == NULL)
		return 0;
	if (v < API_VERSION(1, 44) && bind->read_only_force_recursive)
		return needs("BindOptions.ReadOnlyForceRecursive", "1.44", e);
	bind->read_only_non_recursive |= v < API_VERSION(1, 44) && m->read_only;
	bind->create_mountpoint &= v >= API_VERSION(1, 42);
	bind->non_recursive &= v >= API_VERSION(1, 40);
	return 0;
}

/* Old clients send what later versions moved, and expect their times' defaults. */
static int adjust_create(const struct api_call *c, struct docker_create_request *rq,
			 struct strv *warnings, struct err *e)
{
	struct docker_host_config *h = &rq->host_config;

	if (str_empty(rq->config.image) && rq->config.cmd.len == 0 && rq->config.env.len == 0 &&
	    rq->config.entrypoint.len == 0)
		return err_set(e, ERR_INVALID, 0,
			       "config cannot be empty in order to create a container");
	if (json_strmap_get(&h->annotations, "") != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "invalid Annotations: the empty string is not permitted as an "
			       "annotation key");
	h->pids_limit.set &= h->pids_limit.value > 0;
	h->memory_swappiness.set &= h->memory_swappiness.value != -1;
	h->auto_remove &= c->version >= API_VERSION(1, 25);
	if (c->version < API_VERSION(1, 40) && str_empty(h->ipc_mode))
		str_replace_ptr(&h->ipc_mode, "shareable");
	if (c->version < API_VERSION(1, 42))
		memset(h->console_size, 0, sizeof(h->console_size));
	if (c->version < API_VERSION(1, 43))
		json_strmap_clear(&h->annotations);
	if (c->version < API_VERSION(1, 44) && rq->config.healthcheck != NULL)
		rq->config.healthcheck->start_interval = 0;
	if (c->version < API_VERSION(1, 44) && check_one_endpoint(rq, e) < 0)
		return -1;
	for (size_t i = 0; i < h->mounts.len; i++)
		if (adjust_mount(c, &h->mounts.items[i], e) < 0)
			return -1;
	return adjust_mac(c, rq, warnings, e);
}

/* until 1.42 kernel memory was a limit; what is left of it is the check */
static int check_kernel_memory(const struct api_call *c, const struct json *host, struct err *e)
{
	int64_t bytes = json_get_i64(host, "KernelMemory", 0);

	if (c->version >= API_VERSION(1, 42) || bytes <= 0 || bytes >= 6 << 20)
		return 0;
	return err_set(e, ERR_INVALID, 0, "Minimum kernel memory limit allowed is 6MB");
}

int container_create(struct api_call *c, struct err *e)
{
	struct docker_create_request rq = {0};
	CLEANUP(json_freep) struct json *body = NULL;
	CLEANUP(strv_clear) struct strv warnings = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *name = call_get(c, "name");
	const char *platform = call_get(c, "platform");
	char id[65] = "";
	struct json_w w;

	if (call_body(c, false, &body, e) < 0)
		return -1;
	if (json_bind(body, &docker_create_request_json, &rq, e) < 0) {
		err_wrap(e, "invalid JSON");
		json_struct_clear(&docker_create_request_json, &rq);
		return -1;
	}
	if (check_kernel_memory(c, json_get(body, "HostConfig"), e) < 0 ||
	    adjust_create(c, &rq, &warnings, e) < 0) {
		json_struct_clear(&docker_create_request_json, &rq);
		return -1;
	}
	if (engine_container_create(c->en, name[0] != '\0' ? name : NULL,
				    platform[0] != '\0' ? platform : NULL, &rq, id, &warnings,
				    e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "Id", id);
	write_warnings(&w, &warnings);
	jw_end(&w);
	return call_json(c, 201, &b, e);
}

/* until 1.44 the short id and the name of the host were aliases */
static void old_aliases(struct docker_inspect *i)
{
	const struct json_map *m = &i->network_settings.networks;
	CLEANUP(freep) char *short_id = xstrndup(i->id, 12);

	for (size_t k = 0; k < m->len; k++) {
		struct strv *aliases = &((struct docker_endpoint *)m->items[k].value)->aliases;
		const char *name = m->items[k].key;

		if (str_eq(name, "bridge") || str_eq(name, "host") || str_eq(name, "none"))
			continue;
		if (!strv_has(aliases, short_id))
			strv_add(aliases, short_id);
		if (!str_empty(i->config.hostname) && !strv_has(aliases, i->config.hostname))
			strv_add(aliases, i->config.hostname);
	}
}

int container_inspect(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct docker_inspect i = {0};
	struct json_w w;

	if (engine_container_inspect(c->en, c->name, call_bool(c, "size"), &i, e) < 0)
		return -1;
	if (c->version < API_VERSION(1, 45))
		old_aliases(&i);
	jw_init(&w, &b);
	json_unbind(&w, &docker_inspect_json, &i);
	json_struct_clear(&docker_inspect_json, &i);
	return call_json(c, 200, &b, e);
}

int container_start(struct api_call *c, struct err *e)
{
	if (c->rq->framing != HTTP_BODY_NONE && c->rq->content_bytes > START_BODY_MAX)
		return err_set(e, ERR_INVALID, 0,
			       "starting container with non-empty request body was deprecated "
			       "since API v1.22 and removed in v1.24");
	if (engine_container_start(c->en, c->name, e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

/* ?signal= (since 1.42) and ?t= of stop and restart */
static int stop_params(const struct api_call *c, const char **ret_signal, int *ret_timeout,
		       struct err *e)
{
	int64_t t = -2;

	if (call_int(c, "t", INT32_MIN, INT32_MAX, &t, e) < 0) {
		e->kind = ERR_SYSTEM;
		return -1;
	}
	/* any negative number waits for ever, -2 is ours for "not given" */
	*ret_timeout = call_get(c, "t")[0] == '\0' ? -2 : t < 0 ? -1 : (int)t;
	*ret_signal = call_get(c, "signal")[0] != '\0' && c->version >= API_VERSION(1, 42)
			      ? call_get(c, "signal")
			      : NULL;
	return 0;
}

int container_stop(struct api_call *c, struct err *e)
{
	const char *signal;
	int timeout;

	if (stop_params(c, &signal, &timeout, e) < 0 ||
	    engine_container_stop(c->en, c->name, signal, timeout, e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

int container_restart(struct api_call *c, struct err *e)
{
	const char *signal;
	int timeout;

	if (stop_params(c, &signal, &timeout, e) < 0 ||
	    engine_container_restart(c->en, c->name, signal, timeout, e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

int container_kill(struct api_call *c, struct err *e)
{
	if (engine_container_kill(c->en, c->name, call_get(c, "signal"), e) < 0)
		return err_wrap(e, "cannot kill container: %s", c->name);
	return call_empty(c, 204, e);
}

int container_pause(struct api_call *c, struct err *e)
{
	if (engine_container_pause(c->en, c->name, true, e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

int container_unpause(struct api_call *c, struct err *e)
{
	if (engine_container_pause(c->en, c->name, false, e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

int container_rename(struct api_call *c, struct err *e)
{
	if (engine_container_rename(c->en, c->name, call_get(c, "name"), e) < 0)
		return -1;
	return call_empty(c, 204, e);
}

int container_update(struct api_call *c, struct err *e)
{
	CLEANUP(json_freep) struct json *body = NULL;
	CLEANUP(strv_clear) struct strv warnings = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (call_body(c, true, &body, e) < 0 || check_kernel_memory(c, body, e) < 0)
		return -1;
	if (engine_container_update(c->en, c->name, body, &warnings, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	if (warnings.len == 0)
		jw_knull(&w, "Warnings");
	else
		write_warnings(&w, &warnings);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

int container_remove(struct api_call *c, struct err *e)
{
	if (call_bool(c, "link")) /* a link is not an object here: its name stands nowhere else */
		return err_set(e, ERR_SYSTEM, 0,
			       "Conflict, cannot remove the default link name of the container");
	if (engine_container_remove(c->en, c->name, call_bool(c, "force"), call_bool(c, "v"), e) <
	    0)
		return -1;
	return call_empty(c, 204, e);
}

int container_prune(struct api_call *c, struct err *e)
{
	return call_prune(c, "ContainersDeleted", true, engine_container_prune, e);
}

static void write_row(struct json_w *w, const struct strv *row)
{
	jw_arr(w);
	strv_for_each (it, row)
		jw_str(w, *it);
	jw_end(w);
}

int container_top(struct api_call *c, struct err *e)
{
	CLEANUP(engine_top_clear) struct engine_top t = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *args = call_get(c, "ps_args");
	struct json_w w;

	if (engine_container_top(c->en, c->name, args[0] != '\0' ? args : NULL, &t, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_karr(&w, "Processes");
	for (size_t i = 0; i < t.n_rows; i++)
		write_row(&w, &t.rows[i]);
	jw_end(&w);
	jw_key(&w, "Titles");
	write_row(&w, &t.titles);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

struct change_list {
	struct json_w w;
	size_t n;
};

static void write_change(void *arg, int kind, const char *path)
{
	struct change_list *l = arg;

	l->n++;
	jw_obj(&l->w);
	jw_kstr(&l->w, "Path", path);
	jw_ki64(&l->w, "Kind", kind);
	jw_end(&l->w);
}

int container_changes(struct api_call *c, struct err *e)
{
	CLEANUP(freep) struct change_list *l = xcalloc(1, sizeof(*l));
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	jw_init(&l->w, &b);
	jw_arr(&l->w);
	if (engine_container_changes(c->en, c->name, write_change, l, e) < 0)
		return -1;
	jw_end(&l->w);
	if (l->n == 0) {
		buf_reset(&b);
		buf_addstr(&b, "null");
	}
	return call_json(c, 200, &b, e);
}

int container_resize(struct api_call *c, struct err *e)
{
	unsigned rows, cols;

	if (call_window(c, &rows, &cols, e) < 0 ||
	    engine_container_resize(c->en, c->name, rows, cols, e) < 0)
		return -1;
	return call_empty(c, 200, e);
}
