// SPDX-License-Identifier: MIT
/*
 * A connection to the engine as the docker CLI has it: which engine
 * (DOCKER_HOST, the CLI's contexts, the default sockets), which API version,
 * requests and their errors. A struct client belongs to one thread; a further
 * thread makes its own with client_clone().
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "http/client.h"
#include "http/url.h"
#include "json/json.h"

#define CLIENT_API_VERSION "1.51" /* newest we speak */

struct client;

/* Where the CLI's options point; all may be NULL or false. */
struct client_options {
	const char *host;	/* -H */
	const char *context;	/* -c */
	const char *config_dir; /* --config */
	bool tls;		/* --tls */
	bool tls_verify;	/* --tlsverify */
	const char *tls_ca, *tls_cert, *tls_key;
};

struct client_req {
	const char *method; /* NULL: GET */
	const char *path;   /* "/containers/json", encoded, without version */
	const struct http_query *query;
	const char *body;     /* JSON text, or NULL */
	const char *type;     /* NULL: application/json when there is a body */
	const char *auth;     /* X-Registry-Auth, or NULL */
	const char *upgrade;  /* "tcp" */
	struct stream *input; /* body from a stream, chunked; or NULL */
};

/**
 * client_open() - find out which engine to talk to; does not connect yet
 * @o:   the CLI's options, or NULL; copied
 * @ret: to be freed by client_free()
 * @e:   ERR_INVALID for an unusable address, ERR_NOTFOUND for an unknown context
 */
int client_open(const struct client_options *o, struct client **ret, struct err *e) WARN_UNUSED;
/** client_clone() - another connection to the same engine with the version already negotiated */
struct client *client_clone(const struct client *c);
/** client_free() - NULL is fine */
void client_free(struct client *c);
/** client_freep() - CLEANUP(client_freep) */
void client_freep(struct client **c);
/** client_host() - "unix:///run/user/1000/docker.sock"; borrowed */
const char *client_host(const struct client *c);
/** client_context() - name of the context in use, "default" without one; borrowed */
const char *client_context(const struct client *c);
/** client_version() - API version in use after the first request; borrowed */
const char *client_version(const struct client *c);
/** client_at_least() - the version in use is this one or newer */
bool client_at_least(const struct client *c, const char *version);
/** client_dial() - a bare stream to the engine, for `docker system dial-stdio`; NULL on failure */
struct stream *client_dial(struct client *c, struct err *e);

/**
 * client_send() - send a request and read the head of the answer
 * @c:   the client; an earlier answer's body is dropped
 * @rq:  what to ask
 * @ret: the connection with the answer's body unread; stays the client's, valid until the next
 *       request
 * @e:   status 400 and above: the kind by status and "Error response from daemon: …";
 *       ERR_UNAVAILABLE "Cannot connect to the Docker daemon at …"
 *
 * Return: the status (below 400), or -1.
 */
int client_send(struct client *c, const struct client_req *rq, struct http_client **ret,
		struct err *e) WARN_UNUSED;
/** client_call() - client_send() and the whole answer parsed; *ret may be NULL after an empty
 * answer; ret itself may be NULL; the status or -1 */
int client_call(struct client *c, const struct client_req *rq, struct json **ret,
		struct err *e) WARN_UNUSED;
/** client_get() - GET of a path made by client_path(), which is freed */
int client_get(struct client *c, char *path, struct json **ret, struct err *e) WARN_UNUSED;
/** client_hijack() - client_send() with an upgrade to tcp (or a plain 200): the raw stream, the
 * caller's, and what was read ahead in left; *ret_multiplexed says whether frames come. NULL on
 * failure. The client connects anew for its next request. */
struct stream *client_hijack(struct client *c, const struct client_req *rq, struct buf *left,
			     bool *ret_multiplexed, struct err *e);
/** client_path() - a path on the heap with each %s percent-encoded */
char *client_path(const char *fmt, ...);

#endif
