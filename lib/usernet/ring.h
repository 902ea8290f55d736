// SPDX-License-Identifier: MIT
/*
 * Byte ring that grows by doubling up to a bound. All rings of the process share one budget
 * (USERNET_RINGS_BYTES_MAX); beyond it they do not grow.
 */
#ifndef USERNET_RING_H
#define USERNET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct ring {
	uint8_t *data;
	size_t cap; /* a power of two, or 0 */
	size_t head;
	size_t len;
};

/* what all rings may hold and do hold, bytes */
struct ring_budget {
	size_t max, used;
	struct ring_budget *all; /* of which this is a share; NULL: of nothing */
};

/** ring_budget_has() - n bytes more are allowed, in the whole too */
bool ring_budget_has(const struct ring_budget *b, size_t n);
/** ring_budget_take() - n bytes more are used, in the whole too */
void ring_budget_take(struct ring_budget *b, size_t n);
/** ring_budget_give() - n bytes less */
void ring_budget_give(struct ring_budget *b, size_t n);

/** ring_clear() - drops all and frees */
void ring_clear(struct ring *r, struct ring_budget *b);
/** ring_room() - space for at least want bytes if bound and budget allow; returns what there is */
size_t ring_room(struct ring *r, struct ring_budget *b, size_t want, size_t bound);
/** ring_space() - the free parts, at most 2; returns how many */
int ring_space(const struct ring *r, struct iovec iov[2]);
/** ring_commit() - n bytes were written into ring_space() */
void ring_commit(struct ring *r, size_t n);
/** ring_view() - n bytes from position off, at most 2 parts; returns how many */
int ring_view(const struct ring *r, size_t off, size_t n, struct iovec iov[2]);
/** ring_add() - appends n bytes, for which ring_room() was found */
void ring_add(struct ring *r, const void *p, size_t n);
/** ring_consume() - drops n bytes at the front; the memory is kept until ring_clear() */
void ring_consume(struct ring *r, size_t n);

#endif
