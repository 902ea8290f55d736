// SPDX-License-Identifier: MIT
/* Requests of usernet to the netns-helper: what passes lies within every bound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "usernet/pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool_request q = {0};

	memcpy(&q, data, size < sizeof(q) ? size : sizeof(q));
	if (!pool_request_ok(&q, size))
		return 0;
	if (size != sizeof(q) || q.version != POOL_VERSION || q.op == 0 || q.op >= POOL_OP_END)
		abort();
	if (q.op == POOL_SOCKETS &&
	    (q.n < 1 || q.n > POOL_BATCH || q.kind < POOL_TCP4 || q.kind >= POOL_KIND_END))
		abort();
	if ((q.op == POOL_LISTEN || q.op == POOL_UNLISTEN) &&
	    (q.port == 0 || (q.kind != POOL_TCP4 && q.kind != POOL_TCP6)))
		abort();
	if (q.op == POOL_GATHER && (q.child.family == IP_NONE || q.n > 1))
		abort();
	if (q.child.family != IP_NONE && q.child.family != IP_V4 && q.child.family != IP_V6)
		abort();
	return 0;
}
