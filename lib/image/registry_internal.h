// SPDX-License-Identifier: MIT
/* Shared by registry.c (requests), blob.c (layers) and login.c. */
#ifndef IMAGE_REGISTRY_INTERNAL_H
#define IMAGE_REGISTRY_INTERNAL_H

#include <pthread.h>

#include "image/transport_internal.h"

struct registry {
	const struct registry_config *config;
	const struct registry_auth *auth;
	struct image_ref ref;
	char *base; /* "https://host:5000" without a final slash */
	char *scope;
	struct transport *t;
	pthread_mutex_t mu; /* guards all below */
	bool pinged;	    /* and an answer came */
	struct challenge challenge;
	char *token;
	int64_t token_until_ms;
};

/** registry_new_at() - a registry at a base URL; ref may be NULL (login) */
struct registry *registry_new_at(const struct registry_config *c, const char *base,
				 const struct image_ref *ref, const struct registry_auth *auth);
/** registry_ping() - GET /v2/ once: learns how to authenticate */
int registry_ping(struct registry *r, struct err *e) WARN_UNUSED;
/** registry_request() - an authenticated request for base + path; one retry with fresh credentials
 * when they are refused. Any status comes back as an exchange. */
int registry_request(struct registry *r, const char *method, const char *path,
		     const struct http_headers *headers, struct exchange **ret,
		     struct err *e) WARN_UNUSED;
/** registry_send() - the same with a body; rq's url may be a path below the base or a whole URL,
 * whose origin must be the base's to get credentials. A body from a callback is sent once: no retry
 */
int registry_send(struct registry *r, const struct transport_request *rq, struct exchange **ret,
		  struct err *e) WARN_UNUSED;
/** registry_learn() - takes over the challenge of a 401 answer; true when there was one */
bool registry_learn(struct registry *r, const struct http_response *rs);

#endif
