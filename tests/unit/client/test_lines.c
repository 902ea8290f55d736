// SPDX-License-Identifier: MIT
/* lines: JSON lines however they are cut, attach frames byte by byte. */
#include "tests/unit/harness.h"

#include <string.h>

#include "base/mem.h"
#include "client/lines.h"

TEST(json_lines)
{
	static const char text[] = "{\"a\":1}\r\n\n{\"a\":2}\n{\"a\":3}";
	struct stream *s = stream_mem_new(text, strlen(text), NULL);
	struct http_reader r;
	struct http_body body;
	struct lines l;
	struct err e;
	int64_t sum = 0;

	http_reader_init(&r, s);
	http_body_init(&body, &r, HTTP_BODY_CLOSE, 0);
	lines_init(&l, &body);
	for (;;) {
		CLEANUP(json_freep) struct json *v = NULL;
		int got = lines_next(&l, &v, &e);

		CHECK(got >= 0);
		if (got == 0)
			break;
		sum = sum * 10 + json_get_i64(v, "a", 0);
	}
	CHECK_EQ(sum, 123);
	lines_clear(&l);
	http_reader_clear(&r);
	stream_free(s);
}

static int collect(void *arg, int stream, const char *p, size_t n, struct err *e UNUSED)
{
	buf_addf(arg, "%d:%.*s ", stream, (int)n, p);
	return 0;
}

TEST(frames)
{
	static const char text[] = "\1\0\0\0\0\0\0\3abc\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\2de";
	CLEANUP(buf_clear) struct buf whole = BUF_INIT;
	CLEANUP(buf_clear) struct buf bytes = BUF_INIT;
	struct demux a = {0}, b = {0};
	struct err e;

	CHECK_OK(demux_add(&a, text, sizeof(text) - 1, collect, &whole, &e), e);
	CHECK_STR(buf_str(&whole), "1:abc 2:de ");
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		CHECK_OK(demux_add(&b, text + i, 1, collect, &bytes, &e), e);
	CHECK_STR(buf_str(&bytes), "1:a 1:b 1:c 2:d 2:e ");
}

TEST(bad_frame)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct demux d = {0};
	struct err e;

	CHECK_EQ(demux_add(&d, "hello there", 11, collect, &out, &e), -1);
	CHECK_STR(e.msg, "Unrecognized input header: 104");
}
