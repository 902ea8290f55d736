// SPDX-License-Identifier: MIT
/* POST /commit: an image of a container. */
#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/resource.h"

/* The body is a container's configuration, null or absent. */
static int read_config(struct api_call *c, struct docker_config *conf, bool *ret_given,
		       struct err *e)
{
	CLEANUP(json_freep) struct json *body = NULL;

	*ret_given = false;
	if (call_body(c, true, &body, e) < 0)
		return -1;
	if (body == NULL || json_kind(body) == JSON_NULL)
		return 0;
	if (json_kind(body) == JSON_OBJECT && json_len(body) == 0)
		return 0;
	if (json_kind(body) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0,
			       "invalid JSON: json: cannot unmarshal %s into Go value of type "
			       "container.CreateRequest",
			       json_kind_name(body));
	*ret_given = true;
	return json_bind(body, &docker_config_json, conf, e) < 0 ? err_wrap(e, "invalid JSON") : 0;
}

int commit_post(struct api_call *c, struct err *e)
{
	CLEANUP(strv_clear) struct strv changes = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct docker_config conf = {0};
	struct engine_commit_opts o = {.repo = call_get(c, "repo"),
				       .tag = call_get(c, "tag"),
				       .author = call_get(c, "author"),
				       .comment = call_get(c, "comment"),
				       .changes = &changes,
				       .pause = call_get(c, "pause")[0] == '\0' ||
						call_bool(c, "pause")};
	char id[DIGEST_SIZE];
	struct json_w w;
	const char *v;
	bool given;
	int r;

	for (size_t i = 0; (v = http_query_get_nth(&c->query, "changes", i)) != NULL; i++)
		strv_add(&changes, v);
	r = read_config(c, &conf, &given, e);
	if (given)
		o.config = &conf;
	if (r == 0)
		r = engine_commit(c->en, call_get(c, "container"), &o, id, e);
	json_struct_clear(&docker_config_json, &conf);
	if (r < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "Id", id);
	jw_end(&w);
	return call_json(c, 201, &b, e);
}
