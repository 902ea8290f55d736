// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <sys/epoll.h>
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
