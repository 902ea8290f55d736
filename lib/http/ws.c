// SPDX-License-Identifier: MIT
/* WebSocket frames (RFC 6455 section 5) and the server's handshake (section 4.2). */
#include "http/ws.h"

#include <bearssl.h>
#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define KEY_GUID   "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LENGTH 24 /* 16 bytes in base64 */
#define FIN	   0x80
#define RESERVED   0x70
#define MASKED	   0x80
#define LENGTH_16  126 /* in the 7-bit field: the length is in the next 16 bits */
#define LENGTH_64  127

int ws_accept(const struct http_request *rq, struct http_headers *out, struct err *e)
{
	const char *key = http_headers_get(&rq->headers, "Sec-WebSocket-Key");
	const char *protocol = http_headers_get(&rq->headers, "Sec-WebSocket-Protocol");
	CLEANUP(buf_clear) struct buf accept = BUF_INIT;
	unsigned char sum[br_sha1_SIZE];
	br_sha1_context sha;

	if (!http_headers_has_token(&rq->headers, "Upgrade", "websocket") ||
	    !http_headers_has_token(&rq->headers, "Connection", "upgrade"))
		return err_set(e, ERR_INVALID, 0, "not websocket protocol");
	if (!str_eq(http_headers_get(&rq->headers, "Sec-WebSocket-Version"), "13")) {
		http_headers_set(out, "Sec-WebSocket-Version", "13");
		return err_set(e, ERR_INVALID, 0, "missing or bad WebSocket Version");
	}
	if (key == NULL || strlen(key) != KEY_LENGTH)
		return err_set(e, ERR_INVALID, 0, "missing or bad Sec-WebSocket-Key");
	if (protocol != NULL && strchr(protocol, ',') != NULL)
		return err_set(e, ERR_INVALID, 0, "missing or bad WebSocket-Protocol");
	br_sha1_init(&sha);
	br_sha1_update(&sha, key, KEY_LENGTH);
	br_sha1_update(&sha, KEY_GUID, strlen(KEY_GUID));
	br_sha1_out(&sha, sum);
	base64_encode(&accept, sum, sizeof(sum));
	http_headers_set(out, "Sec-WebSocket-Accept", buf_str(&accept));
	if (!str_empty(protocol))
		http_headers_set(out, "Sec-WebSocket-Protocol", protocol);
	return 0;
}

/* bytes of a head as far as they tell: 2, then all */
static unsigned head_size(const struct ws_decoder *d)
{
	unsigned length = d->head[1] & 0x7f;

	if (d->n_head < 2)
		return 2;
	return 2 + (length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0) + 4;
}

/* what section 5.2 demands of a whole head; 0 or a negative code */
static int read_head(struct ws_decoder *d)
{
	unsigned opcode = d->head[0] & 0x0f, length = d->head[1] & 0x7f, i = 2;
	bool fin = d->head[0] & FIN, control = opcode >= WS_CLOSE;
	uint64_t size = 0;

	if ((d->head[0] & RESERVED) != 0 || opcode > WS_PONG ||
	    (opcode > WS_BINARY && opcode < WS_CLOSE) ||
	    (control && (!fin || length > WS_CONTROL_MAX)) ||
	    (!control && (opcode == WS_CONTINUATION) != d->in_message))
		return -WS_PROTOCOL_ERROR;
	for (; i + 4 < head_size(d); i++)
		size = size << 8 | d->head[i];
	if (length < LENGTH_16)
		size = length;
	/* the shortest form is the only one */
	if ((length == LENGTH_16 && size < LENGTH_16) ||
	    (length == LENGTH_64 && size <= UINT16_MAX))
		return -WS_PROTOCOL_ERROR;
	if (size > HTTP_WS_FRAME_MAX)
		return -WS_TOO_BIG;
	if (!control)
		d->in_message = !fin;
	d->size = size;
	d->done = 0;
	d->in_frame = true;
	return 0;
}

/* 0 a head, 1 needs more, or a negative code. Without a mask (section 5.1) no more is read. */
static int take_head(struct ws_decoder *d, unsigned char **p, size_t *n)
{
	while (d->n_head < head_size(d)) {
		if (*n == 0)
			return 1;
		d->head[d->n_head++] = *(*p)++;
		(*n)--;
		if (d->n_head == 2 && !(d->head[1] & MASKED))
			return -WS_PROTOCOL_ERROR;
	}
	return read_head(d);
}

int ws_next(struct ws_decoder *d, unsigned char **p, size_t *n, struct ws_piece *ret)
{
	for (;;) {
		int r = d->in_frame ? 0 : take_head(d, p, n);
		const unsigned char *mask = d->head + d->n_head - 4;
		enum ws_opcode opcode = d->head[0] & 0x0f;
		bool control = opcode >= WS_CLOSE;
		unsigned char *data = *p;
		size_t take = (size_t)MIN((uint64_t)*n, d->size - d->done);

		if (r != 0)
			return r < 0 ? r : 0;
		for (size_t i = 0; i < take; i++) {
			data[i] ^= mask[(d->done + i) & 3];
			if (control)
				d->control[d->done + i] = data[i];
		}
		d->done += take;
		*p += take;
		*n -= take;
		if (d->done == d->size) {
			d->in_frame = false;
			d->n_head = 0;
		} else if (control || take == 0) {
			return 0;
		}
		if (opcode == WS_CLOSE && d->size == 1)
			return -WS_PROTOCOL_ERROR;
		*ret = control ? (struct ws_piece){opcode, d->control, (size_t)d->size}
			       : (struct ws_piece){WS_BINARY, data, take};
		if (control || take > 0)
			return 1;
	}
}

size_t ws_head(unsigned char out[WS_HEAD_MAX], enum ws_opcode opcode, size_t n)
{
	unsigned bytes = n < LENGTH_16 ? 0 : n <= UINT16_MAX ? 2 : 8;

	out[0] = (unsigned char)(FIN | opcode);
	out[1] = (unsigned char)(bytes == 0 ? n : bytes == 2 ? LENGTH_16 : LENGTH_64);
	for (unsigned i = 0; i < bytes; i++)
		out[2 + i] = (unsigned char)((uint64_t)n >> 8 * (bytes - 1 - i));
	return 2 + bytes;
}
