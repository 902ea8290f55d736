// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"

struct seen {
	int reads, timers;
	struct loop_source *source;
};

static void on_read(struct loop *l, int fd, uint32_t events, void *arg)
{
	struct seen *s = arg;
	char c;

	CHECK(events & EPOLLIN);
	CHECK_EQ(fd_read(fd, &c, 1), 1);
	if (++s->reads == 2) {
		loop_del(l, s->source); /* its own */
		loop_stop(l, 5);
	}
}

static void on_timer(struct loop *l, void *arg)
{
	(void)l;
	((struct seen *)arg)->timers++;
}

static void on_end(struct loop *l, void *arg)
{
	(void)arg;
	loop_stop(l, 9);
}

TEST(sources)
{
	struct seen s = {0};
	struct err e;
	struct loop *l = loop_new(&e);
	int fds[2];

	CHECK_OK(fd_pipe(fds, &e), e);
	s.source = loop_add(l, fds[0], EPOLLIN, on_read, &s, &e);
	CHECK(s.source != NULL);
	CHECK_EQ(fd_write(fds[1], "abc", 3), 3);
	CHECK_EQ(loop_run(l, &e), 5);
	CHECK_EQ(s.reads, 2);
	loop_free(l);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

TEST(timers_fire_once_in_order_and_can_be_cancelled)
{
	struct seen s = {0};
	struct err e;
	struct loop *l = loop_new(&e);
	struct loop_timer *t;

	loop_timer(l, 50, on_end, NULL);
	loop_timer(l, 10, on_timer, &s);
	t = loop_timer(l, 20, on_timer, &s);
	loop_timer(l, 100000, on_timer, &s);
	loop_timer_cancel(l, t);
	loop_timer_cancel(l, NULL);
	CHECK_EQ(loop_run(l, &e), 9);
	CHECK_EQ(s.timers, 1);
	loop_free(l);
}

static void at_last(struct loop *l, void *arg)
{
	struct seen *s = arg;

	CHECK_EQ(s->reads, 1);
	s->timers++;
	loop_stop(l, 7);
}

static void on_first(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct seen *s = arg;
	char c;

	CHECK_EQ(fd_read(fd, &c, 1), 1);
	CHECK_EQ(s->timers, 0);
	s->reads++;
	loop_later(l, at_last, s);
}

TEST(what_nobody_waits_for_comes_after_the_events_and_without_one)
{
	struct seen s = {0};
	struct err e;
	struct loop *l = loop_new(&e);
	int fds[2];

	CHECK_OK(fd_pipe(fds, &e), e);
	CHECK(loop_add(l, fds[0], EPOLLIN, on_first, &s, &e) != NULL);
	CHECK_EQ(fd_write(fds[1], "a", 1), 1);
	loop_later(l, at_last, &s);
	CHECK_EQ(loop_run(l, &e), 7); /* the event that was there goes first */
	CHECK_EQ(s.timers, 1);

	s = (struct seen){.reads = 1};
	loop_later(l, at_last, &s);
	CHECK_EQ(loop_run(l, &e), 7); /* nothing is there, and it does not wait */
	CHECK_EQ(s.timers, 1);
	loop_free(l);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static void on_ping(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct seen *s = arg;
	char c;

	CHECK_EQ(fd_read(fd, &c, 1), 1);
	if (++s->reads == 100)
		loop_stop(l, 3);
}

static void *ping(void *arg)
{
	for (int i = 0; i < 100; i++) {
		usleep(i % 10 == 0 ? 1000 : 0);
		CHECK_EQ(fd_write(*(int *)arg, "p", 1), 1);
	}
	return NULL;
}

TEST(an_eager_loop_misses_nothing_and_sleeps_when_nothing_comes)
{
	struct timespec before, after;
	struct seen s = {0};
	struct err e;
	struct loop *l = loop_new(&e);
	pthread_t t;
	int fds[2];

	CHECK_OK(fd_pipe(fds, &e), e);
	CHECK(loop_add(l, fds[0], EPOLLIN, on_ping, &s, &e) != NULL);
	loop_eager(l, 20);
	CHECK_EQ(pthread_create(&t, NULL, ping, &fds[1]), 0);
	CHECK_EQ(loop_run(l, &e), 3);
	CHECK_EQ(pthread_join(t, NULL), 0);

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	loop_timer(l, 300, on_end, NULL);
	CHECK_EQ(loop_run(l, &e), 9);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 <
	      30);
	loop_free(l);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}
