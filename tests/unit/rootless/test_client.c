// SPDX-License-Identifier: MIT
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "rootless/client.h"
#include "tests/unit/harness.h"

/* A server of one canned answer, in a process of its own. */
static pid_t serve(const char *path, const char *answer)
{
	struct err e;
	int fd = net_listen_unix(path, SOCK_STREAM, 0600, &e);
	pid_t pid;

	CHECK_MSG(fd >= 0, "%s", e.msg);
	pid = fork();
	if (pid == 0) {
		int conn = accept(fd, NULL, NULL);
		char request[1024];

		(void)!read(conn, request, sizeof(request));
		(void)!write(conn, answer, strlen(answer));
		_exit(0);
	}
	close(fd);
	return pid;
}

TEST(an_answer_is_parsed)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	CLEANUP(json_freep) struct json *v = NULL;
	pid_t pid = serve(path, "HTTP/1.1 201 Created\r\nContent-Length: 8\r\n\r\n{\"id\":7}");
	struct err e;

	CHECK_OK(rk_client_call(path, "POST", "/v1/ports", "{}", &v, &e), e);
	CHECK_EQ(json_get_i64(v, "id", 0), 7);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(the_servers_message_is_the_error)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	pid_t pid = serve(path, "HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\n\r\n"
				"{\"message\":\"no\"}");
	struct err e;

	CHECK_EQ(rk_client_call(path, "GET", "/v1/info", NULL, NULL, &e), -1);
	CHECK_STR(e.msg, "no");
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(nobody_listens)
{
	struct err e;

	CHECK_EQ(rk_client_call("/nonexistent/api.sock", "GET", "/v1/info", NULL, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
}
