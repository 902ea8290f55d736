// SPDX-License-Identifier: MIT
#include "container/config.h"
#include "tests/unit/engine/fixture.h"

static struct container *with(struct engine *en, const char *driver, const char *key,
			      const char *value)
{
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);

	str_replace_ptr(&c->host.log_config.type, driver);
	if (key != NULL)
		json_strmap_set(&c->host.log_config.config, key, value);
	return c;
}

TEST(log_defaults_are_bounded)
{
	struct engine *en = fixture_engine();
	struct container_log l = {0};
	struct err e;

	CHECK_OK(log_settings(en, with(en, "json-file", NULL, NULL), &l, &e), e);
	CHECK_EQ(l.max_bytes, 10000000);
	CHECK_EQ(l.max_files, 3);
	CHECK(l.attrs == NULL && l.service == NULL && !l.compress && !l.drop);
	json_struct_clear(&container_log_json, &l);
	fixture_free(en);
}

TEST(log_options_are_taken)
{
	struct engine *en = fixture_engine();
	struct container *c = with(en, "json-file", "max-size", "1m");
	struct container_log l = {0};
	struct err e;

	json_strmap_set(&c->host.log_config.config, "max-file", "5");
	json_strmap_set(&c->host.log_config.config, "compress", "true");
	json_strmap_set(&c->host.log_config.config, "mode", "non-blocking");
	json_strmap_set(&c->host.log_config.config, "max-buffer-size", "2m");
	CHECK_OK(log_check(c, &e), e);
	CHECK_OK(log_settings(en, c, &l, &e), e);
	CHECK_EQ(l.max_bytes, 1048576);
	CHECK_EQ(l.max_files, 5);
	CHECK(l.compress && l.drop);
	CHECK_EQ(l.buffer_bytes, 2097152);
	json_struct_clear(&container_log_json, &l);
	fixture_free(en);
}

TEST(unlimited_on_request)
{
	struct engine *en = fixture_engine();
	struct container *c = with(en, "json-file", "max-size", "-1");
	struct container_log l = {0};
	struct err e;

	CHECK_OK(log_check(c, &e), e);
	CHECK_OK(log_settings(en, c, &l, &e), e);
	CHECK_EQ(l.max_bytes, 0);
	json_struct_clear(&container_log_json, &l);
	fixture_free(en);
}

TEST(syslog_is_sent_to_and_cached)
{
	static const char *const addresses[][2] = {
		{"udp://[::1]", "udp:[::1]:514"},
		{"tcp://host:99/x", "tcp:host:99"},
		{"udp://10.0.0.1", "udp:10.0.0.1:514"},
		{"unixgram:///dev/null", "unixgram:/dev/null"},
	};
	struct engine *en = fixture_engine();
	struct container *c = with(en, "syslog", "syslog-facility", "local7");
	struct err e;

	json_strmap_set(&c->host.log_config.config, "cache-max-file", "9");
	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		struct container_log l = {0};

		json_strmap_set(&c->host.log_config.config, "syslog-address", addresses[i][0]);
		CHECK_OK(log_check(c, &e), e);
		CHECK_OK(log_settings(en, c, &l, &e), e);
		CHECK_STR(l.address, addresses[i][1]);
		CHECK_STR(l.service, "syslog");
		CHECK_STR(l.driver, "local");
		CHECK_STR(l.tag, "aaaaaaaaaaaa");
		CHECK_EQ(l.facility, 23 << 3);
		CHECK_EQ(l.max_files, 9);
		CHECK_EQ(l.max_bytes, 20000000);
		CHECK(l.compress && l.format == NULL && str_ends(l.path, "/container-cached.log"));
		json_struct_clear(&container_log_json, &l);
	}
	json_strmap_set(&c->host.log_config.config, "cache-disabled", "1");
	CHECK_STR(log_format(&c->host.log_config), "none");
	fixture_free(en);
}

TEST(the_daemons_options_are_for_its_driver)
{
	struct engine *en = fixture_engine();
	struct docker_log_config other = {.type = xstrdup("syslog")}, same = {0};

	json_strmap_set(&en->log_opts, "max-size", "5m");
	json_strmap_set(&en->log_opts, "max-file", "4");
	json_strmap_set(&en->log_opts, "cache-disabled", "true");
	json_strmap_set(&same.config, "max-size", "1m");
	log_defaults(en, &same);
	CHECK_STR(same.type, "json-file");
	CHECK_EQ(same.config.len, 3);
	CHECK_STR(json_strmap_get(&same.config, "max-size"), "1m");
	log_defaults(en, &other);
	CHECK_EQ(other.config.len, 1);
	CHECK_STR(log_format(&other), "none");
	free(other.type);
	free(same.type);
	json_strmap_clear(&other.config);
	json_strmap_clear(&same.config);
	json_strmap_clear(&en->log_opts);
	fixture_free(en);
}

TEST(log_options_refused)
{
	static const struct {
		const char *driver, *key, *value, *text;
	} bad[] = {
		{"json-file", "max-size", "lots", "invalid size: 'lots'"},
		{"json-file", "max-size", "0", "max-size must be a positive number"},
		{"json-file", "max-file", "0", "max-file cannot be less than 1"},
		{"local", "max-file", "x", "max-file cannot be less than 1"},
		{"json-file", "compress", "maybe", "invalid value for option compress: maybe"},
		{"json-file", "colour", "red", "unknown log opt 'colour' for json-file log driver"},
		{"local", "tag", "x", "unknown log opt 'tag' for log driver local"},
		{"syslog", "max-size", "1m", "unknown log opt 'max-size' for syslog log driver"},
		{"syslog", "syslog-address", "x", "unsupported scheme: ''"},
		{"syslog", "syslog-address", "unix:///nonexistent", "stat /nonexistent"},
		{"syslog", "syslog-address", "tcp+tls://x", "not supported here"},
		{"syslog", "syslog-facility", "24", "invalid syslog facility"},
		{"syslog", "syslog-format", "x", "Invalid syslog format"},
		{"syslog", "cache-max-size", "x", "invalid size: 'x'"},
		{"journald", "env-regex", "(", "error parsing regexp: missing closing ): `(`"},
		{"journald", "mode", "x", "logger: logging mode not supported: x"},
		{"local", "max-buffer-size", "1m", "only supported with 'mode=non-blocking'"},
		{"journald", "tag", "{{.Nope}}", "template: log-tag:1"},
		{"gelf", NULL, NULL,
		 "error looking up logging plugin gelf: plugin \"gelf\" not found"},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct engine *en = fixture_engine();
		struct err e;

		CHECK(log_check(with(en, bad[i].driver, bad[i].key, bad[i].value), &e) < 0);
		CHECK_MSG(strstr(e.msg, bad[i].text) != NULL, "%s", e.msg);
		fixture_free(en);
	}
}
