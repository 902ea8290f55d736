// SPDX-License-Identifier: MIT
/* http/query.c */
#include "http/url.h"
#include "tests/unit/harness.h"

TEST(query_pairs)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(http_query_parse(&q, "a=1&b&t=x%2Fy&t=z+w&&c=", &e), e);
	CHECK_EQ(q.len, 5);
	CHECK_STR(http_query_get(&q, "a"), "1");
	CHECK_STR(http_query_get(&q, "b"), "");
	CHECK_STR(http_query_get(&q, "c"), "");
	CHECK_STR(http_query_get_nth(&q, "t", 0), "x/y");
	CHECK_STR(http_query_get_nth(&q, "t", 1), "z w");
	CHECK_STR(http_query_get_nth(&q, "t", 2), NULL);
	CHECK_STR(http_query_get(&q, "zz"), NULL);
	http_query_encode(&b, &q);
	CHECK_STR(buf_str(&b), "a=1&b=&t=x%2Fy&t=z%20w&c=");
}

TEST(query_empty)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct err e;

	CHECK_OK(http_query_parse(&q, NULL, &e), e);
	CHECK_OK(http_query_parse(&q, "", &e), e);
	CHECK_EQ(q.len, 0);
}

TEST(query_refused)
{
	static const char *const bad[] = {"a=%", "%zz=1", "a;b=1", "a=%00"};
	CLEANUP(buf_clear) struct buf many = BUF_INIT;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_EQ(http_query_parse(&q, bad[i], &e), -1);
	for (int i = 0; i < 1000; i++)
		buf_addstr(&many, "x=1&");
	CHECK_EQ(http_query_parse(&q, buf_str(&many), &e), -1);
}
