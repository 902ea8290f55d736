// SPDX-License-Identifier: MIT
/* http/client.c */
#include "http/client.h"

#include "tests/unit/harness.h"
#include "tests/unit/http/trickle.h"

TEST(client_two_requests)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
				   "Content-Length: 5\r\n\r\nhello"
				   "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
				   "3\r\nabc\r\n0\r\n\r\n";
	CLEANUP(buf_clear) struct buf out = BUF_INIT, body = BUF_INIT;
	CLEANUP(http_client_freep)
	struct http_client *c = http_client_new(trickle_new(text, sizeof(text) - 1, 3, &out));
	CLEANUP(http_headers_clear) struct http_headers h = HTTP_HEADERS_INIT;
	struct http_send rq = {.method = "POST", .target = "/x", .host = "h:1", .headers = &h};
	struct err e;

	http_headers_add(&h, "X-A", "1");
	http_headers_add(&h, "Host", "not this one");
	rq.body = "data";
	rq.body_len = 4;
	CHECK_OK(http_client_send(c, &rq, &e), e);
	CHECK_STR(buf_str(&out),
		  "POST /x HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nContent-Length: 4\r\n\r\ndata");
	CHECK_EQ(http_client_send(c, &rq, &e), -1);
	CHECK_OK(http_client_recv(c, &e), e);
	CHECK_EQ(http_client_response(c)->status, 200);
	CHECK_OK(http_body_read_all(http_client_body(c), 100, &body, &e), e);
	CHECK_STR(buf_str(&body), "hello");
	CHECK(http_client_reusable(c));
	rq = (struct http_send){.method = "GET", .target = "/y"};
	CHECK_OK(http_client_send(c, &rq, &e), e);
	CHECK_OK(http_client_recv(c, &e), e);
	CHECK_EQ(http_client_response(c)->status, 404);
	CHECK(http_client_reusable(c));
	CHECK_OK(http_client_send(c, &rq, &e), e);
	CHECK_EQ(http_client_recv(c, &e), -1);
	CHECK_STR(e.msg, "EOF");
	CHECK(!http_client_reusable(c));
}

static ssize_t three_times(void *arg, void *p, size_t n, struct err *e)
{
	int *left = arg;

	(void)e;
	CHECK(n > 2);
	if (*left == 0)
		return 0;
	--*left;
	memcpy(p, "ab", 2);
	return 2;
}

TEST(client_body_from_callback)
{
	static const char want_chunked[] =
		"PUT / HTTP/1.1\r\nHost: docker\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\nab\r\n2\r\nab\r\n2\r\nab\r\n0\r\n\r\n";
	static const char want_length[] =
		"PUT / HTTP/1.1\r\nHost: docker\r\nContent-Length: 6\r\n\r\nababab";

	for (int known = 0; known < 2; known++) {
		CLEANUP(buf_clear) struct buf out = BUF_INIT;
		CLEANUP(http_client_freep)
		struct http_client *c = http_client_new(trickle_new("", 0, 3, &out));
		int left = 3;
		struct http_send rq = {.method = "PUT", .target = "/", .read = three_times};
		struct err e;

		rq.read_arg = &left;
		rq.read_bytes = known ? 6 : -1;
		CHECK_OK(http_client_send(c, &rq, &e), e);
		CHECK_STR(buf_str(&out), known ? want_length : want_chunked);
	}
}

TEST(client_wrong_length_is_an_error)
{
	for (int n = 5; n <= 7; n += 2) {
		CLEANUP(http_client_freep)
		struct http_client *c = http_client_new(trickle_new("", 0, 3, NULL));
		int left = 3;
		struct http_send rq = {.method = "PUT", .target = "/", .read = three_times};
		struct err e;

		rq.read_arg = &left;
		rq.read_bytes = n;
		CHECK_EQ(http_client_send(c, &rq, &e), -1);
		CHECK(!http_client_reusable(c));
	}
}

/* 401 to an upload: the server closes early, its answer still counts */
TEST(client_finds_the_answer_of_an_early_close)
{
	static const char text[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
	struct stream *s = trickle_new(text, sizeof(text) - 1, 100, NULL);
	CLEANUP(http_client_freep) struct http_client *c = http_client_new(s);
	int left = 3;
	struct http_send rq = {.method = "PUT", .target = "/", .read = three_times};
	struct err e;

	((struct trickle *)s)->write_limit = 80;
	rq.read_arg = &left;
	rq.read_bytes = -1;
	CHECK_OK(http_client_send(c, &rq, &e), e);
	CHECK_OK(http_client_recv(c, &e), e);
	CHECK_EQ(http_client_response(c)->status, 401);
	CHECK(!http_client_reusable(c));
}

TEST(client_refuses_injection)
{
	CLEANUP(http_client_freep)
	struct http_client *c = http_client_new(trickle_new("", 0, 3, NULL));
	struct http_send rq = {.method = "GET", .target = "/a\r\nX: y"};
	struct err e;

	CHECK_EQ(http_client_send(c, &rq, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(client_upgrade)
{
	static const char text[] =
		"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly";
	CLEANUP(buf_clear) struct buf out = BUF_INIT, rest = BUF_INIT;
	CLEANUP(http_client_freep)
	struct http_client *c = http_client_new(trickle_new(text, sizeof(text) - 1, 1000, &out));
	CLEANUP(stream_freep) struct stream *s = NULL;
	struct http_send rq = {.method = "POST", .target = "/attach", .upgrade = "tcp"};
	struct err e;

	CHECK_OK(http_client_send(c, &rq, &e), e);
	CHECK(strstr(buf_str(&out), "Connection: Upgrade\r\nUpgrade: tcp\r\n") != NULL);
	CHECK_OK(http_client_recv(c, &e), e);
	CHECK_EQ(http_client_response(c)->status, 101);
	s = http_client_hijack(c, &rest);
	CHECK(s != NULL);
	CHECK_STR(buf_str(&rest), "early");
}

TEST(client_endless_interim_answers)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(http_client_freep) struct http_client *c = NULL;
	struct http_send rq = {.method = "GET", .target = "/"};
	struct err e;

	for (int i = 0; i < 100; i++)
		buf_addstr(&text, "HTTP/1.1 103 Early Hints\r\n\r\n");
	c = http_client_new(trickle_new(text.data, text.len, 1000, NULL));
	CHECK_OK(http_client_send(c, &rq, &e), e);
	CHECK_EQ(http_client_recv(c, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}
