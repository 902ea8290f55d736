// SPDX-License-Identifier: MIT
/*
 * Registry HTTP API v2 (distribution-spec; distribution: docs/spec/api.md).
 * The first request pings /v2/ to learn the authentication scheme; requests
 * then carry it. Docker's clients print what is said here, so the sentences
 * are Docker's (distribution/errors.go).
 */
#include "image/registry.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/manifest.h"
#include "image/registry_internal.h"
#include "json/json.h"

#define HUB_DOMAIN "docker.io"
#define HUB_HOST   "registry-1.docker.io"

static bool is_hub(const struct image_ref *ref)
{
	return str_eq(ref->domain, HUB_DOMAIN);
}

int registry_endpoints(const struct registry_config *c, const struct image_ref *ref)
{
	if (is_hub(ref))
		return (int)c->mirrors.len + 1;
	return registry_is_insecure(c, ref->domain) ? 2 : 1;
}

static char *endpoint_base(const struct registry_config *c, const struct image_ref *ref,
			   int endpoint)
{
	if (!is_hub(ref))
		return xasprintf("%s://%s", endpoint > 0 ? "http" : "https", ref->domain);
	if ((size_t)endpoint < c->mirrors.len) {
		char *base = xstrdup(c->mirrors.items[endpoint]);

		for (size_t n = strlen(base); n > 0 && base[n - 1] == '/'; n--)
			base[n - 1] = '\0';
		return base;
	}
	return xstrdup("https://" HUB_HOST);
}

struct registry *registry_new_at(const struct registry_config *c, const char *base,
				 const struct image_ref *ref, const struct registry_auth *auth)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	r->config = c;
	r->auth = auth;
	r->base = xstrdup(base);
	r->t = transport_new(c);
	pthread_mutex_init(&r->mu, NULL);
	if (ref != NULL) {
		image_ref_copy(&r->ref, ref);
		r->scope = xasprintf("repository:%s:pull", ref->path);
	}
	return r;
}

struct registry *registry_open(const struct registry_config *c, const struct image_ref *ref,
			       const struct registry_auth *auth, int endpoint)
{
	CLEANUP(freep) char *base = endpoint_base(c, ref, endpoint);
	/* a mirror gets no credentials that were meant for the registry itself */
	bool mirror = is_hub(ref) && (size_t)endpoint < c->mirrors.len;
	struct registry *r = registry_new_at(c, base, ref, mirror ? NULL : auth);

	/* plain HTTP after https has failed: a host that stalled does so again */
	transport_hurry(r->t, !is_hub(ref) && endpoint > 0);
	return r;
}

const char *registry_url(const struct registry *r)
{
	return r->base;
}

bool registry_is_reached(const struct registry *r)
{
	return r->pinged;
}

void registry_free(struct registry *r)
{
	if (r == NULL)
		return;
	transport_free(r->t);
	challenge_clear(&r->challenge);
	image_ref_clear(&r->ref);
	free(r->base);
	free(r->scope);
	free(r->token);
	pthread_mutex_destroy(&r->mu);
	free(r);
}

void registry_freep(struct registry **r)
{
	registry_free(*r);
}

void registry_cancel(struct registry *r)
{
	transport_cancel(r->t);
}

bool registry_learn(struct registry *r, const struct http_response *rs)
{
	struct challenge best = {0};

	for (size_t i = 0; i < rs->headers.len; i++) {
		struct challenge c;

		if (strcasecmp(rs->headers.items[i].name, "WWW-Authenticate") != 0)
			continue;
		challenge_parse(rs->headers.items[i].value, &c);
		if (c.scheme > best.scheme) {
			challenge_clear(&best);
			best = c;
		} else {
			challenge_clear(&c);
		}
	}
	if (best.scheme == AUTH_NONE)
		return false;
	MUTEX_GUARD(&r->mu);
	challenge_clear(&r->challenge);
	r->challenge = best;
	free(r->token);
	r->token = NULL;
	return true;
}

int registry_ping(struct registry *r, struct err *e)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	CLEANUP(freep) char *url = xasprintf("%s/v2/", r->base);
	struct transport_request rq = {.method = "GET", .url = url};

	pthread_mutex_lock(&r->mu);
	bool done = r->pinged;
	pthread_mutex_unlock(&r->mu);
	if (done)
		return 0;
	if (transport_do(r->t, &rq, &x, e) < 0)
		return -1;
	if (exchange_response(x)->status == 401)
		registry_learn(r, exchange_response(x));
	MUTEX_GUARD(&r->mu);
	r->pinged = true;
	transport_hurry(r->t, false);
	return 0;
}

static void challenge_copy(struct challenge *dst, const struct challenge *src)
{
	*dst = (struct challenge){.scheme = src->scheme,
				  .realm = xstrdup(src->realm),
				  .service = xstrdup(src->service),
				  .scope = xstrdup(src->scope),
				  .error = xstrdup(src->error)};
}

static int bearer(struct registry *r, const struct challenge *c, char **ret, struct err *e)
{
	CLEANUP(freep) char *token = NULL;
	int64_t ms = 0;

	if (r->auth != NULL && !str_empty(r->auth->registry_token)) {
		*ret = xasprintf("Bearer %s", r->auth->registry_token);
		return 0;
	}
	pthread_mutex_lock(&r->mu);
	if (r->token != NULL && time_mono_ms() < r->token_until_ms)
		token = xstrdup(r->token);
	pthread_mutex_unlock(&r->mu);
	if (token == NULL) {
		if (challenge_token(r->t, r->config, c, r->auth, r->scope, false, &token, NULL, &ms,
				    e) < 0)
			return -1;
		MUTEX_GUARD(&r->mu);
		str_replace_ptr(&r->token, token);
		r->token_until_ms = time_mono_ms() + ms;
	}
	*ret = xasprintf("Bearer %s", token);
	return 0;
}

/* The Authorization value, NULL where none is asked for. */
static int authorization(struct registry *r, char **ret, struct err *e)
{
	CLEANUP(challenge_clear) struct challenge c = {0};

	pthread_mutex_lock(&r->mu);
	challenge_copy(&c, &r->challenge);
	pthread_mutex_unlock(&r->mu);
	switch (c.scheme) {
	case AUTH_NONE:
		*ret = NULL;
		return 0;
	case AUTH_BASIC:
		*ret = challenge_basic(r->auth);
		return *ret != NULL ? 0
				    : err_set(e, ERR_UNAUTHORIZED, 0, "no basic auth credentials");
	case AUTH_BEARER:
	default:
		return bearer(r, &c, ret, e);
	}
}

static bool is_below(const char *url, const char *base)
{
	size_t n = strlen(base);

	return strncmp(url, base, n) == 0 && (url[n] == '/' || url[n] == '\0');
}

/* Retry-After of a registry that has too much to do; 0: none, or longer than anybody waits */
static int64_t asked_to_wait(const struct exchange *x)
{
	const struct http_response *rs = exchange_response(x);
	const char *after = http_headers_get(&rs->headers, "Retry-After");
	uint64_t sec;

	if ((rs->status != 429 && rs->status != 503) || after == NULL ||
	    str_u64(after, REGISTRY_WAIT_MAX_SEC, &sec) < 0)
		return 0;
	return (int64_t)MAX(sec, 1UL) * 1000;
}

int registry_send(struct registry *r, const struct transport_request *rq, struct exchange **ret,
		  struct err *e)
{
	int waits = REGISTRY_WAITS_MAX;
	CLEANUP(freep)
	char *url = rq->url[0] == '/' ? xasprintf("%s%s", r->base, rq->url) : xstrdup(rq->url);

	if (registry_ping(r, e) < 0)
		return -1;
	for (bool again = rq->read != NULL;;) {
		CLEANUP(freep) char *value = NULL;
		CLEANUP(exchange_freep) struct exchange *x = NULL;
		struct transport_request one = *rq;
		int64_t ms;

		if (is_below(url, r->base) && authorization(r, &value, e) < 0)
			return -1;
		one.url = url;
		one.authorization = value;
		if (transport_do(r->t, &one, &x, e) < 0)
			return -1;
		if (rq->read == NULL && (ms = asked_to_wait(x)) > 0 && waits-- > 0) {
			if (transport_pause(r->t, ms, e) < 0)
				return -1;
			continue;
		}
		if (again || exchange_response(x)->status != 401 ||
		    !registry_learn(r, exchange_response(x))) {
			*ret = TAKE(x);
			return 0;
		}
		again = true;
	}
}

int registry_request(struct registry *r, const char *method, const char *path,
		     const struct http_headers *headers, struct exchange **ret, struct err *e)
{
	struct transport_request rq = {.method = method, .url = path, .headers = headers};

	if (registry_send(r, &rq, ret, e) == 0)
		return 0;
	return str_starts(e->msg, "no basic")
		       ? err_wrap(e, "%s \"%s%s\"", str_eq(method, "HEAD") ? "Head" : "Get",
				  r->base, path)
		       : -1;
}

/* Docker's TranslatePullError(): what a registry's refusal of a manifest means. */
static int manifest_error(struct registry *r, struct exchange *x, const char *name, struct err *e)
{
	CLEANUP(freep) char *code = NULL;
	CLEANUP(freep) char *shown = image_ref_familiar_name(&r->ref);
	int status = exchange_response(x)->status;

	challenge_error(x, &code, e);
	if (status == 401 && str_eq(r->challenge.error, "insufficient_scope")) {
		str_replace_ptr(&code, "DENIED");
		err_set(e, ERR_DENIED, 0, "denied: requested access to the resource is denied");
	}
	if (code == NULL && status == 404) {
		code = xstrdup("MANIFEST_UNKNOWN");
		err_set(e, ERR_NOTFOUND, 0, "manifest unknown: manifest unknown");
	}
	if (str_eq(code, "DENIED")) {
		e->kind = ERR_NOTFOUND;
		return err_wrap(e,
				"pull access denied for %s, repository does not exist or may "
				"require 'docker login'",
				shown);
	}
	if (str_eq(code, "MANIFEST_UNKNOWN") || str_eq(code, "NOT_FOUND")) {
		e->kind = ERR_NOTFOUND;
		return err_wrap(e, "manifest for %s%s%s not found", shown,
				str_starts(name, "sha256:") ? "@" : ":", name);
	}
	if (str_eq(code, "NAME_UNKNOWN")) {
		e->kind = ERR_NOTFOUND;
		return err_wrap(e, "repository %s not found", shown);
	}
	return -1;
}

static char *content_type(const struct http_response *rs)
{
	const char *t = http_headers_get(&rs->headers, "Content-Type");

	return t != NULL ? xstrndup(t, strcspn(t, "; \t")) : NULL;
}

static int ask_manifest(struct registry *r, const char *method, const char *name,
			struct exchange **ret, struct err *e)
{
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(freep) char *path = xasprintf("/v2/%s/manifests/%s", r->ref.path, name);

	http_headers_add(&headers, "Accept", manifest_accept());
	return registry_request(r, method, path, &headers, ret, e);
}

int registry_manifest(struct registry *r, const char *name, struct buf *body, char **ret_media_type,
		      char *ret_digest, struct err *e)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	size_t start = body->len;
	char digest[DIGEST_SIZE];

	if (ask_manifest(r, "GET", name, &x, e) < 0)
		return -1;
	if (exchange_response(x)->status != 200)
		return manifest_error(r, x, name, e);
	if (http_body_read_all(exchange_body(x), REGISTRY_MANIFEST_MAX_BYTES, body, e) < 0)
		return err_wrap(e, "manifest %s", name);
	sha256_digest(body->data != NULL ? body->data + start : "", body->len - start, digest);
	if (str_starts(name, "sha256:") && !str_eq(name, digest))
		return err_set(e, ERR_INVALID, 0, "manifest verification failed for digest %s",
			       name);
	*ret_media_type = content_type(exchange_response(x));
	str_copy(ret_digest, digest, DIGEST_SIZE);
	return 0;
}

int registry_head(struct registry *r, const char *tag, char *ret_digest, struct err *e)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	const char *digest;

	if (ask_manifest(r, "HEAD", tag, &x, e) < 0)
		return -1;
	digest = http_headers_get(&exchange_response(x)->headers, "Docker-Content-Digest");
	if (exchange_response(x)->status != 200 || digest == NULL || !digest_ok(digest))
		digest = "";
	str_copy(ret_digest, digest, DIGEST_SIZE);
	return 0;
}

/* The next page's path from 'Link: </v2/…>; rel="next"'; NULL at the end. */
static char *next_page(const struct http_response *rs)
{
	const char *link = http_headers_get(&rs->headers, "Link");

	if (link == NULL || strstr(link, "rel=\"next\"") == NULL || !str_starts(link, "</v2/"))
		return NULL;
	return xstrndup(link + 1, strcspn(link + 1, ">"));
}

static int tags_page(struct registry *r, const char *path, struct strv *tags, char **ret_next,
		     struct err *e)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;

	if (registry_request(r, "GET", path, NULL, &x, e) < 0)
		return -1;
	if (exchange_response(x)->status != 200)
		return manifest_error(r, x, "", e);
	if (http_body_read_all(exchange_body(x), REGISTRY_MANIFEST_MAX_BYTES, &body, e) < 0 ||
	    json_parse(body.data, body.len, &v, e) < 0)
		return err_wrap(e, "list of tags");
	json_for_each (item, json_get(v, "tags")) {
		if (tags->len >= REGISTRY_TAGS_MAX)
			return err_set(e, ERR_INVALID, 0, "more than %d tags", REGISTRY_TAGS_MAX);
		if (image_ref_tag_ok(json_str(item)))
			strv_add(tags, json_str(item));
	}
	*ret_next = next_page(exchange_response(x));
	return 0;
}

int registry_tags(struct registry *r, struct strv *tags, struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("/v2/%s/tags/list", r->ref.path);

	for (int page = 0; path != NULL && page < REGISTRY_TAG_PAGES_MAX; page++) {
		char *next = NULL;

		if (tags_page(r, path, tags, &next, e) < 0)
			return -1;
		free(path);
		path = next;
	}
	return 0;
}
