// SPDX-License-Identifier: MIT
/* What handlers share: parameters as Go reads them, bodies, answers. */
#include <string.h>
#include <strings.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/progress.h"

const char *call_get(const struct api_call *c, const char *key)
{
	const char *v = http_query_get(&c->query, key);

	return v != NULL ? v : "";
}

bool call_bool(const struct api_call *c, const char *key)
{
	static const char *const no[] = {"", "0", "no", "false", "none"};
	const char *v = call_get(c, key);
	size_t n;

	v += strspn(v, " \t");
	n = strlen(v);
	while (n > 0 && (v[n - 1] == ' ' || v[n - 1] == '\t'))
		n--;
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (strlen(no[i]) == n && strncasecmp(v, no[i], n) == 0)
			return false;
	return true;
}

bool call_bool_or(const struct api_call *c, const char *key, bool def)
{
	return http_query_get(&c->query, key) != NULL ? call_bool(c, key) : def;
}

int call_int(const struct api_call *c, const char *key, int64_t min, int64_t max, int64_t *ret,
	     struct err *e)
{
	const char *v = call_get(c, key);
	int64_t n;

	if (v[0] == '\0')
		return 0;
	if (str_i64(v[0] == '+' ? v + 1 : v, &n) < 0)
		return err_set(e, ERR_INVALID, 0, "strconv.Atoi: parsing \"%.64s\": invalid syntax",
			       v);
	if (n < min || n > max)
		return err_set(e, ERR_INVALID, 0,
			       "strconv.Atoi: parsing \"%.64s\": value out of range", v);
	*ret = n;
	return 0;
}

static int window_side(const struct api_call *c, const char *key, const char *what, unsigned *ret,
		       struct err *e)
{
	const char *v = call_get(c, key);
	bool digits = v[0] != '\0' && strspn(v, "0123456789") == strlen(v);
	uint64_t n;

	if (!digits || str_u64(v, UINT16_MAX, &n) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid resize %s \"%.64s\": %s", what, v,
			       digits ? "value out of range" : "invalid syntax");
	*ret = (unsigned)n;
	return 0;
}

int call_window(const struct api_call *c, unsigned *ret_rows, unsigned *ret_cols, struct err *e)
{
	if (window_side(c, "h", "height", ret_rows, e) < 0)
		return -1;
	return window_side(c, "w", "width", ret_cols, e);
}

int call_filters(const struct api_call *c, struct engine_filters *ret, struct err *e)
{
	if (engine_filters_parse(http_query_get(&c->query, "filters"), ret, e) == 0)
		return 0;
	engine_filters_clear(ret);
	return err_set(e, ERR_INVALID, 0, "invalid filter");
}

static bool no_body(const struct api_call *c)
{
	return c->rq->framing == HTTP_BODY_NONE ||
	       (c->rq->framing == HTTP_BODY_LENGTH && c->rq->content_bytes == 0);
}

/* Docker's httputils.CheckForJSON */
static int check_content_type(const struct api_call *c, struct err *e)
{
	const char *type = http_headers_get(&c->rq->headers, "Content-Type");
	size_t n;

	if (str_empty(type))
		return no_body(c)
			       ? 0
			       : err_set(e, ERR_INVALID, 0,
					 "malformed Content-Type header (): mime: no media type");
	n = strcspn(type, "; \t");
	if (n == strlen(API_JSON) && strncasecmp(type, API_JSON, n) == 0)
		return 0;
	return err_set(e, ERR_INVALID, 0,
		       "unsupported Content-Type header (%.*s): must be 'application/json'",
		       (int)MIN(n, 100), type);
}

/* what is no JSON, in the words of Go's decoder */
static int go_words(struct err *e)
{
	char *offset = strstr(e->msg, " (offset");

	if (strstr(e->msg, "after top-level value") != NULL)
		return err_set(e, ERR_INVALID, 0, "unexpected content after JSON");
	if (str_starts(e->msg, "unexpected end"))
		return err_set(e, ERR_INVALID, 0, "invalid JSON: unexpected EOF");
	if (offset != NULL)
		*offset = '\0';
	return err_wrap(e, "invalid JSON");
}

int call_body(struct api_call *c, bool may_be_empty, struct json **ret, struct err *e)
{
	*ret = NULL;
	if (check_content_type(c, e) < 0)
		return -1;
	if (http_body_read_all(http_conn_body(c->conn), API_BODY_MAX, &c->body, e) < 0)
		return -1;
	if (c->body.len == 0 && may_be_empty)
		return 0;
	if (c->body.len == 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid JSON: got EOF while reading request body");
	if (json_parse(c->body.data, c->body.len, ret, e) < 0)
		return go_words(e);
	return 0;
}

int call_bind(struct api_call *c, bool may_be_empty, const struct json_struct *t, void *out,
	      struct err *e)
{
	CLEANUP(json_freep) struct json *body = NULL;

	if (call_body(c, may_be_empty, &body, e) < 0)
		return -1;
	if (body == NULL)
		return 0;
	if (json_kind(body) == JSON_NULL)
		return 0;
	if (json_kind(body) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0,
			       "invalid JSON: json: cannot unmarshal %s into Go value of type %s",
			       json_kind_name(body), t->name);
	if (json_bind(body, t, out, e) < 0)
		return err_wrap(e, "invalid JSON");
	return 0;
}

int call_json(struct api_call *c, int status, struct buf *body, struct err *e)
{
	buf_addch(body, '\n');
	return http_conn_respond(c->conn, status, API_JSON, body->data, body->len, e);
}

int call_empty(struct api_call *c, int status, struct err *e)
{
	return http_conn_respond(c->conn, status, NULL, "", 0, e);
}

int call_progress_start(struct api_call *c, struct err *e)
{
	return http_conn_started(c->conn) ? 0 : http_conn_start(c->conn, 200, API_JSON, e);
}

int call_error_line(struct api_call *c, const struct err *why, struct err *e)
{
	CLEANUP(buf_clear) struct buf line = BUF_INIT;

	*e = *why;
	if (!http_conn_started(c->conn) || why->kind == ERR_CANCELLED)
		return -1;
	image_error_json(why, &line);
	if (http_conn_write(c->conn, line.data, line.len, e) < 0)
		return -1;
	return http_conn_end(c->conn, e);
}

int call_registry_failed(struct err *e)
{
	if (e->kind == ERR_UNAVAILABLE ||
	    (e->kind == ERR_UNAUTHORIZED && str_ends(e->msg, "no basic auth credentials")))
		e->kind = ERR_SYSTEM;
	return -1;
}

int call_client_fd(const struct api_call *c)
{
	return http_conn_stream(c->conn)->fd;
}

void api_write_strs(struct json_w *w, const char *key, const struct strv *v, bool null_if_empty)
{
	if (v->len == 0 && null_if_empty) {
		jw_knull(w, key);
		return;
	}
	jw_karr(w, key);
	strv_for_each (it, v)
		jw_str(w, *it);
	jw_end(w);
}

void api_write_strmap(struct json_w *w, const char *key, const struct json_strmap *m)
{
	if (m->len == 0) {
		jw_knull(w, key);
		return;
	}
	jw_kobj(w, key);
	for (size_t i = 0; i < m->len; i++)
		jw_kstr(w, m->items[i].key, m->items[i].value);
	jw_end(w);
}

int call_prune(struct api_call *c, const char *key, bool null_if_none, api_prune_fn *prune,
	       struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(strv_clear) struct strv gone = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	int64_t bytes = 0;

	if (call_filters(c, &f, e) < 0 || prune(c->en, &f, &gone, &bytes, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	api_write_strs(&w, key, &gone, null_if_none);
	jw_ki64(&w, "SpaceReclaimed", bytes);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}
