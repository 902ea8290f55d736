// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

TEST(take_moves_ownership)
{
	char *a = xstrdup("text");
	char *b = TAKE(a);

	CHECK(a == NULL);
	CHECK_STR(b, "text");
	free(b);
}

TEST(cleanup_frees_at_scope_end)
{
	CLEANUP(freep) char *none = NULL;
	CLEANUP(freep) char *some = xasprintf("%d-%s", 3, "x");

	CHECK(none == NULL);
	CHECK_STR(some, "3-x");
}

TEST(copies)
{
	CLEANUP(freep) char *n = xstrndup("abcdef", 3);
	CLEANUP(freep) char *m = xmemdup("ab\0d", 4);
	CLEANUP(freep) char *z = xcalloc(4, 2);

	CHECK_STR(n, "abc");
	CHECK_MEM(m, "ab\0d", 4);
	CHECK_MEM(z, "\0\0\0\0\0\0\0\0", 8);
	CHECK(xstrdup(NULL) == NULL);
}

TEST(realloc_keeps_the_bytes)
{
	CLEANUP(freep) char *p = xmemdup("abc", 4);

	p = xrealloc(p, 4096);
	CHECK_STR(p, "abc");
}

TEST(str_replace_ptr_frees_the_old)
{
	CLEANUP(freep) char *s = NULL;

	str_replace_ptr(&s, "one");
	str_replace_ptr(&s, "two");
	CHECK_STR(s, "two");
	str_replace_ptr(&s, NULL);
	CHECK(s == NULL);
}
