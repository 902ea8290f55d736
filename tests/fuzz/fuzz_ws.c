// SPDX-License-Identifier: MIT
/* WebSocket frames: read byte by byte and at once they give the same messages, or the same refusal.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "http/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int decode(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
	CLEANUP(freep) unsigned char *copy = xmemdup(data, size);
	struct ws_decoder d = {0};
	int r = 0;

	for (size_t at = 0; at < size && r >= 0; at += step) {
		unsigned char *p = copy + at;
		size_t n = MIN(step, size - at);
		struct ws_piece piece;

		while ((r = ws_next(&d, &p, &n, &piece)) > 0) {
			if (piece.opcode != WS_BINARY)
				buf_addf(out, "[%d]", piece.opcode);
			buf_add(out, piece.data, piece.n);
		}
		if (r == 0 && n != 0)
			abort();
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_clear) struct buf a = BUF_INIT, b = BUF_INIT;
	int ra = decode(data, size, 1, &a), rb = decode(data, size, 65536, &b);

	if (ra != rb || a.len != b.len || memcmp(buf_str(&a), buf_str(&b), a.len) != 0)
		abort();
	return 0;
}
