// SPDX-License-Identifier: MIT
/* utf8: what is well formed, and that encoding is the reverse. */
#include "tests/unit/harness.h"

#include <string.h>

#include "json/utf8.h"

static size_t decode(const char *s, uint32_t *cp)
{
	return utf8_decode(s, strlen(s), cp);
}

TEST(round_trip)
{
	static const uint32_t points[] = {0x24,	  0x7f,	  0x80,	   0x7ff,   0x800,
					  0xfffd, 0xffff, 0x10000, 0x10ffff};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		char out[4];
		uint32_t cp = 0;
		size_t n = utf8_encode(points[i], out);

		CHECK_EQ(utf8_decode(out, n, &cp), n);
		CHECK_EQ(cp, points[i]);
		if (n > 1)
			CHECK_EQ(utf8_decode(out, n - 1, &cp), 0);
	}
}

TEST(malformed)
{
	uint32_t cp;

	CHECK_EQ(decode("\x80", &cp), 0);
	CHECK_EQ(decode("\xc0\x80", &cp), 0);
	CHECK_EQ(decode("\xe0\x80\x80", &cp), 0);
	CHECK_EQ(decode("\xed\xa0\x80", &cp), 0);
	CHECK_EQ(decode("\xf0\x80\x80\x80", &cp), 0);
	CHECK_EQ(decode("\xf4\x90\x80\x80", &cp), 0);
	CHECK_EQ(decode("\xff", &cp), 0);
	CHECK_EQ(decode("\xe2\x82z", &cp), 0);
}
