// SPDX-License-Identifier: MIT
/*
 * What one can ask a registry without pulling: GET /distribution/{name}/json
 * (digest and platforms of what a name means there) and GET /images/search
 * (the old index protocol, /v1/search, which Docker Hub still answers).
 */
#include "image/search.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/registry_internal.h"
#include "json/json.h"

#define HUB_INDEX "index.docker.io"

void distribution_clear(struct distribution *d)
{
	for (size_t i = 0; i < d->n_platforms; i++)
		platform_clear(&d->platforms[i]);
	free(d->platforms);
	free(d->media_type);
	*d = (struct distribution){0};
}

static struct platform *add_platform(struct distribution *d)
{
	d->platforms = xrealloc(d->platforms, (d->n_platforms + 1) * sizeof(*d->platforms));
	d->platforms[d->n_platforms] = (struct platform)PLATFORM_INIT;
	return &d->platforms[d->n_platforms++];
}

static void set_platform(struct platform *p, const char *os, const char *architecture,
			 const char *variant, const char *os_version)
{
	p->os = xstrdup(os);
	p->architecture = xstrdup(architecture);
	p->variant = xstrdup(variant);
	p->os_version = xstrdup(os_version);
}

/* An index names its platforms, an image has one in its configuration. */
static void read_platforms(struct registry *r, const struct manifest *m, struct distribution *d)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err ignored;

	for (size_t i = 0; m->is_index && i < m->n_items; i++) {
		const struct platform *p = &m->items[i].platform;

		set_platform(add_platform(d), p->os, p->architecture, p->variant, p->os_version);
	}
	if (!m->is_index &&
	    registry_fetch(r, m->config.digest, m->config.size, IMAGE_CONFIG_MAX_BYTES, &body,
			   &ignored) == 0 &&
	    json_parse(buf_str(&body), body.len, &v, &ignored) == 0 &&
	    json_get_str(v, "architecture") != NULL)
		set_platform(add_platform(d), json_get_str(v, "os"),
			     json_get_str(v, "architecture"), json_get_str(v, "variant"),
			     json_get_str(v, "os.version"));
}

static int ask(struct registry *r, const char *name, struct distribution *d, struct err *e)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(manifest_freep) struct manifest *m = NULL;

	if (registry_manifest(r, name, &body, &d->media_type, d->digest, e) < 0)
		return -1;
	d->size = (int64_t)body.len;
	if (manifest_parse(buf_str(&body), body.len, d->media_type, &m, e) < 0)
		return -1;
	read_platforms(r, m, d);
	return 0;
}

int registry_distribution(const struct registry_config *c, const struct image_ref *ref,
			  const struct registry_auth *auth, struct distribution *ret, struct err *e)
{
	int n = registry_endpoints(c, ref), r = -1;

	for (int i = 0; i < n && r < 0; i++) {
		CLEANUP(registry_freep) struct registry *reg = registry_open(c, ref, auth, i);
		bool last = i == n - 1 || !str_eq(ref->domain, "docker.io");

		distribution_clear(ret);
		r = ask(reg, ref->digest != NULL ? ref->digest : ref->tag, ret, e);
		if (r < 0 && registry_is_reached(reg) && last)
			break;
	}
	if (r < 0) {
		/* here Docker says only what the registry said */
		const char *said = strstr(e->msg, "manifest unknown");

		distribution_clear(ret);
		if (said != NULL)
			err_set(e, ERR_NOTFOUND, 0, "%s", said);
	}
	return r;
}

/* --- search --- */

void search_results_clear(struct search_results *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->items[i].name);
		free(r->items[i].description);
	}
	free(r->items);
	*r = (struct search_results){0};
}

int search_parse(const void *p, size_t n, size_t max, struct search_results *ret, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;

	if (json_parse(p, n, &v, e) < 0)
		return err_wrap(e, "error parsing search results");
	json_for_each (item, json_get(v, "results")) {
		const char *name = json_get_str(item, "name");
		struct search_result *one;

		if (ret->n == max)
			break;
		if (str_empty(name))
			continue;
		ret->items = xrealloc(ret->items, (ret->n + 1) * sizeof(*ret->items));
		one = &ret->items[ret->n++];
		*one = (struct search_result){
			.name = xstrdup(name),
			.description = xstrdup(json_get_str(item, "description")),
			.stars = json_get_i64(item, "star_count", 0),
			.official = json_bool(json_get(item, "is_official"), false)};
	}
	return 0;
}

/* "host:5000/term" is for that registry; "term" and "user/term" for Docker Hub */
static char *split_term(const char *term, const char **ret_rest)
{
	size_t n = strcspn(term, "/");
	CLEANUP(freep) char *host = xstrndup(term, n);

	*ret_rest = term;
	if (term[n] == '/' && (strpbrk(host, ".:") != NULL || str_eq(host, "localhost"))) {
		*ret_rest = term + n + 1;
		return str_eq(host, "docker.io") ? xstrdup(HUB_INDEX) : TAKE(host);
	}
	if (str_starts(term, "library/"))
		*ret_rest = term + strlen("library/");
	return xstrdup(HUB_INDEX);
}

static int search_at(const struct registry_config *c, const struct registry_auth *auth,
		     const char *url, bool *ret_reached, struct buf *body, struct err *e)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	CLEANUP(freep) char *basic = challenge_basic(auth);
	struct transport_request rq = {.method = "GET", .url = url, .authorization = basic};
	struct transport *t = transport_new(c);
	int r = transport_do(t, &rq, &x, e), status;

	*ret_reached = r == 0;
	if (r == 0) {
		status = exchange_response(x)->status;
		if (status != 200)
			r = err_set(e, status == 401 ? ERR_UNAUTHORIZED : ERR_UNAVAILABLE, 0,
				    "Unexpected status code %d", status);
		else
			r = http_body_read_all(exchange_body(x), REGISTRY_MANIFEST_MAX_BYTES, body,
					       e);
	}
	exchange_free(TAKE(x));
	transport_free(t);
	return r;
}

int registry_search(const struct registry_config *c, const char *term, int limit,
		    const struct registry_auth *auth, struct search_results *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf q = BUF_INIT;
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	const char *rest;
	CLEANUP(freep) char *host = split_term(term, &rest);
	int n = registry_is_insecure(c, host) ? 2 : 1, r = -1;
	bool reached = false;

	if (strstr(term, "://") != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "invalid repository name: repository name (%.128s) should not have "
			       "a scheme",
			       term);
	url_encode(&q, rest, "");
	for (int i = 0; i < n && r < 0 && !reached; i++) {
		CLEANUP(freep)
		char *url = xasprintf("%s://%s/v1/search?q=%s&n=%d", i > 0 ? "http" : "https", host,
				      buf_str(&q), limit);

		r = search_at(c, auth, url, &reached, &body, e);
	}
	return r < 0 ? -1 : search_parse(buf_str(&body), body.len, (size_t)limit, ret, e);
}
