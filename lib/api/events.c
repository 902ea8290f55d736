// SPDX-License-Identifier: MIT
/* GET /events: one JSON object a line, flushed at once. */
#include "engine/event.h"

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#define NSEC_PER_SEC 1000000000LL

static void write_event(struct json_w *w, const struct engine_event *ev)
{
	/* fields of API 1.21 that clients of up to 1.51 still get */
	bool legacy = str_eq(ev->type, "container") || str_eq(ev->type, "image");
	const char *from = json_strmap_get(&ev->attributes, "image");

	jw_obj(w);
	if (legacy) {
		jw_kstr(w, "status", ev->action);
		if (!str_empty(ev->id))
			jw_kstr(w, "id", ev->id);
		if (str_eq(ev->type, "container") && !str_empty(from))
			jw_kstr(w, "from", from);
	}
	jw_kstr(w, "Type", ev->type);
	jw_kstr(w, "Action", ev->action);
	jw_kobj(w, "Actor");
	jw_kstr(w, "ID", ev->id);
	jw_kobj(w, "Attributes");
	for (size_t i = 0; i < ev->attributes.len; i++)
		jw_kstr(w, ev->attributes.items[i].key, ev->attributes.items[i].value);
	jw_end(w);
	jw_end(w);
	jw_kstr(w, "scope", "local");
	jw_ki64(w, "time", ev->at_nsec / NSEC_PER_SEC);
	jw_ki64(w, "timeNano", ev->at_nsec);
	jw_end(w);
}

static int start(void *arg)
{
	struct api_call *c = arg;
	struct err e;

	return call_progress_start(c, &e) < 0 ? -1 : http_conn_flush(c->conn, &e);
}

static int send_event(void *arg, const struct engine_event *ev)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct api_call *c = arg;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	write_event(&w, ev);
	buf_addch(&b, '\n');
	if (call_progress_start(c, &e) < 0 || http_conn_write(c->conn, b.data, b.len, &e) < 0)
		return -1;
	return http_conn_flush(c->conn, &e);
}

static int parse_time(const struct api_call *c, const char *key, int64_t *ret, struct err *e)
{
	const char *v = call_get(c, key);

	return v[0] == '\0' ? 0 : time_parse_query(v, ret, e);
}

int sys_events(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	struct engine_listen l = {
		.filters = &f,
		.client_fd = call_client_fd(c),
		.write = send_event,
		.ready = start,
		.arg = c,
	};

	if (parse_time(c, "since", &l.since_nsec, e) < 0 ||
	    parse_time(c, "until", &l.until_nsec, e) < 0)
		return -1;
	if (l.until_nsec != 0 && l.since_nsec > l.until_nsec)
		return err_set(e, ERR_INVALID, 0,
			       "`since` time (%s) cannot be after `until` time (%s)",
			       call_get(c, "since"), call_get(c, "until"));
	if (call_filters(c, &f, e) < 0 || engine_events(c->en, &l, e) < 0)
		return -1;
	if (call_progress_start(c, e) < 0)
		return -1;
	return http_conn_end(c->conn, e);
}
