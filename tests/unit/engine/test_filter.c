// SPDX-License-Identifier: MIT
#include "engine/engine_internal.h"
#include "tests/unit/harness.h"

TEST(filters_new_form)
{
	struct engine_filters f;
	struct err e;

	CHECK_OK(engine_filters_parse("{\"name\":[\"a\",\"b\"],\"empty\":[]}", &f, &e), e);
	CHECK_EQ(engine_filters_get(&f, "name")->len, 2);
	CHECK_STR(engine_filters_get(&f, "name")->items[1], "b");
	CHECK(engine_filters_get(&f, "empty") == NULL);
	CHECK(engine_filters_get(&f, "absent") == NULL);
	engine_filters_clear(&f);
}

TEST(filters_old_form)
{
	struct engine_filters f;
	struct err e;

	CHECK_OK(engine_filters_parse("{\"label\":{\"x=y\":true}}", &f, &e), e);
	CHECK_STR(engine_filters_get(&f, "label")->items[0], "x=y");
	engine_filters_clear(&f);
}

TEST(filters_nothing_is_no_filter)
{
	struct engine_filters f;
	struct err e;

	CHECK_OK(engine_filters_parse(NULL, &f, &e), e);
	CHECK_EQ(f.map.len, 0);
	CHECK_OK(engine_filters_parse("", &f, &e), e);
	CHECK_EQ(f.map.len, 0);
}

TEST(filters_malformed)
{
	static const char *const bad[] = {"{", "[]", "\"a\"", "{\"name\":[1]}", "{\"name\":[[]]}"};
	struct engine_filters f;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_MSG(engine_filters_parse(bad[i], &f, &e) < 0, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
}

TEST(filters_unknown_name)
{
	static const char *const known[] = {"name", NULL};
	struct engine_filters f;
	struct err e;

	CHECK_OK(engine_filters_parse("{\"colour\":[\"red\"]}", &f, &e), e);
	CHECK(engine_filters_check(&f, known, &e) < 0);
	CHECK_STR(e.msg, "invalid filter 'colour'");
	engine_filters_clear(&f);
}

TEST(filters_labels)
{
	struct json_strmap labels = {0};
	struct strv want = STRV_INIT;

	json_strmap_set(&labels, "a", "1");
	json_strmap_set(&labels, "b", "");
	CHECK(filters_label_ok(NULL, &labels));
	strv_add(&want, "a");
	strv_add(&want, "b=");
	CHECK(filters_label_ok(&want, &labels));
	strv_add(&want, "a=2");
	CHECK(!filters_label_ok(&want, &labels));
	strv_clear(&want);
	json_strmap_clear(&labels);
}

TEST(filters_of_one_value)
{
	struct engine_filters f = {0};
	int64_t until = 0;
	bool b = true;
	struct err e;

	CHECK_OK(engine_filters_parse("{\"all\":[\"0\"],\"x\":[\"1\",\"0\"],\"until\":[\"7\"]}", &f,
				      &e),
		 e);
	CHECK_OK(engine_filters_bool(&f, "none", &b, &e), e);
	CHECK(b);
	CHECK_OK(engine_filters_bool(&f, "all", &b, &e), e);
	CHECK(!b);
	CHECK_EQ(engine_filters_bool(&f, "x", &b, &e), -1);
	CHECK_STR(e.msg, "invalid filter 'x=[1 0]'");
	CHECK_OK(engine_filters_until(&f, &until, &e), e);
	CHECK_EQ(until, 7000000000LL);
	engine_filters_clear(&f);
	CHECK_OK(engine_filters_parse("{\"until\":[\"1h\",\"2h\"]}", &f, &e), e);
	CHECK_EQ(engine_filters_until(&f, &until, &e), -1);
	CHECK_STR(e.msg, "more than one until filter specified");
	engine_filters_clear(&f);
	CHECK_OK(engine_filters_parse("{\"until\":[\"x\"]}", &f, &e), e);
	CHECK_EQ(engine_filters_until(&f, &until, &e), -1);
	CHECK_STR(e.msg, "failed to parse value as time or duration: \"x\"");
	engine_filters_clear(&f);
}
