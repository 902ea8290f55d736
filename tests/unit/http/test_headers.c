// SPDX-License-Identifier: MIT
/* http/headers.c */
#include "http/message.h"
#include "tests/unit/harness.h"

TEST(headers_list)
{
	CLEANUP(http_headers_clear) struct http_headers h = HTTP_HEADERS_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	http_headers_add(&h, "X-A", "1");
	http_headers_add(&h, "x-a", "2");
	http_headers_addf(&h, "N", "%d", 7);
	CHECK_STR(http_headers_get(&h, "X-a"), "1");
	CHECK_STR(http_headers_get(&h, "none"), NULL);
	http_headers_set(&h, "X-A", "3");
	CHECK_EQ(h.len, 2);
	http_headers_write(&b, &h);
	CHECK_STR(buf_str(&b), "N: 7\r\nX-A: 3\r\n");
	http_headers_del(&h, "n");
	CHECK_EQ(h.len, 1);
}

TEST(headers_no_splitting)
{
	CLEANUP(http_headers_clear) struct http_headers h = HTTP_HEADERS_INIT;

	http_headers_add(&h, "A", "x\r\nInjected: 1");
	CHECK_STR(http_headers_get(&h, "A"), "x  Injected: 1");
}

TEST(headers_tokens)
{
	CLEANUP(http_headers_clear) struct http_headers h = HTTP_HEADERS_INIT;

	http_headers_add(&h, "Connection", "keep-alive , Upgrade");
	http_headers_add(&h, "Connection", "foo");
	CHECK(http_headers_has_token(&h, "connection", "upgrade"));
	CHECK(http_headers_has_token(&h, "connection", "FOO"));
	CHECK(!http_headers_has_token(&h, "connection", "close"));
	CHECK(!http_headers_has_token(&h, "connection", "up"));
}
