// SPDX-License-Identifier: MIT
/* bind: walking of tables, name matching, embedding, error texts, copies. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "json/bind.h"

struct log_config {
	char *type;
	struct json_strmap config;
};

struct resources {
	int64_t memory;
	bool oom;
};

struct host {
	struct resources res;
	char *mode;
	struct log_config log;
	struct strv dns;
};

static const struct json_field log_fields[] = {
	JSON_F(struct log_config, type, "Type", JSON_B_STR, NULL, 0),
	JSON_F(struct log_config, config, "Config", JSON_B_STRMAP, NULL, 0),
	{0},
};
static const struct json_struct log_json = {"container.LogConfig", sizeof(struct log_config),
					    log_fields};
static const struct json_field res_fields[] = {
	JSON_F(struct resources, memory, "Memory", JSON_B_INT64, NULL, 0),
	JSON_F(struct resources, oom, "Oom", JSON_B_BOOL, NULL, JSON_OMITEMPTY),
	{0},
};
static const struct json_struct res_json = {"container.Resources", sizeof(struct resources),
					    res_fields};
static const struct json_field host_fields[] = {
	JSON_F(struct host, mode, "NetworkMode", JSON_B_STR, NULL, 0),
	JSON_F(struct host, log, "LogConfig", JSON_B_STRUCT, &log_json, 0),
	JSON_F(struct host, res, NULL, JSON_B_INLINE, &res_json, 0),
	JSON_F(struct host, dns, "Dns", JSON_B_STRV, NULL, JSON_OMITEMPTY),
	{0},
};
static const struct json_struct host_json = {"container.HostConfig", sizeof(struct host),
					     host_fields};

static int read_host(const char *text, struct host *h, struct err *e)
{
	return json_bind_text(text, strlen(text), &host_json, h, e);
}

static void writes(const struct host *h, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	json_unbind(&w, &host_json, h);
	CHECK_STR(buf_str(&b), want);
}

TEST(there_and_back)
{
	struct host h = {0}, copy;
	struct err e;

	CHECK_OK(read_host("{\"networkmode\":\"host\",\"Memory\":5,\"OOM\":true,\"unknown\":[1],"
			   "\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"b\":\"2\",\"a\":"
			   "\"1\"}},"
			   "\"Dns\":[\"1.1.1.1\"]}",
			   &h, &e),
		 e);
	CHECK_STR(h.mode, "host");
	CHECK_EQ(h.res.memory, 5);
	json_struct_copy(&host_json, &copy, &h);
	json_struct_clear(&host_json, &h);
	CHECK(h.mode == NULL && h.dns.items == NULL);
	writes(&copy,
	       "{\"NetworkMode\":\"host\",\"LogConfig\":{\"Type\":\"json-file\",\"Config\":"
	       "{\"a\":\"1\",\"b\":\"2\"}},\"Memory\":5,\"Oom\":true,\"Dns\":[\"1.1.1.1\"]}");
	json_struct_clear(&host_json, &copy);
}

TEST(zero_value)
{
	struct host h = {0};

	writes(&h,
	       "{\"NetworkMode\":\"\",\"LogConfig\":{\"Type\":\"\",\"Config\":null},\"Memory\":0}");
}

TEST(null_changes_nothing_or_empties)
{
	struct host h = {0};
	struct err e;

	CHECK_OK(read_host("{\"NetworkMode\":\"x\",\"Dns\":[\"a\"],\"Memory\":3}", &h, &e), e);
	CHECK_OK(read_host("{\"NetworkMode\":null,\"Dns\":null,\"Memory\":null}", &h, &e), e);
	CHECK_STR(h.mode, "x");
	CHECK_EQ(h.res.memory, 3);
	CHECK(h.dns.items == NULL);
	CHECK_OK(read_host("null", &h, &e), e);
	json_struct_clear(&host_json, &h);
}

static void fails(const char *text, const char *want)
{
	struct host h = {0};
	struct err e;

	CHECK_EQ(read_host(text, &h, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_STR(e.msg, want);
	json_struct_clear(&host_json, &h);
}

TEST(mismatch)
{
	fails("[]", "json: cannot unmarshal array into Go value of type container.HostConfig");
	fails("{\"NetworkMode\":1}", "json: cannot unmarshal number into Go struct field "
				     "HostConfig.NetworkMode of type string");
	fails("{\"Memory\":1.5}", "json: cannot unmarshal number 1.5 into Go struct field "
				  "HostConfig.Memory of type int64");
	fails("{\"LogConfig\":{\"Type\":[]}}", "json: cannot unmarshal array into Go struct field "
					       "LogConfig.LogConfig.Type of type string");
	fails("{\"LogConfig\":7}", "json: cannot unmarshal number into Go struct field "
				   "HostConfig.LogConfig of type container.LogConfig");
	fails("{\"NetworkMode\":\"a\\u0000b\"}",
	      "json: cannot unmarshal string with a NUL character into Go struct field "
	      "HostConfig.NetworkMode of type string");
	fails("{", "unexpected end of JSON input (offset 1)");
}
