// SPDX-License-Identifier: MIT
/* bind_sub: pointers, lists and maps of structs. */
#include "tests/unit/harness.h"

#include <string.h>

#include "base/buf.h"
#include "json/bind.h"

struct binding {
	char *ip, *port;
};

struct outer {
	struct binding one, *maybe;
	JSON_ARRAY_OF(struct binding) list;
	struct json_map by_name, ports;
};

static const struct json_field binding_fields[] = {
	JSON_F(struct binding, ip, "HostIp", JSON_B_STR, NULL, 0),
	JSON_F(struct binding, port, "HostPort", JSON_B_STR, NULL, 0),
	{0},
};
static const struct json_struct binding_json = {"nat.PortBinding", sizeof(struct binding),
						binding_fields};
static const struct json_field outer_fields[] = {
	JSON_F(struct outer, one, "One", JSON_B_STRUCT, &binding_json, JSON_OMITZERO),
	JSON_F(struct outer, maybe, "Maybe", JSON_B_STRUCT_PTR, &binding_json, 0),
	JSON_F(struct outer, list, "List", JSON_B_STRUCT_ARR, &binding_json, 0),
	JSON_F(struct outer, by_name, "ByName", JSON_B_STRUCT_MAP, &binding_json, JSON_OMITEMPTY),
	JSON_F(struct outer, ports, "Ports", JSON_B_ARR_MAP, &binding_json, JSON_EMPTY_LIST),
	{0},
};
static const struct json_struct outer_json = {"Outer", sizeof(struct outer), outer_fields};

static void there_and_back(const char *text, const char *want)
{
	struct buf b = BUF_INIT;
	struct outer a = {0}, copy;
	struct json_w w;
	struct err e;

	CHECK_OK(json_bind_text(text, strlen(text), &outer_json, &a, &e), e);
	json_struct_copy(&outer_json, &copy, &a);
	json_struct_clear(&outer_json, &a);
	jw_init(&w, &b);
	json_unbind(&w, &outer_json, &copy);
	json_struct_clear(&outer_json, &copy);
	CHECK_STR(buf_str(&b), want);
	buf_clear(&b);
}

TEST(nil_and_empty)
{
	there_and_back("{}", "{\"Maybe\":null,\"List\":null,\"Ports\":{}}");
	there_and_back("{\"Maybe\":{},\"List\":[],\"ByName\":{},\"Ports\":null}",
		       "{\"Maybe\":{\"HostIp\":\"\",\"HostPort\":\"\"},\"List\":[],\"Ports\":{}}");
}

TEST(full)
{
	there_and_back(
		"{\"One\":{\"HostPort\":\"1\"},\"List\":[{\"HostIp\":\"a\"},null],"
		"\"ByName\":{\"n\":{\"HostIp\":\"i\"},\"m\":{}},"
		"\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"22/tcp\":null,\"1/udp\":[]}}",
		"{\"One\":{\"HostIp\":\"\",\"HostPort\":\"1\"},\"Maybe\":null,"
		"\"List\":[{\"HostIp\":\"a\",\"HostPort\":\"\"},{\"HostIp\":\"\",\"HostPort\":\"\"}"
		"],"
		"\"ByName\":{\"m\":{\"HostIp\":\"\",\"HostPort\":\"\"},"
		"\"n\":{\"HostIp\":\"i\",\"HostPort\":\"\"}},"
		"\"Ports\":{\"1/udp\":[],\"22/tcp\":null,"
		"\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}}");
}

TEST(reading_again_replaces)
{
	struct outer a = {0};
	struct err e;
	static const char first[] =
		"{\"List\":[{},{}],\"Ports\":{\"a\":[{}]},\"Maybe\":{\"HostIp\":\"x\"}}";
	static const char second[] =
		"{\"List\":[{}],\"Ports\":{\"b\":null},\"Maybe\":{\"HostPort\":\"y\"}}";

	CHECK_OK(json_bind_text(first, strlen(first), &outer_json, &a, &e), e);
	CHECK_OK(json_bind_text(second, strlen(second), &outer_json, &a, &e), e);
	CHECK_EQ(a.list.len, 1);
	CHECK_EQ(a.ports.len, 1);
	CHECK_STR(a.maybe->ip, "x");
	CHECK_STR(a.maybe->port, "y");
	json_struct_clear(&outer_json, &a);
}

TEST(mismatch)
{
	static const char *const bad[][2] = {
		{"{\"List\":{}}",
		 "json: cannot unmarshal object into Go struct field Outer.List of type "
		 "[]nat.PortBinding"},
		{"{\"List\":[1]}",
		 "json: cannot unmarshal number into Go struct field Outer.List of type "
		 "nat.PortBinding"},
		{"{\"Ports\":[]}",
		 "json: cannot unmarshal array into Go struct field Outer.Ports of type "
		 "map[string][]nat.PortBinding"},
		{"{\"Maybe\":\"x\"}",
		 "json: cannot unmarshal string into Go struct field Outer.Maybe of "
		 "type nat.PortBinding"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct outer a = {0};
		struct err e;

		CHECK_EQ(json_bind_text(bad[i][0], strlen(bad[i][0]), &outer_json, &a, &e), -1);
		CHECK_STR(e.msg, bad[i][1]);
		json_struct_clear(&outer_json, &a);
	}
}

TEST(building)
{
	struct outer a = {0};
	struct binding *b;
	struct json_array *list;

	for (int i = 0; i < 9; i++) {
		b = json_array_add(&a.list, &binding_json);
		CHECK(b->ip == NULL);
	}
	CHECK_EQ(a.list.len, 9);
	CHECK(json_map_get(&a.ports, "80/tcp") == NULL);
	list = json_map_add(&a.ports, "80/tcp", sizeof(struct json_array));
	json_array_add(list, &binding_json);
	CHECK(json_map_add(&a.ports, "80/tcp", sizeof(struct json_array)) == list);
	CHECK(json_map_get(&a.ports, "80/tcp") == list);
	json_struct_clear(&outer_json, &a);
}
