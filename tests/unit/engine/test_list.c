// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static size_t rows(struct engine *en, bool all, int64_t limit, const char *filters)
{
	struct engine_summaries s;
	struct engine_filters f;
	struct err e;
	size_t n;

	CHECK_OK(engine_filters_parse(filters, &f, &e), e);
	CHECK_OK(engine_container_list(en, all, false, limit, &f, &s, &e), e);
	n = s.list.len;
	engine_summaries_clear(&s);
	engine_filters_clear(&f);
	return n;
}

TEST(list_filters)
{
	struct engine *en = fixture_engine();
	struct container *a = fixture_container(en, 'a', "web", C_RUNNING);
	struct container *b = fixture_container(en, 'b', "db", C_EXITED);

	json_strmap_set(&a->config.labels, "k", "v");
	b->exit_code = 3;
	b->finished_nsec = 1;
	CHECK_EQ(rows(en, false, 0, ""), 1);
	CHECK_EQ(rows(en, true, 0, ""), 2);
	CHECK_EQ(rows(en, false, 1, ""), 1);
	CHECK_EQ(rows(en, false, 0, "{\"status\":[\"exited\"]}"), 1);
	CHECK_EQ(rows(en, false, 0, "{\"exited\":[\"3\"]}"), 1);
	CHECK_EQ(rows(en, false, 0, "{\"exited\":[\"4\"]}"), 0);
	CHECK_EQ(rows(en, true, 0, "{\"name\":[\"^/we\"]}"), 1);
	CHECK_EQ(rows(en, true, 0, "{\"name\":[\"b\"]}"), 2);
	CHECK_EQ(rows(en, true, 0, "{\"label\":[\"k=v\"]}"), 1);
	CHECK_EQ(rows(en, true, 0, "{\"id\":[\"bb\"]}"), 1);
	CHECK_EQ(rows(en, true, 0, "{\"network\":[\"bridge\"]}"), 2);
	CHECK_EQ(rows(en, true, 0, "{\"before\":[\"db\"]}"), 1);
	CHECK_EQ(rows(en, true, 0, "{\"since\":[\"web\"]}"), 1);
	CHECK_EQ(rows(en, true, 0, "{\"health\":[\"none\"]}"), 2);
	fixture_free(en);
}

TEST(list_refuses_what_it_does_not_know)
{
	struct engine *en = fixture_engine();
	static const char *const bad[] = {"{\"colour\":[\"red\"]}", "{\"status\":[\"sleepy\"]}",
					  "{\"before\":[\"gone\"]}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct engine_summaries s;
		struct engine_filters f;
		struct err e;

		CHECK_OK(engine_filters_parse(bad[i], &f, &e), e);
		CHECK_MSG(engine_container_list(en, true, false, 0, &f, &s, &e) < 0, "%s", bad[i]);
		engine_filters_clear(&f);
	}
	fixture_free(en);
}
