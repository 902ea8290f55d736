// SPDX-License-Identifier: MIT
#include "usernet/flow.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

TEST(flows_are_found_and_the_oldest_is_known)
{
	struct flow_table *t = xcalloc(1, sizeof(*t));
	struct flow f[64] = {0};
	struct flow_key k = {.kind = FLOW_UDP, .src = ip_v4(1), .dst = ip_v4(2), .dport = 53};

	flow_table_init(t);
	CHECK(flow_oldest(t, FLOW_UDP) == NULL);
	for (uint16_t i = 0; i < 64; i++) {
		f[i].key = k;
		f[i].key.sport = i;
		flow_add(t, &f[i]);
	}
	CHECK_EQ(t->n[FLOW_UDP], 64);
	k.sport = 0;
	CHECK(flow_find(t, &k) == &f[0]);
	CHECK(flow_oldest(t, FLOW_UDP) == &f[1]);
	flow_remove(t, &f[1]);
	flow_remove(t, &f[1]);
	CHECK_EQ(t->n[FLOW_UDP], 63);
	k.sport = 1;
	CHECK(flow_find(t, &k) == NULL);
	k.sport = 2;
	k.kind = FLOW_TCP;
	CHECK(flow_find(t, &k) == NULL);
	free(t);
}
