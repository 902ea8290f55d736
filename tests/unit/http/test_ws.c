// SPDX-License-Identifier: MIT
/* http/ws.c; examples of RFC 6455 sections 1.3 and 5.7 */
#include "http/ws.h"

#include "base/buf.h"
#include "config/limits.h"
#include "tests/unit/harness.h"

#define ASK(fields)                                                          \
	"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\n" \
	"Upgrade: WebSocket\r\n" fields "\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static int accept_text(const char *text, struct http_headers *out, struct err *e)
{
	struct http_request rq = {0};
	int r, status;

	CHECK_OK(http_request_parse(text, strlen(text), &rq, &status, e), *e);
	r = ws_accept(&rq, out, e);
	http_request_clear(&rq);
	return r;
}

TEST(ws_handshake)
{
	static const char *const bad[] = {
		"GET /ws HTTP/1.1\r\nHost: h\r\n" VERSION KEY "\r\n",
		ASK(KEY),
		ASK("Sec-WebSocket-Version: 8\r\n" KEY),
		ASK(VERSION),
		ASK(VERSION "Sec-WebSocket-Key: dGhl\r\n"),
		ASK(VERSION KEY "Sec-WebSocket-Protocol: a, b\r\n"),
	};
	struct http_headers out = HTTP_HEADERS_INIT;
	struct err e;

	CHECK_OK(accept_text(ASK(VERSION KEY "Sec-WebSocket-Protocol: chat\r\n"), &out, &e), e);
	CHECK_STR(http_headers_get(&out, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	CHECK_STR(http_headers_get(&out, "Sec-WebSocket-Protocol"), "chat");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(accept_text(bad[i], &out, &e) < 0 && e.kind == ERR_INVALID);
	CHECK_STR(http_headers_get(&out, "Sec-WebSocket-Version"), "13");
	http_headers_clear(&out);
}

/* Decodes in steps; the pieces as text: data as it is, control frames as "[opcode payload]". */
static int decode(const void *bytes, size_t size, size_t step, struct buf *out)
{
	struct ws_decoder d = {0};
	int r = 0;

	for (size_t at = 0; at < size; at += step) {
		CLEANUP(freep)
		unsigned char *copy = xmemdup((const char *)bytes + at, MIN(step, size - at));
		unsigned char *p = copy;
		size_t n = MIN(step, size - at);
		struct ws_piece piece;

		while ((r = ws_next(&d, &p, &n, &piece)) > 0)
			if (piece.opcode == WS_BINARY)
				buf_add(out, piece.data, piece.n);
			else
				buf_addf(out, "[%d %.*s]", piece.opcode, (int)piece.n, piece.data);
		if (r < 0)
			return r;
		CHECK_EQ(n, 0);
	}
	return r;
}

/* "Hello" masked as in the RFC, in one frame and in two with a ping between, an empty one, close */
static const char frames[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
			     "\x01\x83\0\0\0\0Hel"
			     "\x89\x82\x01\x01\x01\x01\x60\x63"
			     "\x80\x82\0\0\0\0lo"
			     "\x82\x80\1\2\3\4"
			     "\x8a\x80\1\2\3\4"
			     "\x88\x84\0\0\0\0\x03\xe8ok";

TEST(ws_frames)
{
	for (size_t step = 1; step < sizeof(frames); step++) {
		CLEANUP(buf_clear) struct buf out = BUF_INIT;

		CHECK_EQ(decode(frames, sizeof(frames) - 1, step, &out), 0);
		CHECK_STR(buf_str(&out), "HelloHel[9 ab]lo[10 ][8 \x03\xe8ok]");
	}
}

TEST(ws_refuses)
{
	static const struct {
		const char *p;
		size_t n;
		int code;
	} t[] = {
		{"\x81\x05", 2, WS_PROTOCOL_ERROR},	    /* no mask */
		{"\xc1\x80\0\0\0\0", 6, WS_PROTOCOL_ERROR}, /* reserved bit */
		{"\x83\x80\0\0\0\0", 6, WS_PROTOCOL_ERROR}, /* unknown opcode */
		{"\x8b\x80\0\0\0\0", 6, WS_PROTOCOL_ERROR}, /* unknown control opcode */
		{"\x80\x80\0\0\0\0", 6, WS_PROTOCOL_ERROR}, /* nothing to continue */
		{"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12, WS_PROTOCOL_ERROR}, /* not continued */
		{"\x09\x80\0\0\0\0", 6, WS_PROTOCOL_ERROR},		     /* fragmented ping */
		{"\x89\xfe\0\x7e\0\0\0\0", 8, WS_PROTOCOL_ERROR},	     /* long ping */
		{"\x88\x81\0\0\0\0x", 7, WS_PROTOCOL_ERROR},		     /* half a code */
		{"\x82\xfe\0\x7d\0\0\0\0", 8, WS_PROTOCOL_ERROR},	     /* not the shortest */
		{"\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14, WS_PROTOCOL_ERROR},
		{"\x82\xff\0\0\0\0\x01\0\0\x01\0\0\0\0", 14, WS_TOO_BIG},
		{"\x82\xff\xff\0\0\0\0\0\0\0\0\0\0\0", 14, WS_TOO_BIG},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		for (size_t step = 1; step < 16; step++) {
			CLEANUP(buf_clear) struct buf out = BUF_INIT;

			CHECK_EQ(decode(t[i].p, t[i].n, step, &out), -t[i].code);
		}
}

TEST(ws_heads)
{
	static const size_t sizes[] = {0, 125, 126, 65535, 65536, HTTP_WS_FRAME_MAX};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		unsigned char head[WS_HEAD_MAX + 4] = {0}, *p = head;
		struct ws_decoder d = {0};
		size_t n = ws_head(head, WS_BINARY, sizes[i]) + 4;
		struct ws_piece piece;

		head[1] |= 0x80; /* as a client's, with a mask of zeros */
		CHECK_EQ(ws_next(&d, &p, &n, &piece), 0);
		CHECK_EQ(n, 0);
		CHECK_EQ(d.size, sizes[i]);
	}
}
