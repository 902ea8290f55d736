// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "archive/compress.h"
#include "base/buf.h"
#include "base/mem.h"

static struct buf text;

static void make_text(size_t n)
{
	buf_clear(&text);
	for (size_t i = 0; i < n; i++)
		buf_addch(&text, (char)(i * i >> 5));
}

static void add_gzip(struct buf *b, const void *p, size_t n)
{
	struct stream *dst = stream_mem_new("", 0, b);
	struct stream *gz = compress_gzip_writer(dst, 6);
	struct err e;

	CHECK_OK(stream_write(gz, p, n, &e), e);
	CHECK_OK(stream_close_write(gz, &e), e);
	stream_free(gz);
	stream_free(dst);
}

static void add_zstd(struct buf *b, const void *p, size_t n)
{
	size_t room = ZSTD_compressBound(n);

	b->len += ZSTD_compress(buf_reserve(b, room), room, p, n, 3);
}

/* reads all; -1 on failure */
static int inflate_all(const struct buf *in, struct buf *out, enum compress_kind *kind,
		       struct err *e)
{
	struct stream *src = stream_mem_new(in->data, in->len, NULL);
	struct stream *plain = NULL;
	ssize_t n;

	if (compress_reader_new(src, &plain, kind, e) < 0) {
		stream_free(src);
		return -1;
	}
	while ((n = stream_read(plain, buf_reserve(out, 1000), 1000, e)) > 0)
		out->len += (size_t)n;
	stream_free(plain);
	return (int)n;
}

static void check_same(const struct buf *in, enum compress_kind want)
{
	struct buf out = BUF_INIT;
	enum compress_kind kind;
	struct err e;

	CHECK_OK(inflate_all(in, &out, &kind, &e), e);
	CHECK_EQ(kind, want);
	CHECK_EQ(out.len, text.len);
	CHECK_MEM(out.data, text.data, text.len);
	buf_clear(&out);
}

TEST(kinds)
{
	CHECK_EQ(compress_detect("\x1f\x8b\x08\0\0\0", 6), COMPRESS_GZIP);
	CHECK_EQ(compress_detect("\x28\xb5\x2f\xfd\0\0", 6), COMPRESS_ZSTD);
	CHECK_EQ(compress_detect("\x50\x2a\x4d\x18\0\0", 6), COMPRESS_ZSTD);
	CHECK_EQ(compress_detect("BZh91A", 6), COMPRESS_BZIP2);
	CHECK_EQ(compress_detect("\xfd"
				 "7zXZ\0",
				 6),
		 COMPRESS_XZ);
	CHECK_EQ(compress_detect("hello/", 6), COMPRESS_NONE);
	CHECK_EQ(compress_detect("", 0), COMPRESS_NONE);
	CHECK_STR(compress_name(COMPRESS_XZ), "xz");
}

TEST(round_trips)
{
	struct buf b = BUF_INIT;

	make_text(300000);
	add_gzip(&b, text.data, text.len);
	check_same(&b, COMPRESS_GZIP);
	buf_reset(&b);
	add_zstd(&b, text.data, text.len);
	check_same(&b, COMPRESS_ZSTD);
	check_same(&text, COMPRESS_NONE);
	buf_clear(&b);
}

TEST(several_members_and_frames)
{
	struct buf b = BUF_INIT;

	make_text(200000);
	add_gzip(&b, text.data, 1000);
	add_gzip(&b, text.data + 1000, text.len - 1000);
	check_same(&b, COMPRESS_GZIP);
	buf_add(&b, "\0\0\0\0\0", 5); /* padding of a tape block */
	check_same(&b, COMPRESS_GZIP);
	buf_reset(&b);
	add_zstd(&b, text.data, 1000);
	add_zstd(&b, text.data + 1000, text.len - 1000);
	check_same(&b, COMPRESS_ZSTD);
	buf_clear(&b);
}

TEST(truncation_and_damage)
{
	struct buf b = BUF_INIT, out = BUF_INIT;
	struct err e;

	make_text(50000);
	for (int zstd = 0; zstd < 2; zstd++) {
		size_t whole;

		buf_reset(&b);
		(zstd ? add_zstd : add_gzip)(&b, text.data, text.len);
		whole = b.len;
		for (size_t n = 7; n < whole; n += 997) {
			b.len = n;
			buf_reset(&out);
			CHECK_EQ(inflate_all(&b, &out, NULL, &e), -1);
			CHECK_EQ(e.kind, ERR_INVALID);
		}
		b.len = whole - 1;
		CHECK_EQ(inflate_all(&b, &out, NULL, &e), -1);
		b.len = whole;
		buf_addstr(&b, "junk");
		CHECK_EQ(inflate_all(&b, &out, NULL, &e), -1);
	}
	buf_clear(&b);
	buf_clear(&out);
}

TEST(refused_kinds)
{
	struct buf b = BUF_INIT, out = BUF_INIT;
	struct err e;

	buf_add(&b, "BZh91AY", 7);
	CHECK_EQ(inflate_all(&b, &out, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_UNIMPLEMENTED);
	CHECK(strstr(e.msg, "bzip2"));
	buf_clear(&b);
	buf_reset(&out);
	CHECK_EQ(inflate_all(&b, &out, NULL, &e), 0);
	CHECK_EQ(out.len, 0);
	buf_clear(&out);
}
