// SPDX-License-Identifier: MIT
/* write: the bytes Go's encoding/json gives. */
#include "tests/unit/harness.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "json/write.h"

#define WRITES(want, ...)                      \
	do {                                   \
		struct buf b_ = BUF_INIT;      \
		struct json_w w_, *w = &w_;    \
		jw_init(w, &b_);               \
		__VA_ARGS__;                   \
		CHECK_STR(buf_str(&b_), want); \
		buf_clear(&b_);                \
	} while (0)

TEST(scalars)
{
	WRITES("null", jw_null(w));
	WRITES("true", jw_bool(w, true));
	WRITES("-9223372036854775808", jw_i64(w, INT64_MIN));
	WRITES("18446744073709551615", jw_u64(w, UINT64_MAX));
	WRITES("\"\"", jw_str(w, NULL));
	WRITES("\"n=1\"", jw_strf(w, "n=%d", 1));
	WRITES("null", jw_raw(w, NULL));
}

TEST(doubles)
{
	WRITES("0", jw_dbl(w, 0));
	WRITES("0.1", jw_dbl(w, 0.1));
	WRITES("100", jw_dbl(w, 100));
	WRITES("1234.5", jw_dbl(w, 1234.5));
	WRITES("0.000001", jw_dbl(w, 1e-6));
	WRITES("1e-7", jw_dbl(w, 1e-7));
	WRITES("1.5e-10", jw_dbl(w, 1.5e-10));
	WRITES("100000000000000000000", jw_dbl(w, 1e20));
	WRITES("1e+21", jw_dbl(w, 1e21));
	WRITES("0.30000000000000004", jw_dbl(w, 0.1 + 0.2));
	WRITES("null", jw_dbl(w, NAN));
}

TEST(escapes)
{
	WRITES("\"\\u003ca\\u003e \\u0026 \\\"\\\\/\"", jw_str(w, "<a> & \"\\/"));
	WRITES("\"\\b\\f\\n\\r\\t\\u0001\x7f\"", jw_str(w, "\b\f\n\r\t\x01\x7f"));
	WRITES("\"\\u2028\\u2029\xe4\xb8\x96\"", jw_str(w, "\xe2\x80\xa8\xe2\x80\xa9\xe4\xb8\x96"));
	WRITES("\"a\\ufffdb\"", jw_str(w, "a\xff"
					  "b"));
	WRITES("\"a\\u0000b\"", jw_strn(w, "a\0b", 3));
	WRITES("\"<&>\"", w->plain_html = true, jw_str(w, "<&>"));
}

TEST(nesting)
{
	WRITES("{\"a\":[1,{},[]],\"b\":{\"c\":\"d\"}}", {
		jw_obj(w);
		jw_karr(w, "a");
		jw_i64(w, 1);
		jw_obj(w);
		jw_end(w);
		jw_arr(w);
		jw_end(w);
		jw_end(w);
		jw_kobj(w, "b");
		jw_kstr(w, "c", "d");
		jw_end(w);
		jw_end(w);
	});
	WRITES("{\"i\":-1,\"u\":2,\"d\":0.5,\"t\":true,\"n\":null,\"r\":[1]}", {
		jw_obj(w);
		jw_ki64(w, "i", -1);
		jw_ku64(w, "u", 2);
		jw_kdbl(w, "d", 0.5);
		jw_kbool(w, "t", true);
		jw_knull(w, "n");
		jw_kraw(w, "r", "[1]");
		jw_end(w);
	});
}

TEST(indent)
{
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	static const char text[] = "[{\"a\":1,\"b\":[],\"c\":{},\"d\":[1,2]}]";
	struct err e;

	CHECK_OK(json_parse(text, strlen(text), &v, &e), e);
	json_print(&b, v, "    ");
	CHECK_STR(buf_str(&b),
		  "[\n    {\n        \"a\": 1,\n        \"b\": [],\n        \"c\": {},\n"
		  "        \"d\": [\n            1,\n            2\n        ]\n    }\n]");
}

/* every byte at every place of what is looked at eight bytes at a time */
TEST(plain)
{
	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 19; at++) {
			bool plain = c >= 0x20 && c < 0x80 && strchr("\"\\<>&", c) == NULL;
			char text[] = "abcdefgh ijklmn=!#z";

			text[at] = (char)c;
			CHECK_EQ(json_plain(text, 19), plain ? 19 : at);
			CHECK_EQ(json_plain(text, at), at);
		}
}
