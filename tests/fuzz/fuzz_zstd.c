// SPDX-License-Identifier: MIT
/* zstd: damaged streams end with an error, bombs are read a little way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/compress.h"
#include "base/stream.h"

#define OUTPUT_MAX (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char magic[] = "\x28\xb5\x2f\xfd";
	struct stream *src, *plain = NULL;
	size_t total = 0;
	char block[4096];
	struct err e;
	ssize_t n;

	if (size < sizeof(magic) - 1 || memcmp(data, magic, sizeof(magic) - 1) != 0)
		return 0;
	src = stream_mem_new(data, size, NULL);
	if (compress_reader_new(src, &plain, NULL, &e) < 0)
		abort();
	while (total < OUTPUT_MAX && (n = stream_read(plain, block, sizeof(block), &e)) > 0)
		total += (size_t)n;
	stream_free(plain);
	return 0;
}
