// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdlib.h>

#include "archive/compress.h"
#include "archive/fastgzip.h"
#include "base/buf.h"
#include "base/mem.h"

/* compresses in pieces, inflates by zlib, compares */
static void round_trip(const struct buf *text, size_t piece)
{
	struct buf gz = BUF_INIT, back = BUF_INIT;
	struct stream *dst = stream_mem_new("", 0, &gz), *plain = NULL;
	struct stream *w = fastgzip_writer(dst);
	struct err e;
	ssize_t n;

	for (size_t at = 0; at < text->len; at += piece)
		CHECK_OK(stream_write(w, text->data + at, MIN(piece, text->len - at), &e), e);
	CHECK_OK(stream_close_write(w, &e), e);
	CHECK_OK(compress_reader_new(stream_mem_new(gz.data, gz.len, NULL), &plain, NULL, &e), e);
	while ((n = stream_read(plain, buf_reserve(&back, 65536), 65536, &e)) > 0)
		back.len += (size_t)n;
	CHECK_MSG(n == 0, "%s", e.msg);
	CHECK_EQ(back.len, text->len);
	CHECK_MEM(buf_str(&back), buf_str(text), text->len);
	stream_free(plain);
	stream_free(w);
	stream_free(dst);
	buf_clear(&gz);
	buf_clear(&back);
}

TEST(random_bytes)
{
	struct buf text = BUF_INIT;

	round_trip(&text, 1);
	for (int i = 0; i < 300000; i++)
		buf_addch(&text, (char)(rand() >> 7));
	round_trip(&text, 70000);
	text.len = 5;
	round_trip(&text, 1);
	buf_clear(&text);
}

/* every length of run and gap, across slides of the window */
TEST(runs_and_repetitions)
{
	struct buf text = BUF_INIT;

	for (unsigned i = 0; i < 1200; i++) {
		for (unsigned k = 0; k < i; k++)
			buf_addch(&text, 'A');
		buf_addf(&text, "%u{\"type\":2,\"payload\":\"some text that comes again\"}\n",
			 i * i);
	}
	round_trip(&text, 65536);
	round_trip(&text, 1000);
	round_trip(&text, text.len);
	buf_clear(&text);
}

TEST(matches_of_every_distance)
{
	struct buf text = BUF_INIT;

	for (unsigned gap = 0; gap < 34000; gap += gap < 300 ? 1 : 611) {
		buf_addf(&text, "<match number %u>", gap);
		for (unsigned k = 0; k < gap; k++)
			buf_addch(&text, (char)(rand() >> 7));
		buf_addf(&text, "<match number %u>", gap);
	}
	round_trip(&text, 4096);
	buf_clear(&text);
}
