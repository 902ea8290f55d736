// SPDX-License-Identifier: MIT
/*
 * POST /images/create (pull and import), /images/load and /images/{name}/push: long jobs whose
 * progress is a stream of JSON lines. An error before the first line is a
 * status; after it, a line with errorDetail.
 */
#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/resource.h"

static int show_progress(void *arg, const struct image_progress *p)
{
	CLEANUP(buf_clear) struct buf line = BUF_INIT;
	struct api_call *c = arg;
	struct err e;

	image_progress_json(p, &line);
	if (call_progress_start(c, &e) < 0 || http_conn_write(c->conn, line.data, line.len, &e) < 0)
		return -1;
	return http_conn_flush(c->conn, &e);
}

static bool client_left(void *arg)
{
	const struct api_call *c = arg;

	return http_conn_gone(c->conn);
}

static int finish(struct api_call *c, int result, struct err *e)
{
	struct err why;

	if (result < 0) {
		(void)call_registry_failed(e);
		why = *e;
		return call_error_line(c, &why, e);
	}
	if (call_progress_start(c, e) < 0)
		return -1;
	return http_conn_end(c->conn, e);
}

static int pull(struct api_call *c, const struct image_job *job, struct err *e)
{
	CLEANUP(registry_auth_clear) struct registry_auth auth = REGISTRY_AUTH_INIT;
	const char *header = http_headers_get(&c->rq->headers, "X-Registry-Auth");
	const char *platform = call_get(c, "platform");
	struct err ignored;

	/* as dockerd: a header that cannot be read means no credentials, old clients send "null" */
	if (registry_auth_parse(header, &auth, &ignored) < 0)
		registry_auth_clear(&auth);
	return finish(c,
		      engine_image_pull(c->en, call_get(c, "fromImage"), call_get(c, "tag"),
					platform[0] != '\0' ? platform : NULL, &auth, job, e),
		      e);
}

int image_push_post(struct api_call *c, struct err *e)
{
	CLEANUP(registry_auth_clear) struct registry_auth auth = REGISTRY_AUTH_INIT;
	struct image_job job = {.progress = show_progress, .cancelled = client_left, .arg = c};
	const char *header = http_headers_get(&c->rq->headers, "X-Registry-Auth");
	CLEANUP(freep) char *platform = NULL;
	struct err ignored;

	if (registry_auth_parse(header, &auth, &ignored) < 0)
		registry_auth_clear(&auth);
	if (call_platform(c, "platform", API_VERSION(1, 46), &platform, e) < 0)
		return -1;
	return finish(
		c, engine_image_push(c->en, c->name, call_get(c, "tag"), platform, &auth, &job, e),
		e);
}

static int import(struct api_call *c, const char *src, const struct image_job *job, struct err *e)
{
	CLEANUP(stream_freep) struct stream *in = NULL;
	CLEANUP(strv_clear) struct strv changes = STRV_INIT;
	const char *repo = call_get(c, "repo"), *tag = call_get(c, "tag");
	const char *message = call_get(c, "message"), *platform = call_get(c, "platform");
	char id[DIGEST_SIZE] = "";
	const char *v;

	for (size_t i = 0; (v = http_query_get_nth(&c->query, "changes", i)) != NULL; i++)
		strv_add(&changes, v);
	if (str_eq(src, "-"))
		in = http_body_stream_new(http_conn_body(c->conn));
	return finish(c,
		      engine_image_import(c->en, in, src, repo[0] != '\0' ? repo : NULL,
					  tag[0] != '\0' ? tag : NULL,
					  message[0] != '\0' ? message : NULL, &changes,
					  platform[0] != '\0' ? platform : NULL, job, id, e),
		      e);
}

int image_create(struct api_call *c, struct err *e)
{
	struct image_job job = {.progress = show_progress, .cancelled = client_left, .arg = c};
	struct image_job body_job = {.progress = show_progress, .arg = c};
	const char *src = call_get(c, "fromSrc");

	if (call_get(c, "fromImage")[0] != '\0')
		return pull(c, &job, e);
	if (src[0] != '\0')
		return import(c, src, str_eq(src, "-") ? &body_job : &job, e);
	return err_set(e, ERR_INVALID, 0, "either fromImage or fromSrc must be given");
}

int image_load_post(struct api_call *c, struct err *e)
{
	struct image_job job = {.progress = show_progress, .arg = c};
	CLEANUP(stream_freep) struct stream *in = http_body_stream_new(http_conn_body(c->conn));
	CLEANUP(freep) char *platform = NULL;

	if (c->rq->framing == HTTP_BODY_NONE)
		return err_set(e, ERR_INVALID, 0, "the archive to load is missing");
	if (call_platform(c, "platform", API_VERSION(1, 48), &platform, e) < 0)
		return -1;
	return finish(
		c, engine_image_load(c->en, in, call_bool_or(c, "quiet", true), platform, &job, e),
		e);
}
