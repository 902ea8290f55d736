// SPDX-License-Identifier: MIT
/*
 * Client of the registry HTTP API v2 (distribution-spec; Docker's token
 * authentication): manifests and blobs over TLS or, for insecure registries,
 * plain HTTP, through proxies and mirrors. Every wait and every length is
 * bounded by config/limits.h; what a registry says is never trusted.
 */
#ifndef IMAGE_REGISTRY_H
#define IMAGE_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/strv.h"
#include "image/reference.h"

/* Credentials: the X-Registry-Auth header. Never printed. */
struct registry_auth {
	char *username, *password;
	char *identity_token; /* refresh token */
	char *registry_token; /* bearer token given as such */
	char *server_address;
};

#define REGISTRY_AUTH_INIT \
	{                  \
		0          \
	}

/** registry_auth_clear() - wipes and frees */
void registry_auth_clear(struct registry_auth *a);
/** registry_auth_parse() - the base64url JSON of X-Registry-Auth ("" and NULL give none);
 * ERR_INVALID
 */
int registry_auth_parse(const char *header, struct registry_auth *ret, struct err *e) WARN_UNUSED;

/* How to reach registries: daemon.json and the environment. */
struct registry_config {
	struct strv insecure; /* insecure-registries: "host", "host:port", CIDR; loopback is always
				 one */
	struct strv mirrors;  /* registry-mirrors for docker.io: URLs */
	struct strv certs_dirs; /* directories holding <host>/{*.crt,client.cert,client.key} */
	char *http_proxy, *https_proxy, *no_proxy; /* NULL or "": none */
	char *user_agent;			   /* NULL: "docker/28.5.2 …" form of ours */
	int max_downloads;			   /* layers at a time; 0: 4 a processor */
	int max_uploads;			   /* layers at a time; 0 is 5 */
	int max_attempts;			   /* of one layer; 0 is 5 */
	int idle_ms; /* wait without a byte of an answer; 0 is REGISTRY_IDLE_MS */
};

/** registry_config_init() - defaults: the certs.d directories of the system and of the user,
 * proxies from the environment */
void registry_config_init(struct registry_config *c);
/** registry_config_clear() - frees the parts */
void registry_config_clear(struct registry_config *c);
/** registry_config_copy() - dst (cleared before) becomes a deep copy */
void registry_config_copy(struct registry_config *dst, const struct registry_config *src);
/** registry_config_check() - ERR_INVALID for malformed insecure registries and mirrors, in Docker's
 * words */
int registry_config_check(const struct registry_config *c, struct err *e) WARN_UNUSED;
/** registry_is_insecure() - TLS may be unverified or absent for this host[:port] */
bool registry_is_insecure(const struct registry_config *c, const char *host);

/* A registry as one job uses it: endpoint, tokens. Any thread. */
struct registry;
/* One answer's body being read. One thread. */
struct registry_blob;

/**
 * registry_open() - choose an endpoint for a repository; the first request makes the connection
 * @c:    configuration, borrowed until registry_free()
 * @ref:  the repository (domain and path)
 * @auth: credentials, borrowed likewise, may be NULL
 * @endpoint: 0 to registry_endpoints() - 1: mirrors first, the registry itself last; an insecure
 *        registry by TLS, then by plain HTTP
 *
 * Return: the caller's, to be freed by registry_free().
 */
struct registry *registry_open(const struct registry_config *c, const struct image_ref *ref,
			       const struct registry_auth *auth, int endpoint);
/** registry_endpoints() - how many endpoints registry_open() can try for a repository */
int registry_endpoints(const struct registry_config *c, const struct image_ref *ref);
/** registry_url() - the endpoint's base URL, for messages; borrowed */
const char *registry_url(const struct registry *r);
/** registry_is_reached() - some answer has come from the endpoint: its errors are final, another
 * endpoint is no better */
bool registry_is_reached(const struct registry *r);
/** registry_free() - NULL is fine */
void registry_free(struct registry *r);
/** registry_freep() - CLEANUP(registry_freep) */
void registry_freep(struct registry **r);
/** registry_cancel() - makes every call under way, and every later one, fail with ERR_CANCELLED */
void registry_cancel(struct registry *r);
/**
 * registry_manifest() - GET a manifest
 * @name:       tag or digest
 * @body:       appended, at most REGISTRY_MANIFEST_MAX_BYTES
 * @media_type: the answer's Content-Type without parameters; on the heap, the caller's
 * @digest:     DIGEST_SIZE bytes: the digest of the body, checked when name is one
 *
 * Return: 0 or -1 (ERR_NOTFOUND "manifest for x not found: manifest unknown: …").
 */
int registry_manifest(struct registry *r, const char *name, struct buf *body, char **ret_media_type,
		      char *ret_digest, struct err *e) WARN_UNUSED;
/** registry_tags() - appends all tags of the repository */
int registry_tags(struct registry *r, struct strv *tags, struct err *e) WARN_UNUSED;
/** registry_head() - HEAD a manifest by its tag: DIGEST_SIZE bytes of its digest, "" when the
 * registry answers anything else; -1 when it does not answer */
int registry_head(struct registry *r, const char *tag, char *ret_digest, struct err *e) WARN_UNUSED;
/**
 * registry_blob_open() - GET a blob from an offset
 * @digest: what to get; the bytes are the caller's to verify
 * @size:   expected whole size, or -1; an answer that promises another one is ERR_INVALID
 * @offset: where to begin; a registry that knows no ranges is read from 0 and the bytes dropped
 * @ret:    the caller's
 *
 * Return: 0 or -1.
 */
int registry_blob_open(struct registry *r, const char *digest, int64_t size, int64_t offset,
		       struct registry_blob **ret, struct err *e) WARN_UNUSED;
/** registry_blob_read() - >0 bytes, 0 at the end (all that was promised has come), -1 */
ssize_t registry_blob_read(struct registry_blob *b, void *p, size_t n, struct err *e) WARN_UNUSED;
/** registry_blob_size() - the whole blob's size, or -1 when unknown */
int64_t registry_blob_size(const struct registry_blob *b);
/** registry_blob_free() - NULL is fine */
void registry_blob_free(struct registry_blob *b);
/** registry_blob_freep() - CLEANUP(registry_blob_freep) */
void registry_blob_freep(struct registry_blob **b);
/** registry_fetch() - a whole blob of at most max bytes into memory, digest and size verified */
int registry_fetch(struct registry *r, const char *digest, int64_t size, size_t max,
		   struct buf *body, struct err *e) WARN_UNUSED;

/**
 * registry_login() - POST /auth: try credentials
 * @c:      configuration
 * @a:      credentials; server_address "" is Docker Hub's
 * @ret_status: "Login Succeeded", borrowed for ever
 * @ret_token:  identity token or NULL; the caller's
 * @e:      ERR_UNAUTHORIZED "Get \"https://host/v2/\": unauthorized: …"
 *
 * Return: 0 or -1.
 */
int registry_login(const struct registry_config *c, const struct registry_auth *a,
		   const char **ret_status, char **ret_token, struct err *e) WARN_UNUSED;

#endif
