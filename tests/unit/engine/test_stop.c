// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

TEST(verbs_on_what_does_not_run)
{
	struct engine *en = fixture_engine();
	struct err e;

	fixture_container(en, 'a', "web", C_EXITED);
	CHECK(engine_container_stop(en, "web", NULL, -2, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTMODIFIED);
	CHECK(engine_container_kill(en, "web", NULL, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, "is not running") != NULL);
	CHECK(engine_container_pause(en, "web", true, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(engine_container_stop(en, "gone", NULL, -2, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	fixture_free(en);
}

TEST(rename_rules)
{
	struct engine *en = fixture_engine();
	struct err e;

	fixture_container(en, 'a', "one", C_EXITED);
	fixture_container(en, 'b', "two", C_EXITED);
	CHECK(engine_container_rename(en, "one", "two", &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(engine_container_rename(en, "one", "one", &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(engine_container_rename(en, "one", "", &e) < 0);
	CHECK(engine_container_rename(en, "one", "b?d", &e) < 0);
	fixture_free(en);
}
