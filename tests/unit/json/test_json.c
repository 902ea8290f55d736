// SPDX-License-Identifier: MIT
/* json: look-ups, conversions, and that absent values are harmless. */
#include "tests/unit/harness.h"

#include <string.h>

#include "base/mem.h"
#include "json/json.h"

static struct json *parse(const char *text)
{
	struct json *v = NULL;
	struct err e;

	CHECK_OK(json_parse(text, strlen(text), &v, &e), e);
	return v;
}

TEST(lookups)
{
	CLEANUP(json_freep)
	struct json *v = parse("{\"Name\":\"x\",\"n\":7,\"t\":true,\"l\":[1,\"b\"],"
			       "\"o\":{\"p\":{\"q\":\"deep\"}}}");
	size_t n = 0;

	CHECK_EQ(json_kind(v), JSON_OBJECT);
	CHECK_EQ(json_len(v), 5);
	CHECK_STR(json_get_str(v, "Name"), "x");
	CHECK_STR(json_get_str(v, "name"), NULL);
	CHECK_STR(json_str(json_get_fold(v, "nAME")), "x");
	CHECK_EQ(json_get_i64(v, "n", 1), 7);
	CHECK_EQ(json_get_i64(v, "Name", 1), 1);
	CHECK(json_get_bool(v, "t", false));
	CHECK(json_get_bool(v, "absent", true));
	CHECK_STR(json_str(json_at(json_get(v, "l"), 1)), "b");
	CHECK(json_at(json_get(v, "l"), 2) == NULL);
	CHECK_STR(json_str(json_path(v, "o", "p", "q", NULL)), "deep");
	CHECK(json_path(v, "o", "absent", "q", NULL) == NULL);
	CHECK_STR(json_key_at(v, 3), "l");
	json_for_each (m, v)
		n += strlen(json_key(m));
	CHECK_EQ(n, 8);
}

TEST(absent)
{
	CHECK_EQ(json_kind(NULL), JSON_NONE);
	CHECK_EQ(json_len(NULL), 0);
	CHECK(json_get(NULL, "x") == NULL);
	CHECK(json_at(NULL, 0) == NULL);
	CHECK(json_str(NULL) == NULL);
	CHECK(json_first(NULL) == NULL);
	json_free(NULL);
}

TEST(numbers)
{
	CLEANUP(json_freep)
	struct json *v = parse("[9223372036854775807,-9223372036854775808,"
			       "18446744073709551615,1.5,1e999,9223372036854775808]");
	int64_t i = 0;
	uint64_t u = 0;
	double d = 0;

	CHECK_EQ(json_i64(json_at(v, 0), &i), 0);
	CHECK(i == INT64_MAX);
	CHECK_EQ(json_i64(json_at(v, 1), &i), 0);
	CHECK(i == INT64_MIN);
	CHECK_EQ(json_i64(json_at(v, 5), &i), -1);
	CHECK_EQ(json_u64(json_at(v, 2), &u), 0);
	CHECK(u == UINT64_MAX);
	CHECK_EQ(json_u64(json_at(v, 1), &u), -1);
	CHECK_EQ(json_i64(json_at(v, 3), &i), -1);
	CHECK_EQ(json_dbl(json_at(v, 3), &d), 0);
	CHECK(d == 1.5);
	CHECK_EQ(json_dbl(json_at(v, 4), &d), -1);
	CHECK_STR(json_num(json_at(v, 4)), "1e999");
}

TEST(kind_names)
{
	CLEANUP(json_freep) struct json *v = parse("[null,true,1,\"\",[],{}]");
	static const char *const want[] = {"null", "bool", "number", "string", "array", "object"};

	for (size_t i = 0; i < 6; i++)
		CHECK_STR(json_kind_name(json_at(v, i)), want[i]);
}
