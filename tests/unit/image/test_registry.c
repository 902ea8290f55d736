// SPDX-License-Identifier: MIT
/* The registry client against small servers on loopback that answer from a table. */
#include "image/registry.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "image/manifest.h"
#include "tests/unit/harness.h"

#define HELLO	     "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define UNAUTHORIZED "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"
#define OK_HELLO     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

struct rule {
	const char *want;   /* begins the request */
	const char *header; /* must be in it; NULL: any */
	const char *answer; /* "PORT!" becomes the port */
};

static void put_port(char *text, unsigned port)
{
	for (char *p; (p = strstr(text, "PORT!")) != NULL;) {
		char digits[8];

		snprintf(digits, sizeof(digits), "%05u", port);
		memcpy(p, digits, 5);
	}
}

static void serve_one(int fd, const struct rule *rules, unsigned port)
{
	char rq[4096], answer[4096];
	size_t n = 0;

	for (;;) {
		ssize_t r = read(fd, rq + n, sizeof(rq) - 1 - n);

		if (r <= 0)
			return;
		n += (size_t)r;
		rq[n] = '\0';
		if (strstr(rq, "\r\n\r\n") == NULL)
			continue;
		while (rules->want != NULL &&
		       (!str_starts(rq, rules->want) ||
			(rules->header != NULL && strstr(rq, rules->header) == NULL)))
			rules++;
		if (rules->want == NULL)
			return;
		str_copy(answer, rules->answer, sizeof(answer));
		put_port(answer, port);
		(void)!write(fd, answer, strlen(answer));
		return;
	}
}

/* A child serving the rules, one connection a request; "PORT!" in an answer is its port. */
static unsigned serve(const struct rule *rules)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct err e;
	int fd = net_listen_tcp("127.0.0.1", 0, &e);

	CHECK(fd >= 0);
	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int c = accept(fd, NULL, NULL);

			if (c < 0)
				_exit(0);
			serve_one(c, rules, ntohs(sa.sin_port));
			close(c);
		}
	}
	close(fd);
	return ntohs(sa.sin_port);
}

/* The plain HTTP endpoint of 127.0.0.1:port/x. */
static struct registry *open_at(struct registry_config *c, unsigned port,
				const struct registry_auth *auth)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	char name[64];
	struct err e;

	snprintf(name, sizeof(name), "127.0.0.1:%u/x", port);
	CHECK_OK(image_ref_parse(name, &ref, &e), e);
	CHECK_EQ(registry_endpoints(c, &ref), 2);
	c->idle_ms = 2000;
	return registry_open(c, &ref, auth, 1);
}

static int fetch(const struct rule *rules, const struct registry_auth *auth, struct buf *b,
		 struct err *e)
{
	struct registry_config c = {0};
	CLEANUP(registry_freep) struct registry *r = open_at(&c, serve(rules), auth);

	return registry_fetch(r, HELLO, 5, 100, b, e);
}

static void fails(const struct rule *rules, enum err_kind kind, const char *part)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK(fetch(rules, NULL, &b, &e) < 0);
	CHECK_EQ(e.kind, kind);
	CHECK_MSG(strstr(e.msg, part) != NULL, "%s lacks %s", e.msg, part);
}

#define PING                                                                        \
	{                                                                           \
		"GET /v2/ ", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" \
	}

TEST(registry_blob)
{
	static const struct rule rules[] = {PING, {"GET /v2/x/blobs/" HELLO, NULL, OK_HELLO}, {0}};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(fetch(rules, NULL, &b, &e), e);
	CHECK_STR(buf_str(&b), "hello");
}

TEST(registry_blob_lies)
{
	static const struct rule other[] = {
		PING,
		{"GET /v2/x/blobs/", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhullo"},
		{0}};
	static const struct rule longer[] = {
		PING,
		{"GET /v2/x/blobs/", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!"},
		{0}};
	static const struct rule chunks[] = {
		PING,
		{"GET /v2/x/blobs/", NULL,
		 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n"},
		{0}};
	static const struct rule cut[] = {
		PING,
		{"GET /v2/x/blobs/", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"},
		{0}};
	static const struct rule gone[] = {
		PING,
		{"GET /v2/x/blobs/", NULL, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
		{0}};

	fails(other, ERR_INVALID, "verification failed for digest");
	fails(longer, ERR_INVALID, "registry promises a blob of 6 bytes");
	fails(chunks, ERR_INVALID, "longer than the 5 bytes promised");
	fails(cut, ERR_SYSTEM, "unexpected EOF");
	fails(gone, ERR_NOTFOUND, "blob unknown");
}

TEST(registry_basic_auth)
{
	static const struct rule rules[] = {
		{"GET /v2/x/blobs/", "Authorization: Basic YTpi", OK_HELLO},
		{"GET ", NULL, UNAUTHORIZED "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"},
		{0}};
	struct registry_auth auth = {.username = xstrdup("a"), .password = xstrdup("b")};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(fetch(rules, &auth, &b, &e), e);
	fails(rules, ERR_UNAUTHORIZED, "no basic auth credentials");
	registry_auth_clear(&auth);
}

TEST(registry_token)
{
	static const struct rule rules[] = {
		{"GET /token?client_id=docker&account=a&service=s&scope=repository%3Ax%3Apull ",
		 "Authorization: Basic YTpi",
		 "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"token\":\"tok\"}"},
		{"GET /v2/x/blobs/", "Authorization: Bearer tok", OK_HELLO},
		{"GET /v2/", NULL,
		 UNAUTHORIZED "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:PORT!/token\","
			      "service=\"s\"\r\n\r\n"},
		{0}};
	static const struct rule far[] = {
		{"GET /v2/", NULL,
		 UNAUTHORIZED "WWW-Authenticate: Bearer realm=\"http://far.example/t\"\r\n\r\n"},
		{0}};
	struct registry_auth auth = {.username = xstrdup("a"), .password = xstrdup("b")};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(fetch(rules, &auth, &b, &e), e);
	fails(far, ERR_DENIED, "is not https");
	registry_auth_clear(&auth);
}

/* Credentials stay with the origin they were meant for. */
TEST(registry_redirect_drops_credentials)
{
	static const struct rule rules[] = {
		{"GET /other", "Authorization", "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"},
		{"GET /other", NULL, OK_HELLO},
		{"GET /v2/x/blobs/", "Authorization",
		 "HTTP/1.1 307 Go\r\nLocation: http://localhost:PORT!/other\r\nContent-Length: "
		 "0\r\n\r\n"},
		{"GET ", NULL, UNAUTHORIZED "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"},
		{0}};
	struct registry_auth auth = {.username = xstrdup("a"), .password = xstrdup("b")};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(fetch(rules, &auth, &b, &e), e);
	registry_auth_clear(&auth);
}

TEST(registry_redirect_loop)
{
	static const struct rule rules[] = {
		PING,
		{"GET ", NULL, "HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"},
		{0}};
	static const struct rule odd[] = {
		PING,
		{"GET ", NULL,
		 "HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"},
		{0}};

	fails(rules, ERR_INVALID, "stopped after 10 redirects");
	fails(odd, ERR_INVALID, "unsupported protocol scheme");
}

TEST(registry_head)
{
	static const struct rule rules[] = {
		PING,
		{"HEAD /v2/x/manifests/1 ", "Accept: application/vnd.docker",
		 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDocker-Content-Digest: " HELLO
		 "\r\n\r\n"},
		{"HEAD /v2/x/manifests/2 ", NULL, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		{"HEAD /v2/x/manifests/3 ", NULL,
		 "HTTP/1.1 200 OK\r\nDocker-Content-Digest: sha256:../x\r\n\r\n"},
		{"HEAD /v2/x/manifests/4 ", NULL, "HTTP/1.1 405 No\r\nContent-Length: 9\r\n\r\n"},
		{0}};
	struct registry_config c = {0};
	CLEANUP(registry_freep) struct registry *r = open_at(&c, serve(rules), NULL);
	char digest[DIGEST_SIZE];
	struct err e;

	CHECK_OK(registry_head(r, "1", digest, &e), e);
	CHECK_STR(digest, HELLO);
	for (const char *tag = "234"; *tag != '\0'; tag++) {
		const char one[] = {*tag, '\0'};

		CHECK_OK(registry_head(r, one, digest, &e), e);
		CHECK_STR(digest, "");
	}
	CHECK(registry_head(r, "5", digest, &e) < 0);
}

static void manifest_fails(const char *answer, enum err_kind kind, const char *msg)
{
	const struct rule rules[] = {PING, {"GET /v2/x/manifests/1", NULL, answer}, {0}};
	struct registry_config c = {0};
	unsigned port = serve(rules);
	CLEANUP(registry_freep) struct registry *r = open_at(&c, port, NULL);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *want = xstrdup(msg);
	char digest[DIGEST_SIZE];
	char *type = NULL;
	struct err e;

	put_port(want, port);
	CHECK(registry_manifest(r, "1", &b, &type, digest, &e) < 0);
	CHECK_STR(e.msg, want);
	CHECK_EQ(e.kind, kind);
}

TEST(registry_manifest_errors)
{
	manifest_fails("HTTP/1.1 404 Not Found\r\nContent-Length: 57\r\n\r\n"
		       "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"gone\"}]}",
		       ERR_NOTFOUND,
		       "manifest for 127.0.0.1:PORT!/x:1 not found: manifest unknown: gone");
	manifest_fails(
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ERR_NOTFOUND,
		"pull access denied for 127.0.0.1:PORT!/x, repository does not exist or may "
		"require 'docker login': denied: requested access to the resource is denied");
	manifest_fails("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", ERR_UNAUTHORIZED,
		       "unauthorized: authentication required");
	manifest_fails("HTTP/1.1 429 Slow\r\nContent-Length: 56\r\n\r\n"
		       "{\"errors\":[{\"code\":\"TOOMANYREQUESTS\",\"message\":\"wait\"}]}",
		       ERR_UNAVAILABLE, "toomanyrequests: wait");
}

TEST(registry_tag_list)
{
	static const struct rule rules[] = {
		PING,
		{"GET /v2/x/tags/list?n=2&last=b ", NULL,
		 "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"tags\":[\"c\"]}"},
		{"GET /v2/x/tags/list ", NULL,
		 "HTTP/1.1 200 OK\r\nLink: </v2/x/tags/list?n=2&last=b>; rel=\"next\"\r\n"
		 "Content-Length: 27\r\n\r\n{\"tags\":[\"a\",\"b\",\"-bad\",7]}"},
		{0}};
	struct registry_config c = {0};
	CLEANUP(registry_freep) struct registry *r = open_at(&c, serve(rules), NULL);
	CLEANUP(strv_clear) struct strv tags = STRV_INIT;
	CLEANUP(freep) char *all = NULL;
	struct err e;

	CHECK_OK(registry_tags(r, &tags, &e), e);
	all = strv_join(&tags, ",");
	CHECK_STR(all, "a,b,c");
}

TEST(registry_login_basic)
{
	static const struct rule rules[] = {
		{"GET /v2/ ", "Authorization: Basic YTpi",
		 "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"GET ", NULL, UNAUTHORIZED "WWW-Authenticate: Basic realm=\"r\"\r\n\r\n"},
		{0}};
	unsigned port = serve(rules);
	struct registry_config c = {.idle_ms = 2000};
	struct registry_auth auth = {.username = xstrdup("a"),
				     .password = xstrdup("b"),
				     .server_address = xasprintf("127.0.0.1:%u", port)};
	CLEANUP(freep)
	char *want = xasprintf(
		"login attempt to http://127.0.0.1:%u/v2/ failed with status: 401 Unauthorized",
		port);
	const char *status;
	char *token = NULL;
	struct err e;

	CHECK_OK(registry_login(&c, &auth, &status, &token, &e), e);
	CHECK_STR(status, "Login Succeeded");
	CHECK(token == NULL);
	str_replace_ptr(&auth.password, "wrong");
	CHECK(registry_login(&c, &auth, &status, &token, &e) < 0);
	CHECK_STR(e.msg, want);
	CHECK_EQ(e.kind, ERR_UNAUTHORIZED);
	registry_auth_clear(&auth);
}

TEST(registry_is_cancelled)
{
	static const struct rule rules[] = {PING, {0}};
	struct registry_config c = {0};
	CLEANUP(registry_freep) struct registry *r = open_at(&c, serve(rules), NULL);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	registry_cancel(r);
	CHECK(registry_fetch(r, HELLO, 5, 100, &b, &e) < 0);
	CHECK_EQ(e.kind, ERR_CANCELLED);
}
