// SPDX-License-Identifier: MIT
/* Requests to a shim: what is accepted stays within its bounds. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "container/shim_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned sum = 0;
	struct shim_request r;
	const void *tail;
	struct err e;

	if (size < 1 || shim_request_parse(data + 1, size - 1, data[0] & 3, &r, &tail, &e) < 0)
		return 0;
	if (strlen(r.exec_id) >= SHIM_ID_SIZE || r.n_detach_keys > SHIM_DETACH_KEYS_MAX)
		abort();
	for (size_t i = 0; i < r.n_tail; i++)
		sum += ((const unsigned char *)tail)[i];
	__asm__ volatile("" : : "r"(sum)); /* the bytes are read */
	return 0;
}
