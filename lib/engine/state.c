// SPDX-License-Identifier: MIT
/* The life of a container as one table; see state.h. */
#include "engine/state.h"

#include "base/buf.h"

#define NO   STATE_CONFLICT
#define SAME STATE_NOT_MODIFIED

// clang-format off
static const signed char table[C_STATES][EV_EVENTS] = {
	/*		   START       STARTED    START_FAILED PAUSE     UNPAUSE    EXIT      RETRY         REMOVE      REMOVE_FAILED KILL */
	[C_CREATED] =    {C_STARTING, NO,        NO,          NO,       NO,        NO,       NO,           C_REMOVING, NO,           NO},
	[C_STARTING] =   {SAME,       C_RUNNING, C_EXITED,    NO,       NO,        NO,       NO,           NO,         NO,           NO},
	[C_RUNNING] =    {SAME,       NO,        NO,          C_PAUSED, NO,        C_EXITED, C_RESTARTING, NO,         NO,           C_RUNNING},
	[C_PAUSED] =     {NO,         NO,        NO,          NO,       C_RUNNING, C_EXITED, C_RESTARTING, NO,         NO,           C_PAUSED},
	[C_RESTARTING] = {C_STARTING, NO,        NO,          NO,       NO,        C_EXITED, NO,           NO,         NO,           NO},
	[C_EXITED] =     {C_STARTING, NO,        NO,          NO,       NO,        NO,       NO,           C_REMOVING, NO,           NO},
	[C_REMOVING] =   {NO,         NO,        NO,          NO,       NO,        NO,       NO,           NO,         C_DEAD,       NO},
	[C_DEAD] =       {NO,         NO,        NO,          NO,       NO,        NO,       NO,           C_REMOVING, NO,           NO},
};

// clang-format on
static const char *const state_names[C_STATES] = {
	[C_CREATED] = "created",       [C_STARTING] = "created",
	[C_RUNNING] = "running",       [C_PAUSED] = "paused",
	[C_RESTARTING] = "restarting", [C_EXITED] = "exited",
	[C_REMOVING] = "removing",     [C_DEAD] = "dead",
};

static const char *const event_names[EV_EVENTS] = {
	[EV_START] = "start", [EV_STARTED] = "started", [EV_START_FAILED] = "start failed",
	[EV_PAUSE] = "pause", [EV_UNPAUSE] = "unpause", [EV_EXIT] = "exit",
	[EV_RETRY] = "retry", [EV_REMOVE] = "remove",	[EV_REMOVE_FAILED] = "remove failed",
	[EV_KILL] = "kill",
};

int state_next(enum container_state s, enum container_event ev)
{
	return table[s][ev];
}

const char *state_name(enum container_state s)
{
	return state_names[s];
}

int state_runs(enum container_state s)
{
	return s == C_RUNNING || s == C_PAUSED;
}

char *state_print(void)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	for (int s = 0; s < C_STATES; s++) {
		for (int ev = 0; ev < EV_EVENTS; ev++) {
			int next = table[s][ev];

			buf_addf(&b, "%-10s %-13s %s\n",
				 s == C_STARTING ? "starting" : state_names[s], event_names[ev],
				 next == NO	      ? "conflict"
				 : next == SAME	      ? "not modified"
				 : next == C_STARTING ? "starting"
						      : state_names[next]);
		}
	}
	return buf_detach(&b);
}
