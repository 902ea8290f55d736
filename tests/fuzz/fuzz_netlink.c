// SPDX-License-Identifier: MIT
/* A datagram from the kernel's side: every walk stays inside and ends. */
#include <stddef.h>
#include <stdint.h>

#include "netlink/rtnl_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nl_view v = {.p = data, .n = size};
	struct rtnl_route route;
	struct rtnl_link link;
	struct rtnl_addr addr;
	struct rtnl_rule rule;
	struct rtnl_socket sock;
	struct nl_reply r;

	while (nl_next_msg(&v, &r)) {
		rtnl_parse_link(&r, &link);
		rtnl_parse_addr(&r, &addr);
		rtnl_parse_route(&r, &route);
		rtnl_parse_rule(&r, &rule);
		rtnl_parse_socket(&r, 6, &sock);
	}
	return 0;
}
