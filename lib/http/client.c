// SPDX-License-Identifier: MIT
/*
 * The client's side of a connection (RFC 9112). A server may answer and close
 * before it has taken the whole body (401 to an upload): a failed write of the
 * body is therefore not reported, the answer is.
 */
#include "http/client.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define SEND_BYTES (32 * KIB)

struct http_client {
	struct stream *s;
	struct http_reader in;
	struct http_response rs;
	struct http_body body;
	bool head_only; /* the request sent was HEAD */
	bool broken;	/* no further request */
	bool pending;	/* a request was sent and not answered */
};

struct http_client *http_client_new(struct stream *s)
{
	struct http_client *c = xcalloc(1, sizeof(*c));

	c->s = s;
	http_reader_init(&c->in, s);
	http_body_init(&c->body, &c->in, HTTP_BODY_NONE, 0);
	return c;
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	stream_free(c->s);
	http_reader_clear(&c->in);
	http_response_clear(&c->rs);
	free(c);
}

void http_client_freep(struct http_client **c)
{
	http_client_free(*c);
}

const struct http_response *http_client_response(const struct http_client *c)
{
	return &c->rs;
}

struct http_body *http_client_body(struct http_client *c)
{
	return &c->body;
}

struct stream *http_client_stream(struct http_client *c)
{
	return c->s;
}

static bool own_field(const char *name)
{
	return strcasecmp(name, "Host") == 0 || strcasecmp(name, "Content-Length") == 0 ||
	       strcasecmp(name, "Transfer-Encoding") == 0 || strcasecmp(name, "Connection") == 0;
}

static bool text_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

/* Content-Length value, -1 chunked, -2 no body */
static int64_t body_length(const struct http_send *rq)
{
	bool usual = str_eq(rq->method, "POST") || str_eq(rq->method, "PUT") ||
		     str_eq(rq->method, "PATCH");

	if (rq->body == NULL && rq->read != NULL)
		return rq->read_bytes;
	if (rq->body != NULL && rq->body_len > 0)
		return (int64_t)rq->body_len;
	return usual ? 0 : -2;
}

static int add_head(struct buf *b, const struct http_send *rq, struct err *e)
{
	int64_t n = body_length(rq);

	if (!text_ok(rq->method) || !text_ok(rq->target) || str_empty(rq->target) ||
	    (rq->host != NULL && !text_ok(rq->host)))
		return err_set(e, ERR_INVALID, 0, "invalid character in HTTP request line");
	buf_addf(b, "%s %s HTTP/1.1\r\nHost: %s\r\n", rq->method, rq->target,
		 rq->host != NULL ? rq->host : "docker");
	for (size_t i = 0; rq->headers != NULL && i < rq->headers->len; i++) {
		const struct http_header *h = &rq->headers->items[i];

		if (!own_field(h->name))
			buf_addf(b, "%s: %s\r\n", h->name, h->value);
	}
	if (rq->upgrade != NULL)
		buf_addf(b, "Connection: Upgrade\r\nUpgrade: %s\r\n", rq->upgrade);
	if (n == -1)
		buf_addstr(b, "Transfer-Encoding: chunked\r\n");
	else if (n >= 0)
		buf_addf(b, "Content-Length: %lld\r\n", (long long)n);
	buf_addstr(b, "\r\n");
	return 0;
}

/* Sends one piece of a body from a callback; 1 sent, 0 the server is gone */
static int send_piece(struct http_client *c, const char *p, size_t n, bool chunked)
{
	CLEANUP(buf_clear) struct buf framed = BUF_INIT;
	struct err e;

	if (!chunked)
		return stream_write(c->s, p, n, &e) == 0;
	buf_addf(&framed, "%zx\r\n", n);
	buf_add(&framed, p, n);
	buf_addstr(&framed, "\r\n");
	return stream_write(c->s, framed.data, framed.len, &e) == 0;
}

static int send_from_callback(struct http_client *c, const struct http_send *rq, struct err *e)
{
	CLEANUP(freep) char *p = xmalloc(SEND_BYTES);
	bool chunked = rq->read_bytes < 0;
	int64_t left = rq->read_bytes;
	struct err ignored;

	for (;;) {
		ssize_t n = rq->read(rq->read_arg, p, SEND_BYTES, e);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		if (!chunked && n > left)
			return err_set(e, ERR_INVALID, 0, "request body is longer than announced");
		left -= chunked ? 0 : n;
		if (!send_piece(c, p, (size_t)n, chunked)) {
			c->broken = true;
			return 0;
		}
	}
	if (!chunked && left > 0)
		return err_set(e, ERR_INVALID, 0, "request body is shorter than announced");
	if (chunked && stream_write(c->s, "0\r\n\r\n", 5, &ignored) < 0)
		c->broken = true;
	return 0;
}

int http_client_send(struct http_client *c, const struct http_send *rq, struct err *e)
{
	CLEANUP(buf_clear) struct buf head = BUF_INIT;
	struct err ignored;
	int r = 0;

	if (c->broken || c->pending)
		return err_set(e, ERR_SYSTEM, ECONNRESET, "connection cannot be used again");
	if (add_head(&head, rq, e) < 0)
		return -1;
	c->head_only = str_eq(rq->method, "HEAD");
	c->pending = true;
	if (rq->body != NULL && rq->body_len <= SEND_BYTES)
		buf_add(&head, rq->body, rq->body_len);
	if (stream_write(c->s, head.data, head.len, e) < 0) {
		c->broken = true;
		return -1;
	}
	if (rq->body != NULL && rq->body_len > SEND_BYTES) {
		if (stream_write(c->s, rq->body, rq->body_len, &ignored) < 0)
			c->broken = true;
	} else if (rq->body == NULL && rq->read != NULL) {
		r = send_from_callback(c, rq, e);
	}
	if (r < 0)
		c->broken = true;
	return r;
}

/* Reads and parses one head. */
static int recv_head(struct http_client *c, struct err *e)
{
	size_t scan = 0, n = 0;

	for (;;) {
		size_t have = c->in.end - c->in.start;
		ssize_t got;

		if (have > 0)
			n = http_head_end(c->in.data + c->in.start, have, &scan);
		if (n > 0)
			break;
		if (have >= HTTP_HEAD_MAX)
			return err_set(e, ERR_INVALID, 0, "HTTP response head too long");
		got = http_reader_fill(&c->in, e);
		if (got < 0)
			return -1;
		if (got == 0 && have == 0)
			return err_set(e, ERR_SYSTEM, ECONNRESET, "EOF");
		if (got == 0)
			return err_set(e, ERR_SYSTEM, 0, "unexpected EOF in HTTP response");
	}
	http_response_clear(&c->rs);
	if (http_response_parse(c->in.data + c->in.start, n, c->head_only, &c->rs, e) < 0)
		return -1;
	c->in.start += n;
	return 0;
}

int http_client_recv(struct http_client *c, struct err *e)
{
	for (int interim = 0; interim < 16; interim++) {
		if (recv_head(c, e) < 0) {
			c->broken = true;
			return -1;
		}
		if (c->rs.status >= 200 || c->rs.status == 101) {
			http_body_init(&c->body, &c->in, c->rs.framing, c->rs.content_bytes);
			c->pending = false;
			return 0;
		}
	}
	c->broken = true;
	return err_set(e, ERR_INVALID, 0, "too many interim HTTP responses");
}

bool http_client_reusable(struct http_client *c)
{
	return !c->broken && !c->pending && c->rs.keep_alive && c->rs.status != 101 &&
	       http_body_drain(&c->body, HTTP_DRAIN_MAX) == 0;
}

struct stream *http_client_hijack(struct http_client *c, struct buf *left)
{
	http_reader_leftover(&c->in, left);
	c->broken = true;
	return TAKE(c->s);
}
