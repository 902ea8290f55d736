// SPDX-License-Identifier: MIT
#include "usernet/wheel.h"

#include "base/mem.h"
#include "base/time.h"
#include "tests/unit/harness.h"

static int fired[3];
static struct wheel w;
static struct wheel_timer last;

static void stop_loop(struct wheel_timer *t, void *arg)
{
	(void)t;
	fired[2]++;
	loop_stop(arg, 0);
}

static void first(struct wheel_timer *t, void *arg)
{
	(void)arg;
	if (++fired[0] < 3)
		wheel_set(&w, t, 50);
	else
		wheel_set(&w, &last, 400);
}

static void never(struct wheel_timer *t, void *arg)
{
	(void)t;
	(void)arg;
	fired[1]++;
}

TEST(timers_fire_once_in_order_or_not_at_all)
{
	struct wheel_timer a, b;
	struct err e;
	struct loop *l = loop_new(&e);
	int64_t start = time_mono_ms();

	wheel_init(&w, l, l);
	wheel_timer_init(&a, first);
	wheel_timer_init(&b, never);
	wheel_timer_init(&last, stop_loop);
	wheel_set(&w, &a, 10);
	wheel_set(&w, &b, 100);
	CHECK(wheel_is_set(&b));
	wheel_stop(&w, &b);
	wheel_stop(&w, &b);
	CHECK_OK(loop_run(l, &e), e);
	CHECK_EQ(fired[0], 3);
	CHECK_EQ(fired[1], 0);
	CHECK_EQ(fired[2], 1);
	CHECK(time_mono_ms() - start >= 10 + 2 * 50 + 400 - 4 * WHEEL_TICK_MS);
	CHECK_EQ(w.n, 0);
	CHECK(w.tick == NULL);
	loop_free(l);
}
