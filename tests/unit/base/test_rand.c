// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <string.h>

#include "base/rand.h"
#include "base/str.h"

TEST(hex_has_the_length_asked_for)
{
	char a[RAND_ID_LEN + 1], b[RAND_ID_LEN + 1], odd[4] = "zzz";

	rand_hex(a, RAND_ID_LEN);
	rand_hex(b, RAND_ID_LEN);
	CHECK(str_is_hex(a, RAND_ID_LEN));
	CHECK(strcmp(a, b) != 0);
	rand_hex(odd, 3);
	CHECK(str_is_hex(odd, 3));
}

TEST(bytes_differ)
{
	unsigned char zero[32] = {0}, p[32] = {0};

	rand_bytes(p, sizeof(p));
	CHECK(memcmp(p, zero, sizeof(p)) != 0);
	CHECK(rand_u64() != rand_u64());
}
