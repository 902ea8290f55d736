// SPDX-License-Identifier: MIT
/*
 * /containers/{id}/attach, logs, wait: answers that last as long as something
 * happens. Stream formats: interfaces of API 1.51, "Stream format" (8-byte
 * header: stream, 0, 0, 0, length big-endian).
 */
#include <string.h>
#include <time.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/container.h"

#define HEAD_READ_NSEC 10000000L

static const char *stream_type(const struct api_call *c, bool tty)
{
	return !tty && c->version >= API_VERSION(1, 42) ? API_MULTIPLEXED : API_RAW;
}

/*
 * docker-py reads the head through a buffer and then the socket below it, so what
 * arrives together with the head is lost to it. Logs are there at once; other
 * output takes longer than a client needs to read the head.
 */
static void let_head_be_read(void)
{
	struct timespec t = {.tv_nsec = HEAD_READ_NSEC};

	nanosleep(&t, NULL);
}

static int attach(struct api_call *c, bool ws, struct err *e)
{
	bool upgrade = http_headers_get(&c->rq->headers, "Upgrade") != NULL;
	/* before 1.42 a WebSocket had all streams */
	bool all = ws && c->version < API_VERSION(1, 42);
	const char *keys = http_query_get(&c->query, "detachKeys");
	struct engine_attach a = {
		.client_fd = -1,
		.multiplexed = !ws,
		.in = all || call_bool(c, "stdin"),
		.out = all || call_bool(c, "stdout"),
		.err = all || call_bool(c, "stderr"),
		.logs = call_bool(c, "logs"),
		.stream = call_bool(c, "stream"),
		.detach_keys = str_empty(keys) ? NULL : keys,
	};
	struct engine_attach_claim *claim;
	struct api_hijack h = {.fd = -1};
	bool tty = false;
	struct err why;
	int r;

	if (engine_attach_begin(c->en, c->name, &a, &claim, &tty, e) < 0)
		return -1;
	/* dockerd gives this one head without the common fields */
	http_headers_clear(http_conn_headers(c->conn));
	r = ws ? api_hijack_ws(c, c->version >= API_VERSION(1, 28), &h, e)
	       : api_hijack_begin(c, upgrade ? stream_type(c, tty) : API_RAW, &h, e);
	if (r < 0) {
		if (engine_attach_finish(claim, NULL, &why) < 0)
			err_clear(&why);
		return -1;
	}
	a.client_fd = h.fd;
	a.multiplexed = !tty && !ws;
	a.leftover = h.leftover.data;
	a.n_leftover = h.leftover.len;
	if (a.logs && !ws)
		let_head_be_read();
	if (engine_attach_finish(claim, &a, &why) < 0) {
		CLEANUP(freep) char *text = xasprintf("Error attaching: %s\r\n", why.msg);

		if (!ws && fd_write_all(h.fd, text, strlen(text), &why) < 0)
			err_clear(&why);
	}
	api_hijack_end(&h);
	return 0;
}

int container_attach(struct api_call *c, struct err *e)
{
	return attach(c, false, e);
}

int container_attach_ws(struct api_call *c, struct err *e)
{
	return attach(c, true, e);
}

enum stream_no { STREAM_OUT = 1, STREAM_ERR = 2, STREAM_SYSTEM = 3 };

struct log_sink {
	struct api_call *c;
	bool multiplexed;
};

static int write_frame(const struct log_sink *s, enum stream_no stream, const char *text, size_t n)
{
	struct http_conn *conn = s->c->conn;
	unsigned char head[8] = {0};
	struct err e;

	if (!s->multiplexed)
		return http_conn_write(conn, text, n, &e);
	head[0] = (unsigned char)stream;
	for (int i = 0; i < 4; i++)
		head[4 + i] = (unsigned char)(n >> (24 - 8 * i));
	if (http_conn_write(conn, head, sizeof(head), &e) < 0)
		return -1;
	return http_conn_write(conn, text, n, &e);
}

static int write_log(void *arg, bool is_err, const char *text, size_t n)
{
	return write_frame(arg, is_err ? STREAM_ERR : STREAM_OUT, text, n);
}

/* what went wrong after the head, in the stream as dockerd does it (stream 3 is the daemon's own)
 */
static int log_error_frame(struct log_sink *s, const struct err *why)
{
	CLEANUP(freep) char *text = xasprintf("Error grabbing logs: %s\n", why->msg);

	if (why->kind == ERR_CANCELLED)
		return -1;
	return write_frame(s, STREAM_SYSTEM, text, strlen(text));
}

static int flush_log(void *arg)
{
	const struct log_sink *s = arg;
	struct err e;

	return http_conn_flush(s->c->conn, &e);
}

static int log_time(const struct api_call *c, const char *key, int64_t *ret, struct err *e)
{
	const char *v = call_get(c, key);

	return v[0] == '\0' || str_eq(v, "0") ? 0 : time_parse_query(v, ret, e);
}

/* "all", "" and what is no number at all mean everything, as in Docker */
static int64_t log_tail(const struct api_call *c)
{
	int64_t n;

	if (str_i64(call_get(c, "tail"), &n) < 0 || n < 0)
		return -1;
	return n;
}

int container_logs(struct api_call *c, struct err *e)
{
	struct log_sink sink = {.c = c};
	struct engine_logs l = {
		.out = call_bool(c, "stdout"),
		.err = call_bool(c, "stderr"),
		.follow = call_bool(c, "follow"),
		.timestamps = call_bool(c, "timestamps"),
		.details = call_bool(c, "details"),
		.tail = log_tail(c),
		.client_fd = call_client_fd(c),
		.write = write_log,
		.flush = flush_log,
		.arg = &sink,
	};
	bool tty = false;

	if (!l.out && !l.err)
		return err_set(e, ERR_INVALID, 0,
			       "Bad parameters: you must choose at least one stream");
	if (log_time(c, "since", &l.since_nsec, e) < 0 ||
	    log_time(c, "until", &l.until_nsec, e) < 0)
		return -1;
	if (engine_logs_check(c->en, c->name, &tty, e) < 0)
		return -1;
	sink.multiplexed = !tty;
	if (http_conn_start(c->conn, 200, stream_type(c, tty), e) < 0)
		return -1;
	if (engine_container_logs(c->en, c->name, &l, e) < 0 && log_error_frame(&sink, e) < 0)
		return -1;
	return http_conn_end(c->conn, e);
}

static int wait_condition(const struct api_call *c, enum engine_wait_condition *ret, struct err *e)
{
	const char *v = call_get(c, "condition");

	*ret = ENGINE_WAIT_NOT_RUNNING;
	if (c->version < API_VERSION(1, 30) || str_empty(v) || str_eq(v, "not-running"))
		return 0;
	if (str_eq(v, "next-exit"))
		*ret = ENGINE_WAIT_NEXT_EXIT;
	else if (str_eq(v, "removed") && c->version >= API_VERSION(1, 34))
		*ret = ENGINE_WAIT_REMOVED;
	else if (!str_eq(v, "removed"))
		return err_set(e, ERR_INVALID, 0, "invalid condition: \"%.100s\"", v);
	return 0;
}

static void write_wait(struct buf *b, int code, const char *error)
{
	struct json_w w;

	jw_init(&w, b);
	jw_obj(&w);
	if (error != NULL) {
		jw_kobj(&w, "Error");
		jw_kstr(&w, "Message", error);
		jw_end(&w);
	}
	jw_ki64(&w, "StatusCode", code);
	jw_end(&w);
}

int container_wait(struct api_call *c, struct err *e)
{
	/* since 1.30 the head comes when the wait has begun, so that run can start then */
	bool early = c->version >= API_VERSION(1, 30);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *error = NULL;
	enum engine_wait_condition cond;
	struct engine_wait *wait = NULL;
	struct err started = {0};
	int code = 0;

	if (wait_condition(c, &cond, e) < 0 ||
	    engine_wait_begin(c->en, c->name, cond, &wait, e) < 0)
		return -1;
	if (early && (http_conn_start(c->conn, 200, API_JSON, &started) < 0 ||
		      http_conn_flush(c->conn, &started) < 0))
		early = false;
	if (engine_wait_end(wait, call_client_fd(c), &code, &error, e) < 0)
		return -1;
	write_wait(&b, code, error);
	if (!early)
		return call_json(c, 200, &b, e);
	buf_addch(&b, '\n');
	if (http_conn_write(c->conn, b.data, b.len, e) < 0)
		return -1;
	return http_conn_end(c->conn, e);
}
