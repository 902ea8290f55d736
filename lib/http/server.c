// SPDX-License-Identifier: MIT
/*
 * The server's side of a connection: RFC 9112 sections 9 (connections) and 7.8
 * of RFC 9110 (upgrade).
 *
 * An exchange goes through enum phase from top to bottom. Whatever state the
 * handler leaves it in, http_conn_next() finds a safe way on: a whole answer and
 * a drained body lead to the next request, everything else ends the connection.
 */
#include "http/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"

#define LINGER_MS 500

enum phase {
	CONN_IDLE,    /* between exchanges: http_conn_next() may read */
	CONN_REQUEST, /* a request was read, no answer sent */
	CONN_ANSWER,  /* the body is being written */
	CONN_DONE,    /* the answer is whole */
	CONN_CLOSED,  /* nothing may be sent or read any more */
};

struct http_conn {
	struct stream *s;
	struct http_reader in;
	struct http_request rq;
	struct http_body body;
	struct http_headers headers; /* of the answer */
	struct buf head;	     /* of a started answer, until it is sent */
	struct buf out;		     /* bytes not sent yet; chunks are framed at the flush */
	enum phase phase;
	bool chunked;
	bool no_body; /* HEAD, 204, 304: written bytes are dropped */
	bool close;   /* after this exchange */
};

struct http_conn *http_conn_new(struct stream *s)
{
	struct http_conn *c = xcalloc(1, sizeof(*c));

	c->s = s;
	http_reader_init(&c->in, s);
	return c;
}

void http_conn_free(struct http_conn *c)
{
	if (c == NULL)
		return;
	stream_free(c->s);
	http_reader_clear(&c->in);
	http_request_clear(&c->rq);
	http_headers_clear(&c->headers);
	buf_clear(&c->head);
	buf_clear(&c->out);
	free(c);
}

void http_conn_freep(struct http_conn **c)
{
	http_conn_free(*c);
}

const struct http_request *http_conn_request(const struct http_conn *c)
{
	return &c->rq;
}

struct http_body *http_conn_body(struct http_conn *c)
{
	return &c->body;
}

struct stream *http_conn_stream(struct http_conn *c)
{
	return c->s;
}

struct http_headers *http_conn_headers(struct http_conn *c)
{
	return &c->headers;
}

bool http_conn_started(const struct http_conn *c)
{
	return c->phase != CONN_REQUEST;
}

void http_conn_close_after(struct http_conn *c)
{
	c->close = true;
}

/* A client that still sends its body meets no broken connection but the end of our side, and the
 * answer: RFC 9112 section 9.6. */
static void linger(struct http_conn *c)
{
	int64_t until = time_mono_ms() + LINGER_MS, left;
	char dropped[1024];

	if (c->s->fd < 0 || shutdown(c->s->fd, SHUT_WR) < 0)
		return;
	while ((left = until - time_mono_ms()) > 0 && fd_wait(c->s->fd, POLLIN, (int)left) > 0 &&
	       recv(c->s->fd, dropped, sizeof(dropped), MSG_DONTWAIT) > 0) {
	}
}

/* Ends the previous exchange; 1 the connection may go on, 0 not. */
static int finish_exchange(struct http_conn *c)
{
	if (c->phase == CONN_IDLE)
		return 1;
	if (c->phase != CONN_DONE || c->close || !c->rq.keep_alive ||
	    http_body_drain(&c->body, HTTP_DRAIN_MAX) < 0) {
		if (c->phase == CONN_DONE && !c->body.done)
			linger(c);
		c->phase = CONN_CLOSED;
		return 0;
	}
	http_request_clear(&c->rq);
	http_headers_clear(&c->headers);
	buf_reset(&c->out);
	c->phase = CONN_IDLE;
	return 1;
}

/* Answers what could not be parsed; plain JSON, so that every client finds the sentence. */
static int reject(struct http_conn *c, int status, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT, text = BUF_INIT;
	struct err ignored;

	buf_addf(&text, "{\"message\":\"%s\"}\n", e->msg);
	buf_addf(&b,
		 "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		 "Connection: close\r\n\r\n%s",
		 status, http_status_text(status), text.len, text.data);
	if (stream_write(c->s, b.data, b.len, &ignored) < 0)
		c->close = true;
	c->phase = CONN_CLOSED;
	return -1;
}

static void skip_empty_lines(struct http_reader *in)
{
	for (int i = 0; i < 4 && in->start < in->end; i++) {
		char ch = in->data[in->start];

		if (ch != '\r' && ch != '\n')
			break;
		in->start++;
	}
}

/* Collects a head in the read-ahead: its length, 0 end of stream before its first byte, or -1. */
static ssize_t read_head(struct http_conn *c, struct err *e)
{
	size_t scan = 0;

	skip_empty_lines(&c->in);
	for (;;) {
		size_t have = c->in.end - c->in.start;
		size_t n = have > 0 ? http_head_end(c->in.data + c->in.start, have, &scan) : 0;
		ssize_t got;

		if (n > 0)
			return (ssize_t)n;
		if (have >= HTTP_HEAD_MAX) {
			err_set(e, ERR_INVALID, 0, "request head too long");
			return reject(c, 431, e);
		}
		got = http_reader_fill(&c->in, e);
		if (got > 0 && have == 0)
			skip_empty_lines(&c->in);
		if (got == 0 && have > 0)
			return err_set(e, ERR_SYSTEM, 0, "unexpected EOF in request head");
		if (got <= 0)
			return got;
	}
}

static int send_continue(struct http_body *b, struct err *e)
{
	struct http_conn *c = b->before_arg;
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (c->phase != CONN_REQUEST)
		return 0;
	return stream_write(c->s, text, sizeof(text) - 1, e);
}

int http_conn_next(struct http_conn *c, struct err *e)
{
	int status = 400;
	ssize_t n;

	if (c->phase == CONN_CLOSED || !finish_exchange(c))
		return 0;
	n = read_head(c, e);
	if (n <= 0) {
		c->phase = CONN_CLOSED;
		return (int)n;
	}
	if (http_request_parse(c->in.data + c->in.start, (size_t)n, &c->rq, &status, e) < 0)
		return reject(c, status, e);
	c->in.start += (size_t)n;
	http_body_init(&c->body, &c->in, c->rq.framing, c->rq.content_bytes);
	if (c->rq.expect_continue) {
		c->body.before = send_continue;
		c->body.before_arg = c;
	}
	c->phase = CONN_REQUEST;
	c->chunked = c->no_body = c->close = false;
	return 1;
}

static bool status_has_no_body(int status)
{
	return status < 200 || status == 204 || status == 304;
}

/* Puts the head into out: status line, the caller's fields, and how the body ends. */
static void add_head(struct http_conn *c, int status, const char *type, long long content_bytes)
{
	c->no_body = str_eq(c->rq.method, "HEAD") || status_has_no_body(status);
	c->chunked = content_bytes < 0 && c->rq.minor >= 1 && !status_has_no_body(status);
	if (content_bytes < 0 && c->rq.minor == 0)
		c->close = true;
	/* a body that is neither read nor short would be taken for the next request */
	if (c->body.before != NULL ||
	    (!c->body.done && c->body.framing == HTTP_BODY_LENGTH && c->body.left > HTTP_DRAIN_MAX))
		c->close = true;
	buf_addf(&c->out, "HTTP/1.1 %d %s\r\n", status, http_status_text(status));
	http_headers_write(&c->out, &c->headers);
	if (type != NULL)
		buf_addf(&c->out, "Content-Type: %s\r\n", type);
	if (c->chunked)
		buf_addstr(&c->out, "Transfer-Encoding: chunked\r\n");
	else if (content_bytes >= 0 && !status_has_no_body(status))
		buf_addf(&c->out, "Content-Length: %lld\r\n", content_bytes);
	if (c->close || !c->rq.keep_alive)
		buf_addstr(&c->out, "Connection: close\r\n");
	else if (c->rq.minor == 0)
		buf_addstr(&c->out, "Connection: keep-alive\r\n");
	buf_addstr(&c->out, "\r\n");
}

static int send_out(struct http_conn *c, struct err *e)
{
	int r = c->out.len == 0 ? 0 : stream_write(c->s, c->out.data, c->out.len, e);

	buf_reset(&c->out);
	if (r < 0)
		c->phase = CONN_CLOSED;
	return r;
}

int http_conn_respond(struct http_conn *c, int status, const char *type, const void *p, size_t n,
		      struct err *e)
{
	if (c->phase != CONN_REQUEST)
		return err_set(e, ERR_SYSTEM, 0, "an answer was already sent");
	add_head(c, status, type, (long long)n);
	c->phase = CONN_DONE;
	if (!c->no_body && n > 0 && n <= HTTP_WRITE_BYTES)
		buf_add(&c->out, p, n);
	if (send_out(c, e) < 0)
		return -1;
	if (!c->no_body && n > HTTP_WRITE_BYTES && stream_write(c->s, p, n, e) < 0) {
		c->phase = CONN_CLOSED;
		return -1;
	}
	return 0;
}

int http_conn_start(struct http_conn *c, int status, const char *type, struct err *e)
{
	if (c->phase != CONN_REQUEST)
		return err_set(e, ERR_SYSTEM, 0, "an answer was already sent");
	add_head(c, status, type, -1);
	c->head = c->out;
	c->out = (struct buf)BUF_INIT;
	c->phase = CONN_ANSWER;
	return 0;
}

/* Sends the head, unless it was sent, n bytes as one chunk (or bare), and the last chunk. */
static int send_chunk(struct http_conn *c, const void *p, size_t n, bool last, struct err *e)
{
	bool chunked = c->chunked && !c->no_body;
	struct buf framed = c->head;
	int r = 0;

	c->head = (struct buf)BUF_INIT;
	buf_reserve(&framed, n + 32);
	if (chunked && n > 0)
		buf_addf(&framed, "%zx\r\n", n);
	if (!c->no_body)
		buf_add(&framed, p, n);
	if (chunked && n > 0)
		buf_addstr(&framed, "\r\n");
	if (chunked && last)
		buf_addstr(&framed, "0\r\n\r\n");
	if (framed.len > 0)
		r = stream_write(c->s, framed.data, framed.len, e);
	if (r < 0)
		c->phase = CONN_CLOSED;
	buf_clear(&framed);
	return r;
}

static int send_kept(struct http_conn *c, bool last, struct err *e)
{
	int r;

	if (c->phase != CONN_ANSWER)
		return err_set(e, ERR_SYSTEM, 0, "no answer is being written");
	r = send_chunk(c, c->out.data, c->out.len, last, e);
	buf_reset(&c->out);
	return r;
}

int http_conn_flush(struct http_conn *c, struct err *e)
{
	return send_kept(c, false, e);
}

int http_conn_write(struct http_conn *c, const void *p, size_t n, struct err *e)
{
	if (c->phase != CONN_ANSWER)
		return err_set(e, ERR_SYSTEM, 0, "no answer is being written");
	if (c->out.len > 0 && c->out.len + n > HTTP_WRITE_BYTES && http_conn_flush(c, e) < 0)
		return -1;
	if (n >= HTTP_WRITE_BYTES)
		return send_chunk(c, p, n, false, e);
	buf_add(&c->out, p, n);
	return 0;
}

int http_conn_end(struct http_conn *c, struct err *e)
{
	if (send_kept(c, true, e) < 0)
		return -1;
	c->phase = CONN_DONE;
	return 0;
}

void http_conn_abort(struct http_conn *c)
{
	struct err ignored;

	if (c->phase == CONN_ANSWER)
		(void)http_conn_flush(c, &ignored);
	c->phase = CONN_CLOSED;
}

bool http_conn_gone(struct http_conn *c)
{
	char ch;
	ssize_t n;
	int ready;

	if (c->s->fd < 0)
		return false;
	ready = fd_wait(c->s->fd, POLLIN | POLLRDHUP, 0);
	if (ready <= 0)
		return false;
	if (ready & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	n = recv(c->s->fd, &ch, 1, MSG_PEEK | MSG_DONTWAIT);
	return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTSOCK);
}

struct stream *http_conn_hijack(struct http_conn *c, struct buf *left)
{
	http_reader_leftover(&c->in, left);
	c->phase = CONN_CLOSED;
	return TAKE(c->s);
}

struct stream *http_conn_upgrade(struct http_conn *c, int status, const char *proto,
				 const char *type, struct buf *left, struct err *e)
{
	if (c->phase != CONN_REQUEST) {
		err_set(e, ERR_SYSTEM, 0, "an answer was already sent");
		return NULL;
	}
	/* docker-modem sends its options once more as a body, which is not yet the new protocol */
	if (c->body.framing == HTTP_BODY_LENGTH && http_body_drain(&c->body, HTTP_DRAIN_MAX) < 0) {
		err_set(e, ERR_INVALID, 0, "the request's body is not whole, or too long");
		return NULL;
	}
	buf_addf(&c->out, "HTTP/1.1 %d %s\r\n", status, http_status_text(status));
	http_headers_write(&c->out, &c->headers);
	if (type != NULL)
		buf_addf(&c->out, "Content-Type: %s\r\n", type);
	if (status == 101)
		buf_addf(&c->out, "Connection: Upgrade\r\nUpgrade: %s\r\n", proto);
	buf_addstr(&c->out, "\r\n");
	if (send_out(c, e) < 0)
		return NULL;
	return http_conn_hijack(c, left);
}
