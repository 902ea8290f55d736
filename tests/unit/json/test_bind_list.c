// SPDX-License-Identifier: MIT
/* bind_list: nil, empty and full lists and maps keep their difference. */
#include "tests/unit/harness.h"

#include <string.h>

#include "base/buf.h"
#include "json/bind.h"

struct lists {
	struct strv env, cmd, ports;
	struct json_strmap labels;
	struct json_map filters;
	struct json_i64s gids;
};

static const struct json_field fields[] = {
	JSON_F(struct lists, env, "Env", JSON_B_STRV, NULL, 0),
	JSON_F(struct lists, cmd, "Cmd", JSON_B_STRV_OR_STR, NULL, 0),
	JSON_F(struct lists, ports, "Ports", JSON_B_SET, NULL, JSON_OMITEMPTY),
	JSON_F(struct lists, labels, "Labels", JSON_B_STRMAP, NULL, 0),
	JSON_F(struct lists, filters, "Filters", JSON_B_STRV_MAP, NULL, JSON_OMITEMPTY),
	JSON_F(struct lists, gids, "Gids", JSON_B_I64_ARR, NULL, JSON_EMPTY_LIST),
	{0},
};
static const struct json_struct lists_json = {"Lists", sizeof(struct lists), fields};

static void there_and_back(const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	struct lists a = {0}, copy;
	struct json_w w;
	struct err e;

	CHECK_OK(json_bind_text(text, strlen(text), &lists_json, &a, &e), e);
	json_struct_copy(&lists_json, &copy, &a);
	json_struct_clear(&lists_json, &a);
	jw_init(&w, &b);
	json_unbind(&w, &lists_json, &copy);
	json_struct_clear(&lists_json, &copy);
	CHECK_STR(buf_str(&b), want);
	buf_clear(&b);
}

TEST(nil)
{
	static const char nil[] = "{\"Env\":null,\"Cmd\":null,\"Labels\":null,\"Gids\":[]}";

	there_and_back("{}", nil);
	there_and_back("{\"Env\":null,\"Cmd\":null,\"Ports\":null,\"Labels\":null,\"Filters\":null,"
		       "\"Gids\":null}",
		       nil);
}

TEST(empty)
{
	there_and_back(
		"{\"Env\":[],\"Cmd\":[],\"Ports\":{},\"Labels\":{},\"Filters\":{},\"Gids\":[]}",
		"{\"Env\":[],\"Cmd\":[],\"Labels\":{},\"Gids\":[]}");
}

TEST(full)
{
	there_and_back("{\"Env\":[\"A=1\",\"B\",null],\"Cmd\":\"sh "
		       "-c\",\"Ports\":{\"90/tcp\":{},\"80/tcp\":{}},"
		       "\"Labels\":{\"b\":\"2\",\"a\":\"1\",\"c\":null},\"Filters\":{\"y\":null,"
		       "\"x\":[\"1\"]},"
		       "\"Gids\":[-1,null,2]}",
		       "{\"Env\":[\"A=1\",\"B\",\"\"],\"Cmd\":[\"sh -c\"],"
		       "\"Ports\":{\"80/tcp\":{},\"90/tcp\":{}},"
		       "\"Labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"\"},"
		       "\"Filters\":{\"x\":[\"1\"],\"y\":null},\"Gids\":[-1,0,2]}");
}

TEST(mismatch)
{
	static const char *const bad[] = {"{\"Env\":\"A\"}",	   "{\"Env\":[1]}",
					  "{\"Cmd\":{}}",	   "{\"Ports\":{\"80\":1}}",
					  "{\"Ports\":[]}",	   "{\"Labels\":{\"a\":1}}",
					  "{\"Labels\":[]}",	   "{\"Filters\":{\"a\":\"b\"}}",
					  "{\"Filters\":[]}",	   "{\"Gids\":[\"a\"]}",
					  "{\"Cmd\":\"a\\u0000\"}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct lists a = {0};
		struct err e;

		CHECK_EQ(json_bind_text(bad[i], strlen(bad[i]), &lists_json, &a, &e), -1);
		json_struct_clear(&lists_json, &a);
	}
}

TEST(strmap)
{
	struct json_strmap m = {0}, other = {0};

	json_strmap_set(&m, "a", "1");
	json_strmap_set(&m, "b", "2");
	json_strmap_set(&m, "a", "3");
	CHECK_EQ(m.len, 2);
	CHECK_STR(json_strmap_get(&m, "a"), "3");
	json_strmap_copy(&other, &m);
	json_strmap_set(&m, "a", NULL);
	CHECK_STR(json_strmap_get(&m, "a"), NULL);
	CHECK_STR(json_strmap_get(&m, "b"), "2");
	CHECK_STR(json_strmap_get(&other, "a"), "3");
	json_strmap_clear(&m);
	json_strmap_clear(&other);
}
