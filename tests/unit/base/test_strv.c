// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/strv.h"

TEST(add_and_iterate)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;
	size_t n = 0;

	strv_for_each (it, &v)
		n++;
	CHECK_EQ(n, 0);
	strv_add(&v, "a");
	strv_addn(&v, "bcd", 2);
	strv_addf(&v, "%d", 3);
	strv_take(&v, xstrdup("own"));
	CHECK_EQ(v.len, 4);
	CHECK_STR(v.items[1], "bc");
	CHECK_STR(v.items[2], "3");
	CHECK(v.items[4] == NULL);
	strv_for_each (it, &v)
		n++;
	CHECK_EQ(n, 4);
}

TEST(remove_keeps_order)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;

	strv_split(&v, "a,b,,c,", ",");
	CHECK_EQ(v.len, 3);
	strv_remove(&v, 1);
	CHECK_EQ(v.len, 2);
	CHECK_STR(v.items[1], "c");
	CHECK(v.items[2] == NULL);
	CHECK(strv_has(&v, "a") && !strv_has(&v, "b"));
}

TEST(copy_join_sort)
{
	CLEANUP(strv_clear) struct strv a = STRV_INIT;
	CLEANUP(strv_clear) struct strv b = STRV_INIT;
	char *raw[] = {"z", "m", NULL};

	strv_add(&a, "q");
	strv_copy(&b, &a);
	strv_copy_raw(&b, raw);
	strv_copy_raw(&b, NULL);
	strv_sort(&b);
	CLEANUP(freep) char *joined = strv_join(&b, ", ");
	CLEANUP(freep) char *empty = strv_join(&(struct strv)STRV_INIT, ",");

	CHECK_STR(joined, "m, q, z");
	CHECK_STR(empty, "");
}

TEST(environment)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;

	strv_env_set(&v, "PATH=/bin");
	strv_env_set(&v, "PATH2=x");
	strv_env_set(&v, "PATH=/usr/bin");
	CHECK_EQ(v.len, 2);
	CHECK_STR(strv_env_get(&v, "PATH"), "/usr/bin");
	CHECK_STR(strv_env_get(&v, "PATH2"), "x");
	CHECK(strv_env_get(&v, "PAT") == NULL);
}
