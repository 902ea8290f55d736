// SPDX-License-Identifier: MIT
/* Growing byte ring; see ring.h. */
#include "usernet/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define RING_FIRST 16384

bool ring_budget_has(const struct ring_budget *b, size_t n)
{
	for (; b != NULL; b = b->all) {
		if (b->used + n > b->max)
			return false;
	}
	return true;
}

void ring_budget_take(struct ring_budget *b, size_t n)
{
	for (; b != NULL; b = b->all)
		b->used += n;
}

void ring_budget_give(struct ring_budget *b, size_t n)
{
	for (; b != NULL; b = b->all)
		b->used -= n;
}

void ring_clear(struct ring *r, struct ring_budget *b)
{
	ring_budget_give(b, r->cap);
	free(r->data);
	*r = (struct ring){0};
}

static bool grow(struct ring *r, struct ring_budget *b, size_t cap)
{
	struct iovec iov[2];
	size_t at = 0;
	uint8_t *data;
	int n;

	if (!ring_budget_has(b, cap - r->cap))
		return false;
	data = try_malloc(cap);
	if (data == NULL)
		return false;
	n = ring_view(r, 0, r->len, iov);
	for (int i = 0; i < n; i++) {
		memcpy(data + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	ring_budget_take(b, cap - r->cap);
	free(r->data);
	r->data = data;
	r->cap = cap;
	r->head = 0;
	return true;
}

size_t ring_room(struct ring *r, struct ring_budget *b, size_t want, size_t bound)
{
	size_t cap = r->cap > 0 ? r->cap : RING_FIRST;

	while (cap - r->len < want && cap * 2 <= bound)
		cap *= 2;
	while (cap > r->cap && !grow(r, b, cap))
		cap /= 2;
	return r->cap - r->len;
}

int ring_space(const struct ring *r, struct iovec iov[2])
{
	size_t space = r->cap - r->len, at, first;

	if (space == 0)
		return 0;
	at = (r->head + r->len) & (r->cap - 1);
	first = MIN(space, r->cap - at);
	iov[0] = (struct iovec){.iov_base = r->data + at, .iov_len = first};
	iov[1] = (struct iovec){.iov_base = r->data, .iov_len = space - first};
	return space > first ? 2 : 1;
}

void ring_commit(struct ring *r, size_t n)
{
	r->len += n;
}

int ring_view(const struct ring *r, size_t off, size_t n, struct iovec iov[2])
{
	size_t at, first;

	if (n == 0)
		return 0;
	at = (r->head + off) & (r->cap - 1);
	first = MIN(n, r->cap - at);
	iov[0] = (struct iovec){.iov_base = r->data + at, .iov_len = first};
	iov[1] = (struct iovec){.iov_base = r->data, .iov_len = n - first};
	return n > first ? 2 : 1;
}

void ring_add(struct ring *r, const void *p, size_t n)
{
	const uint8_t *from = p;
	struct iovec iov[2];
	int parts = ring_space(r, iov);

	for (int i = 0; i < parts && n > 0; i++) {
		size_t m = MIN(n, iov[i].iov_len);

		memcpy(iov[i].iov_base, from, m);
		from += m;
		n -= m;
		r->len += m;
	}
}

void ring_consume(struct ring *r, size_t n)
{
	r->len -= n;
	r->head = r->len == 0 ? 0 : (r->head + n) & (r->cap - 1);
}
