// SPDX-License-Identifier: MIT
/*
 * Writing a tar-split journal from the reader's tap. Headers and padding are
 * gathered into segments, a file becomes its name, size and CRC-64. Field order
 * and escapes are those of Go's encoding/json, as in Docker's own files. The
 * data of sparse files stays in segments, so that assembly is exact for them too.
 */
#include "archive/tarsplit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "archive/crc64.h"
#include "archive/fastgzip.h"
#include "archive/utf8_internal.h"
#include "base/buf.h"
#include "base/hex.h"
#include "base/mem.h"
#include "config/limits.h"

#define SEGMENT_MAX (512 * KIB) /* Docker's own segments grow to 1 MiB */
#define OUT_BYTES   (64 * KIB)

struct tarsplit_writer {
	struct stream *gz;
	struct buf segment; /* raw bytes not yet written */
	struct buf out;	    /* journal text not yet compressed */
	struct buf name;    /* of the present entry */
	uint64_t size;
	uint64_t crc;
	unsigned long long position;
};

struct tarsplit_writer *tarsplit_writer_new(struct stream *out)
{
	struct tarsplit_writer *w = xcalloc(1, sizeof(*w));

	w->gz = fastgzip_writer(out);
	return w;
}

void tarsplit_writer_free(struct tarsplit_writer *w)
{
	if (!w)
		return;
	stream_free(w->gz);
	buf_clear(&w->segment);
	buf_clear(&w->out);
	buf_clear(&w->name);
	free(w);
}

void tarsplit_writer_freep(struct tarsplit_writer **w)
{
	tarsplit_writer_free(*w);
	*w = NULL;
}

static int flush_out(struct tarsplit_writer *w, size_t least, struct err *e)
{
	if (w->out.len <= least)
		return 0;
	if (stream_write(w->gz, w->out.data, w->out.len, e) < 0)
		return -1;
	buf_reset(&w->out);
	return 0;
}

/* printf's work without printf: two numbers a line of a hundred thousand lines */
static void add_number(struct buf *b, unsigned long long v)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buf_add(b, text + at, sizeof(text) - at);
}

static void end_line(struct tarsplit_writer *w)
{
	buf_addstr(&w->out, ",\"position\":");
	add_number(&w->out, w->position++);
	buf_addstr(&w->out, "}\n");
}

/*
 * base64 of a segment. Headers are mostly zero bytes, which encode to 'A's, and
 * a layer has a hundred thousand headers: so runs of zeros are looked for, and
 * the rest goes out in place without a call a byte.
 */
static void add_base64(struct buf *b, const unsigned char *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const unsigned char zeros[48];
	size_t whole = n / 3 * 3, i = 0;
	char *out = buf_reserve(b, (n / 3 + 1) * 4);
	char *at = out;

	while (i < whole) {
		if (whole - i >= sizeof(zeros) && memcmp(p + i, zeros, sizeof(zeros)) == 0) {
			memset(at, 'A', sizeof(zeros) / 3 * 4);
			at += sizeof(zeros) / 3 * 4;
			i += sizeof(zeros);
			continue;
		}
		for (size_t end = MIN(i + sizeof(zeros), whole); i < end; i += 3, at += 4) {
			uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];

			at[0] = digits[v >> 18];
			at[1] = digits[v >> 12 & 63];
			at[2] = digits[v >> 6 & 63];
			at[3] = digits[v & 63];
		}
	}
	b->len += (size_t)(at - out);
	b->data[b->len] = 0;
	base64_encode(b, p + whole, n - whole);
}

static int write_segment(struct tarsplit_writer *w, struct err *e)
{
	if (w->segment.len == 0)
		return 0;
	buf_addstr(&w->out, "{\"type\":2,\"payload\":\"");
	add_base64(&w->out, (const unsigned char *)w->segment.data, w->segment.len);
	buf_addch(&w->out, '"');
	end_line(w);
	buf_reset(&w->segment);
	return flush_out(w, OUT_BYTES, e);
}

static int write_file(struct tarsplit_writer *w, struct err *e)
{
	unsigned char sum[8];

	if (utf8_valid(buf_str(&w->name), w->name.len)) {
		buf_addstr(&w->out, "{\"type\":1,\"name\":\"");
		utf8_add_json(&w->out, buf_str(&w->name), w->name.len);
	} else {
		buf_addstr(&w->out, "{\"type\":1,\"name_raw\":\"");
		base64_encode(&w->out, w->name.data, w->name.len);
	}
	buf_addch(&w->out, '"');
	if (w->size > 0) {
		for (int i = 0; i < 8; i++)
			sum[i] = (unsigned char)(w->crc >> (56 - 8 * i));
		buf_addstr(&w->out, ",\"size\":");
		add_number(&w->out, w->size);
		buf_addstr(&w->out, ",\"payload\":\"");
		base64_encode(&w->out, sum, sizeof(sum));
		buf_addch(&w->out, '"');
	} else {
		buf_addstr(&w->out, ",\"payload\":null");
	}
	end_line(w);
	return flush_out(w, OUT_BYTES, e);
}

static int tap_meta(void *arg, const void *p, size_t n, struct err *e)
{
	struct tarsplit_writer *w = arg;

	buf_add(&w->segment, p, n);
	return w->segment.len >= SEGMENT_MAX ? write_segment(w, e) : 0;
}

static int tap_entry(void *arg, const struct tar_entry *ent, struct err *e)
{
	struct tarsplit_writer *w = arg;

	buf_reset(&w->name);
	buf_addstr(&w->name, ent->name);
	w->size = ent->type == TAR_FILE && !ent->sparse ? ent->size : 0;
	w->crc = 0;
	return write_segment(w, e);
}

static int tap_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct tarsplit_writer *w = arg;

	(void)e;
	w->crc = crc64_iso(w->crc, p, n);
	return 0;
}

static int tap_data_end(void *arg, struct err *e)
{
	struct tarsplit_writer *w = arg;

	/* a sparse file's data went into the segment: it stands before the file's line */
	if (write_segment(w, e) < 0)
		return -1;
	return write_file(w, e);
}

const struct tar_tap tarsplit_tap = {
	.meta = tap_meta,
	.entry = tap_entry,
	.data = tap_data,
	.data_end = tap_data_end,
};

int tarsplit_writer_end(struct tarsplit_writer *w, struct err *e)
{
	if (write_segment(w, e) < 0 || flush_out(w, 0, e) < 0)
		return -1;
	return stream_close_write(w->gz, e);
}
