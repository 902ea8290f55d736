// SPDX-License-Identifier: MIT
/* http/message.c */
#include "http/message.h"

#include <string.h>

#include "config/limits.h"
#include "tests/unit/harness.h"

static int parse(const char *text, struct http_request *r, int *status, struct err *e)
{
	size_t scan = 0, n = http_head_end(text, strlen(text), &scan);

	return http_request_parse(text, n != 0 ? n : strlen(text), r, status, e);
}

TEST(request_head)
{
	CLEANUP(http_request_clear) struct http_request r = {0};
	struct err e;
	int status;

	CHECK_OK(parse("POST /v1.47/containers/a%20b/x?y=%2F HTTP/1.1\r\nHost: h\r\n"
		       "Content-Length: 12\r\nX-Blank:   \r\nConnection: Upgrade\r\n\r\n",
		       &r, &status, &e),
		 e);
	CHECK_STR(r.method, "POST");
	CHECK_STR(r.path, "/v1.47/containers/a b/x");
	CHECK_STR(r.query, "y=%2F");
	CHECK_EQ(r.framing, HTTP_BODY_LENGTH);
	CHECK_EQ(r.content_bytes, 12);
	CHECK_STR(http_headers_get(&r.headers, "x-blank"), "");
	CHECK(r.keep_alive);
}

TEST(request_old_and_absolute)
{
	CLEANUP(http_request_clear) struct http_request r = {0};
	struct err e;
	int status;

	CHECK_OK(parse("GET http://h:1/p HTTP/1.0\n\n", &r, &status, &e), e);
	CHECK_STR(r.path, "/p");
	CHECK(!r.keep_alive);
	CHECK_EQ(r.framing, HTTP_BODY_NONE);
}

/* what two parsers could read differently, and limits */
TEST(request_refused)
{
	static const struct {
		const char *text;
		int status;
	} t[] = {
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
		{"GET /\r\nHost: h\r\n\r\n", 400},
		{"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"G@T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n folded\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n",
		 400},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n",
		 501},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct http_request r = {0};
		struct err e;
		int status = 0;

		CHECK_MSG(parse(t[i].text, &r, &status, &e) < 0, "accepted %s", t[i].text);
		CHECK_EQ(e.kind, ERR_INVALID);
		CHECK_MSG(status == t[i].status, "%s: %d", t[i].text, status);
	}
}

TEST(request_nul_byte)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n";
	struct http_request r = {0};
	struct err e;

	CHECK_EQ(http_request_parse(text, sizeof(text) - 1, &r, NULL, &e), -1);
}

TEST(request_limits)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct http_request r = {0};
	struct err e;
	int status;

	buf_addstr(&b, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 200; i++)
		buf_addf(&b, "A%d: b\r\n", i);
	buf_addstr(&b, "\r\n");
	CHECK_EQ(parse(b.data, &r, &status, &e), -1);
	CHECK_EQ(status, 431);
	buf_reset(&b);
	buf_addstr(&b, "GET /");
	for (size_t i = 0; i < HTTP_LINE_MAX; i++)
		buf_addch(&b, 'a');
	buf_addstr(&b, " HTTP/1.1\r\nHost: h\r\n\r\n");
	CHECK_EQ(parse(b.data, &r, &status, &e), -1);
	CHECK_EQ(status, 414);
}

TEST(head_end_incremental)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
	size_t scan = 0, n = 0, have;

	for (have = 1; have <= sizeof(text) - 1 && n == 0; have++)
		n = http_head_end(text, have, &scan);
	CHECK_EQ(n, sizeof(text) - 1 - 4);
	CHECK_EQ(have - 1, n);
}

static int parse_response(const char *text, bool head_only, struct http_response *r, struct err *e)
{
	return http_response_parse(text, strlen(text), head_only, r, e);
}

TEST(response_framing)
{
	static const struct {
		const char *text;
		bool head_only;
		int status, framing;
		bool keep;
	} t[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, 200, HTTP_BODY_LENGTH,
		 true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, 200, HTTP_BODY_NONE, true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, 200,
		 HTTP_BODY_CHUNKED, true},
		{"HTTP/1.1 200 OK\r\n\r\n", false, 200, HTTP_BODY_CLOSE, false},
		{"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false, 200, HTTP_BODY_LENGTH,
		 false},
		{"HTTP/1.1 204 No Content\r\n\r\n", false, 204, HTTP_BODY_NONE, true},
		{"HTTP/1.1 304\r\nContent-Length: 3\r\n\r\n", false, 304, HTTP_BODY_NONE, true},
		{"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n", false, 101,
		 HTTP_BODY_NONE, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(http_response_clear) struct http_response r = {0};
		struct err e;

		CHECK_OK(parse_response(t[i].text, t[i].head_only, &r, &e), e);
		CHECK_EQ(r.status, t[i].status);
		CHECK_EQ(r.framing, t[i].framing);
		CHECK_EQ(r.keep_alive, t[i].keep);
	}
}

TEST(response_refused)
{
	static const char *const bad[] = {
		"HTTP/1.1 20 OK\r\n\r\n",  "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n",
		"HTTP/1.1 700 x\r\n\r\n",  "ICY 200 OK\r\n\r\n",    "HTTP/1.1 200 a\x01\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: b",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct http_response r = {0};
		struct err e;

		CHECK_MSG(parse_response(bad[i], false, &r, &e) < 0, "accepted %s", bad[i]);
	}
	CHECK_STR(http_status_text(404), "Not Found");
	CHECK_STR(http_status_text(299), "Unknown");
}
