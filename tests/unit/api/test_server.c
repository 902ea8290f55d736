// SPDX-License-Identifier: MIT
/* api/server.c: real sockets, threads, stopping */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/net.h"
#include "base/path.h"
#include "base/thread.h"
#include "http/client.h"
#include "tests/unit/api/ask.h"

static const char *listen_path(struct api *a)
{
	static char *path;
	struct err e;
	int fd;

	path = path_join(harness_tmpdir(), "api.sock");
	fd = net_listen_unix(path, SOCK_STREAM, 0660, &e);
	CHECK_MSG(fd >= 0, "%s", e.msg);
	CHECK_OK(api_listen(a, fd, NULL, &e), e);
	CHECK_OK(api_serve(a, &e), e);
	return path;
}

static void ping(const char *path, int times)
{
	struct err e;
	int fd = net_connect_unix(path, SOCK_STREAM, &e);
	CLEANUP(http_client_freep) struct http_client *c = NULL;
	struct http_send rq = {.method = "GET", .target = "/_ping"};

	CHECK_MSG(fd >= 0, "%s", e.msg);
	c = http_client_new(stream_fd_new(fd));
	for (int i = 0; i < times; i++) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;

		CHECK_OK(http_client_send(c, &rq, &e), e);
		CHECK_OK(http_client_recv(c, &e), e);
		CHECK_OK(http_body_read_all(http_client_body(c), 10, &b, &e), e);
		CHECK_STR(buf_str(&b), "OK");
	}
	CHECK(http_client_reusable(c));
}

static void *ping_thread(void *path)
{
	ping(path, 50);
	return NULL;
}

TEST(server_parallel_keep_alive)
{
	struct api *a = api_new(&fake);
	const char *path = listen_path(a);
	pthread_t th[8];
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(th); i++)
		CHECK_OK(thread_start_joinable(&th[i], ping_thread, (void *)(uintptr_t)path, &e),
			 e);
	for (size_t i = 0; i < ARRAY_LEN(th); i++)
		pthread_join(th[i], NULL);
	api_stop(a);
	api_free(a);
}

/* more connections than there may be: those that said nothing for longest go, who comes is answered
 */
TEST(server_ends_the_quietest)
{
	struct rlimit old, r;
	const char *path;
	int fds[40];
	struct api *a;
	struct err e;
	char c;

	getrlimit(RLIMIT_NOFILE, &old);
	r = (struct rlimit){.rlim_cur = 64, .rlim_max = old.rlim_max};
	setrlimit(RLIMIT_NOFILE, &r);
	a = api_new(&fake);
	setrlimit(RLIMIT_NOFILE, &old);
	path = listen_path(a);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = net_connect_unix(path, SOCK_STREAM, &e);
		CHECK(fds[i] >= 0);
		CHECK_OK(fd_write_all(fds[i], "GET /_pi", i % 2 == 0 ? 8 : 0, &e), e);
		ping(path, 1);
	}
	CHECK_EQ(read(fds[0], &c, 1), 0);
	CHECK_EQ(recv(fds[39], &c, 1, MSG_DONTWAIT), -1);
	CHECK_OK(fd_write_all(fds[39], "GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n", 33, &e), e);
	CHECK_EQ(read(fds[39], &c, 1), 1);
	api_stop(a);
	api_free(a);
}

/* an idle connection does not keep the API from stopping */
TEST(server_stop_cuts_connections)
{
	struct api *a = api_new(&fake);
	const char *path = listen_path(a);
	struct err e;
	char c;
	int fd;

	ping(path, 1);
	fd = net_connect_unix(path, SOCK_STREAM, &e);
	CHECK(fd >= 0);
	CHECK_OK(fd_write_all(fd, "GET /_pi", 8, &e), e);
	api_stop(a);
	CHECK(fd_read(fd, &c, 1) <= 0);
	close(fd);
	api_free(a);
	a = api_new(&fake);
	api_stop(a);
	api_free(a);
	api_free(NULL);
}
