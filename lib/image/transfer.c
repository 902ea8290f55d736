// SPDX-License-Identifier: MIT
/*
 * One pull or push as its client sees it. The messages have the shape that
 * moby's pkg/streamformatter gives them: what is said of a layer has a
 * "progressDetail", even an empty one.
 */
#include "image/transfer.h"

#include <stdio.h>

#include "base/thread.h"
#include "base/time.h"

#define WATCH_MS 200

void transfer_fail(struct transfer *t, const struct err *e)
{
	MUTEX_GUARD(&t->mu);
	if (t->cancelled)
		return;
	t->error = *e;
	t->cancelled = true;
	if (t->registry != NULL)
		registry_cancel(t->registry);
	if (t->cut != NULL)
		t->cut(t);
	pthread_cond_broadcast(&t->changed);
}

static void client_gone(struct transfer *t)
{
	struct err e;

	err_set(&e, ERR_CANCELLED, 0, "context canceled");
	transfer_fail(t, &e);
}

bool transfer_is_over(struct transfer *t)
{
	MUTEX_GUARD(&t->mu);
	return t->cancelled;
}

bool transfer_pause(struct transfer *t, int64_t ms)
{
	int64_t until = time_mono_ms() + ms;
	MUTEX_GUARD(&t->mu);

	while (!t->cancelled && cond_wait_until(&t->changed, &t->mu, until)) {
	}
	return !t->cancelled;
}

void transfer_emit(struct transfer *t, const struct image_progress *m)
{
	int r;

	if (t->job == NULL || t->job->progress == NULL)
		return;
	pthread_mutex_lock(&t->progress_mu);
	r = t->job->progress(t->job->arg, m);
	pthread_mutex_unlock(&t->progress_mu);
	if (r < 0)
		client_gone(t);
}

void transfer_say(struct transfer *t, const char *id, const char *status, int64_t current,
		  int64_t total)
{
	struct image_progress m = {.id = id,
				   .status = status,
				   .has_detail = true,
				   .current = current,
				   .total = current > 0 ? total : 0};

	transfer_emit(t, &m);
}

bool transfer_retry(struct transfer *t, const char *id, int seconds)
{
	char text[48];

	for (; seconds > 0; seconds--) {
		snprintf(text, sizeof(text), "Retrying in %d second%s", seconds,
			 seconds == 1 ? "" : "s");
		transfer_say(t, id, text, 0, 0);
		if (!transfer_pause(t, 1000))
			return false;
	}
	return !transfer_is_over(t);
}

bool transfer_slot(struct transfer *t, struct image_store *s, enum store_slot slot, int max,
		   const char *id)
{
	if (store_slot_take(s, slot, max, time_mono_ms()))
		return true;
	transfer_say(t, id, "Waiting", 0, 0);
	while (!transfer_is_over(t))
		if (store_slot_take(s, slot, max, time_mono_ms() + WATCH_MS))
			return true;
	return false;
}

void transfer_use(struct transfer *t, struct registry *r)
{
	struct registry *old;

	pthread_mutex_lock(&t->mu);
	old = t->registry;
	t->registry = r;
	if (r != NULL && t->error.kind != ERR_CANCELLED) {
		t->cancelled = false;
		t->error.kind = 0;
	} else if (r != NULL) {
		registry_cancel(r);
	}
	pthread_mutex_unlock(&t->mu);
	registry_free(old);
}

/* Asks the client a few times a second whether it still waits. */
static void *watch(void *arg)
{
	struct transfer *t = arg;
	bool over;

	do {
		int64_t until = time_mono_ms() + WATCH_MS;

		pthread_mutex_lock(&t->mu);
		while (!t->finished && cond_wait_until(&t->changed, &t->mu, until)) {
		}
		over = t->finished;
		pthread_mutex_unlock(&t->mu);
		if (!over && t->job->cancelled(t->job->arg)) {
			client_gone(t);
			over = true;
		}
	} while (!over);
	return NULL;
}

static int work_watched(struct transfer *t, int (*work)(struct transfer *t, struct err *e),
			struct err *e)
{
	bool watched = t->job != NULL && t->job->cancelled != NULL;
	pthread_t watcher;
	int r;

	if (watched && thread_start_joinable(&watcher, watch, t, e) < 0)
		return -1;
	r = work(t, e);
	transfer_use(t, NULL);
	pthread_mutex_lock(&t->mu);
	t->finished = true;
	if (r < 0 && t->error.kind != 0)
		*e = t->error;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->mu);
	if (watched)
		pthread_join(watcher, NULL);
	return r;
}

int transfer_run(struct transfer *t, int (*work)(struct transfer *t, struct err *e), struct err *e)
{
	int r;

	pthread_mutex_init(&t->mu, NULL);
	pthread_mutex_init(&t->progress_mu, NULL);
	cond_init(&t->changed);
	r = work_watched(t, work, e);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->progress_mu);
	pthread_mutex_destroy(&t->mu);
	return r;
}
