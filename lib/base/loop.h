// SPDX-License-Identifier: MIT
/*
 * Event loop over epoll(7) for the single-threaded processes. Callbacks may
 * remove any source, their own included, and add others. Nothing wakes up
 * while nothing happens: there is no tick.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loop;
struct loop_source;
struct loop_timer;

typedef void loop_fn(struct loop *l, int fd, uint32_t events, void *arg);
typedef void loop_timer_fn(struct loop *l, void *arg);

/** loop_new() - a loop */
struct loop *loop_new(struct err *e);
/** loop_free() - frees the loop with its sources and timers; descriptors stay open */
void loop_free(struct loop *l);
/** loop_add() - calls fn when fd has EPOLL* events; source or NULL. The descriptor stays the
 * caller's */
struct loop_source *loop_add(struct loop *l, int fd, uint32_t events, loop_fn *fn, void *arg,
			     struct err *e);
/** loop_mod() - other events for a source */
void loop_mod(struct loop *l, struct loop_source *s, uint32_t events);
/** loop_del() - removes a source; no callback of it comes any more; NULL is fine */
void loop_del(struct loop *l, struct loop_source *s);
/** loop_timer() - calls fn once after delay_ms; timer, valid until it fired or was cancelled */
struct loop_timer *loop_timer(struct loop *l, int64_t delay_ms, loop_timer_fn *fn, void *arg);
/** loop_timer_cancel() - NULL is fine */
void loop_timer_cancel(struct loop *l, struct loop_timer *t);
/** loop_eager() - looks for the next event for so many microseconds before it sleeps, as long as
 * that finds some: being woken takes longer than a neighbour's answer. 0, the default: sleeps */
void loop_eager(struct loop *l, int64_t us);
/** loop_later() - calls fn once when the events that are there by then have been served: for work
 * that nobody waits for. One a loop; asked for again it replaces the one before */
void loop_later(struct loop *l, loop_timer_fn *fn, void *arg);
/** loop_run() - runs until loop_stop(); returns its code, or -1 with e */
int loop_run(struct loop *l, struct err *e);
/** loop_stop() - loop_run() returns code after the present callback */
void loop_stop(struct loop *l, int code);

#endif
