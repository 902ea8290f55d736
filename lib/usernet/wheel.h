// SPDX-License-Identifier: MIT
/*
 * Timer wheel over one loop timer: setting, moving and stopping a timer costs
 * the same whatever their number, and the process sleeps while none is set.
 * Resolution WHEEL_TICK_MS; timers fire late by at most one tick.
 */
#ifndef USERNET_WHEEL_H
#define USERNET_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"

#define WHEEL_TICK_MS 64
#define WHEEL_SLOTS   1024

struct wheel_timer {
	struct list link;
	int64_t due_ms; /* CLOCK_MONOTONIC */
	void (*fn)(struct wheel_timer *t, void *arg);
};

struct wheel {
	struct loop *loop;
	void *arg; /* given to every fn */
	struct loop_timer *tick;
	int64_t tick_due_ms; /* when tick fires, while it is set */
	int64_t done;	     /* ticks handled so far */
	size_t n;	     /* timers set */
	struct list slots[WHEEL_SLOTS];
};

/** wheel_init() - an empty wheel */
void wheel_init(struct wheel *w, struct loop *l, void *arg);
/** wheel_timer_init() - a timer that is not set */
void wheel_timer_init(struct wheel_timer *t, void (*fn)(struct wheel_timer *t, void *arg));
/** wheel_set() - (re)sets a timer to fire once in delay_ms */
void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t delay_ms);
/** wheel_stop() - stops; nothing when it is not set */
void wheel_stop(struct wheel *w, struct wheel_timer *t);
/** wheel_is_set() - will fire */
bool wheel_is_set(const struct wheel_timer *t);

#endif
