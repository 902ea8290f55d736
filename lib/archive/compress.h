// SPDX-License-Identifier: MIT
/*
 * Compressed streams by their magic: gzip (RFC 1952, several members), zstd
 * (RFC 8878, several frames, window limited by ARCHIVE_ZSTD_WINDOW_LOG_MAX).
 * bzip2 and xz are recognised and refused by name.
 */
#ifndef ARCHIVE_COMPRESS_H
#define ARCHIVE_COMPRESS_H

#include <stddef.h>

#include "base/err.h"
#include "base/stream.h"

enum compress_kind { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_ZSTD, COMPRESS_BZIP2, COMPRESS_XZ };

/** compress_detect() - the kind of a stream that begins with these bytes (6 are enough) */
enum compress_kind compress_detect(const void *p, size_t n);
/** compress_name() - "gzip" …; "none" */
const char *compress_name(enum compress_kind kind);

/**
 * compress_reader_new() - the plain bytes of a stream that may be compressed
 * @src:      owned by the new stream on success, the caller's on failure
 * @ret:      read-only stream
 * @ret_kind: what was found; may be NULL
 * @e:        ERR_UNIMPLEMENTED for kinds that are not read here
 *
 * The reader reads src to its end before it reports its own end. A truncated or
 * damaged stream is ERR_INVALID; bytes behind the last gzip member are too,
 * except zeros.
 *
 * Return: 0 or -1.
 */
int compress_reader_new(struct stream *src, struct stream **ret, enum compress_kind *ret_kind,
			struct err *e) WARN_UNUSED;
/** compress_reader_borrow() - as compress_reader_new(), but src stays the caller's */
int compress_reader_borrow(struct stream *src, struct stream **ret, struct err *e) WARN_UNUSED;
/** compress_gzip_writer() - write-only stream; dst is borrowed; stream_close_write() ends the gzip
 * member and must be called, for stream_free() does not write. level 1 to
 * 9 */
struct stream *compress_gzip_writer(struct stream *dst, int level);

#endif
