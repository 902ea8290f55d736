// SPDX-License-Identifier: MIT
/* http/server.c */
#include "http/server.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tests/unit/harness.h"
#include "tests/unit/http/trickle.h"

static struct http_conn *conn(const char *text, size_t step, struct buf *out)
{
	return http_conn_new(trickle_new(text, strlen(text), step, out));
}

TEST(server_pipelined_requests)
{
	static const char text[] = "\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy"
				   "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
				   "HEAD /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
				   "GET /never HTTP/1.1\r\nHost: h\r\n\r\n";

	for (size_t step = 1; step < 1000; step = step * 3 + 1) {
		CLEANUP(buf_clear) struct buf out = BUF_INIT, body = BUF_INIT;
		CLEANUP(http_conn_freep) struct http_conn *c = conn(text, step, &out);
		struct err e;

		CHECK_EQ(http_conn_next(c, &e), 1);
		CHECK_STR(http_conn_request(c)->path, "/a");
		CHECK_OK(http_body_read_all(http_conn_body(c), 10, &body, &e), e);
		CHECK_STR(buf_str(&body), "xy");
		CHECK_OK(http_conn_respond(c, 200, "text/plain", "A", 1, &e), e);
		CHECK_EQ(http_conn_next(c, &e), 1);
		CHECK_OK(http_conn_start(c, 200, NULL, &e), e);
		CHECK_OK(http_conn_write(c, "one", 3, &e), e);
		CHECK_OK(http_conn_flush(c, &e), e);
		CHECK_OK(http_conn_write(c, "two", 3, &e), e);
		CHECK_OK(http_conn_end(c, &e), e);
		CHECK_EQ(http_conn_next(c, &e), 1);
		CHECK_OK(http_conn_respond(c, 200, NULL, "hidden", 6, &e), e);
		CHECK_EQ(http_conn_next(c, &e), 0);
		CHECK_STR(buf_str(&out),
			  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
			  "1\r\n\r\nA"
			  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\n"
			  "two\r\n0\r\n\r\n"
			  "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n");
	}
}

TEST(server_unread_body_is_drained)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(http_conn_freep)
	struct http_conn *c =
		conn("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0"
		     "\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n",
		     7, &out);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_OK(http_conn_respond(c, 404, NULL, "", 0, &e), e);
	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_STR(http_conn_request(c)->path, "/b");
}

TEST(server_continue)
{
	static const char text[] =
		"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nxy";
	CLEANUP(buf_clear) struct buf out = BUF_INIT, body = BUF_INIT;
	CLEANUP(http_conn_freep) struct http_conn *c = conn(text, 9, &out);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_EQ(out.len, 0);
	CHECK_OK(http_body_read_all(http_conn_body(c), 10, &body, &e), e);
	CHECK_STR(buf_str(&out), "HTTP/1.1 100 Continue\r\n\r\n");
	CHECK_OK(http_conn_respond(c, 200, NULL, "", 0, &e), e);
}

TEST(server_refusal_without_continue_closes)
{
	static const char text[] =
		"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(http_conn_freep) struct http_conn *c = conn(text, 9, &out);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_OK(http_conn_respond(c, 403, NULL, "", 0, &e), e);
	CHECK(strstr(buf_str(&out), "Connection: close") != NULL);
	CHECK_EQ(http_conn_next(c, &e), 0);
}

TEST(server_bad_request_is_answered)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(http_conn_freep) struct http_conn *c = conn("nonsense\r\n\r\n", 3, &out);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(strncmp(buf_str(&out), "HTTP/1.1 400 Bad Request\r\n", 26) == 0);
	CHECK(strstr(buf_str(&out), "{\"message\":\"malformed request line\"}") != NULL);
	CHECK_EQ(http_conn_next(c, &e), 0);
}

TEST(server_head_too_long)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT, text = BUF_INIT;
	CLEANUP(http_conn_freep) struct http_conn *c = NULL;
	struct err e;

	buf_addstr(&text, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 300000; i++)
		buf_addch(&text, 'a');
	c = conn(text.data, 5000, &out);
	CHECK_EQ(http_conn_next(c, &e), -1);
	CHECK(strncmp(buf_str(&out), "HTTP/1.1 431 ", 13) == 0);
}

TEST(server_truncated_head)
{
	CLEANUP(http_conn_freep) struct http_conn *c = conn("GET / HT", 3, NULL);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), -1);
	CHECK_EQ(e.kind, ERR_SYSTEM);
}

TEST(server_old_client_gets_bare_body)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(http_conn_freep) struct http_conn *c = conn("GET / HTTP/1.0\r\n\r\n", 3, &out);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_OK(http_conn_start(c, 200, NULL, &e), e);
	CHECK_OK(http_conn_write(c, "x", 1, &e), e);
	CHECK_OK(http_conn_end(c, &e), e);
	CHECK_STR(buf_str(&out), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nx");
	CHECK_EQ(http_conn_next(c, &e), 0);
}

TEST(server_head_goes_with_what_is_sent_first)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(http_conn_freep)
	struct http_conn *c = conn("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: "
				   "h\r\n\r\n",
				   100, &out);
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_OK(http_conn_start(c, 200, NULL, &e), e);
	CHECK(http_conn_started(c));
	CHECK_EQ(out.len, 0);
	CHECK_OK(http_conn_flush(c, &e), e);
	CHECK_STR(buf_str(&out), head);
	CHECK_OK(http_conn_end(c, &e), e);
	buf_reset(&out);
	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_OK(http_conn_start(c, 200, NULL, &e), e);
	CHECK_OK(http_conn_write(c, "x", 1, &e), e);
	CHECK_EQ(out.len, 0);
	http_conn_abort(c); /* the client sees that the last chunk is missing */
	CHECK(strncmp(buf_str(&out), head, sizeof(head) - 1) == 0);
	CHECK_STR(buf_str(&out) + sizeof(head) - 1, "1\r\nx\r\n");
	CHECK_EQ(http_conn_next(c, &e), 0);
}

/* a request with these last fields and "early" behind it is upgraded; out gets the answer */
static void upgrade(const char *rest, struct buf *out)
{
	CLEANUP(buf_clear) struct buf left = BUF_INIT;
	CLEANUP(freep)
	char *text = xasprintf("POST /attach HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
			       "Upgrade: tcp\r\n%searly",
			       rest);
	CLEANUP(http_conn_freep) struct http_conn *c = conn(text, 1000, out);
	CLEANUP(stream_freep) struct stream *s = NULL;
	struct err e;

	CHECK_EQ(http_conn_next(c, &e), 1);
	s = http_conn_upgrade(c, 101, "tcp", "application/vnd.docker.raw-stream", &left, &e);
	CHECK(s != NULL);
	CHECK_STR(buf_str(&left), "early");
	CHECK_EQ(http_conn_next(c, &e), 0);
}

TEST(server_upgrade)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;

	upgrade("\r\n", &out);
	CHECK_STR(buf_str(&out), "HTTP/1.1 101 UPGRADED\r\nContent-Type: "
				 "application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\n"
				 "Upgrade: tcp\r\n\r\n");
}

TEST(server_upgrade_after_a_body)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;

	upgrade("Content-Length: 5\r\n\r\n{\"\":1", &out);
}

TEST(server_notices_a_gone_client)
{
	CLEANUP(http_conn_freep) struct http_conn *c = NULL;
	int fds[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	c = http_conn_new(stream_fd_new(fds[0]));
	CHECK(!http_conn_gone(c));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK(!http_conn_gone(c));
	close(fds[1]);
	CHECK(http_conn_gone(c));
}

static void *send_much(void *arg)
{
	static const char head[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n";
	CLEANUP(freep) char *body = xcalloc(1, 3000000);
	struct err e;

	CHECK_OK(fd_write_all(*(int *)arg, head, strlen(head), &e), e);
	CHECK_OK(fd_write_all(*(int *)arg, body, 3000000, &e), e);
	return NULL;
}

TEST(server_answers_a_client_that_is_still_sending)
{
	struct http_conn *c;
	char answer[200] = {0};
	struct err e;
	pthread_t t;
	int fds[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	c = http_conn_new(stream_fd_new(fds[0]));
	CHECK_EQ(pthread_create(&t, NULL, send_much, &fds[1]), 0);
	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_OK(http_conn_respond(c, 400, NULL, "no", 2, &e), e);
	CHECK_EQ(http_conn_next(c, &e), 0);
	http_conn_free(c);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK(fd_read(fds[1], answer, sizeof(answer) - 1) > 0);
	CHECK(strstr(answer, "400 Bad Request") != NULL);
	close(fds[1]);
}
