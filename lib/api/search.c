// SPDX-License-Identifier: MIT
/* GET /distribution/{name}/json and GET /images/search. */
#include "image/search.h"

#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/resource.h"

#define SEARCH_LIMIT	 25
#define SEARCH_LIMIT_MAX 100

/* A header that cannot be read means no credentials. */
static void credentials(struct api_call *c, struct registry_auth *ret)
{
	struct err ignored;

	if (registry_auth_parse(http_headers_get(&c->rq->headers, "X-Registry-Auth"), ret,
				&ignored) < 0)
		registry_auth_clear(ret);
}

static void write_platform(struct json_w *w, const struct platform *p)
{
	jw_obj(w);
	jw_kstr(w, "architecture", p->architecture);
	jw_kstr(w, "os", p->os);
	if (!str_empty(p->os_version))
		jw_kstr(w, "os.version", p->os_version);
	if (!str_empty(p->variant))
		jw_kstr(w, "variant", p->variant);
	jw_end(w);
}

int distribution_get(struct api_call *c, struct err *e)
{
	CLEANUP(registry_auth_clear) struct registry_auth auth = REGISTRY_AUTH_INIT;
	CLEANUP(distribution_clear) struct distribution d = {0};
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(registry_config_clear) struct registry_config registries = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	credentials(c, &auth);
	if (image_ref_parse(c->name, &ref, e) < 0)
		return -1;
	image_ref_default_tag(&ref);
	engine_registries(c->en, &registries);
	if (registry_distribution(&registries, &ref, &auth, &d, e) < 0)
		return call_registry_failed(e);
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kobj(&w, "Descriptor");
	jw_kstr(&w, "mediaType", d.media_type);
	jw_kstr(&w, "digest", d.digest);
	jw_ki64(&w, "size", d.size);
	jw_end(&w);
	if (d.n_platforms == 0)
		jw_knull(&w, "Platforms");
	else
		jw_karr(&w, "Platforms");
	for (size_t i = 0; i < d.n_platforms; i++)
		write_platform(&w, &d.platforms[i]);
	if (d.n_platforms > 0)
		jw_end(&w);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

struct wanted {
	int official;	/* -1: any */
	bool automated; /* there are none any more */
	int64_t stars;
};

static int bool_filter(const struct engine_filters *f, const char *name, int *ret, struct err *e)
{
	const struct strv *v = engine_filters_get(f, name);
	bool b = false;

	if (v == NULL || v->len == 0)
		return 0;
	if (v->len > 1 || str_bool(v->items[0], &b) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid filter '%s=[%.64s]'", name, v->items[0]);
	*ret = b;
	return 0;
}

static int read_filters(struct api_call *c, struct wanted *ret, struct err *e)
{
	static const char *const known[] = {"is-automated", "is-official", "stars", NULL};
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	const struct strv *stars;
	int automated = -1;

	*ret = (struct wanted){.official = -1};
	if (call_filters(c, &f, e) < 0 || engine_filters_check(&f, known, e) < 0 ||
	    bool_filter(&f, "is-official", &ret->official, e) < 0 ||
	    bool_filter(&f, "is-automated", &automated, e) < 0)
		return -1;
	ret->automated = automated == 1;
	stars = engine_filters_get(&f, "stars");
	for (size_t i = 0; stars != NULL && i < stars->len; i++) {
		int64_t n;

		if (str_i64(stars->items[i], &n) < 0)
			return err_set(e, ERR_INVALID, 0,
				       "invalid filter 'stars=%.64s': strconv.Atoi: parsing "
				       "\"%.64s\": invalid syntax",
				       stars->items[i], stars->items[i]);
		ret->stars = MAX(ret->stars, n);
	}
	return 0;
}

static void write_results(struct json_w *w, const struct search_results *r,
			  const struct wanted *want)
{
	jw_arr(w);
	for (size_t i = 0; i < r->n && !want->automated; i++) {
		const struct search_result *it = &r->items[i];

		if (it->stars < want->stars ||
		    (want->official >= 0 && it->official != (want->official == 1)))
			continue;
		jw_obj(w);
		jw_ki64(w, "star_count", it->stars);
		jw_kbool(w, "is_official", it->official);
		jw_kstr(w, "name", it->name);
		jw_kbool(w, "is_automated", false);
		jw_kstr(w, "description", it->description);
		jw_end(w);
	}
	jw_end(w);
}

static int read_limit(const struct api_call *c, int64_t *ret, struct err *e)
{
	const char *v = call_get(c, "limit");

	*ret = SEARCH_LIMIT;
	if (v[0] == '\0')
		return 0;
	if (str_i64(v, ret) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid limit specified: strconv.Atoi: parsing \"%.64s\": invalid "
			       "syntax",
			       v);
	if (*ret == 0)
		*ret = SEARCH_LIMIT;
	if (*ret < 1 || *ret > SEARCH_LIMIT_MAX)
		return err_set(e, ERR_INVALID, 0, "limit %lld is outside the range of [1, %d]",
			       (long long)*ret, SEARCH_LIMIT_MAX);
	return 0;
}

int image_search(struct api_call *c, struct err *e)
{
	CLEANUP(registry_auth_clear) struct registry_auth auth = REGISTRY_AUTH_INIT;
	CLEANUP(registry_config_clear) struct registry_config registries = {0};
	CLEANUP(search_results_clear) struct search_results r = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct wanted want;
	struct json_w w;
	int64_t limit;

	if (read_limit(c, &limit, e) < 0 || read_filters(c, &want, e) < 0)
		return -1;
	credentials(c, &auth);
	engine_registries(c->en, &registries);
	if (registry_search(&registries, call_get(c, "term"), (int)limit, &auth, &r, e) < 0)
		return call_registry_failed(e);
	jw_init(&w, &b);
	write_results(&w, &r, &want);
	return call_json(c, 200, &b, e);
}
