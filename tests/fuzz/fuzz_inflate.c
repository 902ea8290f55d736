// SPDX-License-Identifier: MIT
/* gzip (RFC 1952). */
#include "compressed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_compressed("\x1f\x8b\x08", data, size);
}
