// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static char *status_of(struct engine *en, struct container *c, int64_t now)
{
	struct docker_summary row = {0};
	char *status;

	(void)en;
	container_row(c, now, &row);
	status = xstrdup(row.status);
	json_struct_clear(&docker_summary_json, &row);
	return status;
}

#define SECOND 1000000000LL

TEST(row_status_words)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	static const struct {
		enum container_state state;
		int64_t seconds;
		const char *want;
	} cases[] = {
		{C_CREATED, 5, "Created"},
		{C_RUNNING, 0, "Up Less than a second"},
		{C_RUNNING, 1, "Up 1 second"},
		{C_RUNNING, 59, "Up 59 seconds"},
		{C_RUNNING, 60, "Up About a minute"},
		{C_RUNNING, 3000, "Up 50 minutes"},
		{C_RUNNING, 3700, "Up About an hour"},
		{C_RUNNING, 86400, "Up 24 hours"},
		{C_RUNNING, 86400 * 3, "Up 3 days"},
		{C_RUNNING, 86400 * 20, "Up 2 weeks"},
		{C_RUNNING, 86400 * 90, "Up 3 months"},
		{C_RUNNING, 86400 * 800, "Up 2 years"},
		{C_PAUSED, 5, "Up 5 seconds (Paused)"},
		{C_EXITED, 5, "Exited (7) 5 seconds ago"},
		{C_RESTARTING, 5, "Restarting (7) 5 seconds ago"},
		{C_REMOVING, 5, "Removal In Progress"},
		{C_DEAD, 5, "Dead"},
	};

	c->started_nsec = c->finished_nsec = 1700000000 * SECOND;
	c->exit_code = 7;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(freep) char *got = NULL;

		c->state = cases[i].state;
		got = status_of(en, c, c->started_nsec + cases[i].seconds * SECOND);
		CHECK_STR(got, cases[i].want);
	}
	fixture_free(en);
}

TEST(state_words)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RESTARTING);
	struct docker_state s;

	container_state_snapshot(c, &s);
	CHECK_STR(s.status, "restarting");
	CHECK(s.running && s.restarting && !s.paused);
	json_struct_clear(&docker_state_json, &s);
	c->state = C_STARTING;
	c->started_before = true;
	CHECK_STR(container_status_word(c), "exited");
	fixture_free(en);
}
