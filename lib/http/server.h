// SPDX-License-Identifier: MIT
/*
 * The server's side of one HTTP/1.1 connection, blocking. One thread owns it.
 *
 *	while (http_conn_next(c, &e) == 1) {
 *		... http_conn_request(c), http_conn_body(c) ...
 *		http_conn_respond(c, 200, "application/json", p, n, &e);
 *	}
 *	http_conn_free(c);
 *
 * or for long answers http_conn_start(), http_conn_write(), http_conn_flush() …,
 * http_conn_end(). Requests sent ahead (pipelining) wait in the read-ahead. An
 * unread body is drained up to HTTP_DRAIN_MAX, else the connection ends.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "http/body.h"
#include "http/message.h"

struct http_conn;

/** http_conn_new() - connection over a stream, which it then owns */
struct http_conn *http_conn_new(struct stream *s);
/** http_conn_free() - closes; NULL is fine */
void http_conn_free(struct http_conn *c);
/** http_conn_freep() - CLEANUP(http_conn_freep) */
void http_conn_freep(struct http_conn **c);

/**
 * http_conn_next() - finish the previous exchange and read the next request head
 * @c: connection
 * @e: ERR_INVALID: malformed, and a 4xx or 5xx answer with the sentence was sent already
 *
 * Return: 1 a request, 0 the client closed between requests or may not go on, -1 failure.
 */
int http_conn_next(struct http_conn *c, struct err *e) WARN_UNUSED;
/** http_conn_request() - the present request; borrowed until http_conn_next() */
const struct http_request *http_conn_request(const struct http_conn *c);
/** http_conn_body() - body of the present request; the first read sends 100 Continue if awaited */
struct http_body *http_conn_body(struct http_conn *c);
/** http_conn_stream() - the stream below; borrowed */
struct stream *http_conn_stream(struct http_conn *c);

/** http_conn_headers() - header fields of the answer, for the caller to add to before it starts;
 * Content-Length, Transfer-Encoding and Connection are the connection's own affair */
struct http_headers *http_conn_headers(struct http_conn *c);
/** http_conn_started() - an answer was begun, or sent */
bool http_conn_started(const struct http_conn *c);
/** http_conn_close_after() - no further request on this connection */
void http_conn_close_after(struct http_conn *c);

/**
 * http_conn_respond() - send a whole answer
 * @c:      connection
 * @status: status
 * @type:   Content-Type, or NULL
 * @p:      body; not sent in answer to HEAD, nor with 204 and 304
 * @n:      its length
 * @e:      ERR_SYSTEM when the client is gone
 */
int http_conn_respond(struct http_conn *c, int status, const char *type, const void *p, size_t n,
		      struct err *e);
/** http_conn_start() - begin an answer of unknown length (chunked; for HTTP/1.0 until close); the
 * head goes with what is sent first; type may be NULL */
int http_conn_start(struct http_conn *c, int status, const char *type, struct err *e);
/** http_conn_write() - add to a started answer; kept back until HTTP_WRITE_BYTES or a flush */
int http_conn_write(struct http_conn *c, const void *p, size_t n, struct err *e);
/** http_conn_flush() - send what is kept back, the head alone if there is nothing else */
int http_conn_flush(struct http_conn *c, struct err *e);
/** http_conn_end() - end a started answer; not called when it must end broken */
int http_conn_end(struct http_conn *c, struct err *e);
/** http_conn_abort() - end a started answer, what is kept back sent, so that the client notices it
 * is not whole */
void http_conn_abort(struct http_conn *c);

/** http_conn_gone() - the client has closed the connection (asks the kernel, does not block) */
bool http_conn_gone(struct http_conn *c);
/**
 * http_conn_upgrade() - leave HTTP: send a last head and hand out the stream
 * @c:      connection; afterwards only http_conn_free() is allowed
 * @status: 101 (adds Connection: Upgrade and Upgrade: proto) or 200
 * @proto:  "tcp", "h2c"; only with 101
 * @type:   Content-Type or NULL
 * @left:   gets bytes the client sent ahead
 * @e:      ERR_SYSTEM; ERR_INVALID for a body cut short
 *
 * A body of stated length is read off before.
 *
 * Return: the stream, the caller's; NULL on failure.
 */
struct stream *http_conn_upgrade(struct http_conn *c, int status, const char *proto,
				 const char *type, struct buf *left, struct err *e);
/** http_conn_hijack() - hand out the stream and the bytes read ahead without sending anything */
struct stream *http_conn_hijack(struct http_conn *c, struct buf *left);

#endif
