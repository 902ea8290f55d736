// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "rootless/portspec.h"
#include "tests/unit/harness.h"

static struct rk_spec parsed(const char *s)
{
	struct rk_spec spec = {0};
	struct err e;

	CHECK_OK(rk_spec_parse(s, &spec, &e), e);
	return spec;
}

TEST(command_line_form)
{
	struct rk_spec s = parsed("127.0.0.1:8080:80/tcp");
	char text[IP_TEXT_SIZE];

	CHECK_EQ(s.proto, RK_TCP);
	CHECK_EQ(s.parent_port, 8080);
	CHECK_EQ(s.child_port, 80);
	CHECK_STR(ip_format(&s.parent_ip, text), "127.0.0.1");
	CHECK_EQ(s.child_ip.family, IP_NONE);
	s = parsed("[::1]:53:10.0.2.100:5353/udp6");
	CHECK_STR(ip_format(&s.parent_ip, text), "::1");
	CHECK_STR(ip_format(&s.child_ip, text), "10.0.2.100");
	CHECK_EQ(s.parent_port, 53);
	s = parsed(":1:2/tcp");
	CHECK_EQ(s.parent_ip.family, IP_NONE);
}

TEST(bad_forms)
{
	static const char *const bad[] = {
		"",
		"80",
		"80:80/tcp",
		"1.2.3.4:80:80",
		"1.2.3.4:0:1/tcp",
		"1.2.3.4:1:65536/tcp",
		"1.2.3.4:x:1/tcp",
		"1.2.3:1:1/tcp",
		"1.2.3.4:1:1/sctp",
		"1:2:3:4:5/tcp",
		"1.2.3.4:1:1/tcp6",
		"[::1]:1:1/udp4",
		"[::1:1:1/tcp",
	};
	struct rk_spec s = {.parent_port = 7};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_MSG(rk_spec_parse(bad[i], &s, &e) == -1, "%s", bad[i]);
	CHECK_EQ(s.parent_port, 7);
}

TEST(json_there_and_back)
{
	static const char *const texts[] = {
		"{\"proto\":\"tcp\",\"parentIP\":\"0.0.0.0\",\"parentPort\":18082,\"childPort\":"
		"82}",
		"{\"proto\":\"udp6\",\"parentIP\":\"::1\",\"parentPort\":1,\"childIP\":\"10.0.0."
		"1\","
		"\"childPort\":65535}",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(json_freep) struct json *doc = NULL;
		CLEANUP(buf_clear) struct buf out = BUF_INIT;
		struct rk_spec s;
		struct json_w w;
		struct err e;

		CHECK_OK(json_parse(texts[i], strlen(texts[i]), &doc, &e), e);
		CHECK_OK(rk_spec_from_json(doc, &s, &e), e);
		jw_init(&w, &out);
		rk_spec_to_json(&w, &s);
		CHECK_STR(buf_str(&out), texts[i]);
	}
}

TEST(json_refusals)
{
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"proto\":\"sctp\",\"parentPort\":1,\"childPort\":1}",
		"{\"proto\":\"tcp\",\"parentPort\":0,\"childPort\":1}",
		"{\"proto\":\"tcp\",\"parentPort\":1,\"childPort\":65536}",
		"{\"proto\":\"tcp\",\"parentPort\":\"1\",\"childPort\":1}",
		"{\"proto\":\"tcp\",\"parentIP\":\"x\",\"parentPort\":1,\"childPort\":1}",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP(json_freep) struct json *doc = NULL;
		struct rk_spec s;
		struct err e;

		CHECK_OK(json_parse(bad[i], strlen(bad[i]), &doc, &e), e);
		CHECK_MSG(rk_spec_from_json(doc, &s, &e) == -1, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
}

static bool conflict(const char *a, const char *b)
{
	struct rk_spec x = parsed(a), y = parsed(b);

	CHECK_EQ(rk_spec_conflicts(&x, &y), rk_spec_conflicts(&y, &x));
	return rk_spec_conflicts(&x, &y);
}

TEST(conflicts)
{
	CHECK(conflict("127.0.0.1:80:1/tcp", "127.0.0.1:80:2/tcp4"));
	CHECK(conflict("0.0.0.0:80:1/tcp", "127.0.0.1:80:2/tcp"));
	CHECK(conflict(":80:1/tcp", "[::1]:80:2/tcp"));
	CHECK(!conflict("127.0.0.1:80:1/tcp", "127.0.0.2:80:1/tcp"));
	CHECK(!conflict("127.0.0.1:80:1/tcp", "127.0.0.1:81:1/tcp"));
	CHECK(!conflict("127.0.0.1:80:1/tcp", "127.0.0.1:80:1/udp"));
	CHECK(!conflict(":80:1/tcp4", ":80:1/tcp6"));
}
