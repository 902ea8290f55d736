// SPDX-License-Identifier: MIT
/*
 * Threads with small stacks (256 KiB) and all signals blocked; mutexes with a
 * scope guard; condition variables on the monotonic clock.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"

/* MUTEX_GUARD(&mu); holds until the scope ends */
#define MUTEX_GUARD_NAME_(line) guard_##line##_
#define MUTEX_GUARD_NAME(line)	MUTEX_GUARD_NAME_(line)
#define MUTEX_GUARD(mu) \
	pthread_mutex_t *MUTEX_GUARD_NAME(__LINE__) CLEANUP(mutex_unlockp) UNUSED = mutex_lock(mu)

/** thread_start() - runs fn(arg) in a detached thread; ERR_UNAVAILABLE when there can be no more */
int thread_start(void (*fn)(void *arg), void *arg, struct err *e) WARN_UNUSED;
/** thread_start_joinable() - as thread_start(), to be joined by pthread_join() */
int thread_start_joinable(pthread_t *ret, void *(*fn)(void *arg), void *arg,
			  struct err *e) WARN_UNUSED;
/** mutex_lock() - locks and returns the mutex */
pthread_mutex_t *mutex_lock(pthread_mutex_t *mu);
/** mutex_unlockp() - for MUTEX_GUARD */
void mutex_unlockp(pthread_mutex_t **mu);
/** cond_init() - condition variable on CLOCK_MONOTONIC */
void cond_init(pthread_cond_t *c);
/** cond_wait_until() - waits; false when the monotonic deadline (ms, see time_mono_ms(); < 0 none)
 * has passed */
bool cond_wait_until(pthread_cond_t *c, pthread_mutex_t *mu, long long deadline_ms);

#endif
