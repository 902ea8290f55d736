// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdint.h>

#include "base/str.h"

TEST(compare)
{
	CHECK(str_eq("a", "a") && !str_eq("a", "b") && str_eq(NULL, NULL) && !str_eq("a", NULL));
	CHECK(str_empty(NULL) && str_empty("") && !str_empty(" "));
	CHECK(str_starts("docker.sock", "docker") && !str_starts("do", "docker"));
	CHECK(str_ends("a.tar", ".tar") && !str_ends("tar", ".tar"));
	CHECK_STR(str_skip("unix:///run", "unix://"), "/run");
	CHECK(str_skip("tcp://", "unix://") == NULL);
}

TEST(hex_needs_exactly_n_lower_case_digits)
{
	CHECK(str_is_hex("0a9f", 4));
	CHECK(!str_is_hex("0A9f", 4) && !str_is_hex("0a9", 4) && !str_is_hex("0a9f0", 4));
}

TEST(copy_cuts_and_terminates)
{
	char dst[4];

	CHECK_EQ(str_copy(dst, "abcdef", sizeof(dst)), 6);
	CHECK_STR(dst, "abc");
	CHECK_EQ(str_copy(dst, "x", sizeof(dst)), 1);
	CHECK_STR(dst, "x");
}

TEST(u64_takes_whole_numbers_up_to_max)
{
	uint64_t v = 99;

	CHECK_EQ(str_u64("0", 10, &v), 0);
	CHECK_EQ(v, 0);
	CHECK_EQ(str_u64("18446744073709551615", UINT64_MAX, &v), 0);
	CHECK(v == UINT64_MAX);
	v = 99;
	CHECK_EQ(str_u64("18446744073709551616", UINT64_MAX, &v), -1);
	CHECK_EQ(str_u64("11", 10, &v), -1);
	CHECK_EQ(str_u64("", 10, &v), -1);
	CHECK_EQ(str_u64("-1", 10, &v), -1);
	CHECK_EQ(str_u64("+1", 10, &v), -1);
	CHECK_EQ(str_u64(" 1", 10, &v), -1);
	CHECK_EQ(str_u64("1x", 10, &v), -1);
	CHECK_EQ(v, 99);
}

TEST(i64_reaches_both_ends)
{
	int64_t v;

	CHECK_EQ(str_i64("-9223372036854775808", &v), 0);
	CHECK(v == INT64_MIN);
	CHECK_EQ(str_i64("9223372036854775807", &v), 0);
	CHECK(v == INT64_MAX);
	CHECK_EQ(str_i64("9223372036854775808", &v), -1);
	CHECK_EQ(str_i64("-9223372036854775809", &v), -1);
	CHECK_EQ(str_i64("-", &v), -1);
}

TEST(sizes_with_units)
{
	static const struct {
		const char *s;
		uint64_t bytes;
	} good[] = {{"0", 0},	    {"42", 42},	     {"1k", 1024},	 {"1kb", 1024},
		    {"1KiB", 1024}, {"2m", 2097152}, {"1G", 1073741824}, {"1t", 1099511627776},
		    {"7b", 7}};
	static const char *const bad[] = {"", "k", "-1", "1x", "1 kk", "99999999999999999t"};
	uint64_t v;

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_MSG(str_size(good[i].s, &v) == 0, "%s", good[i].s);
		CHECK_EQ(v, good[i].bytes);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_MSG(str_size(bad[i], &v) < 0, "%s", bad[i]);
}

TEST(bool_words_of_go)
{
	bool v = false;

	CHECK_EQ(str_bool("True", &v), 0);
	CHECK(v);
	CHECK_EQ(str_bool("0", &v), 0);
	CHECK(!v);
	CHECK_EQ(str_bool("yes", &v), -1);
	CHECK_EQ(str_bool("", &v), -1);
}

TEST(glob)
{
	CHECK(str_glob("*", "") && str_glob("a*c", "abbc") && !str_glob("a*c", "abbd"));
	CHECK(str_glob("a?c", "abc") && !str_glob("a?c", "ac"));
	CHECK(str_glob("[a-c]x", "bx") && !str_glob("[a-c]x", "dx") && str_glob("[!a]", "b"));
	CHECK(str_glob("\\*", "*") && !str_glob("\\*", "a"));
	CHECK(str_glob("a*", "a/b"));
	/* no exponential time */
	CHECK(!str_glob("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}
