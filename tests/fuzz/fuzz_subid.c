// SPDX-License-Identifier: MIT
/* subuid(5) and getsubids: whatever comes, the ranges are disjoint and hold no id of -1. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "ns/subid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct subid_ranges *r)
{
	for (size_t i = 0; i < r->n; i++) {
		uint64_t start = r->items[i].start, end = start + r->items[i].count;

		if (r->items[i].count == 0 || end > UINT32_MAX)
			abort();
		for (size_t j = 0; j < i; j++) {
			uint64_t from = r->items[j].start, to = from + r->items[j].count;

			if (start < to && from < end)
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	subid_parse((const char *)data, size, "user", 1000, &r);
	check(&r);
	subid_exclude(&r, 1000);
	check(&r);
	subid_clear(&r);
	subid_parse_getsubids((const char *)data, size, &r);
	check(&r);
	subid_clear(&r);
	return 0;
}
