// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static size_t count(struct engine *en, const char *filters)
{
	struct docker_network *list;
	struct engine_filters f = {0};
	struct err e;
	size_t n;

	CHECK_OK(engine_filters_parse(filters, &f, &e), e);
	CHECK_OK(engine_network_list(en, &f, false, &list, &n, &e), e);
	for (size_t i = 0; i < n; i++)
		json_struct_clear(&docker_network_json, &list[i]);
	free(list);
	engine_filters_clear(&f);
	return n;
}

TEST(filters)
{
	struct engine *en = fixture_engine();
	struct docker_network_create rq = {.name = xstrdup("mine")};
	char id[RAND_ID_LEN + 1];
	struct err e;

	json_strmap_set(&rq.labels, "tier", "front");
	CHECK_OK(engine_network_create(en, &rq, id, &e), e);
	CHECK_EQ(count(en, ""), 4);
	CHECK_EQ(count(en, "{\"name\":[\"ho\"]}"), 1);
	CHECK_EQ(count(en, "{\"type\":[\"custom\"]}"), 1);
	CHECK_EQ(count(en, "{\"type\":[\"builtin\"]}"), 3);
	CHECK_EQ(count(en, "{\"driver\":[\"null\"]}"), 1);
	CHECK_EQ(count(en, "{\"label\":[\"tier=front\"]}"), 1);
	CHECK_EQ(count(en, "{\"label\":[\"tier=back\"]}"), 0);
	CHECK_EQ(count(en, "{\"scope\":[\"swarm\"]}"), 0);
	CHECK_EQ(count(en, "{\"dangling\":[\"true\"]}"), 1);
	CHECK_EQ(count(en, "{\"dangling\":[\"false\"]}"), 3);
	fixture_free(en);
}

TEST(bad_filters)
{
	static const char *const bad[] = {"{\"zz\":[\"1\"]}", "{\"type\":[\"zz\"]}",
					  "{\"dangling\":[\"zz\"]}"};
	struct engine *en = fixture_engine();

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct engine_filters f = {0};
		struct docker_network *list;
		struct err e;
		size_t n;

		CHECK_OK(engine_filters_parse(bad[i], &f, &e), e);
		CHECK(engine_network_list(en, &f, false, &list, &n, &e) < 0);
		engine_filters_clear(&f);
	}
	fixture_free(en);
}
