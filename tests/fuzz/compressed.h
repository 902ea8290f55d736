// SPDX-License-Identifier: MIT
/* What the targets of both decompressors do: damaged streams end with an error, bombs are read a
 * little way. */
#ifndef FUZZ_COMPRESSED_H
#define FUZZ_COMPRESSED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/compress.h"
#include "base/stream.h"

#define FUZZ_OUTPUT_MAX (4 << 20)

/* reads what begins with magic through the decompressor that it names */
static inline int fuzz_compressed(const char *magic, const uint8_t *data, size_t size)
{
	struct stream *src, *plain = NULL;
	size_t total = 0;
	char block[4096];
	struct err e;
	ssize_t n;

	if (size < strlen(magic) || memcmp(data, magic, strlen(magic)) != 0)
		return 0;
	src = stream_mem_new(data, size, NULL);
	if (compress_reader_new(src, &plain, NULL, &e) < 0)
		abort();
	while (total < FUZZ_OUTPUT_MAX && (n = stream_read(plain, block, sizeof(block), &e)) > 0)
		total += (size_t)n;
	stream_free(plain);
	return 0;
}

#endif
