// SPDX-License-Identifier: MIT
/* http/body.c */
#include "http/body.h"

#include "config/limits.h"
#include "tests/unit/harness.h"
#include "tests/unit/http/trickle.h"

/* Reads a whole body, all reads short; 0 or -1. */
static int read_body(const char *text, size_t step, enum http_framing framing, uint64_t n,
		     struct buf *out, struct buf *left, struct err *e)
{
	CLEANUP(stream_freep) struct stream *s = trickle_new(text, strlen(text), step, NULL);
	struct http_reader in;
	struct http_body b;
	int r;

	http_reader_init(&in, s);
	http_body_init(&b, &in, framing, n);
	r = http_body_read_all(&b, 1 << 20, out, e);
	if (left != NULL)
		http_reader_leftover(&in, left);
	http_reader_clear(&in);
	return r;
}

TEST(body_every_framing)
{
	static const struct {
		const char *text;
		int framing;
		uint64_t n;
	} t[] = {
		{"hello worldREST", HTTP_BODY_LENGTH, 11},
		{"5\r\nhello\r\n6 ;x=y\r\n world\r\n0\r\nTrailer: a\r\n\r\nREST", HTTP_BODY_CHUNKED,
		 0},
		{"B\r\nhello world\r\n000\r\n\r\nREST", HTTP_BODY_CHUNKED, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		for (size_t step = 1; step < 64; step = step * 2 + 1) {
			CLEANUP(buf_clear) struct buf out = BUF_INIT, left = BUF_INIT;
			struct err e;

			CHECK_OK(read_body(t[i].text, step, t[i].framing, t[i].n, &out, &left, &e),
				 e);
			CHECK_STR(buf_str(&out), "hello world");
			if (step >= 63)
				CHECK_STR(buf_str(&left), "REST");
		}
}

TEST(body_until_close)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;

	CHECK_OK(read_body("all of it", 4, HTTP_BODY_CLOSE, 0, &out, NULL, &e), e);
	CHECK_STR(buf_str(&out), "all of it");
}

TEST(body_broken)
{
	static const struct {
		const char *text;
		int framing;
		int kind;
	} t[] = {
		{"short", HTTP_BODY_LENGTH, ERR_SYSTEM},
		{"5\r\nhel", HTTP_BODY_CHUNKED, ERR_SYSTEM},
		{"5\r\nhello", HTTP_BODY_CHUNKED, ERR_SYSTEM},
		{"5\r\nhelloX\r\n0\r\n\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"5\nhello\r\n0\r\n\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"-1\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"0x5\r\nhello\r\n0\r\n\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"5 5\x01\r\nhello\r\n0\r\n\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"FFFFFFFFFFFFFFFFF\r\n", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"5\r\rhello", HTTP_BODY_CHUNKED, ERR_INVALID},
		{"0\r\nTrailer: a\r\n", HTTP_BODY_CHUNKED, ERR_SYSTEM},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(buf_clear) struct buf out = BUF_INIT;
		struct err e;

		CHECK_MSG(read_body(t[i].text, 3, t[i].framing, 11, &out, NULL, &e) < 0,
			  "accepted %s", t[i].text);
		CHECK_MSG((int)e.kind == t[i].kind, "%s: %s", t[i].text, e.msg);
	}
}

TEST(body_bounded)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT, out = BUF_INIT;
	struct err e;

	buf_addstr(&text, "1");
	for (int i = 0; i < 5000; i++)
		buf_addstr(&text, ";x=y");
	CHECK_EQ(read_body(buf_str(&text), 100, HTTP_BODY_CHUNKED, 0, &out, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(read_body("x", 100, HTTP_BODY_LENGTH, 2 << 20, &out, NULL, &e), -1);
	buf_reset(&text);
	buf_addstr(&text, "0\r\n");
	for (int i = 0; i < 50000; i++)
		buf_addstr(&text, "T: x\r\n");
	CHECK_EQ(read_body(buf_str(&text), 100, HTTP_BODY_CHUNKED, 0, &out, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(body_as_stream_and_drain)
{
	CLEANUP(stream_freep) struct stream *s = trickle_new("abcdef", 6, 2, NULL);
	CLEANUP(stream_freep) struct stream *bs = NULL;
	struct http_reader in;
	struct http_body b;
	struct err e;
	char p[8];

	http_reader_init(&in, s);
	http_body_init(&b, &in, HTTP_BODY_LENGTH, 6);
	bs = http_body_stream_new(&b);
	CHECK_EQ(stream_read(bs, p, 1, &e), 1);
	CHECK_EQ(p[0], 'a');
	CHECK_EQ(stream_write(bs, p, 1, &e), -1);
	CHECK_EQ(http_body_drain(&b, 2), -1);
	CHECK_EQ(http_body_drain(&b, 10), 0);
	CHECK_EQ(http_body_read(&b, p, 1, &e), 0);
	http_reader_clear(&in);
}
