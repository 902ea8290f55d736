// SPDX-License-Identifier: MIT
/* tls/pem.c */
#include <string.h>

#include "tests/unit/harness.h"
#include "tls/tls_internal.h"

static int parse(const char *text, struct pem_list *l)
{
	struct err e;

	return pem_parse(text, strlen(text), l, &e);
}

TEST(pem_objects_in_text)
{
	CLEANUP(pem_list_clear) struct pem_list l = {0};

	CHECK_EQ(parse("words\n-----BEGIN A B-----\nYWJj\n-----END A B-----\nmore\n"
		       "-----BEGIN C-----\r\nZA==\r\n-----END C-----",
		       &l),
		 0);
	CHECK_EQ(l.len, 2);
	CHECK_STR(l.items[0].name, "A B");
	CHECK_EQ(l.items[0].len, 3);
	CHECK_MEM(l.items[0].data, "abc", 3);
	CHECK_STR(l.items[1].name, "C");
	CHECK_EQ(l.items[1].len, 1);
}

TEST(pem_nothing)
{
	CLEANUP(pem_list_clear) struct pem_list l = {0};

	CHECK_EQ(parse("", &l), 0);
	CHECK_EQ(parse("no objects here", &l), 0);
	CHECK_EQ(l.len, 0);
}

TEST(pem_broken)
{
	struct pem_list l = {0};

	CHECK_EQ(parse("-----BEGIN A-----\nYW!j\n-----END A-----\n", &l), -1);
	CHECK_EQ(parse("-----BEGIN A-----\nYWJj\n", &l), -1);
}
