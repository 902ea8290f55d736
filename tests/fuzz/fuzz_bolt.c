// SPDX-License-Identifier: MIT
/* Databases that Docker left: every pair told lies within the file. Their checksums are made right,
 * so that what follows is reached. */
#include <stdlib.h>
#include <string.h>

#include "storage/bolt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bounds {
	const char *from, *to;
};

static void look(void *arg, const char *key, size_t n_key, const char *value, size_t n_value)
{
	const struct bounds *b = arg;

	if (key < b->from || key + n_key > b->to || value < b->from || value + n_value > b->to)
		abort();
}

static void right_checksum(uint8_t *meta)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < 56; i++)
		h = (h ^ meta[i]) * 0x100000001b3U;
	for (size_t i = 0; i < 8; i++)
		meta[56 + i] = (uint8_t)(h >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	struct bounds b = {(char *)copy, (char *)copy + size};
	struct err e;

	memcpy(copy, data, size);
	if (size >= 16 + 64)
		right_checksum(copy + 16);
	(void)!bolt_each(copy, size, "volumes", look, &b, &e);
	free(copy);
	return 0;
}
