// SPDX-License-Identifier: MIT
/* Requests to the netns-helper: one that passes has terminated strings and known families. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network/msg_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netns_request q = {0};
	char out[IP_PREFIX_TEXT_SIZE];

	memcpy(&q, data, size < sizeof(q) ? size : sizeof(q));
	if (!netns_request_ok(&q, sizeof(q)))
		return 0;
	if (q.op >= NETNS_OP_END)
		abort();
	if (q.op == NETNS_OP_SYSCTL && strlen(q.sysctl.name) >= NETNS_SYSCTL_MAX)
		abort();
	if (q.op == NETNS_OP_PLUG)
		ip_prefix_format(&q.plug.address, out);
	return 0;
}
