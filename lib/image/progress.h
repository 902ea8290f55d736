// SPDX-License-Identifier: MIT
/*
 * A long image job (pull, load, import) seen from its caller: where progress
 * goes, and how it learns that nobody waits any more. Messages have the shapes
 * of Docker's JSON message stream.
 */
#ifndef IMAGE_PROGRESS_H
#define IMAGE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct image_progress {
	const char *id;	    /* "4abcf2066143", the tag, or NULL */
	const char *status; /* "Downloading", or NULL when stream is set */
	const char *stream; /* "Loaded image: x:latest\n", or NULL */
	bool has_detail;    /* "progressDetail" is present, perhaps empty */
	int64_t current;    /* bytes; shown when > 0 */
	int64_t total;	    /* bytes; 0 when unknown */
	const char *aux;    /* JSON for programs, or NULL */
};

struct image_job {
	/* May be NULL. Called by one thread at a time (from threads of the job). A return of -1
	 * says that the client is gone: the job ends with ERR_CANCELLED. */
	int (*progress)(void *arg, const struct image_progress *p);
	/* May be NULL. Asked about five times a second while the job waits: true ends it. */
	bool (*cancelled)(void *arg);
	void *arg;
};

/** image_progress_json() - appends one message as a JSON line ending in "\r\n", with Docker's
 * "progress" bar text when there are numbers */
void image_progress_json(const struct image_progress *p, struct buf *out);
/** image_error_json() - appends {"errorDetail":{"message":…},"error":…} and "\r\n" */
void image_error_json(const struct err *e, struct buf *out);

#endif
