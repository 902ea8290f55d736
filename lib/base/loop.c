// SPDX-License-Identifier: MIT
/*
 * Event loop. A source removed while its event is still in the batch is marked
 * dead and freed after the batch. Timers are a sorted list: the processes that
 * use this have few.
 */
#include "base/loop.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/time.h"

#define LOOP_BATCH 64
#define VAIN_MAX   10U

struct loop_source {
	struct list link; /* in loop.sources, or in loop.dead */
	int fd;
	bool dead;
	loop_fn *fn;
	void *arg;
};

struct loop_timer {
	struct list link; /* in loop.timers, earliest first */
	int64_t due_ms;
	loop_timer_fn *fn;
	void *arg;
};

struct loop {
	int epoll_fd;
	struct list sources, dead, timers;
	loop_timer_fn *later;
	void *later_arg;
	int64_t eager_us;	/* see loop_eager() */
	unsigned vain, sat_out; /* looks in a row that found nothing; chances let pass since */
	bool stopped;
	int code;
};

struct loop *loop_new(struct err *e)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *l;

	if (fd < 0) {
		err_sys(e, "epoll_create");
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->epoll_fd = fd;
	list_init(&l->sources);
	list_init(&l->dead);
	list_init(&l->timers);
	return l;
}

static void free_sources(struct list *head)
{
	struct loop_source *s, *next;

	list_for_each_safe (s, next, head, link) {
		list_del(&s->link);
		free(s);
	}
}

void loop_free(struct loop *l)
{
	struct loop_timer *t, *next;

	if (l == NULL)
		return;
	list_for_each_safe (t, next, &l->timers, link)
		loop_timer_cancel(l, t);
	free_sources(&l->sources);
	free_sources(&l->dead);
	fd_close(&l->epoll_fd);
	free(l);
}

struct loop_source *loop_add(struct loop *l, int fd, uint32_t events, loop_fn *fn, void *arg,
			     struct err *e)
{
	struct loop_source *s = xcalloc(1, sizeof(*s));
	struct epoll_event ev = {.events = events, .data.ptr = s};

	*s = (struct loop_source){.fd = fd, .fn = fn, .arg = arg};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		err_sys(e, "epoll add");
		free(s);
		return NULL;
	}
	list_add_tail(&l->sources, &s->link);
	return s;
}

void loop_mod(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	/* cannot fail for a registered descriptor */
	epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev);
}

void loop_del(struct loop *l, struct loop_source *s)
{
	if (s == NULL || s->dead)
		return;
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	s->dead = true;
	list_del(&s->link);
	list_add_tail(&l->dead, &s->link);
}

struct loop_timer *loop_timer(struct loop *l, int64_t delay_ms, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = xcalloc(1, sizeof(*t)), *later;

	*t = (struct loop_timer){.due_ms = time_mono_ms() + delay_ms, .fn = fn, .arg = arg};
	list_for_each (later, &l->timers, link)
		if (later->due_ms > t->due_ms)
			break;
	list_add_tail(&later->link, &t->link);
	return t;
}

void loop_timer_cancel(UNUSED struct loop *l, struct loop_timer *t)
{
	if (t == NULL)
		return;
	list_del(&t->link);
	free(t);
}

static struct loop_timer *first_timer(struct loop *l)
{
	return list_empty(&l->timers) ? NULL
				      : CONTAINER_OF(l->timers.next, struct loop_timer, link);
}

static int wait_ms(struct loop *l)
{
	struct loop_timer *t = first_timer(l);
	int64_t left;

	if (t == NULL)
		return -1;
	left = t->due_ms - time_mono_ms();
	return left < 0 ? 0 : (int)MIN(left, 1000000000);
}

static void fire_timers(struct loop *l)
{
	int64_t now = time_mono_ms();
	struct loop_timer *t;

	while (!l->stopped && (t = first_timer(l)) != NULL && t->due_ms <= now) {
		loop_timer_fn *fn = t->fn;
		void *arg = t->arg;

		loop_timer_cancel(l, t);
		fn(l, arg);
	}
}

void loop_later(struct loop *l, loop_timer_fn *fn, void *arg)
{
	l->later = fn;
	l->later_arg = arg;
}

static void run_later(struct loop *l)
{
	loop_timer_fn *fn = l->later;

	l->later = NULL;
	fn(l, l->later_arg);
}

void loop_eager(struct loop *l, int64_t us)
{
	l->eager_us = us;
}

/* Others go first, for it is they who bring the next event. The more looks were in vain, the more
 * chances are let pass. */
static int look(struct loop *l, struct epoll_event *batch)
{
	int64_t until;
	int n;

	if (l->eager_us == 0 || ++l->sat_out < 1U << l->vain)
		return 0;
	l->sat_out = 0;
	until = time_mono_us() + l->eager_us;
	do {
		sched_yield();
		n = epoll_wait(l->epoll_fd, batch, LOOP_BATCH, 0);
	} while (n == 0 && time_mono_us() < until);
	l->vain = n > 0 ? 0 : MIN(l->vain + 1, VAIN_MAX);
	return n;
}

int loop_run(struct loop *l, struct err *e)
{
	struct epoll_event batch[LOOP_BATCH];

	l->stopped = false;
	while (!l->stopped) {
		bool later = l->later != NULL;
		int n = later ? 0 : look(l, batch);

		if (n == 0)
			n = epoll_wait(l->epoll_fd, batch, LOOP_BATCH, later ? 0 : wait_ms(l));

		if (n < 0 && errno != EINTR)
			return err_sys(e, "epoll_wait");
		for (int i = 0; i < n && !l->stopped; i++) {
			struct loop_source *s = batch[i].data.ptr;

			if (!s->dead)
				s->fn(l, s->fd, batch[i].events, s->arg);
		}
		if (later)
			run_later(l);
		free_sources(&l->dead);
		fire_timers(l);
	}
	return l->code;
}

void loop_stop(struct loop *l, int code)
{
	l->stopped = true;
	l->code = code;
}
