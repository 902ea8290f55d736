// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "archive/crc64.h"

/* values that Docker wrote */
TEST(known_values)
{
	char zeros[3000] = {0};

	CHECK_EQ(crc64_iso(0, "x", 1), (long long)0x2310000000000000ULL);
	CHECK_EQ(crc64_iso(0, "hello\n", 6), (long long)0x614c3eeee2d81000ULL);
	CHECK_EQ(crc64_iso(0, zeros, sizeof(zeros)), (long long)0x865f9f04d5d1329bULL);
	CHECK_EQ(crc64_iso(0, "", 0), 0);
}

TEST(pieces_make_the_whole)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog";

	for (size_t i = 0; i < sizeof(text); i++)
		CHECK_EQ(crc64_iso(crc64_iso(0, text, i), text + i, sizeof(text) - i),
			 crc64_iso(0, text, sizeof(text)));
}
