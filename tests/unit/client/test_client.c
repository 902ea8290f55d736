// SPDX-License-Identifier: MIT
/* client: negotiation, errors, reconnection, against a scripted server. */
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/thread.h"
#include "client/client.h"
#include "http/server.h"

struct server {
	int listen_fd;
	const char *api_version;
	int status;
	const char *body;
	bool close_each; /* an idle connection is closed by the server */
	char seen[256];	 /* last target */
};

static void serve_one(struct server *s, struct http_conn *c)
{
	struct err e;

	while (http_conn_next(c, &e) == 1) {
		const struct http_request *rq = http_conn_request(c);

		http_headers_add(http_conn_headers(c), "Api-Version", s->api_version);
		if (strcmp(rq->path, "/_ping") == 0) {
			http_conn_respond(c, 200, "text/plain", "OK", 2, &e);
		} else {
			snprintf(s->seen, sizeof(s->seen), "%s %s", rq->method, rq->target);
			http_conn_respond(c, s->status, "application/json", s->body,
					  strlen(s->body), &e);
		}
		if (s->close_each)
			break;
	}
}

static void serve(void *arg)
{
	struct server *s = arg;

	for (;;) {
		CLEANUP(http_conn_freep) struct http_conn *c = NULL;
		int fd = accept(s->listen_fd, NULL, NULL);

		if (fd < 0)
			return;
		c = http_conn_new(stream_fd_new(fd));
		serve_one(s, c);
	}
}

static struct client *start(struct server *s)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	CLEANUP(freep) char *url = xasprintf("unix://%s", path);
	struct client_options o = {.host = url};
	struct client *c = NULL;
	struct err e;

	unsetenv("DOCKER_API_VERSION");
	s->listen_fd = net_listen_unix(path, SOCK_STREAM, 0600, &e);
	CHECK(s->listen_fd >= 0);
	CHECK_OK(thread_start(serve, s, &e), e);
	CHECK_OK(client_open(&o, &c, &e), e);
	return c;
}

TEST(negotiation)
{
	static struct server s = {.api_version = "1.40", .status = 200, .body = "{\"a\":1}"};
	CLEANUP(client_freep) struct client *c = start(&s);
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	CHECK_EQ(client_get(c, client_path("/x/%s/json", "a b/c"), &v, &e), 200);
	CHECK_STR(s.seen, "GET /v1.40/x/a%20b/c/json");
	CHECK_EQ(json_get_i64(v, "a", 0), 1);
	CHECK_STR(client_version(c), "1.40");
	CHECK(client_at_least(c, "1.9") && client_at_least(c, "1.40"));
	CHECK(!client_at_least(c, "1.41"));
}

TEST(newer_server)
{
	static struct server s = {.api_version = "1.99", .status = 200, .body = "[]"};
	CLEANUP(client_freep) struct client *c = start(&s);
	struct err e;

	CHECK_EQ(client_get(c, client_path("/y"), NULL, &e), 200);
	CHECK_STR(s.seen, "GET /v" CLIENT_API_VERSION "/y");
}

TEST(errors)
{
	static struct server s = {
		.api_version = "1.51", .status = 409, .body = "{\"message\":\"in use\\n\"}"};
	CLEANUP(client_freep) struct client *c = start(&s);
	struct err e;

	CHECK_EQ(client_get(c, client_path("/z"), NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_STR(e.msg, "Error response from daemon: in use");
	s.status = 500;
	s.body = "plain";
	CHECK_EQ(client_get(c, client_path("/z"), NULL, &e), -1);
	CHECK_STR(e.msg, "Error response from daemon: plain");
	s.status = 404;
	s.body = "";
	CHECK_EQ(client_get(c, client_path("/z"), NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_STR(e.msg, "Error response from daemon: Not Found");
}

TEST(idle_connection_closed)
{
	static struct server s = {
		.api_version = "1.51", .status = 200, .body = "{}", .close_each = true};
	CLEANUP(client_freep) struct client *c = start(&s);
	CLEANUP(client_freep) struct client *d = NULL;
	struct err e;

	for (int i = 0; i < 5; i++)
		CHECK_EQ(client_get(c, client_path("/again"), NULL, &e), 200);
	d = client_clone(c);
	CHECK_EQ(client_get(d, client_path("/clone"), NULL, &e), 200);
}

TEST(nobody_there)
{
	struct client_options o = {.host = "unix:///nonexistent/docker.sock"};
	CLEANUP(client_freep) struct client *c = NULL;
	struct err e;

	CHECK_OK(client_open(&o, &c, &e), e);
	CHECK_EQ(client_get(c, client_path("/x"), NULL, &e), -1);
	CHECK_STR(e.msg,
		  "Cannot connect to the Docker daemon at unix:///nonexistent/docker.sock. Is "
		  "the docker daemon running?");
}
