// SPDX-License-Identifier: MIT
/* The life of a container as one table of state and event. Pure: no engine needed. */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "base/err.h"

enum container_state {
	C_CREATED,    /* made, never started: may start, be removed */
	C_STARTING,   /* one thread is starting it; everybody else waits for the outcome */
	C_RUNNING,    /* its supervisor thread owns the way out */
	C_PAUSED,     /* frozen; as running otherwise */
	C_RESTARTING, /* ended, the supervisor sleeps before it starts it again */
	C_EXITED,     /* ended: may start, be removed */
	C_REMOVING,   /* one thread is removing it; nothing else may happen */
	C_DEAD,	      /* removal failed half-way: may be removed */
	C_STATES,
};

enum container_event {
	EV_START,	 /* somebody wants it started */
	EV_STARTED,	 /* the program runs */
	EV_START_FAILED, /* it does not */
	EV_PAUSE,
	EV_UNPAUSE,
	EV_EXIT,   /* the program ended for good */
	EV_RETRY,  /* the program ended and the restart policy wants it again */
	EV_REMOVE, /* somebody wants it gone */
	EV_REMOVE_FAILED,
	EV_KILL, /* may it be signalled? the state stays */
	EV_EVENTS,
};

/* outcomes besides a next state */
#define STATE_CONFLICT	   (-1)
#define STATE_NOT_MODIFIED (-2)

/** state_next() - the state after an event, or STATE_CONFLICT, or STATE_NOT_MODIFIED */
int state_next(enum container_state s, enum container_event ev);
/** state_name() - "created", "running", ...: the API's word */
const char *state_name(enum container_state s);
/** state_runs() - the program runs (paused counts) */
int state_runs(enum container_state s);
/** state_print() - the whole table as text, for dockerd --debug-states; heap */
char *state_print(void);

#endif
