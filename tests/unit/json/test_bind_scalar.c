// SPDX-License-Identifier: MIT
/* bind_scalar: each scalar type there and back, its bounds, its nil. */
#include "tests/unit/harness.h"

#include <string.h>

#include "base/buf.h"
#include "json/bind.h"

struct all {
	char *str, *opt_str, *raw;
	bool flag;
	int n, tri;
	uint32_t u32;
	int64_t i64, when;
	uint64_t u64, pair[2];
	double dbl;
	struct json_opt_i64 opt;
};

static const struct json_field fields[] = {
	JSON_F(struct all, str, "Str", JSON_B_STR, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, opt_str, "OptStr", JSON_B_STR, NULL, JSON_NULLABLE),
	JSON_F(struct all, flag, "Flag", JSON_B_BOOL, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, n, "N", JSON_B_INT, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, tri, "Tri", JSON_B_TRI, NULL, 0),
	JSON_F(struct all, u32, "U32", JSON_B_UINT32, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, i64, "I64", JSON_B_INT64, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, when, "When", JSON_B_TIME, NULL, 0),
	JSON_F(struct all, u64, "U64", JSON_B_UINT64, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, pair, "Pair", JSON_B_U64_PAIR, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, dbl, "Dbl", JSON_B_DBL, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, opt, "Opt", JSON_B_OPT_INT64, NULL, 0),
	JSON_F(struct all, raw, "Raw", JSON_B_RAW, NULL, 0),
	{0},
};
static const struct json_struct all_json = {"All", sizeof(struct all), fields};

static void there_and_back(const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	struct all a = {0}, copy;
	struct json_w w;
	struct err e;

	CHECK_OK(json_bind_text(text, strlen(text), &all_json, &a, &e), e);
	json_struct_copy(&all_json, &copy, &a);
	json_struct_clear(&all_json, &a);
	jw_init(&w, &b);
	json_unbind(&w, &all_json, &copy);
	json_struct_clear(&all_json, &copy);
	CHECK_STR(buf_str(&b), want);
	buf_clear(&b);
}

TEST(zero)
{
	static const char zero[] =
		"{\"OptStr\":null,\"Tri\":null,\"When\":\"0001-01-01T00:00:00Z\","
		"\"Opt\":null,\"Raw\":null}";

	there_and_back("{}", zero);
	there_and_back(zero, zero);
}

TEST(full)
{
	static const char full[] =
		"{\"Str\":\"s\",\"OptStr\":\"\",\"Flag\":true,\"N\":-2147483648,\"Tri\":false,"
		"\"U32\":4294967295,\"I64\":-9223372036854775808,\"When\":\"2024-05-06T07:08:09."
		"5Z\","
		"\"U64\":18446744073709551615,\"Pair\":[24,80],\"Dbl\":0.5,\"Opt\":0,"
		"\"Raw\":{\"x\":[1,null]}}";

	there_and_back(full, full);
}

static void fails(const char *text)
{
	struct all a = {0};
	struct err e;

	CHECK_EQ(json_bind_text(text, strlen(text), &all_json, &a, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	json_struct_clear(&all_json, &a);
}

TEST(out_of_range)
{
	fails("{\"N\":2147483648}");
	fails("{\"U32\":-1}");
	fails("{\"U32\":4294967296}");
	fails("{\"I64\":9223372036854775808}");
	fails("{\"U64\":-1}");
	fails("{\"Dbl\":1e999}");
	fails("{\"Dbl\":\"1\"}");
	fails("{\"Flag\":\"true\"}");
	fails("{\"Tri\":0}");
	fails("{\"Opt\":1.5}");
	fails("{\"Pair\":[1,\"x\"]}");
	fails("{\"Pair\":1}");
	fails("{\"When\":5}");
	fails("{\"When\":\"yesterday\"}");
}
