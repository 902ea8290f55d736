// SPDX-License-Identifier: MIT
/* GET /images/get and /images/{name}/get: docker save. */
#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/resource.h"

/* The answer's body as a stream; the head goes out before the first byte. */
struct answer {
	struct stream s;
	struct http_conn *conn;
};

static int answer_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct answer *a = (struct answer *)(void *)s;

	return http_conn_write(a->conn, p, n, e);
}

static const struct stream_ops answer_ops = {.write = answer_write};

int call_platform(const struct api_call *c, const char *key, unsigned since, char **ret,
		  struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	const char *text = call_get(c, key);
	const char *os, *arch, *variant;

	*ret = NULL;
	if (text[0] == '\0' || c->version < since)
		return 0;
	if (http_query_get_nth(&c->query, key, 1) != NULL)
		return err_set(e, ERR_INVALID, 0,
			       key[sizeof("platform") - 1] == 's'
				       ? "multiple platforms are not supported"
				       : "multiple platform parameters not supported");
	if (json_parse(text, strlen(text), &v, e) < 0) {
		char *at = strstr(e->msg, " (offset");

		if (at != NULL) /* Go does not say where */
			*at = '\0';
		return err_wrap(e, "failed to parse platform");
	}
	if (json_kind(v) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0,
			       "failed to parse platform: json: cannot unmarshal %s into Go value "
			       "of type v1.Platform",
			       json_kind_name(v));
	os = json_get_str(v, "os");
	arch = json_get_str(v, "architecture");
	variant = json_get_str(v, "variant");
	if (str_empty(os) || str_empty(arch))
		return err_set(e, ERR_INVALID, 0, "both OS and Architecture must be provided");
	*ret = str_empty(variant) ? xasprintf("%s/%s", os, arch)
				  : xasprintf("%s/%s/%s", os, arch, variant);
	return 0;
}

int call_image_platform(const struct api_call *c, const char *key, unsigned since, struct err *e)
{
	CLEANUP(freep) char *platform = NULL;

	if (call_platform(c, key, since, &platform, e) < 0)
		return -1;
	return engine_image_is_for(c->en, c->name, platform, e);
}

int image_save_get(struct api_call *c, struct err *e)
{
	struct answer a = {.s = {.ops = &answer_ops, .fd = -1}, .conn = c->conn};
	CLEANUP(image_save_freep) struct image_save *sv = NULL;
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(freep) char *platform = NULL;
	const char *v;

	if (c->name != NULL)
		strv_add(&names, c->name);
	for (size_t i = 0; c->name == NULL && (v = http_query_get_nth(&c->query, "names", i)); i++)
		strv_add(&names, v);
	if (call_platform(c, "platform", API_VERSION(1, 48), &platform, e) < 0 ||
	    engine_image_save(c->en, &names, platform, &sv, e) < 0 ||
	    http_conn_start(c->conn, 200, API_TAR, e) < 0 || image_save_write(sv, &a.s, e) < 0)
		return -1;
	engine_image_saved(c->en, sv);
	return http_conn_end(c->conn, e);
}
