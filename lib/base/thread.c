// SPDX-License-Identifier: MIT
/* Threads, locks and conditions; see thread.h. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define THREAD_STACK_BYTES (256 * 1024)

struct start {
	void (*fn)(void *arg);
	void *arg;
};

static void *detached_main(void *p)
{
	struct start s = *(struct start *)p;

	free(p);
	s.fn(s.arg);
	return NULL;
}

/* creates a thread with every signal blocked: they all go to one signalfd */
static int create(pthread_t *t, int detached, void *(*fn)(void *), void *arg, struct err *e)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	if (detached)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(t, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r != 0)
		return err_set(e, ERR_UNAVAILABLE, r, "start a thread: %s", strerror(r));
	return 0;
}

int thread_start(void (*fn)(void *arg), void *arg, struct err *e)
{
	struct start *s = xmalloc(sizeof(*s));
	pthread_t t;

	*s = (struct start){.fn = fn, .arg = arg};
	if (create(&t, 1, detached_main, s, e) < 0) {
		free(s);
		return -1;
	}
	return 0;
}

int thread_start_joinable(pthread_t *ret, void *(*fn)(void *arg), void *arg, struct err *e)
{
	return create(ret, 0, fn, arg, e);
}

pthread_mutex_t *mutex_lock(pthread_mutex_t *mu)
{
	pthread_mutex_lock(mu);
	return mu;
}

void mutex_unlockp(pthread_mutex_t **mu)
{
	pthread_mutex_unlock(*mu);
}

void cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(c, &attr);
	pthread_condattr_destroy(&attr);
}

bool cond_wait_until(pthread_cond_t *c, pthread_mutex_t *mu, long long deadline_ms)
{
	struct timespec ts;

	if (deadline_ms < 0) {
		pthread_cond_wait(c, mu);
		return true;
	}
	ts.tv_sec = (time_t)(deadline_ms / 1000);
	ts.tv_nsec = (long)(deadline_ms % 1000) * 1000000;
	return pthread_cond_timedwait(c, mu, &ts) != ETIMEDOUT;
}
