// SPDX-License-Identifier: MIT
#include "container/config.h"
#include "tests/unit/engine/fixture.h"

static struct container *with(struct engine *en, const char *key, const char *value)
{
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);

	if (key != NULL)
		json_strmap_set(&c->host.log_config.config, key, value);
	return c;
}

TEST(log_defaults_are_bounded)
{
	struct engine *en = fixture_engine();
	struct container_log l = {0};

	log_settings(en, with(en, NULL, NULL), &l);
	CHECK_EQ(l.max_bytes, 10000000);
	CHECK_EQ(l.max_files, 3);
	CHECK(l.attrs == NULL);
	json_struct_clear(&container_log_json, &l);
	fixture_free(en);
}

TEST(log_options_are_taken)
{
	struct engine *en = fixture_engine();
	struct container *c = with(en, "max-size", "1m");
	struct container_log l = {0};
	struct err e;

	json_strmap_set(&c->host.log_config.config, "max-file", "5");
	json_strmap_set(&c->host.log_config.config, "labels", "tier,absent");
	json_strmap_set(&c->host.log_config.config, "env", "MODE");
	json_strmap_set(&c->config.labels, "tier", "a\"b");
	strv_add(&c->config.env, "MODE=x");
	CHECK_OK(log_check(c, &e), e);
	log_settings(en, c, &l);
	CHECK_EQ(l.max_bytes, 1048576);
	CHECK_EQ(l.max_files, 5);
	CHECK_STR(l.attrs, "{\"tier\":\"a\\\"b\",\"MODE\":\"x\"}");
	json_struct_clear(&container_log_json, &l);
	fixture_free(en);
}

TEST(unlimited_on_request)
{
	struct engine *en = fixture_engine();
	struct container *c = with(en, "max-size", "-1");
	struct container_log l = {0};
	struct err e;

	CHECK_OK(log_check(c, &e), e);
	log_settings(en, c, &l);
	CHECK_EQ(l.max_bytes, 0);
	json_struct_clear(&container_log_json, &l);
	fixture_free(en);
}

TEST(log_options_refused)
{
	static const struct {
		const char *key, *value;
		enum err_kind kind;
	} bad[] = {
		{"max-size", "lots", ERR_INVALID},	 {"max-size", "0", ERR_INVALID},
		{"max-file", "0", ERR_INVALID},		 {"max-file", "x", ERR_INVALID},
		{"compress", "maybe", ERR_INVALID},	 {"compress", "true", ERR_UNIMPLEMENTED},
		{"tag", "{{.Name}}", ERR_UNIMPLEMENTED}, {"colour", "red", ERR_INVALID},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct engine *en = fixture_engine();
		struct err e;

		CHECK_MSG(log_check(with(en, bad[i].key, bad[i].value), &e) < 0, "%s", bad[i].key);
		CHECK_EQ(e.kind, bad[i].kind);
		fixture_free(en);
	}
}

TEST(other_drivers_are_refused)
{
	struct engine *en = fixture_engine();
	struct container *c = with(en, NULL, NULL);
	struct err e;

	str_replace_ptr(&c->host.log_config.type, "syslog");
	CHECK(log_check(c, &e) < 0);
	CHECK_EQ(e.kind, ERR_UNIMPLEMENTED);
	str_replace_ptr(&c->host.log_config.type, "none");
	CHECK_OK(log_check(c, &e), e);
	fixture_free(en);
}
