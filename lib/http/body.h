// SPDX-License-Identifier: MIT
/*
 * Bytes of one connection, read ahead (struct http_reader), and one message body
 * in it (struct http_body): Content-Length, chunked or until close, as a plain
 * blocking read. Both are embedded in http_conn and http_client.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "http/message.h"

struct http_reader {
	struct stream *s;  /* borrowed */
	char *data;	   /* NULL until the first read */
	size_t cap;	   /* HTTP_READ_BYTES, grows to HTTP_HEAD_MAX for a long head */
	size_t start, end; /* bytes received and not yet used */
};

struct http_body {
	struct http_reader *in; /* borrowed */
	enum http_framing framing;
	uint64_t left;	/* bytes to come: of the body, or of the present chunk */
	uint64_t total; /* bytes handed out so far */
	bool first;	/* chunked: no chunk was read yet */
	bool done;	/* the end was reached */
	bool failed;	/* every later read fails too */
	int (*before)(struct http_body *b, struct err *e); /* called once before the first read;
							      sends 100 Continue; may be NULL */
	void *before_arg;
};

/** http_reader_init() - reader over a stream */
void http_reader_init(struct http_reader *r, struct stream *s);
/** http_reader_clear() - frees the read-ahead, not the stream */
void http_reader_clear(struct http_reader *r);
/** http_reader_fill() - reads more bytes behind end; as stream_read(); ERR_INVALID when full */
ssize_t http_reader_fill(struct http_reader *r, struct err *e) WARN_UNUSED;
/** http_reader_read() - read-ahead bytes first, then the stream; as stream_read() */
ssize_t http_reader_read(struct http_reader *r, void *p, size_t n, struct err *e) WARN_UNUSED;
/** http_reader_leftover() - appends the read-ahead bytes to b and drops them */
void http_reader_leftover(struct http_reader *r, struct buf *b);

/** http_body_init() - the body that follows the head just read */
void http_body_init(struct http_body *b, struct http_reader *in, enum http_framing framing,
		    uint64_t content_bytes);
/**
 * http_body_read() - next bytes of a body
 * @b: body
 * @p: filled
 * @n: room, > 0
 * @e: ERR_INVALID for malformed chunks; ERR_SYSTEM "unexpected EOF" when the peer closed too early;
 *     ERR_TIMEOUT
 *
 * Return: > 0 bytes, 0 end of the body, -1 failure.
 */
ssize_t http_body_read(struct http_body *b, void *p, size_t n, struct err *e) WARN_UNUSED;
/** http_body_read_all() - appends all of the body; more than max bytes is ERR_INVALID */
int http_body_read_all(struct http_body *b, size_t max, struct buf *out, struct err *e) WARN_UNUSED;
/** http_body_drain() - reads and drops at most max bytes; 0 when the end was reached, else -1 */
int http_body_drain(struct http_body *b, uint64_t max);
/** http_body_stream_new() - the body as a read-only stream; borrows b, freeing it leaves b alone */
struct stream *http_body_stream_new(struct http_body *b);

#endif
