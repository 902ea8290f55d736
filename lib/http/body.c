// SPDX-License-Identifier: MIT
/*
 * Reading one connection's bytes and the bodies in them: RFC 9112 section 6
 * (length), section 7.1 (chunked). Chunk framing is read strictly: sizes are 1
 * to 15 hexadecimal digits, lines end in CRLF, trailers are read and dropped.
 *
 * Large reads go past the read-ahead straight into the caller's memory.
 */
#include "http/body.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

void http_reader_init(struct http_reader *r, struct stream *s)
{
	*r = (struct http_reader){.s = s};
}

void http_reader_clear(struct http_reader *r)
{
	free(r->data);
	*r = (struct http_reader){.s = r->s};
}

ssize_t http_reader_fill(struct http_reader *r, struct err *e)
{
	ssize_t n;

	if (r->start == r->end) {
		r->start = r->end = 0;
	} else if (r->end == r->cap && r->start > 0) {
		memmove(r->data, r->data + r->start, r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	if (r->end == r->cap) {
		size_t want = MAX(HTTP_READ_BYTES, MIN(r->cap * 2, HTTP_HEAD_MAX));

		if (r->cap == HTTP_HEAD_MAX)
			return err_set(e, ERR_INVALID, 0, "HTTP head too long");
		r->data = xrealloc(r->data, want);
		r->cap = want;
	}
	n = stream_read(r->s, r->data + r->end, r->cap - r->end, e);
	if (n > 0)
		r->end += (size_t)n;
	return n;
}

ssize_t http_reader_read(struct http_reader *r, void *p, size_t n, struct err *e)
{
	size_t have = r->end - r->start;

	if (have == 0 && n >= HTTP_READ_BYTES / 4)
		return stream_read(r->s, p, n, e);
	if (have == 0) {
		ssize_t got = http_reader_fill(r, e);

		if (got <= 0)
			return got;
		have = (size_t)got;
	}
	if (n > have)
		n = have;
	memcpy(p, r->data + r->start, n);
	r->start += n;
	return (ssize_t)n;
}

void http_reader_leftover(struct http_reader *r, struct buf *b)
{
	if (r->end > r->start)
		buf_add(b, r->data + r->start, r->end - r->start);
	r->start = r->end = 0;
}

void http_body_init(struct http_body *b, struct http_reader *in, enum http_framing framing,
		    uint64_t content_bytes)
{
	*b = (struct http_body){
		.in = in,
		.framing = framing,
		.left = framing == HTTP_BODY_LENGTH ? content_bytes : 0,
		.first = true,
		.done = framing == HTTP_BODY_NONE,
	};
}

static int body_fail(struct http_body *b)
{
	b->failed = true;
	return -1;
}

/* One line of chunk framing without its CRLF; length, or -1. */
static ssize_t read_line(struct http_body *b, char *line, size_t size, struct err *e)
{
	size_t n = 0;

	for (;;) {
		char c;
		ssize_t got = http_reader_read(b->in, &c, 1, e);

		if (got < 0)
			return -1;
		if (got == 0)
			return err_set(e, ERR_SYSTEM, 0, "unexpected EOF");
		if (c == '\n' && n > 0 && line[n - 1] == '\r')
			return (ssize_t)n - 1;
		if (c == '\n' || (n > 0 && line[n - 1] == '\r'))
			return err_set(e, ERR_INVALID, 0, "malformed chunked encoding");
		if (n == size)
			return err_set(e, ERR_INVALID, 0, "chunk line too long");
		line[n++] = c;
	}
}

/* chunk-size [chunk-ext] */
static int parse_chunk_size(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		char c = s[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;

		if (d < 0)
			break;
		if (i == 15)
			return -1;
		v = v * 16 + (uint64_t)d;
	}
	if (i == 0 || (i < n && s[i] != ';' && s[i] != ' ' && s[i] != '\t'))
		return -1;
	for (; i < n; i++)
		if ((unsigned char)s[i] < ' ' && s[i] != '\t')
			return -1;
	*ret = v;
	return 0;
}

static int skip_trailers(struct http_body *b, struct err *e)
{
	char line[HTTP_CHUNK_LINE_MAX];
	size_t total = 0;
	ssize_t n;

	do {
		n = read_line(b, line, sizeof(line), e);
		if (n < 0)
			return -1;
		total += (size_t)n;
		if (total > HTTP_HEAD_MAX / 8)
			return err_set(e, ERR_INVALID, 0, "chunked trailers too long");
	} while (n > 0);
	return 0;
}

/* Begins the next chunk, or ends the body. */
static int next_chunk(struct http_body *b, struct err *e)
{
	char line[HTTP_CHUNK_LINE_MAX];
	ssize_t n;

	if (!b->first) {
		n = read_line(b, line, 2, e);
		if (n < 0)
			return -1;
		if (n != 0)
			return err_set(e, ERR_INVALID, 0, "malformed chunked encoding");
	}
	b->first = false;
	n = read_line(b, line, sizeof(line), e);
	if (n < 0)
		return -1;
	if (parse_chunk_size(line, (size_t)n, &b->left) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid byte in chunk length");
	if (b->left > 0)
		return 0;
	if (skip_trailers(b, e) < 0)
		return -1;
	b->done = true;
	return 0;
}

static int run_before(struct http_body *b, struct err *e)
{
	int (*before)(struct http_body *, struct err *) = b->before;

	b->before = NULL;
	return before == NULL ? 0 : before(b, e);
}

ssize_t http_body_read(struct http_body *b, void *p, size_t n, struct err *e)
{
	ssize_t got;

	if (b->done)
		return 0;
	if (b->failed)
		return err_set(e, ERR_SYSTEM, 0, "body is broken");
	if (run_before(b, e) < 0)
		return body_fail(b);
	if (b->framing == HTTP_BODY_CHUNKED && b->left == 0) {
		if (next_chunk(b, e) < 0)
			return body_fail(b);
		if (b->done)
			return 0;
	}
	if (b->framing != HTTP_BODY_CLOSE && n > b->left)
		n = b->left;
	got = http_reader_read(b->in, p, n, e);
	if (got < 0)
		return body_fail(b);
	if (got == 0 && b->framing == HTTP_BODY_CLOSE) {
		b->done = true;
		return 0;
	}
	if (got == 0) {
		err_set(e, ERR_SYSTEM, 0, "unexpected EOF");
		return body_fail(b);
	}
	b->total += (uint64_t)got;
	if (b->framing != HTTP_BODY_CLOSE)
		b->left -= (uint64_t)got;
	if (b->framing == HTTP_BODY_LENGTH && b->left == 0)
		b->done = true;
	return got;
}

int http_body_read_all(struct http_body *b, size_t max, struct buf *out, struct err *e)
{
	size_t start = out->len;

	if (b->framing == HTTP_BODY_LENGTH && b->left > max)
		return err_set(e, ERR_INVALID, 0, "body is longer than %zu bytes", max);
	for (;;) {
		char *room = buf_reserve(out, 4096);
		ssize_t n = http_body_read(b, room, 4096, e);

		if (n <= 0)
			return (int)n;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > max)
			return err_set(e, ERR_INVALID, 0, "body is longer than %zu bytes", max);
	}
}

int http_body_drain(struct http_body *b, uint64_t max)
{
	char scratch[2048];
	uint64_t total = 0;
	struct err e;

	if (b->done)
		return 0;
	/* a client that still waits for 100 Continue will not send the body */
	if (b->before != NULL || (b->framing == HTTP_BODY_LENGTH && b->left > max))
		return -1;
	while (total <= max) {
		ssize_t n = http_body_read(b, scratch, sizeof(scratch), &e);

		if (n <= 0)
			return (int)n;
		total += (uint64_t)n;
	}
	return -1;
}

struct body_stream {
	struct stream s;
	struct http_body *b;
};

static ssize_t body_stream_read(struct stream *s, void *p, size_t n, struct err *e)
{
	return http_body_read(((struct body_stream *)s)->b, p, n, e);
}

static int body_stream_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	(void)s;
	(void)p;
	(void)n;
	return err_set(e, ERR_SYSTEM, 0, "a message body cannot be written");
}

static void body_stream_free(struct stream *s)
{
	free(s);
}

static const struct stream_ops body_stream_ops = {
	.read = body_stream_read,
	.write = body_stream_write,
	.free = body_stream_free,
};

struct stream *http_body_stream_new(struct http_body *b)
{
	struct body_stream *bs = xcalloc(1, sizeof(*bs));

	bs->s = (struct stream){.ops = &body_stream_ops, .fd = -1, .timeout_ms = -1};
	bs->b = b;
	return &bs->s;
}
