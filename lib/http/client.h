// SPDX-License-Identifier: MIT
/*
 * The client's side of one HTTP/1.1 connection, blocking. One thread owns it.
 * Who connects (TCP, unix, TLS, through a proxy) and follows redirects is the
 * caller.
 *
 *	struct http_client *c = http_client_new(stream);
 *	struct http_send rq = {.method = "GET", .target = "/v2/", .host = "registry"};
 *	http_client_send(c, &rq, &e);
 *	http_client_recv(c, &e);
 *	http_client_response(c)->status ...
 *	http_body_read(http_client_body(c), p, n, &e);
 *	if (http_client_reusable(c)) send the next request
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "http/body.h"
#include "http/message.h"

struct http_client;

struct http_send {
	const char *method;
	const char *target; /* "/path?query", already encoded; or a whole URL for a proxy */
	const char *host;   /* Host header; NULL sends "docker" */
	const struct http_headers *headers; /* further fields; NULL none. Content-Length,
					       Transfer-Encoding, Host and Connection (but see
					       upgrade) are set here and need not stand in it */
	const char *upgrade;		    /* "tcp" or "h2c": asks for an upgrade; else NULL */
	const void *body;		    /* body in memory, or NULL */
	size_t body_len;
	/* body from a callback when body is NULL: > 0 bytes, 0 end, -1 failure */
	ssize_t (*read)(void *arg, void *p, size_t n, struct err *e);
	void *read_arg;
	int64_t read_bytes; /* its length when known, else -1: chunked */
};

/** http_client_new() - connection over a stream, which it then owns */
struct http_client *http_client_new(struct stream *s);
/** http_client_free() - closes; NULL is fine */
void http_client_free(struct http_client *c);
/** http_client_freep() - CLEANUP(http_client_freep) */
void http_client_freep(struct http_client **c);

/**
 * http_client_send() - send a request with its body
 * @c:  connection, idle: the previous answer was read to its end
 * @rq: what to send; borrowed during the call
 * @e:  ERR_SYSTEM; when the server closes while the body is being sent, success is returned so
 *      that http_client_recv() finds the answer that explains it
 */
int http_client_send(struct http_client *c, const struct http_send *rq, struct err *e) WARN_UNUSED;
/**
 * http_client_recv() - read the head of the answer; interim answers (1xx but 101) are skipped
 * @c: connection
 * @e: ERR_INVALID malformed; ERR_SYSTEM "EOF" (sys ECONNRESET) when the server closed before
 *     answering: a reused connection may have been closed for idleness, so try a fresh one
 */
int http_client_recv(struct http_client *c, struct err *e) WARN_UNUSED;
/** http_client_response() - head of the present answer; borrowed until the next recv */
const struct http_response *http_client_response(const struct http_client *c);
/** http_client_body() - body of the present answer; borrowed */
struct http_body *http_client_body(struct http_client *c);
/** http_client_reusable() - the answer was read to its end and the server keeps the connection; a
 * small rest (HTTP_DRAIN_MAX) is drained here */
bool http_client_reusable(struct http_client *c);
/** http_client_stream() - the stream below; borrowed */
struct stream *http_client_stream(struct http_client *c);
/** http_client_hijack() - after 101 (or 200 to an attach): hand out the stream, the caller's, and
 * append bytes received ahead to left; only http_client_free() may follow */
struct stream *http_client_hijack(struct http_client *c, struct buf *left);

#endif
