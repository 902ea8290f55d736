// SPDX-License-Identifier: MIT
/* GET /system/df: what uses the disk. */
#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"

#define DF_CONTAINER 1u
#define DF_IMAGE     2u
#define DF_VOLUME    4u
#define DF_BUILD     8u

/* ?type= since 1.42: repeated; absent means all */
static int parse_types(const struct api_call *c, unsigned *ret, struct err *e)
{
	const char *v;

	*ret = 0;
	for (size_t i = 0; (v = http_query_get_nth(&c->query, "type", i)) != NULL; i++) {
		if (strcmp(v, "container") == 0)
			*ret |= DF_CONTAINER;
		else if (strcmp(v, "image") == 0)
			*ret |= DF_IMAGE;
		else if (strcmp(v, "volume") == 0)
			*ret |= DF_VOLUME;
		else if (strcmp(v, "build-cache") == 0)
			*ret |= DF_BUILD;
		else if (c->version >= API_VERSION(1, 42))
			return err_set(e, ERR_INVALID, 0, "unknown object type: %.64s", v);
	}
	if (*ret == 0 || c->version < API_VERSION(1, 42))
		*ret = DF_CONTAINER | DF_IMAGE | DF_VOLUME | DF_BUILD;
	return 0;
}

static int write_containers(struct api_call *c, struct json_w *w, struct err *e)
{
	struct engine_summaries l = {0};

	if (engine_container_list(c->en, true, true, 0, NULL, &l, e) < 0)
		return -1;
	jw_key(w, "Containers");
	api_write_summaries(w, &l);
	engine_summaries_clear(&l);
	return 0;
}

static int write_parts(struct api_call *c, struct json_w *w, unsigned types, struct err *e)
{
	struct engine_df df = {0};

	if (types & DF_IMAGE) {
		engine_df(c->en, &df);
		jw_ki64(w, "LayersSize", df.layers_bytes);
		jw_key(w, "Images");
		if (api_write_images(c, w, true, true, NULL, e) < 0)
			return -1;
	} else {
		jw_ki64(w, "LayersSize", 0);
		jw_knull(w, "Images");
	}
	if (!(types & DF_CONTAINER))
		jw_knull(w, "Containers");
	else if (write_containers(c, w, e) < 0)
		return -1;
	jw_key(w, "Volumes");
	if (!(types & DF_VOLUME))
		jw_null(w);
	else if (api_write_volumes(c, w, NULL, true, e) < 0)
		return -1;
	if (types & DF_BUILD) {
		jw_karr(w, "BuildCache");
		jw_end(w);
	} else {
		jw_knull(w, "BuildCache");
	}
	return 0;
}

int sys_df(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	unsigned types;

	if (parse_types(c, &types, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	if (write_parts(c, &w, types, e) < 0)
		return -1;
	jw_end(&w);
	return call_json(c, 200, &b, e);
}
