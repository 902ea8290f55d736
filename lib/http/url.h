// SPDX-License-Identifier: MIT
/*
 * Uniform resource locators (RFC 3986) as far as HTTP needs them, and query
 * strings (WHATWG application/x-www-form-urlencoded, as Go's net/url reads it).
 * Pure functions, any thread.
 */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct url {
	char *scheme;	/* lower case; "" when the text had none */
	char *user;	/* decoded; NULL when there is none */
	char *password; /* decoded; NULL when there is none */
	char *host;	/* lower case, without brackets; "" when there is none */
	uint16_t port;	/* as written, else 443 for https, 80 for http, 0 otherwise */
	char *path;	/* still percent-encoded, begins with '/' when there is a host */
	char *query;	/* still encoded, without '?'; NULL when there is none */
};

struct http_pair {
	char *key;
	char *value;
};

struct http_query {
	struct http_pair *items;
	size_t len;
	size_t cap;
};

#define URL_INIT  \
	{         \
		0 \
	}
#define HTTP_QUERY_INIT \
	{               \
		0       \
	}

/**
 * url_parse() - take a URL apart
 * @text: "scheme://[user[:password]@]host[:port][/path][?query][#fragment]", or
 *        "//host/path", or "/path?query"; the fragment is dropped
 * @ret:  filled, the caller's to clear; untouched on failure
 * @e:    ERR_INVALID: control characters, blanks, bad port, bad escape, too long
 *
 * Return: 0 or -1.
 */
int url_parse(const char *text, struct url *ret, struct err *e) WARN_UNUSED;
/** url_clear() - frees what a struct url holds */
void url_clear(struct url *u);
/** url_resolve() - the URL that ref (a Location header) means seen from base; RFC 3986 section 5 */
int url_resolve(const struct url *base, const char *ref, struct url *ret,
		struct err *e) WARN_UNUSED;
/** url_target() - "/path?query" for a request line, on the heap */
char *url_target(const struct url *u);
/** url_host_header() - "host", "host:port" when the port is not the scheme's, brackets for IPv6; on
 * the heap */
char *url_host_header(const struct url *u);
/** url_text() - the whole URL without user and password, on the heap; for messages and requests to
 * proxies */
char *url_text(const struct url *u);

/** url_decode() - appends n bytes with %XX decoded (and '+' as blank when plus); 0, or -1 for a bad
 * escape or a NUL byte */
int url_decode(struct buf *b, const char *s, size_t n, bool plus);
/** url_encode() - appends s, everything but unreserved characters and those in keep as %XX */
void url_encode(struct buf *b, const char *s, const char *keep);

/**
 * http_query_parse() - read a query string
 * @q:    initialised; pairs are appended in order
 * @text: without '?'; NULL is empty
 * @e:    ERR_INVALID for a bad escape, ';' or more than HTTP_QUERY_PAIRS_MAX pairs
 */
int http_query_parse(struct http_query *q, const char *text, struct err *e) WARN_UNUSED;
/** http_query_clear() - frees all pairs */
void http_query_clear(struct http_query *q);
/** http_query_get() - the first value of key, NULL when absent; borrowed */
const char *http_query_get(const struct http_query *q, const char *key);
/** http_query_get_nth() - the nth (from 0) value of a repeated key, NULL when there are fewer */
const char *http_query_get_nth(const struct http_query *q, const char *key, size_t nth);
/** http_query_add() - appends a copy of a pair */
void http_query_add(struct http_query *q, const char *key, const char *value);
/** http_query_encode() - appends "k=v&k=v" without '?' */
void http_query_encode(struct buf *b, const struct http_query *q);

#endif
