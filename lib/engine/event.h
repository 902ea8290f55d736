// SPDX-License-Identifier: MIT
/*
 * Events: what happened, kept in a ring of the last EVENT_RING ones, and
 * listeners. A listener slower than the ring misses the oldest.
 */
#ifndef ENGINE_EVENT_H
#define ENGINE_EVENT_H

#include "engine/engine.h"

#define EVENT_RING 1024

struct engine_event {
	const char *type;   /* container, image, volume, network, daemon */
	const char *action; /* create, start, "exec_start: sh", ... */
	const char *id;	    /* actor */
	struct json_strmap attributes;
	int64_t at_nsec;
};

struct engine_listen {
	const struct engine_filters *
		filters; /* type event container image label volume network daemon scope; or NULL */
	int64_t since_nsec, until_nsec; /* 0: none */
	int client_fd;			/* ends when it hangs up; -1 none */
	/* one event, borrowed; 0, or -1 to end */
	int (*write)(void *arg, const struct engine_event *ev);
	/* the listener is registered and what lay in the past was written: send the head; 0 or -1.
	 * May be NULL */
	int (*ready)(void *arg);
	void *arg;
};

/** engine_events() - past events since since_nsec, then live ones until until_nsec or the client
 * leaves; blocks */
int engine_events(struct engine *en, const struct engine_listen *l, struct err *e) WARN_UNUSED;
/** engine_event_emit() - publishes; attributes are copied, may be NULL */
void engine_event_emit(struct engine *en, const char *type, const char *action, const char *id,
		       const struct json_strmap *attributes);
/** engine_event_prune() - the event at the end of a prune of that type */
void engine_event_prune(struct engine *en, const char *type, int64_t reclaimed_bytes);

#endif
