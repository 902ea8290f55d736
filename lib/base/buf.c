// SPDX-License-Identifier: MIT
/* Growing byte buffer; see buf.h for the invariant. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

void buf_clear(struct buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

const char *buf_str(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t need = b->len + n + 1;

	if (need <= n) /* overflow: no caller means it */
		abort();
	if (need > b->cap) {
		size_t cap = b->cap != 0 ? b->cap : 64;

		while (cap < need)
			cap += cap / 2;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
		b->data[b->len] = '\0';
	}
	return b->data + b->len;
}

/* Mostly a few bytes: musl's memcpy takes longer to begin than they take to copy. */
static void copy_few(char *to, const char *p, size_t n)
{
	for (; n >= 16; n -= 16, to += 16, p += 16)
		memcpy(to, p, 16);
	if (n & 8)
		memcpy(to, p, 8), to += 8, p += 8;
	if (n & 4)
		memcpy(to, p, 4), to += 4, p += 4;
	if (n & 2)
		memcpy(to, p, 2), to += 2, p += 2;
	if (n & 1)
		*to = *p;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (n <= 256)
		copy_few(to, p, n);
	else
		memcpy(to, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_addstr(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addch(struct buf *b, char c)
{
	*buf_reserve(b, 1) = c;
	b->data[++b->len] = '\0';
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		vsnprintf(buf_reserve(b, (size_t)n), (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_reset(b);
		return;
	}
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

char *buf_detach(struct buf *b)
{
	char *s;

	buf_reserve(b, 0);
	s = b->data;
	*b = (struct buf)BUF_INIT;
	return s;
}
