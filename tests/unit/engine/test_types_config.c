// SPDX-License-Identifier: MIT
/* The API's objects survive parse and write; names and nil-ness as Docker's clients expect. */
#include "tests/unit/engine/fixture.h"

static char *rewrite(const struct json_struct *t, void *obj, const char *text)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct json_w w;
	struct err e;

	CHECK_OK(json_bind_text(text, strlen(text), t, obj, &e), e);
	jw_init(&w, &out);
	json_unbind(&w, t, obj);
	json_struct_clear(t, obj);
	return buf_detach(&out);
}

TEST(config_round_trip)
{
	static const char text[] = "{\"Hostname\":\"h\",\"Domainname\":\"\",\"User\":\"1000\","
				   "\"AttachStdin\":false,\"AttachStdout\":true,"
				   "\"AttachStderr\":true,\"ExposedPorts\":{\"80/"
				   "tcp\":{}},\"Tty\":false,\"OpenStdin\":false,"
				   "\"StdinOnce\":false,\"Env\":[\"A=b\"],\"Cmd\":[\"sh\"],"
				   "\"Image\":\"bb\",\"Volumes\":null,"
				   "\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,"
				   "\"Labels\":{},\"StopTimeout\":5}";
	struct docker_config c = {0};
	CLEANUP(freep) char *got = rewrite(&docker_config_json, &c, text);

	CHECK_STR(got, text);
}

TEST(command_may_be_a_string)
{
	struct docker_config c = {0};
	struct err e;
	static const char text[] = "{\"Cmd\":\"date\",\"Entrypoint\":[\"a\",\"b\"]}";

	CHECK_OK(json_bind_text(text, strlen(text), &docker_config_json, &c, &e), e);
	CHECK_EQ(c.cmd.len, 1);
	CHECK_STR(c.cmd.items[0], "date");
	json_struct_clear(&docker_config_json, &c);
}

TEST(create_request_has_config_inline)
{
	struct docker_create_request r = {0};
	struct err e;
	static const char text[] = "{\"Image\":\"bb\",\"HostConfig\":{\"PortBindings\":{\"80/"
				   "tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]},"
				   "\"Init\":true,\"PidsLimit\":10},\"NetworkingConfig\":{"
				   "\"EndpointsConfig\":{\"x\":{\"Aliases\":[\"a\"]}}}}";
	const struct json_array *bindings;

	CHECK_OK(json_bind_text(text, strlen(text), &docker_create_request_json, &r, &e), e);
	CHECK_STR(r.config.image, "bb");
	CHECK_EQ(r.host_config.init, JSON_TRI_TRUE);
	CHECK_EQ(r.host_config.pids_limit.value, 10);
	bindings = json_map_get(&r.host_config.port_bindings, "80/tcp");
	CHECK_EQ(bindings->len, 1);
	CHECK_STR(((struct docker_port_binding *)bindings->items)->host_port, "8080");
	CHECK_EQ(r.networking_config.endpoints_config.len, 1);
	json_struct_clear(&docker_create_request_json, &r);
}

TEST(wrong_types_are_refused)
{
	static const char *const bad[] = {
		"{\"Image\":1}",       "{\"Env\":\"a\"}",
		"{\"HostConfig\":[]}", "{\"HostConfig\":{\"Memory\":\"1g\"}}",
		"{\"Tty\":\"yes\"}",   "{\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[1]}}}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct docker_create_request r = {0};
		struct err e;

		CHECK_MSG(json_bind_text(bad[i], strlen(bad[i]), &docker_create_request_json, &r,
					 &e) < 0,
			  "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
		json_struct_clear(&docker_create_request_json, &r);
	}
}
