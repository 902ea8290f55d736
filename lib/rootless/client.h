// SPDX-License-Identifier: MIT
/* Client of RootlessKit's REST API on a unix socket, as rootlessctl needs it. */
#ifndef ROOTLESS_CLIENT_H
#define ROOTLESS_CLIENT_H

#include "base/err.h"
#include "json/json.h"

#define RK_CLIENT_TIMEOUT_MS 20000

/**
 * rk_client_call() - one request
 * @socket: path of api.sock
 * @method: "GET", "POST", "DELETE"
 * @target: "/v1/info" …
 * @body:   JSON text to send, or NULL
 * @ret:    the answer's document, the caller's (NULL when it had no body); may be NULL
 * @e:      ERR_UNAVAILABLE when nobody listens; for an answer of 400 or above the server's message
 */
int rk_client_call(const char *socket, const char *method, const char *target, const char *body,
		   struct json **ret, struct err *e) WARN_UNUSED;

#endif
