// SPDX-License-Identifier: MIT
/* parse: what is accepted, what is refused and where, replacements, limits. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/limits.h"
#include "json/json.h"
#include "json/write.h"

static char *again(const char *text)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(json_parse(text, strlen(text), &v, &e), e);
	json_print(&b, v, NULL);
	return buf_detach(&b);
}

static void same(const char *text, const char *want)
{
	CLEANUP(freep) char *got = again(text);

	CHECK_STR(got, want);
}

static void refused(const char *text, const char *want)
{
	struct json *v = NULL;
	struct err e;

	CHECK_EQ(json_parse(text, strlen(text), &v, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_STR(e.msg, want);
	CHECK(v == NULL);
}

TEST(accepted)
{
	same("null", "null");
	same(" true ", "true");
	same("[]", "[]");
	same("{ }", "{}");
	same("[1,-0,0.5,1e5,-1.25E-3]", "[1,-0,0.5,1e5,-1.25E-3]");
	same("{\"a\" : [1 , {\"b\":null}] ,\"c\":\"\"}", "{\"a\":[1,{\"b\":null}],\"c\":\"\"}");
	same("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"", "\"\\\"\\\\/\\b\\f\\n\\r\\tA\"");
}

TEST(unicode)
{
	same("\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"");
	same("\"\\ud83d\"", "\"\xef\xbf\xbd\"");
	same("\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd"
				   "A\"");
	same("\"a\xff"
	     "b\"",
	     "\"a\xef\xbf\xbd"
	     "b\"");
	same("\"\xe4\xb8\x96\"", "\"\xe4\xb8\x96\"");
}

TEST(last_duplicate_wins)
{
	same("{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2,\"a\":3}");
	same("{\"a\":{\"x\":1,\"x\":2},\"a\":{\"y\":1}}", "{\"a\":{\"y\":1}}");
}

TEST(refused)
{
	refused("", "unexpected end of JSON input (offset 0)");
	refused("[1", "unexpected end of JSON input (offset 2)");
	refused("\"abc", "unexpected end of JSON input (offset 4)");
	refused("[1,]", "invalid character ']' looking for beginning of value (offset 3)");
	refused("{a:1}",
		"invalid character 'a' looking for beginning of object key string (offset 1)");
	refused("{\"a\" 1}", "invalid character '1' after object key (offset 5)");
	refused("{\"a\":1]", "invalid character ']' after object key:value pair (offset 6)");
	refused("[1}", "invalid character '}' after array element (offset 2)");
	refused("{\"a\":1,}",
		"invalid character '}' looking for beginning of object key string (offset 7)");
	refused("1 2", "invalid character '2' after top-level value (offset 2)");
	refused("01", "invalid character '1' after top-level value (offset 1)");
	refused("1.", "unexpected end of JSON input (offset 2)");
	refused("1.x", "invalid character 'x' after decimal point in numeric literal (offset 2)");
	refused("-", "unexpected end of JSON input (offset 1)");
	refused("+1", "invalid character '+' looking for beginning of value (offset 0)");
	refused("\"\\x\"", "invalid character 'x' in string escape code (offset 2)");
	refused("\"\\u12g4\"",
		"invalid character 'g' in \\u hexadecimal character escape (offset 5)");
	refused("\"a\nb\"", "invalid character '\\x0a' in string literal (offset 2)");
	refused("nul", "unexpected end of JSON input (offset 3)");
	refused("nope",
		"invalid character 'o' in literal (expecting true, false or null) (offset 1)");
}

TEST(depth)
{
	char text[2 * JSON_DEPTH_MAX + 4];
	struct json *v = NULL;
	struct err e;

	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	CHECK_OK(json_parse(text, 2 * JSON_DEPTH_MAX, &v, &e), e);
	json_free(v);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	CHECK_EQ(json_parse(text, JSON_DEPTH_MAX + 1, &v, &e), -1);
	CHECK(strstr(e.msg, "nested deeper") != NULL);
}

TEST(value_count)
{
	size_t n = 2 * ((size_t)JSON_VALUES_MAX + 8);
	char *text = malloc(n);
	struct json *v = NULL;
	struct err e;

	for (size_t i = 0; i < n; i += 2) {
		text[i] = '0';
		text[i + 1] = ',';
	}
	text[0] = '[';
	text[1] = ' ';
	CHECK_EQ(json_parse(text, n, &v, &e), -1);
	CHECK(strstr(e.msg, "more than") != NULL);
	free(text);
}

TEST(many_members_stay_fast)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	buf_addch(&b, '{');
	for (int i = 0; i < 200000; i++)
		buf_addf(&b, "%s\"k%d\":%d", i ? "," : "", i % 100000, i);
	buf_addch(&b, '}');
	CHECK_OK(json_parse(b.data, b.len, &v, &e), e);
	CHECK_EQ(json_len(v), 100000);
	CHECK_EQ(json_get_i64(v, "k99999", 0), 199999);
}

TEST(nul_in_strings)
{
	CLEANUP(json_freep) struct json *v = NULL;
	static const char text[] = "{\"a\\u0000b\":\"x\\u0000y\"}";
	struct err e;

	CHECK_OK(json_parse(text, strlen(text), &v, &e), e);
	CHECK_STR(json_key_at(v, 0), "a?b");
	CHECK_EQ(json_str_len(json_at(v, 0)), 3);
}
