// SPDX-License-Identifier: MIT
/* The pool channel's messages as a helper must check them: pool.h. */
#include "usernet/pool.h"

static bool family_ok(const struct ip *a)
{
	return a->family == IP_NONE || a->family == IP_V4 || a->family == IP_V6;
}

bool pool_request_ok(const struct pool_request *q, size_t n_bytes)
{
	bool tcp;

	if (n_bytes != sizeof(*q) || q->version != POOL_VERSION || !family_ok(&q->child))
		return false;
	tcp = q->kind == POOL_TCP4 || q->kind == POOL_TCP6;
	switch (q->op) {
	case POOL_SOCKETS:
		return q->kind >= POOL_TCP4 && q->kind < POOL_KIND_END && q->n >= 1 &&
		       q->n <= POOL_BATCH;
	case POOL_SYN_WATCH:
		return tcp;
	case POOL_LISTEN:
	case POOL_UNLISTEN:
		return tcp && q->port != 0;
	case POOL_DNS:
		return true;
	case POOL_GATHER:
		return q->child.family != IP_NONE && q->n <= 1;
	default:
		return false;
	}
}
