// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "archive/name_internal.h"

static const char *clean(const char *name)
{
	static char out[32];

	return name_clean(name, out, sizeof(out)) < 0 ? "refused" : out;
}

TEST(names)
{
	CHECK_STR(clean("a/b"), "a/b");
	CHECK_STR(clean("./a//b/./c/"), "a/b/c");
	CHECK_STR(clean("/etc/passwd"), "etc/passwd");
	CHECK_STR(clean("a/../b"), "b");
	CHECK_STR(clean("a/b/../../c"), "c");
	CHECK_STR(clean("./"), "");
	CHECK_STR(clean("/"), "");
	CHECK_STR(clean("a/.."), "");
	CHECK_STR(clean("..a/b.."), "..a/b..");
	CHECK_STR(clean("../a"), "refused");
	CHECK_STR(clean("a/../../b"), "refused");
	CHECK_STR(clean("/../b"), "refused");
	CHECK_STR(clean("0123456789012345678901234567890123"), "refused");
}
