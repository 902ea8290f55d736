// SPDX-License-Identifier: MIT
/* zstd (RFC 8878). */
#include "compressed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_compressed("\x28\xb5\x2f\xfd", data, size);
}
