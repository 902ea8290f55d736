// SPDX-License-Identifier: MIT
/* api/containers_stream.c and hijack.c: heads and framing as measured on dockerd 28.5.2 */
#include <sys/socket.h>

#include "tests/unit/api/ask.h"

TEST(stream_logs)
{
	static const char framed[] =
		"18\r\n\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\4err\n\r\n0\r\n\r\n";

	CHECK_ASK("GET /containers/c1/logs", NULL, 400);
	CHECK_HAS("Bad parameters: you must choose at least one stream");
	CHECK_ASK("GET /containers/c1/logs?stdout=1&stderr=1&tail=5&follow=1", NULL, 200);
	CHECK_STR(fake.last, "logs 11100 5");
	CHECK_HAS("Content-Type: application/vnd.docker.multiplexed-stream\r\n");
	CHECK_MEM(answer_body(), framed, sizeof(framed) - 1);
	CHECK_ASK("GET /v1.41/containers/c1/logs?stdout=1&tail=all", NULL, 200);
	CHECK_STR(fake.last, "logs 10000 -1");
	CHECK_HAS("Content-Type: application/vnd.docker.raw-stream\r\n");
	fake.tty = true;
	CHECK_ASK("GET /containers/c1/logs?stdout=1", NULL, 200);
	CHECK_HAS("raw-stream");
	CHECK_STR(answer_body(), "8\r\nout\nerr\n\r\n0\r\n\r\n");
}

TEST(stream_wait)
{
	CHECK_ASK("POST /containers/c1/wait?condition=next-exit", NULL, 200);
	CHECK_STR(fake.last, "wait 1");
	CHECK_HAS("Transfer-Encoding: chunked\r\n");
	CHECK_HAS("{\"StatusCode\":3}\n");
	CHECK_ASK("POST /v1.29/containers/c1/wait?condition=removed", NULL, 200);
	CHECK_STR(fake.last, "wait 0");
	CHECK_STR(answer_body(), "{\"StatusCode\":3}\n");
	CHECK_ASK("POST /containers/c1/wait?condition=bad", NULL, 400);
	CHECK_HAS("invalid condition: \\\"bad\\\"");
}

/* A request over a real socket, for calls that take the connection over. */
static void ask_socket(const char *text)
{
	CLEANUP(http_conn_freep) struct http_conn *c = NULL;
	struct api_link link = {0};
	struct err e;
	int fds[2];

	ask_open();
	buf_reset(&answer);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	CHECK_OK(fd_write_all(fds[1], text, strlen(text), &e), e);
	shutdown(fds[1], SHUT_WR);
	c = http_conn_new(stream_fd_new(fds[0]));
	CHECK_EQ(http_conn_next(c, &e), 1);
	CHECK_EQ(api_dispatch(&fake, c, &link), 0);
	CHECK_EQ(http_conn_next(c, &e), 0);
	CHECK_OK(fd_read_all(fds[1], 10000, &answer, &e), e);
	close(fds[1]);
}

TEST(stream_attach)
{
	ask_socket("POST /containers/c1/attach?stdin=1&stdout=1&stream=1 HTTP/1.1\r\nHost: h\r\n"
		   "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly");
	CHECK_STR(buf_str(&answer), "HTTP/1.1 101 UPGRADED\r\nContent-Type: "
				    "application/vnd.docker.multiplexed-stream\r\nConnection: "
				    "Upgrade\r\nUpgrade: tcp\r\n\r\nspoken");
	CHECK_STR(fake.last, "talk 110011 early");
	ask_socket("POST /v1.41/containers/c1/attach?stderr=1&logs=1 HTTP/1.1\r\nHost: h\r\n\r\n");
	CHECK_STR(buf_str(&answer), "HTTP/1.1 200 OK\r\nContent-Type: "
				    "application/vnd.docker.raw-stream\r\n\r\nspoken");
	CHECK_STR(fake.last, "talk 001101 ");
	fake.tty = true;
	ask_socket("POST /containers/c1/attach?stdout=1&stream=1 HTTP/1.1\r\nHost: h\r\n"
		   "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
	CHECK_HAS("raw-stream");
	CHECK_ASK("POST /containers/c1/attach?detachKeys=bad", NULL, 400);
	CHECK_ASK("POST /containers/nope/attach", NULL, 404);
}

TEST(stream_exec)
{
	ask_socket("POST /exec/e1/start HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: "
		   "tcp\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	CHECK_HAS("HTTP/1.1 101 UPGRADED\r\n");
	CHECK_HAS("Api-Version: 1.51\r\n");
	CHECK_HAS("multiplexed-stream\r\n");
	CHECK_HAS("\r\n\r\nspoken");
}
