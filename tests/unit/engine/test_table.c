// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

TEST(find_by_id_prefix_and_name)
{
	struct engine *en = fixture_engine();
	struct container *a = fixture_container(en, 'a', "web", C_CREATED);
	struct err e;

	fixture_container(en, 'b', "db", C_CREATED);
	CHECK(container_find(en, "web", &e) == a);
	CHECK(container_find(en, "/web", &e) == a);
	CHECK(container_find(en, "aaaa", &e) == a);
	CHECK(container_find(en, a->id, &e) == a);
	CHECK(container_find(en, "nope", &e) == NULL);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_STR(e.msg, "No such container: nope");
	CHECK(container_find(en, "", &e) == NULL);
	fixture_free(en);
}

TEST(find_ambiguous_prefix)
{
	struct engine *en = fixture_engine();
	struct container *a = fixture_container(en, 'a', "one", C_CREATED);
	struct container *b = fixture_container(en, 'b', "two", C_CREATED);
	struct err e;

	/* two ids that share their first digits */
	map_steal(&en->containers, b->id);
	memset(b->id, 'a', 10);
	map_put(&en->containers, b->id, b);
	CHECK(container_find(en, "aaa", &e) == NULL);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(container_find(en, "aaaaaaaaaab", &e) == b);
	CHECK(container_find(en, "aaaaaaaaaaa", &e) == a);
	fixture_free(en);
}

TEST(a_reserved_name_is_no_container)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct err e;

	map_steal(&en->containers, c->id);
	CHECK(container_find(en, "web", &e) == NULL);
	map_put(&en->containers, c->id, c);
	fixture_free(en);
}

TEST(names)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "taken", C_CREATED);
	struct err e;

	CHECK(container_name_free(en, "/", "taken", &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, c->id) != NULL);
	CHECK_OK(container_name_free(en, "/", "a1", &e), e);
	CHECK_OK(container_name_free(en, "/", "web_1.x-y", &e), e);
	CHECK(container_name_free(en, "/", "a", &e) < 0);
	CHECK(container_name_free(en, "/", "-ab", &e) < 0);
	CHECK(container_name_free(en, "/", "a/b", &e) < 0);
	CHECK(container_name_free(en, "/", "", &e) < 0);
	for (int i = 0; i < 100; i++) {
		CLEANUP(freep) char *name = container_random_name();

		CHECK_OK(container_name_free(en, "/", name, &e), e);
	}
	fixture_free(en);
}

TEST(steps_say_docker_s_words)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	struct err e;

	CHECK(container_step(en, c, EV_START, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTMODIFIED);
	CHECK(container_step(en, c, EV_REMOVE, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, "stop the container before removing or force remove") != NULL);
	CHECK_OK(container_step(en, c, EV_PAUSE, &e), e);
	CHECK_EQ(c->state, C_PAUSED);
	CHECK(container_step(en, c, EV_START, &e) < 0);
	CHECK_STR(e.msg, "cannot start a paused container, try unpause instead");
	fixture_free(en);
}
