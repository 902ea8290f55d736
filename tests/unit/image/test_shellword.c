// SPDX-License-Identifier: MIT
/* Words of Dockerfile instructions; what is expected is what BuildKit makes of them. */
#include "image/shellword.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

static void expands(const char *word, const char *expected)
{
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	CLEANUP(freep) char *got = NULL;
	struct err e;

	strv_add(&env, "A=va");
	strv_add(&env, "E=");
	got = shellword_expand(word, &env, &e);
	CHECK_MSG(got != NULL, "%s: %s", word, e.msg);
	CHECK_STR(got, expected);
}

static void refuses(const char *word, const char *part)
{
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	struct err e;

	CHECK_MSG(shellword_expand(word, &env, &e) == NULL, "%s", word);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_MSG(strstr(e.msg, part) != NULL, "%s", e.msg);
}

TEST(words_are_split_with_their_quotes)
{
	const char *p = "  a=\"b c\" 'd e'\\ f  g\\";
	const char *const expected[] = {"a=\"b c\"", "'d e'\\ f", "g\\"};

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		CLEANUP(freep) char *word = shellword_next(&p);

		CHECK_STR(word, expected[i]);
	}
	CHECK(shellword_next(&p) == NULL);
}

TEST(quotes)
{
	expands("", "");
	expands("a  b", "a  b");
	expands("\"a b\"c'd \"e'", "a bcd \"e");
	expands("a\\ b\\$A", "a b$A");
	expands("\"\\$A \\\" \\x\"", "$A \" \\x");
	expands("'\\'", "\\");
	expands("end\\", "end\\");
	refuses("'x", "single-quote");
	refuses("\"x", "double-quote");
}

TEST(variables)
{
	expands("$A/${A}b$Ab$U", "va/vab");
	expands("'$A' \"$A\"", "$A va");
	expands("$ $. $1 $@x", "$ $.  x");
	expands("${U:-x y}${A:-no}${A:+yes}${U:+no}", "x yvayes");
	expands("${E:-d}${E-d}${E+s}${E:+s}", "ds");
	expands("${U:-${V:-${A}}}", "va");
	expands("${U:-\"}\"}", "}");
	refuses("${", "bad substitution");
	refuses("${A", "unsupported modifier");
	refuses("${A:=x}", "unsupported modifier");
	refuses("${U:-x", "missing '}'");
	refuses("${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${a:-${"
		"a:-"
		"x}}}}}}}}}}}}}}}}}",
		"nested too deep");
}
