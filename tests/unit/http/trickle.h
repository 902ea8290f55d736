// SPDX-License-Identifier: MIT
/* A stream over memory whose reads are short: `step` bytes at most. */
#ifndef TESTS_HTTP_TRICKLE_H
#define TESTS_HTTP_TRICKLE_H

#include <string.h>

#include "base/mem.h"
#include "base/stream.h"

struct trickle {
	struct stream s;
	const char *p;
	size_t left, step;
	struct buf *out;
	size_t write_limit; /* bytes accepted before the peer is gone */
};

static inline ssize_t trickle_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct trickle *t = (struct trickle *)s;

	(void)e;
	n = MIN(MIN(n, t->step), t->left);
	memcpy(p, t->p, n);
	t->p += n;
	t->left -= n;
	return (ssize_t)n;
}

static inline int trickle_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct trickle *t = (struct trickle *)s;

	if (n > t->write_limit)
		return err_set(e, ERR_SYSTEM, 32, "write: Broken pipe");
	t->write_limit -= n;
	if (t->out != NULL)
		buf_add(t->out, p, n);
	return 0;
}

static inline void trickle_free(struct stream *s)
{
	free(s);
}

static inline struct stream *trickle_new(const char *p, size_t n, size_t step, struct buf *out)
{
	static const struct stream_ops ops = {
		.read = trickle_read, .write = trickle_write, .free = trickle_free};
	struct trickle *t = xcalloc(1, sizeof(*t));

	t->s = (struct stream){.ops = &ops, .fd = -1, .timeout_ms = -1};
	t->p = p;
	t->left = n;
	t->step = step;
	t->out = out;
	t->write_limit = (size_t)-1;
	return &t->s;
}

#endif
