// SPDX-License-Identifier: MIT
/*
 * One HTTP request to a registry, a token server or a blob store: proxies,
 * TLS, idle connections kept, redirects followed. Any thread; an exchange
 * belongs to one.
 */
#ifndef IMAGE_TRANSPORT_INTERNAL_H
#define IMAGE_TRANSPORT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/stream.h"
#include "http/client.h"
#include "http/url.h"
#include "image/registry.h"
#include "tls/tls.h"

/* --- guard.c: a socket whose every wait is bounded and can be ended --- */

/** guard_new() - stream over a connected socket, owned; cancel_fd (borrowed, -1 none) becoming
 * readable ends every wait with ERR_CANCELLED; idle_ms bounds one wait; *ret_http (borrowed, may be
 * NULL) becomes true when the first bytes received are "HTTP/": a plain server on a TLS port */
struct stream *guard_new(int fd, int cancel_fd, int idle_ms, bool *ret_http);
/** guard_set_deadline() - all reads and writes fail after it (time_mono_ms()); 0 none */
void guard_set_deadline(struct stream *s, int64_t deadline_ms);

/* --- endpoint.c: hosts --- */

/** endpoint_tls() - trust for a host[:port]: system CAs and certs.d */
int endpoint_tls(const struct registry_config *c, const char *host, struct tls_config **ret,
		 struct err *e) WARN_UNUSED;
/** endpoint_is_loopback() - localhost or an address of 127.0.0.0/8 or ::1, port ignored */
bool endpoint_is_loopback(const char *host);

/* --- proxy.c --- */

/** proxy_for() - the proxy a URL goes through, borrowed from the configuration; NULL: none */
const char *proxy_for(const struct registry_config *c, const struct url *u);

/* --- transport.c --- */

struct transport;
struct exchange;

struct transport_request {
	const char *method;
	const char *url;
	const struct http_headers *headers; /* may be NULL */
	const char *authorization; /* value, or NULL; dropped when redirected to another origin */
	const void *body;
	size_t n_body;
	/* body from a callback when body is NULL, see struct http_send; sent once, on a connection
	 * of its own, and as slowly as its source is */
	ssize_t (*read)(void *arg, void *p, size_t n, struct err *e);
	void *read_arg;
};

/** transport_new() - borrows the configuration */
struct transport *transport_new(const struct registry_config *c);
/** transport_free() - closes idle connections; all exchanges must be gone; NULL is fine */
void transport_free(struct transport *t);
/** transport_hurry() - heads of answers must come as quickly as handshakes; before other threads
 * use it */
void transport_hurry(struct transport *t, bool on);
/** transport_cancel() - every call under way, and every later one, fails with ERR_CANCELLED */
void transport_cancel(struct transport *t);
/** transport_pause() - waits; ERR_CANCELLED when it was cancelled meanwhile */
int transport_pause(struct transport *t, int64_t ms, struct err *e) WARN_UNUSED;
/** transport_do() - send a request, follow redirects (GET and HEAD), read the answer's head; errors
 * begin with 'Get "URL": ' */
int transport_do(struct transport *t, const struct transport_request *rq, struct exchange **ret,
		 struct err *e) WARN_UNUSED;
/** exchange_response() - head of the answer; borrowed */
const struct http_response *exchange_response(const struct exchange *x);
/** exchange_body() - body of the answer; borrowed */
struct http_body *exchange_body(struct exchange *x);
/** exchange_url() - where the answer came from; borrowed */
const struct url *exchange_url(const struct exchange *x);
/** exchange_free() - keeps the connection when it can be used again; NULL is fine */
void exchange_free(struct exchange *x);
/** exchange_freep() - CLEANUP(exchange_freep) */
void exchange_freep(struct exchange **x);

/* --- challenge.c: WWW-Authenticate and tokens --- */

enum auth_scheme { AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct challenge {
	enum auth_scheme scheme;
	char *realm, *service, *scope, *error;
};

/** challenge_clear() - frees the parts */
void challenge_clear(struct challenge *c);
/** challenge_parse() - the strongest challenge (Bearer before Basic) of one WWW-Authenticate value;
 * AUTH_NONE when there is none */
void challenge_parse(const char *value, struct challenge *ret);
/** challenge_basic() - "Basic …" of credentials, on the heap; NULL without a user name */
char *challenge_basic(const struct registry_auth *a);
/**
 * challenge_token() - fetch a bearer token
 * @scope:       overrides the challenge's; may be NULL
 * @login:       ask for an identity token too
 * @ret_token:   the token; the caller's
 * @ret_refresh: identity token or NULL; the caller's; may be NULL
 * @ret_ms:      how long it holds
 */
int challenge_token(struct transport *t, const struct registry_config *cfg,
		    const struct challenge *c, const struct registry_auth *a, const char *scope,
		    bool login, char **ret_token, char **ret_refresh, int64_t *ret_ms,
		    struct err *e) WARN_UNUSED;
/** challenge_error() - fill e from an error answer: the registry's JSON errors in Docker's form
 * "code: message", else the status; ret_code (may be NULL) gets the first code, the caller's */
int challenge_error(struct exchange *x, char **ret_code, struct err *e);

#endif
