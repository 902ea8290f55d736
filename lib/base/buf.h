// SPDX-License-Identifier: MIT
/*
 * Growing byte buffer. Invariant: data is NULL while cap is 0; otherwise
 * data[len] is NUL, so text in a buffer is always a C string.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

#define BUF_INIT  \
	{         \
		0 \
	}

/** buf_clear() - frees the bytes; the buffer is empty and usable again */
void buf_clear(struct buf *b);
/** buf_reset() - length 0, memory kept */
void buf_reset(struct buf *b);
/** buf_str() - the bytes as a C string, never NULL; borrowed until the next change */
const char *buf_str(const struct buf *b);
/** buf_reserve() - room for n more bytes behind len; returns where they go */
char *buf_reserve(struct buf *b, size_t n);
/** buf_add() - appends n bytes */
void buf_add(struct buf *b, const void *p, size_t n);
/** buf_addstr() - appends a string */
void buf_addstr(struct buf *b, const char *s);
/** buf_addch() - appends one byte */
void buf_addch(struct buf *b, char c);
/** buf_addf() - appends formatted text */
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/** buf_vaddf() - appends formatted text */
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);
/** buf_consume() - drops the first n bytes (at most len) */
void buf_consume(struct buf *b, size_t n);
/** buf_detach() - gives the bytes to the caller (never NULL, NUL-terminated); the buffer is empty
 */
char *buf_detach(struct buf *b);

#endif
