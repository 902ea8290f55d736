// SPDX-License-Identifier: MIT
/*
 * Heads of HTTP/1.x messages (RFC 9112 sections 2 to 6): header lists, and total,
 * bounded parsers for request and response heads. Field names compare without
 * case. Limits: config/limits.h, HTTP_*.
 *
 * What could be read in two ways is refused: obsolete line folding, NUL and bare
 * CR, blanks before the colon, Content-Length together with Transfer-Encoding,
 * several different Content-Lengths, transfer codings other than one final
 * "chunked".
 */
#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct http_header {
	char *name;
	char *value;
};

struct http_headers {
	struct http_header *items;
	size_t len;
	size_t cap;
};

#define HTTP_HEADERS_INIT \
	{                 \
		0         \
	}

/* How the end of a body is found. */
enum http_framing {
	HTTP_BODY_NONE,	   /* there is no body */
	HTTP_BODY_LENGTH,  /* Content-Length bytes */
	HTTP_BODY_CHUNKED, /* Transfer-Encoding: chunked */
	HTTP_BODY_CLOSE,   /* until the peer closes (responses only) */
};

struct http_request {
	char *method; /* as sent, upper case by convention */
	char *target; /* as sent */
	char *path;   /* decoded, "/" at least; the target's path with %XX resolved */
	char *query;  /* still encoded, NULL when there is none */
	int minor;    /* HTTP/1.minor: 0 or 1 */
	struct http_headers headers;
	enum http_framing framing;
	uint64_t content_bytes; /* with HTTP_BODY_LENGTH */
	bool keep_alive;	/* the connection may carry another request */
	bool expect_continue;	/* the client waits for 100 before it sends the body */
};

struct http_response {
	int status;   /* 100 to 599 */
	char *reason; /* may be "" */
	int minor;
	struct http_headers headers;
	enum http_framing framing;
	uint64_t content_bytes;
	bool keep_alive;
};

/** http_headers_clear() - frees all */
void http_headers_clear(struct http_headers *h);
/** http_headers_get() - the first value under name, NULL when absent; borrowed */
const char *http_headers_get(const struct http_headers *h, const char *name);
/** http_headers_add() - appends a copy; CR, LF and NUL in the value become blanks */
void http_headers_add(struct http_headers *h, const char *name, const char *value);
/** http_headers_addf() - appends formatted */
void http_headers_addf(struct http_headers *h, const char *name, const char *fmt, ...) PRINTF(3, 4);
/** http_headers_set() - replaces all values under name by one */
void http_headers_set(struct http_headers *h, const char *name, const char *value);
/** http_headers_del() - removes all under name */
void http_headers_del(struct http_headers *h, const char *name);
/** http_headers_has_token() - one of the comma-separated words under name is word, without case */
bool http_headers_has_token(const struct http_headers *h, const char *name, const char *word);
/** http_headers_write() - appends "Name: value\r\n" for each, without the final empty line */
void http_headers_write(struct buf *b, const struct http_headers *h);

/**
 * http_head_end() - find the end of a head in bytes received so far
 * @p:    bytes received, from the start of the head
 * @n:    how many
 * @scan: in and out: where to go on searching; 0 at first
 *
 * Return: length of the head with its empty line, 0 when more bytes are needed.
 */
size_t http_head_end(const char *p, size_t n, size_t *scan);

/**
 * http_request_parse() - parse a whole request head
 * @p:          the head as http_head_end() delimited it
 * @n:          its length
 * @ret:        filled, the caller's to clear; untouched on failure
 * @ret_status: on failure the fitting status: 400, 414, 431, 501 or 505; may be NULL
 * @e:          ERR_INVALID with what is wrong
 *
 * Return: 0 or -1.
 */
int http_request_parse(const char *p, size_t n, struct http_request *ret, int *ret_status,
		       struct err *e) WARN_UNUSED;
/** http_request_clear() - frees what the struct holds and zeroes it */
void http_request_clear(struct http_request *r);
/** http_response_parse() - parse a whole response head; head_only: it answers a HEAD request, so
 * there is no body */
int http_response_parse(const char *p, size_t n, bool head_only, struct http_response *ret,
			struct err *e) WARN_UNUSED;
/** http_response_clear() - frees what the struct holds and zeroes it */
void http_response_clear(struct http_response *r);
/** http_status_text() - the registered reason phrase, "Unknown" for others */
const char *http_status_text(int status);

#endif
