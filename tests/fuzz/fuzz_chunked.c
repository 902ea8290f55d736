// SPDX-License-Identifier: MIT
/* Chunked bodies: reading byte by byte and reading at once give the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_body(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
	CLEANUP(stream_freep) struct stream *s = stream_mem_new(data, size, NULL);
	struct http_reader in;
	struct http_body b;
	struct err e;
	char piece[4096];
	ssize_t n;

	http_reader_init(&in, s);
	http_body_init(&b, &in, HTTP_BODY_CHUNKED, 0);
	while ((n = http_body_read(&b, piece, step, &e)) > 0)
		buf_add(out, piece, (size_t)n);
	http_reader_clear(&in);
	return (int)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_clear) struct buf a = BUF_INIT, b = BUF_INIT;
	int ra = read_body(data, size, 1, &a);
	int rb = read_body(data, size, 4096, &b);

	if (ra != rb || a.len != b.len || memcmp(buf_str(&a), buf_str(&b), a.len) != 0)
		abort();
	return 0;
}
