// SPDX-License-Identifier: MIT
/* The REST API over a socket pair: bytes in, bytes out. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "rootless/api.h"
#include "tests/unit/harness.h"

static int relay_add(void *arg, const struct rk_port_entry *p, struct err *e)
{
	(void)arg, (void)p, (void)e;
	return 0;
}

static int relay_del(void *arg, uint64_t id, struct err *e)
{
	(void)arg, (void)id, (void)e;
	return 0;
}

static const struct rk_relay relay = {.add = relay_add, .del = relay_del};
static char *const command[] = {"true", NULL};
static struct rk_conf conf;
static struct rk_ports ports;
static struct rk_api api = {.conf = &conf, .state_dir = "/s", .child_pid = 42, .ports = &ports};

static void init(void)
{
	struct err e;

	rk_conf_init(&conf);
	conf.net = "usernet";
	conf.port_driver = "builtin";
	conf.command = command;
	CHECK_OK(rk_conf_resolve(&conf, &e), e);
	rk_ports_init(&ports, &relay);
}

/* One request; the whole answer is left in out. */
static void ask(const char *request, struct buf *out)
{
	int pair[2];
	struct err e;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_OK(fd_write_all(pair[0], request, strlen(request), &e), e);
	CHECK(shutdown(pair[0], SHUT_WR) == 0);
	rk_api_serve(&api, pair[1]);
	buf_reset(out);
	CHECK_OK(fd_read_all(pair[0], 65536, out, &e), e);
	close(pair[0]);
}

static void post(const char *body, struct buf *out)
{
	CLEANUP(freep)
	char *text =
		xasprintf("POST /v1/ports HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
			  strlen(body), body);

	ask(text, out);
}

static bool has(const struct buf *b, const char *s)
{
	return strstr(buf_str(b), s) != NULL;
}

TEST(info)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	init();
	ask("GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "200 OK"));
	CHECK(has(&b, "{\"apiVersion\":\"1.1.1\",\"version\":\"2.0.2\",\"stateDir\":\"/s\","
		      "\"childPID\":42,\"networkDriver\":{\"driver\":\"usernet\",\"dns\":"
		      "[\"10.0.2.3\"],\"childIP\":\"10.0.2.100\"},\"portDriver\":{\"driver\":"
		      "\"builtin\",\"protos\":[\"tcp\",\"tcp4\",\"tcp6\",\"udp\",\"udp4\",\"udp6\"]"
		      "}}"));
}

TEST(port_life)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	init();
	post("{\"proto\":\"udp\",\"parentIP\":\"127.0.0.1\",\"parentPort\":39871,\"childPort\":1}",
	     &b);
	CHECK_MSG(has(&b, "201 Created"), "%s", buf_str(&b));
	CHECK(has(&b, "{\"id\":1,\"spec\":{\"proto\":\"udp\",\"parentIP\":\"127.0.0.1\","
		      "\"parentPort\":39871,\"childPort\":1}}"));
	ask("GET /v1/ports HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "[{\"id\":1,"));
	ask("DELETE /v1/ports/1 HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "200 OK"));
	ask("DELETE /v1/ports/1 HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "400 Bad Request") && has(&b, "{\"message\":\"unknown id: 1\"}"));
	ask("GET /v1/ports HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "\r\n\r\n[]"));
}

TEST(bad_requests)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	init();
	post("{}", &b);
	CHECK(has(&b, "400 Bad Request") && has(&b, "unknown proto: \\\"\\\""));
	post("{", &b);
	CHECK(has(&b, "400 Bad Request"));
	ask("DELETE /v1/ports/x HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "400 Bad Request"));
	ask("DELETE /v1/ports HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "404"));
	ask("GET /v2/info HTTP/1.1\r\nHost: x\r\n\r\n", &b);
	CHECK(has(&b, "404"));
	ask("rubbish\r\n\r\n", &b);
	CHECK(has(&b, "400"));
	ask("", &b);
	CHECK_EQ(b.len, 0);
}
