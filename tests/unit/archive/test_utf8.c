// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <string.h>

#include "archive/utf8_internal.h"

TEST(validity)
{
	static const char *const good[] = {"", "abc", "\xc3\xa4", "\xe2\x82\xac",
					   "\xf0\x9f\x98\x80"};
	static const char *const bad[] = {"\x80",	  "\xc3",	  "\xc0\x80",
					  "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
					  "\xff",	  "a\xe2\x82"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!utf8_valid(bad[i], strlen(bad[i])));
}

TEST(code_points)
{
	struct buf b = BUF_INIT;

	utf8_add(&b, 'a');
	utf8_add(&b, 0xe4);
	utf8_add(&b, 0x20ac);
	utf8_add(&b, 0x1f600);
	utf8_add(&b, 0xd800);
	CHECK_STR(buf_str(&b), "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd");
	buf_clear(&b);
}

TEST(json_text)
{
	struct buf b = BUF_INIT;

	utf8_add_json(&b, "a\"\\\n\x01<\xc3\xa4\xff", 9);
	CHECK_STR(buf_str(&b), "a\\\"\\\\\\n\\u0001\\u003c\xc3\xa4\\ufffd");
	buf_clear(&b);
}
