// SPDX-License-Identifier: MIT
/*
 * A gzip writer that is fast on very repetitive text, for tar-split journals:
 * a hundred thousand base64 headers that differ in a few bytes.
 */
#ifndef ARCHIVE_FASTGZIP_H
#define ARCHIVE_FASTGZIP_H

#include "base/stream.h"

/** fastgzip_writer() - write-only stream; dst is borrowed; stream_close_write() ends the gzip
 * member and must be called, for stream_free() does not write */
struct stream *fastgzip_writer(struct stream *dst);

#endif
