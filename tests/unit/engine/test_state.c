// SPDX-License-Identifier: MIT
/* Every cell of the state table, as a picture to compare with, and what must never be possible. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/state.h"
#include "tests/unit/harness.h"

/* rows: states; columns: events in the order of the enum; '-' conflict, '=' not modified, letters:
 * the next state */
static const char *const picture[C_STATES] = {
	[C_CREATED] = "S------M--",  [C_STARTING] = "=RE-------",   [C_RUNNING] = "=--P-EB--R",
	[C_PAUSED] = "----REB--P",   [C_RESTARTING] = "S----E----", [C_EXITED] = "S------M--",
	[C_REMOVING] = "--------D-", [C_DEAD] = "-------M--",
};

static char letter(int next)
{
	static const char letters[] = {
		[C_CREATED] = 'C',    [C_STARTING] = 'S', [C_RUNNING] = 'R',  [C_PAUSED] = 'P',
		[C_RESTARTING] = 'B', [C_EXITED] = 'E',	  [C_REMOVING] = 'M', [C_DEAD] = 'D',
	};

	return next == STATE_CONFLICT ? '-' : next == STATE_NOT_MODIFIED ? '=' : letters[next];
}

TEST(state_table_cell_by_cell)
{
	for (int s = 0; s < C_STATES; s++)
		for (int ev = 0; ev < EV_EVENTS; ev++)
			CHECK_MSG(letter(state_next((enum container_state)s,
						    (enum container_event)ev)) == picture[s][ev],
				  "state %d event %d", s, ev);
}

TEST(state_only_start_leads_to_starting)
{
	for (int s = 0; s < C_STATES; s++)
		for (int ev = 0; ev < EV_EVENTS; ev++)
			if (ev != EV_START)
				CHECK(state_next((enum container_state)s,
						 (enum container_event)ev) != C_STARTING);
}

TEST(state_print_names_every_cell)
{
	CLEANUP(freep) char *text = state_print();
	int lines = 0;

	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	CHECK_EQ(lines, C_STATES * EV_EVENTS);
	CHECK(strstr(text, "paused     start         conflict") != NULL);
}

TEST(state_runs_while_paused)
{
	CHECK(state_runs(C_RUNNING) && state_runs(C_PAUSED));
	CHECK(!state_runs(C_RESTARTING) && !state_runs(C_STARTING) && !state_runs(C_EXITED));
	CHECK_STR(state_name(C_REMOVING), "removing");
}
