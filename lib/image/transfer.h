// SPDX-License-Identifier: MIT
/*
 * What pulling and pushing have in common: a job whose threads report to one
 * client, fail once and stop together, when one of them fails or when the
 * client goes away.
 */
#ifndef IMAGE_TRANSFER_H
#define IMAGE_TRANSFER_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/store_internal.h"

struct transfer {
	const struct image_job *job; /* may be NULL */
	/* May be NULL. Stops what is under way beside the registry. Called once, with mu held. */
	void (*cut)(struct transfer *t);
	pthread_mutex_t progress_mu; /* one message at a time; taken before mu, never after */
	pthread_mutex_t mu;	     /* guards all below, and what the embedding struct says */
	pthread_cond_t changed;
	struct registry *registry; /* in use; owned */
	bool cancelled;		   /* by the client or by a failure */
	bool finished;
	struct err error; /* the first failure; kind 0: none */
};

/**
 * transfer_run() - does the work while watching whether the client still waits
 * @t:    embedded in the work's own struct; job and cut are set, the rest is zero
 * @work: the job, on this thread
 * @e:    the work's error; the first failure where there was one
 *
 * The registry in use is freed at the end. Return: 0 or -1.
 */
int transfer_run(struct transfer *t, int (*work)(struct transfer *t, struct err *e),
		 struct err *e) WARN_UNUSED;
/** transfer_use() - the registry of the requests from now on, the former is freed; NULL: none. What
 * failed with the former one is forgotten; when the client is gone, the new one is cancelled at
 * once */
void transfer_use(struct transfer *t, struct registry *r);
/** transfer_emit() - a message to the client; ends the job when it is gone. Any thread */
void transfer_emit(struct transfer *t, const struct image_progress *m);
/** transfer_say() - a message about a layer, numbers shown when current > 0 */
void transfer_say(struct transfer *t, const char *id, const char *status, int64_t current,
		  int64_t total);
/** transfer_fail() - records the first failure and stops everything under way */
void transfer_fail(struct transfer *t, const struct err *e);
/** transfer_is_over() - cancelled or failed */
bool transfer_is_over(struct transfer *t);
/** transfer_pause() - waits; false when the job is over meanwhile */
bool transfer_pause(struct transfer *t, int64_t ms);
/** transfer_retry() - counts down to the next attempt at a layer; false when the job is over */
bool transfer_retry(struct transfer *t, const char *id, int seconds);
/** transfer_slot() - waits for the turn of a layer, see store_slot_take(); false when the job is
 * over
 */
bool transfer_slot(struct transfer *t, struct image_store *s, enum store_slot slot, int max,
		   const char *id);

#endif
