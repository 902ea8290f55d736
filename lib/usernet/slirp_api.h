// SPDX-License-Identifier: MIT
/*
 * The requests that slirp4netns(1) takes on its API socket: one JSON object a
 * connection, {"execute": "add_hostfwd" | "list_hostfwd" | "remove_hostfwd",
 * "arguments": {...}}, answered by {"return": ...} or {"error": {"desc": ...}}.
 * Parsing and answering only; the socket is served by slirp_serve.c.
 */
#ifndef USERNET_SLIRP_API_H
#define USERNET_SLIRP_API_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "netlink/ip.h"

struct hostfwd_spec {
	bool udp;
	struct ip host; /* to listen on */
	uint16_t host_port;
	struct ip guest; /* IP_NONE: the guest's usual address */
	uint16_t guest_port;
};

struct slirp_api_ops {
	int (*add)(void *arg, const struct hostfwd_spec *s, int *ret_id, struct err *e);
	int (*remove)(void *arg, int id, struct err *e); /* ERR_NOTFOUND */
	/* the i-th one in order of age; false when there are not so many */
	bool (*at)(void *arg, size_t i, struct hostfwd_spec *ret, int *ret_id);
};

/** slirp_api_is_whole() - the bytes are a JSON document: no more needs to be waited for */
bool slirp_api_is_whole(const char *text, size_t n);

/**
 * slirp_api_answer() - does what a request asks and writes the answer
 * @text: the request
 * @n:    its bytes
 * @ops:  what can be done
 * @arg:  given to them
 * @out:  appended to: one JSON object
 */
void slirp_api_answer(const char *text, size_t n, const struct slirp_api_ops *ops, void *arg,
		      struct buf *out);

/** slirp_api_error() - appends {"error":{"desc":"bad request: ..."}} */
void slirp_api_error(struct buf *out, const char *desc);

#endif
