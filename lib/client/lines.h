// SPDX-License-Identifier: MIT
/* Streams of the engine: JSON documents one a line, and attach frames. */
#ifndef CLIENT_LINES_H
#define CLIENT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"
#include "http/body.h"
#include "json/json.h"

struct lines {
	struct http_body *body; /* borrowed */
	struct buf data;	/* not yet handed out */
	size_t scanned;		/* of data, without a line's end */
	bool eof;
};

/** lines_init() - reader of an answer's body */
void lines_init(struct lines *l, struct http_body *body);
/** lines_clear() - frees the read-ahead */
void lines_clear(struct lines *l);
/** lines_next() - the next document, the caller's; 1, 0 at the end, -1 failure */
int lines_next(struct lines *l, struct json **ret, struct err *e) WARN_UNUSED;

/* Takes multiplexed output apart: 8-byte header (stream, 0, 0, 0, length big endian), payload. */
struct demux {
	unsigned char head[8];
	size_t n_head;
	uint32_t left; /* payload bytes to come */
};

/**
 * demux_add() - feed received bytes
 * @d:   zeroed at first
 * @p:   bytes
 * @n:   their number
 * @out: called for each piece of payload with the stream's number (1 stdout, 2 stderr, 3 an error
 *       of the engine); returns 0 or -1
 * @arg: for out
 * @e:   ERR_INVALID for an unknown stream; or as out filled it
 */
int demux_add(struct demux *d, const char *p, size_t n,
	      int (*out)(void *arg, int stream, const char *p, size_t n, struct err *e), void *arg,
	      struct err *e) WARN_UNUSED;

#endif
