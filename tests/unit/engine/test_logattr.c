// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static struct container *labelled(struct engine *en, const char *driver)
{
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);

	str_replace_ptr(&c->host.log_config.type, driver);
	str_replace_ptr(&c->config.image, "img:1");
	json_strmap_set(&c->config.labels, "tier.a", "a\"b");
	json_strmap_set(&c->config.labels, "other", "x");
	strv_clear(&c->config.env);
	strv_add(&c->config.env, "MODE=x=y");
	strv_add(&c->config.env, "NONE");
	strv_add(&c->config.env, "_Z2=z");
	return c;
}

static void set(struct container *c, const char *key, const char *value)
{
	json_strmap_set(&c->host.log_config.config, key, value);
}

TEST(attributes_by_name_and_pattern)
{
	struct engine *en = fixture_engine();
	struct container *c = labelled(en, "json-file");
	char *text = NULL;
	struct err e;

	CHECK_OK(log_attrs(c, &text, &e), e);
	CHECK(text == NULL);
	set(c, "labels", "tier.a,absent");
	set(c, "env-regex", "O|Z");
	set(c, "tag", "{{.Name}}");
	CHECK_OK(log_attrs(c, &text, &e), e);
	CHECK_STR(text, "{\"MODE\":\"x=y\",\"_Z2\":\"z\",\"tag\":\"web\",\"tier.a\":\"a\\\"b\"}");
	free(text);
	fixture_free(en);
}

TEST(fields_of_a_journal)
{
	struct engine *en = fixture_engine();
	struct container *c = labelled(en, "journald");
	char *text = NULL, *want;
	struct err e;

	set(c, "labels-regex", "^tier");
	set(c, "env", "_Z2");
	CHECK_OK(log_attrs(c, &text, &e), e);
	want = xasprintf("{\"CONTAINER_ID\":\"aaaaaaaaaaaa\",\"CONTAINER_ID_FULL\":\"%s\","
			 "\"CONTAINER_NAME\":\"web\",\"CONTAINER_TAG\":\"aaaaaaaaaaaa\","
			 "\"IMAGE_NAME\":\"img:1\",\"SYSLOG_IDENTIFIER\":\"aaaaaaaaaaaa\","
			 "\"TIER_A\":\"a\\\"b\",\"Z2\":\"z\"}",
			 c->id);
	CHECK_STR(text, want);
	free(want);
	free(text);
	fixture_free(en);
}

TEST(tags_are_templates)
{
	static const char *const rows[][2] = {
		{"", "aaaaaaaaaaaa"},
		{"{{.ID}}", "aaaaaaaaaaaa"},
		{"{{.Name}}-{{.ImageName}}-{{.DaemonName}}", "web-img:1-docker"},
		{"{{.ContainerName}}", "/web"},
		{"{{index .ContainerLabels \"other\"}}", "x"},
	};
	struct engine *en = fixture_engine();
	struct container *c = labelled(en, "syslog");
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *tag = NULL;

		set(c, "tag", rows[i][0]);
		CHECK_OK(log_tag(c, &tag, &e), e);
		CHECK_STR(tag, rows[i][1]);
		free(tag);
	}
	fixture_free(en);
}
