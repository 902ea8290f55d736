// SPDX-License-Identifier: MIT
/* When probes are due and what their outcomes mean; the probes themselves cannot run here and fail.
 */
#include <unistd.h>

#include "tests/unit/engine/fixture.h"

static struct container *with_check(struct engine *en, const char *first, int64_t interval_ms,
				    int64_t retries)
{
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	struct docker_health_config *h = c->config.healthcheck = xcalloc(1, sizeof(*h));

	strv_add(&h->test, first);
	strv_add(&h->test, "true");
	h->interval = interval_ms * 1000000;
	h->retries = retries;
	return c;
}

TEST(no_check_no_health)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'b', "db", C_RUNNING);

	CHECK(health_new(en, c) == NULL);
	CHECK(health_new(en, with_check(en, "NONE", 1, 1)) == NULL);
	fixture_free(en);
}

TEST(unhealthy_after_retries)
{
	struct engine *en = fixture_engine();
	struct container *c = with_check(en, "CMD", 1, 2);
	struct health *h = health_new(en, c);

	CHECK_STR(c->health->status, "starting");
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(c->health->failing_streak, i);
		while (health_wait_ms(h) > 0)
			usleep(1000);
		health_due(h);
	}
	CHECK_STR(c->health->status, "unhealthy");
	CHECK_EQ(c->health->log.len, 2);
	health_free(h);
	fixture_free(en);
}

TEST(before_its_time_nothing_happens)
{
	struct engine *en = fixture_engine();
	struct container *c = with_check(en, "CMD-SHELL", 60000, 1);
	struct health *h = health_new(en, c);

	health_due(h);
	CHECK_EQ(c->health->log.len, 0);
	CHECK(health_wait_ms(h) > 50000);
	health_exec_ended(h, "other", 0);
	CHECK_EQ(c->health->log.len, 0);
	health_free(h);
	fixture_free(en);
}
