// SPDX-License-Identifier: MIT
/*
 * The server's side of WebSocket (RFC 6455): the opening handshake, frames from
 * the client piece by piece, heads of frames to the client. No extensions. Does
 * no I/O and keeps no payload but that of a control frame.
 */
#ifndef HTTP_WS_H
#define HTTP_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/message.h"

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

/* RFC 6455 section 7.4.1 */
enum ws_close_code { WS_NORMAL = 1000, WS_PROTOCOL_ERROR = 1002, WS_TOO_BIG = 1009 };

#define WS_HEAD_MAX    10  /* of a frame to the client: never masked */
#define WS_CONTROL_MAX 125 /* payload of a control frame */

/* Zero bytes are a decoder at the start of a connection. */
struct ws_decoder {
	unsigned char head[14], n_head;
	unsigned char control[WS_CONTROL_MAX];
	uint64_t done, size; /* payload of the present frame */
	bool in_frame, in_message;
};

struct ws_piece {
	enum ws_opcode opcode; /* WS_BINARY for any data, whatever frame it came in */
	const unsigned char *data;
	size_t n;
};

/**
 * ws_accept() - check an opening handshake and answer it in header fields
 * @rq:  the request
 * @out: gets Sec-WebSocket-Accept, and the protocol asked for if it is one; on failure
 *       Sec-WebSocket-Version
 * @e:   ERR_INVALID
 */
int ws_accept(const struct http_request *rq, struct http_headers *out, struct err *e) WARN_UNUSED;

/**
 * ws_next() - the next piece of what a client sends
 * @d:   decoder
 * @p:   in and out: bytes received; what was used is skipped. Payload is unmasked in place
 * @n:   in and out: how many
 * @ret: data of a message, as much as there is; or a whole ping, pong or close. Borrowed from *p
 *       or d
 *
 * Return: 1 a piece, 0 needs more bytes, or a negative ws_close_code: the client breaks the
 * protocol and is to be told so.
 */
int ws_next(struct ws_decoder *d, unsigned char **p, size_t *n, struct ws_piece *ret);

/** ws_head() - the head of an unfragmented frame of n bytes to the client; its length */
size_t ws_head(unsigned char out[WS_HEAD_MAX], enum ws_opcode opcode, size_t n);

#endif
