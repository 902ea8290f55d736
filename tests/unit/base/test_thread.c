// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/thread.h"
#include "base/time.h"

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static int count;

static void add_one(void *arg)
{
	(void)arg;
	MUTEX_GUARD(&mu);
	count++;
	pthread_cond_broadcast(&changed);
}

static void *twice(void *arg)
{
	*(int *)arg *= 2;
	return arg;
}

TEST(threads_and_condition)
{
	struct err e;
	long long deadline = time_mono_ms() + 5000;

	cond_init(&changed);
	for (int i = 0; i < 20; i++)
		CHECK_OK(thread_start(add_one, NULL, &e), e);
	MUTEX_GUARD(&mu);
	while (count < 20)
		CHECK(cond_wait_until(&changed, &mu, deadline));
}

TEST(a_wait_ends_at_its_deadline)
{
	long long start = time_mono_ms();

	cond_init(&changed);
	MUTEX_GUARD(&mu);
	while (cond_wait_until(&changed, &mu, start + 30))
		;
	CHECK(time_mono_ms() - start >= 29);
}

TEST(joinable)
{
	struct err e;
	pthread_t t;
	int n = 21;
	void *ret;

	CHECK_OK(thread_start_joinable(&t, twice, &n, &e), e);
	CHECK_EQ(pthread_join(t, &ret), 0);
	CHECK(ret == &n);
	CHECK_EQ(n, 42);
}
