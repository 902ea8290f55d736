// SPDX-License-Identifier: MIT
/* /volumes, driver local. */
#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/resource.h"

#define NSEC_PER_SEC 1000000000LL

/* "key=value" strings as an object, null when there are none */
static void write_pairs(struct json_w *w, const char *key, const struct strv *v)
{
	if (v->len == 0) {
		jw_knull(w, key);
		return;
	}
	jw_kobj(w, key);
	strv_for_each (it, v) {
		const char *eq = strchr(*it, '=');
		CLEANUP(freep)
		char *name = xstrndup(*it, eq != NULL ? (size_t)(eq - *it) : strlen(*it));

		jw_kstr(w, name, eq != NULL ? eq + 1 : "");
	}
	jw_end(w);
}

static void write_volume(struct json_w *w, const struct engine_volume *v, bool size)
{
	char created[TIME_RFC3339_SIZE];

	time_format(v->info.created_nsec / NSEC_PER_SEC * NSEC_PER_SEC, created);
	jw_obj(w);
	jw_kstr(w, "CreatedAt", created);
	jw_kstr(w, "Driver", "local");
	write_pairs(w, "Labels", &v->info.labels);
	jw_kstr(w, "Mountpoint", v->info.mountpoint);
	jw_kstr(w, "Name", v->info.name);
	write_pairs(w, "Options", &v->info.options);
	jw_kstr(w, "Scope", "local");
	if (size) {
		jw_kobj(w, "UsageData");
		jw_ki64(w, "RefCount", v->ref_count);
		jw_ki64(w, "Size", v->size_bytes);
		jw_end(w);
	}
	jw_end(w);
}

int api_write_volumes(struct api_call *c, struct json_w *w, const struct engine_filters *f,
		      bool size, struct err *e)
{
	CLEANUP(freep) struct engine_volume *list = NULL;
	size_t n = 0;

	if (engine_volume_list(c->en, f, size, &list, &n, e) < 0)
		return -1;
	jw_arr(w);
	for (size_t i = 0; i < n; i++) {
		write_volume(w, &list[i], size);
		engine_volume_clear(&list[i]);
	}
	jw_end(w);
	return 0;
}

int volume_list_get(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (call_filters(c, &f, e) < 0)
		return err_wrap(e, "error reading volume filters");
	jw_init(&w, &b);
	jw_obj(&w);
	jw_key(&w, "Volumes");
	if (api_write_volumes(c, &w, &f, false, e) < 0)
		return -1;
	jw_knull(&w, "Warnings");
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

struct volume_request {
	char *name, *driver;
	struct json_strmap options, labels;
	char *cluster; /* any makes it a volume of a swarm */
};

static const struct json_field request_fields[] = {
	JSON_F(struct volume_request, name, "Name", JSON_B_STR, NULL, 0),
	JSON_F(struct volume_request, driver, "Driver", JSON_B_STR, NULL, 0),
	JSON_F(struct volume_request, options, "DriverOpts", JSON_B_STRMAP, NULL, 0),
	JSON_F(struct volume_request, labels, "Labels", JSON_B_STRMAP, NULL, 0),
	JSON_F(struct volume_request, cluster, "ClusterVolumeSpec", JSON_B_RAW, NULL, 0),
	{0},
};
static const struct json_struct request_json = {"volume.CreateOptions",
						sizeof(struct volume_request), request_fields};

static void join_pairs(const struct json_strmap *m, struct strv *ret)
{
	for (size_t i = 0; i < m->len; i++)
		strv_addf(ret, "%s=%s", m->items[i].key, m->items[i].value);
	strv_sort(ret);
}

static int create(struct api_call *c, const struct volume_request *rq, struct err *e)
{
	CLEANUP(strv_clear) struct strv labels = STRV_INIT, options = STRV_INIT;
	CLEANUP(engine_volume_clear) struct engine_volume v = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (rq->cluster != NULL && c->version >= API_VERSION(1, 42))
		return swarm_none(e);
	join_pairs(&rq->labels, &labels);
	join_pairs(&rq->options, &options);
	if (engine_volume_create(c->en, rq->name, str_empty(rq->driver) ? "local" : rq->driver,
				 &labels, &options, &v, e) < 0)
		return -1;
	jw_init(&w, &b);
	write_volume(&w, &v, false);
	return call_json(c, 201, &b, e);
}

int volume_create_post(struct api_call *c, struct err *e)
{
	struct volume_request rq = {0};
	int r = call_bind(c, true, &request_json, &rq, e);

	if (r == 0)
		r = create(c, &rq, e);
	json_struct_clear(&request_json, &rq);
	return r;
}

int volume_inspect(struct api_call *c, struct err *e)
{
	CLEANUP(engine_volume_clear) struct engine_volume v = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (engine_volume_get(c->en, c->name, &v, e) < 0)
		return -1;
	jw_init(&w, &b);
	write_volume(&w, &v, false);
	return call_json(c, 200, &b, e);
}

int volume_delete(struct api_call *c, struct err *e)
{
	bool force = call_bool(c, "force");

	if (engine_volume_remove(c->en, c->name, force, e) < 0 &&
	    !(force && e->kind == ERR_NOTFOUND))
		return -1;
	return call_empty(c, 204, e);
}

int volume_prune(struct api_call *c, struct err *e)
{
	return call_prune(c, "VolumesDeleted", false, engine_volume_prune, e);
}
