// SPDX-License-Identifier: MIT
/*
 * gzip and zstd as streams. The reader peeks at the first bytes, then feeds a
 * decoder from one input buffer; both formats may hold several members or
 * frames. A decoder's memory is bounded: zlib's 32 KiB window, zstd's window
 * limit from config/limits.h.
 */
#include "archive/compress.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "config/limits.h"

#define INPUT_BYTES  (128 * KIB)
#define OUTPUT_BYTES (64 * KIB)

static const struct {
	enum compress_kind kind;
	const char *name;
	size_t len;
	const char *magic;
} kinds[] = {
	{COMPRESS_GZIP, "gzip", 3, "\x1f\x8b\x08"},
	{COMPRESS_ZSTD, "zstd", 4, "\x28\xb5\x2f\xfd"},
	{COMPRESS_BZIP2, "bzip2", 3, "BZh"},
	{COMPRESS_XZ, "xz", 6,
	 "\xfd"
	 "7zXZ\0"},
};

enum compress_kind compress_detect(const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (n >= kinds[i].len && memcmp(p, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].kind;
	/* zstd may begin with a skippable frame: 0x184D2A5? little-endian */
	if (n >= 4 && (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18)
		return COMPRESS_ZSTD;
	return COMPRESS_NONE;
}

const char *compress_name(enum compress_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return "none";
}

struct reader {
	struct stream s;
	struct stream *src;
	enum compress_kind kind;
	unsigned char *in;
	size_t at, end;
	bool eof;
	bool mid_frame; /* a member or frame has begun and not ended */
	bool any_frame;
	z_stream z;
	ZSTD_DStream *zstd;
};

/* reads more input behind what is there; 1, 0 end of stream, -1 */
static int more_input(struct reader *r, struct err *e)
{
	ssize_t n;

	if (r->eof)
		return 0;
	if (r->at == r->end)
		r->at = r->end = 0;
	n = stream_read(r->src, r->in + r->end, INPUT_BYTES - r->end, e);
	if (n < 0)
		return -1;
	r->eof = n == 0;
	r->end += (size_t)n;
	return n > 0;
}

static ssize_t read_plain(struct reader *r, void *p, size_t n, struct err *e)
{
	if (r->at < r->end) {
		n = MIN(n, r->end - r->at);
		memcpy(p, r->in + r->at, n);
		r->at += n;
		return (ssize_t)n;
	}
	return r->eof ? 0 : stream_read(r->src, p, n, e);
}

/* behind a member: zeros until the end are padding, anything else must be a member */
static int gzip_between(struct reader *r, struct err *e)
{
	while (r->any_frame && r->at < r->end && r->in[r->at] == 0)
		r->at++;
	if (r->at == r->end)
		return 0;
	if (r->any_frame && r->in[r->at] != 0x1f)
		return err_set(e, ERR_INVALID, 0, "gzip: garbage behind the compressed data");
	if (inflateReset(&r->z) != Z_OK)
		return err_set(e, ERR_SYSTEM, 0, "gzip: cannot start a member");
	r->mid_frame = true;
	return 0;
}

static int gzip_step(struct reader *r, unsigned char *p, size_t n, size_t *ret_done, struct err *e)
{
	int code;

	if (!r->mid_frame) {
		*ret_done = 0;
		if (gzip_between(r, e) < 0)
			return -1;
		if (!r->mid_frame)
			return 0;
	}
	r->z.next_in = r->in + r->at;
	r->z.avail_in = (uInt)(r->end - r->at);
	r->z.next_out = p;
	r->z.avail_out = (uInt)n;
	code = inflate(&r->z, Z_NO_FLUSH);
	r->at = r->end - r->z.avail_in;
	*ret_done = n - r->z.avail_out;
	if (code == Z_STREAM_END) {
		r->mid_frame = false;
		r->any_frame = true;
	} else if (code != Z_OK && code != Z_BUF_ERROR) {
		return err_set(e, ERR_INVALID, 0, "gzip: damaged data: %s",
			       r->z.msg ? r->z.msg : "invalid stream");
	}
	return 0;
}

static int zstd_step(struct reader *r, unsigned char *p, size_t n, size_t *ret_done, struct err *e)
{
	ZSTD_inBuffer in = {r->in, r->end, r->at};
	ZSTD_outBuffer out = {p, n, 0};
	size_t code = ZSTD_decompressStream(r->zstd, &out, &in);

	if (ZSTD_isError(code))
		return err_set(e, ERR_INVALID, 0, "zstd: damaged data: %s",
			       ZSTD_getErrorName(code));
	r->at = in.pos;
	*ret_done = out.pos;
	r->mid_frame = code != 0;
	return 0;
}

/* fills the caller's buffer as far as it goes, for large writes behind it */
static ssize_t read_decoded(struct reader *r, unsigned char *p, size_t n, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		size_t step = 0;
		/* without input a decoder may still hold output back */
		if (r->at < r->end || r->mid_frame) {
			if ((r->kind == COMPRESS_GZIP ? gzip_step : zstd_step)(
				    r, p + done, n - done, &step, e) < 0)
				return -1;
			done += step;
		}
		if (step == 0 && r->at == r->end) {
			int got = more_input(r, e);

			if (got < 0)
				return -1;
			if (got == 0 && r->mid_frame)
				return err_set(e, ERR_INVALID, 0, "%s: data is truncated",
					       compress_name(r->kind));
			if (got == 0)
				break;
		}
	}
	return (ssize_t)done;
}

static ssize_t reader_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct reader *r = CONTAINER_OF(s, struct reader, s);

	if (r->kind == COMPRESS_NONE)
		return read_plain(r, p, n, e);
	return read_decoded(r, p, n, e);
}

static int reader_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	(void)s, (void)p, (void)n;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "stream is read-only");
}

static void reader_release(struct reader *r)
{
	if (r->kind == COMPRESS_GZIP)
		inflateEnd(&r->z);
	ZSTD_freeDStream(r->zstd);
	free(r->in);
	free(r);
}

static void reader_free(struct stream *s)
{
	struct reader *r = CONTAINER_OF(s, struct reader, s);

	stream_free(r->src);
	reader_release(r);
}

static const struct stream_ops reader_ops = {
	.read = reader_read,
	.write = reader_write,
	.free = reader_free,
};

static int start_decoder(struct reader *r, enum compress_kind kind, struct err *e)
{
	if (kind == COMPRESS_GZIP) {
		if (inflateInit2(&r->z, 15 + 16) != Z_OK)
			return err_set(e, ERR_SYSTEM, 0, "gzip: no memory for the decoder");
	} else if (kind == COMPRESS_ZSTD) {
		r->zstd = ZSTD_createDStream();
		if (!r->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax,
								    ARCHIVE_ZSTD_WINDOW_LOG_MAX)))
			return err_set(e, ERR_SYSTEM, 0, "zstd: no memory for the decoder");
	} else if (kind != COMPRESS_NONE) {
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "%s compression is not supported, only gzip and zstd",
			       compress_name(kind));
	}
	r->kind = kind;
	return 0;
}

int compress_reader_new(struct stream *src, struct stream **ret, enum compress_kind *ret_kind,
			struct err *e)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	int got = 1;

	r->s.ops = &reader_ops;
	r->s.fd = -1;
	r->s.timeout_ms = -1;
	r->in = xmalloc(INPUT_BYTES);
	r->src = src;
	while (got > 0 && r->end < 6)
		got = more_input(r, e);
	if (got < 0 || start_decoder(r, compress_detect(r->in, r->end), e) < 0) {
		reader_release(r);
		return -1;
	}
	if (ret_kind)
		*ret_kind = r->kind;
	*ret = &r->s;
	return 0;
}

/* a stream that frees nothing, for readers that must not own their source */
struct borrowed {
	struct stream s;
	struct stream *src;
};

static ssize_t borrowed_read(struct stream *s, void *p, size_t n, struct err *e)
{
	return stream_read(CONTAINER_OF(s, struct borrowed, s)->src, p, n, e);
}

static int borrowed_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	return stream_write(CONTAINER_OF(s, struct borrowed, s)->src, p, n, e);
}

static void borrowed_free(struct stream *s)
{
	free(CONTAINER_OF(s, struct borrowed, s));
}

static const struct stream_ops borrowed_ops = {
	.read = borrowed_read,
	.write = borrowed_write,
	.free = borrowed_free,
};

int compress_reader_borrow(struct stream *src, struct stream **ret, struct err *e)
{
	struct borrowed *b = xcalloc(1, sizeof(*b));

	b->s.ops = &borrowed_ops;
	b->s.fd = -1;
	b->s.timeout_ms = -1;
	b->src = src;
	if (compress_reader_new(&b->s, ret, NULL, e) < 0) {
		free(b);
		return -1;
	}
	return 0;
}

struct writer {
	struct stream s;
	struct stream *dst;
	unsigned char *out;
	bool ended;
	z_stream z;
};

static int deflate_all(struct writer *w, int flush, struct err *e)
{
	int code;

	do {
		w->z.next_out = w->out;
		w->z.avail_out = OUTPUT_BYTES;
		code = deflate(&w->z, flush);
		if (code == Z_STREAM_ERROR)
			return err_set(e, ERR_SYSTEM, 0, "gzip: cannot compress");
		if (w->z.avail_out < OUTPUT_BYTES &&
		    stream_write(w->dst, w->out, OUTPUT_BYTES - w->z.avail_out, e) < 0)
			return -1;
	} while (w->z.avail_out == 0);
	return 0;
}

static int writer_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct writer *w = CONTAINER_OF(s, struct writer, s);
	const unsigned char *at = p;

	while (n > 0) {
		size_t step = MIN(n, (size_t)(1024 * MIB));

		w->z.next_in = (unsigned char *)(uintptr_t)at;
		w->z.avail_in = (uInt)step;
		if (deflate_all(w, Z_NO_FLUSH, e) < 0)
			return -1;
		at += step;
		n -= step;
	}
	return 0;
}

static ssize_t writer_read(struct stream *s, void *p, size_t n, struct err *e)
{
	(void)s, (void)p, (void)n;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "stream is write-only");
}

static int writer_close_write(struct stream *s, struct err *e)
{
	struct writer *w = CONTAINER_OF(s, struct writer, s);

	if (w->ended)
		return 0;
	w->ended = true;
	w->z.avail_in = 0;
	return deflate_all(w, Z_FINISH, e);
}

static void writer_free(struct stream *s)
{
	struct writer *w = CONTAINER_OF(s, struct writer, s);

	deflateEnd(&w->z);
	free(w->out);
	free(w);
}

static const struct stream_ops writer_ops = {
	.read = writer_read,
	.write = writer_write,
	.close_write = writer_close_write,
	.free = writer_free,
};

struct stream *compress_gzip_writer(struct stream *dst, int level)
{
	struct writer *w = xcalloc(1, sizeof(*w));

	w->s.ops = &writer_ops;
	w->s.fd = -1;
	w->s.timeout_ms = -1;
	w->dst = dst;
	w->out = xmalloc(OUTPUT_BYTES);
	if (deflateInit2(&w->z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort(); /* only memory or a wrong level of ours */
	return &w->s;
}
