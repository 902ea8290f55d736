// SPDX-License-Identifier: MIT
/* What the archive tests share: archives in memory. Include after the harness. */
#ifndef TESTS_UNIT_ARCHIVE_UTIL_H
#define TESTS_UNIT_ARCHIVE_UTIL_H

#include <stdlib.h>
#include <string.h>

#include "archive/tar.h"
#include "archive/tar_internal.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/stream.h"

/* an archive being written into `bytes` */
struct made {
	struct buf bytes;
	struct stream *out;
	struct tar_writer *w;
};

static inline void made_start(struct made *m)
{
	memset(m, 0, sizeof(*m));
	m->out = stream_mem_new("", 0, &m->bytes);
	m->w = tar_writer_new(m->out);
}

static inline void made_add(struct made *m, enum tar_type type, const char *name, const char *text)
{
	bool is_file = type == TAR_FILE;
	struct tar_entry ent = {
		.name = name,
		.link = is_file ? "" : text,
		.type = type,
		.mode = type == TAR_DIR ? 0755 : 0644,
		.size = is_file ? strlen(text) : 0,
		.mtime_sec = 1600000000,
		.dev_major = 1,
		.dev_minor = 3,
	};
	struct err e;

	CHECK_OK(tar_write_entry(m->w, &ent, &e), e);
	if (is_file)
		CHECK_OK(tar_write(m->w, text, strlen(text), &e), e);
}

/* a header block of any type and content, checksum right */
static inline void made_raw(struct made *m, char type, const char *name, uint64_t size,
			    const void *field, size_t at, size_t len)
{
	unsigned char block[TAR_BLOCK_BYTES] = {0};
	unsigned sum = 0;

	memcpy(block + TAR_NAME, name, MIN(strlen(name), (size_t)TAR_NAME_LEN));
	snprintf((char *)block + TAR_MODE, 8, "%07o", 0644);
	snprintf((char *)block + TAR_SIZE, 12, "%011llo", (unsigned long long)size);
	block[TAR_TYPE] = (unsigned char)type;
	if (len > 0)
		memcpy(block + at, field, len);
	memset(block + TAR_CHKSUM, ' ', 8);
	for (int i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += block[i];
	snprintf((char *)block + TAR_CHKSUM, 8, "%06o", sum);
	buf_add(&m->bytes, block, sizeof(block));
}

/* text padded to whole blocks */
static inline void made_blocks(struct made *m, const void *p, size_t n)
{
	static const char zeros[TAR_BLOCK_BYTES];

	buf_add(&m->bytes, p, n);
	buf_add(&m->bytes, zeros, -n & (TAR_BLOCK_BYTES - 1));
}

static inline void made_end(struct made *m)
{
	struct err e;

	CHECK_OK(tar_writer_end(m->w, &e), e);
}

static inline void made_free(struct made *m)
{
	tar_writer_free(m->w);
	stream_free(m->out);
	buf_clear(&m->bytes);
}

#endif
