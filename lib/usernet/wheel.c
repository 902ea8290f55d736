// SPDX-License-Identifier: MIT
/*
 * Slots hold timers by due tick modulo WHEEL_SLOTS; one further away than a
 * turn is looked at once a turn. The one loop timer is armed for the next slot
 * that is in use.
 */
#include "usernet/wheel.h"

#include "base/mem.h"
#include "base/time.h"

static int64_t tick_of(int64_t ms)
{
	return (ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
}

static void on_tick(struct loop *l, void *arg);

/* Arms the loop timer for tick, unless it fires earlier anyway. */
static void arm(struct wheel *w, int64_t tick)
{
	int64_t due = tick * WHEEL_TICK_MS, delay = due - time_mono_ms();

	if (w->tick != NULL && w->tick_due_ms <= due)
		return;
	loop_timer_cancel(w->loop, w->tick);
	w->tick = loop_timer(w->loop, delay > 0 ? delay : 0, on_tick, w);
	w->tick_due_ms = due;
}

static void fire_slot(struct wheel *w, int64_t tick)
{
	struct list *slot = &w->slots[tick % WHEEL_SLOTS], due;
	struct wheel_timer *t, *next;

	list_init(&due);
	list_for_each_safe (t, next, slot, link) {
		if (tick_of(t->due_ms) > tick)
			continue;
		list_del(&t->link);
		list_add_tail(&due, &t->link);
	}
	/* a callback may stop or free any of them */
	while (!list_empty(&due)) {
		t = CONTAINER_OF(due.next, struct wheel_timer, link);
		wheel_stop(w, t);
		t->fn(t, w->arg);
	}
}

static void on_tick(struct loop *l, void *arg)
{
	struct wheel *w = arg;
	int64_t now = time_mono_ms() / WHEEL_TICK_MS;

	(void)l;
	w->tick = NULL;
	if (now - w->done > WHEEL_SLOTS)
		w->done = now - WHEEL_SLOTS;
	while (w->done < now)
		fire_slot(w, ++w->done);
	if (w->n == 0)
		return;
	for (int64_t i = 1; i <= WHEEL_SLOTS; i++) {
		if (!list_empty(&w->slots[(w->done + i) % WHEEL_SLOTS])) {
			arm(w, w->done + i);
			return;
		}
	}
}

void wheel_init(struct wheel *w, struct loop *l, void *arg)
{
	*w = (struct wheel){.loop = l, .arg = arg, .done = time_mono_ms() / WHEEL_TICK_MS};
	for (size_t i = 0; i < WHEEL_SLOTS; i++)
		list_init(&w->slots[i]);
}

void wheel_timer_init(struct wheel_timer *t, void (*fn)(struct wheel_timer *t, void *arg))
{
	list_init(&t->link);
	t->due_ms = 0;
	t->fn = fn;
}

bool wheel_is_set(const struct wheel_timer *t)
{
	return !list_empty(&t->link);
}

void wheel_stop(struct wheel *w, struct wheel_timer *t)
{
	if (!wheel_is_set(t))
		return;
	list_del(&t->link);
	w->n--;
}

void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t delay_ms)
{
	int64_t now = time_mono_ms(), tick;

	wheel_stop(w, t);
	if (w->n == 0)
		w->done = now / WHEEL_TICK_MS;
	t->due_ms = now + delay_ms;
	tick = tick_of(t->due_ms);
	if (tick <= w->done)
		tick = w->done + 1;
	t->due_ms = tick * WHEEL_TICK_MS;
	list_add_tail(&w->slots[tick % WHEEL_SLOTS], &t->link);
	w->n++;
	arm(w, tick - w->done <= WHEEL_SLOTS ? tick : w->done + WHEEL_SLOTS);
}
