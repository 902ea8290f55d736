// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/regex.h"
#include "base/mem.h"
#include "base/time.h"
#include "config/limits.h"

static int match(const char *pattern, const char *text)
{
	CLEANUP(regex_freep) struct regex *re = NULL;
	struct err e;

	if (regex_new(pattern, &re, &e) < 0)
		return -1;
	return regex_match(re, text);
}

/* pattern, a text with a match (or NULL), one without (or NULL) */
static const char *const rows[][3] = {
	{"", "", NULL},
	{"web", "/my-web-1", "wbe"},
	{"^/web$", "/web", "/web1"},
	{"^web|db$", "a-db", "dbweb"},
	{"a|b|c|d", "d", "e"},
	{"|a", "", NULL},
	{"a.c", "abc", "a\nc"},
	{"(?s)a.c", "a\nc", "ac"},
	{"[a-c]x", "bx", "dx"},
	{"[^a-c]x", "dx", "bx"},
	{"[]a]", "]", "b"},
	{"[a-]", "-", "b"},
	{"[a\\-z]", "-", "b"},
	{"[\\d_]+$", "a_1", "a_1b"},
	{"\\d\\D\\w\\W\\s\\S", "1aa- x", "1aaa x"},
	{"\\.\\*\\n", ".*\n", "x*\n"},
	{"^a*$", "aaaa", "aab"},
	{"^a+$", "aaaa", ""},
	{"^a?$", "a", "aa"},
	{"^a{2}$", "aa", "aaa"},
	{"^a{2,}$", "aaaaa", "a"},
	{"^a{0,2}$", "", "aaa"},
	{"^a{1,3}$", "aaa", "aaaa"},
	{"^a{0,}b$", "aab", "a"},
	{"^a{0}b$", "b", "ab"},
	{"^(ab){2}$", "abab", "ab"},
	{"^(a|b){2,3}c$", "abac", "ababc"},
	{"^(?:(a*)*|b)+$", "aabb", "c"},
	{"^(a+?b*?)*?$", "aaba", "bb"},
	{"a{,2}", "a{,2}", "aa"},
	{"a{x", "a{x", "a"},
	{"a]}", "a]}", "a"},
	{"(?i)WeB[x-z]", "wEbY", "weba"},
	{"(?i:a)b", "Ab", "AB"},
	{"(?i)a(?-i)b", "Ab", "aB"},
	{"(?i)[^a]", "b", "A"},
	{"(?m)^b$", "a\nb\nc", "ab"},
	{"^b", "b", "a\nb"},
	{"(?P<n>a)(?<m>b)", "ab", "b"},
	{"\\bweb\\b", "a-web-1", "a_web"},
	{"\\Bb", "ab", "b"},
	{"\\Aa\\z", "a", "aa"},
	{"^\xc3\xa9*$", "\xc3\xa9\xc3\xa9", "\xc3\xa9\xa9"},
	{"(|a)+b", "aab", "a"},
	{"(a{0,10}){0,10}$", "", NULL},
};

TEST(regex_matches)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if ((rows[i][1] != NULL && match(rows[i][0], rows[i][1]) != 1) ||
		    (rows[i][2] != NULL && match(rows[i][0], rows[i][2]) != 0))
			printf("# %s\n", rows[i][0]);
		if (rows[i][1] != NULL)
			CHECK_EQ(match(rows[i][0], rows[i][1]), 1);
		if (rows[i][2] != NULL)
			CHECK_EQ(match(rows[i][0], rows[i][2]), 0);
	}
}

TEST(regex_refuses_in_the_words_of_go)
{
	static const char *const bad[][2] = {
		{"a(b", "missing closing ): `a(b`"},
		{"a)b", "unexpected ): `a)b`"},
		{"x[a", "missing closing ]: `[a`"},
		{"[]", "missing closing ]: `[]`"},
		{"[b-a]", "invalid character class range: `b-a`"},
		{"*a", "missing argument to repetition operator: `*`"},
		{"a|+", "missing argument to repetition operator: `+`"},
		{"a**", "invalid nested repetition operator: `**`"},
		{"a{2}{3}", "invalid nested repetition operator: `{2}{3}`"},
		{"a{3,2}", "invalid repeat count: `{3,2}`"},
		{"a{1001}", "invalid repeat count: `{1001}`"},
		{"a{99999999999999}", "invalid repeat count: `{99999999999999}`"},
		{"\\q", "invalid escape sequence: `\\q`"},
		{"\\1", "invalid escape sequence: `\\1`"},
		{"[\\q]", "invalid escape sequence: `\\q`"},
		{"a\\", "trailing backslash at end of expression: ``"},
		{"(?=a)", "invalid or unsupported Perl syntax: `(?=`"},
		{"[[:alpha:]]", "class names are not supported: `[:alpha:]]`"},
		{"((a{1000}){1000})", "expression too large: `((a{1000}){1000})`"},
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP(freep) char *want = xasprintf("error parsing regexp: %s", bad[i][1]);
		struct regex *re = NULL;
		struct err e;

		CHECK_EQ(regex_new(bad[i][0], &re, &e), -1);
		CHECK_EQ(e.kind, ERR_INVALID);
		CHECK_STR(e.msg, want);
	}
}

TEST(regex_is_bounded)
{
	CLEANUP(freep) char *deep = xcalloc(1, 3000), *text = xcalloc(1, 5001);
	int64_t start = time_mono_ms();

	memset(deep, '(', 1000);
	memset(deep + 1000, ')', 1000);
	CHECK_EQ(match(deep, ""), -1);
	memset(text, 'a', 5000);
	CHECK_EQ(match(text, text), -1); /* longer than REGEX_PATTERN_MAX */
	CHECK_EQ(match("(a*)*(a*)*(a|a|a)*(a?){100}b", text), 0);
	CHECK(time_mono_ms() - start < 5000);
}
