// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/inspect/dial_lab.h"

/* a server in a process of its own; its port */
static uint16_t serve(struct lab *lab, struct dial_conf *c)
{
	struct err e;
	int fd = dial_listen("0", &e);
	uint16_t port;

	CHECK(fd >= 0);
	port = lab_port(fd);
	lab->server = fork();
	if (lab->server == 0)
		_exit(dial_serve(c, fd, &e) < 0 ? 1 : 0);
	close(fd);
	return port;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_EQ(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void expect(int fd, const void *want, size_t n)
{
	char got[64];
	struct err e;

	CHECK_OK(fd_read_full(fd, got, n, &e), e);
	CHECK_MEM(got, want, n);
}

static void socks_hello(int fd, const char *host, uint16_t port)
{
	unsigned char q[300] = {5, 1, 0, 3, (unsigned char)strlen(host)};
	size_t n = 5 + strlen(host);

	memcpy(q + 5, host, strlen(host));
	q[n++] = (unsigned char)(port >> 8);
	q[n++] = (unsigned char)port;
	CHECK_EQ(write(fd, "\x05\x01\x00", 3), 3);
	expect(fd, "\x05\x00", 2);
	/* in two pieces */
	CHECK_EQ(write(fd, q, 3), 3);
	usleep(20000);
	CHECK_EQ(write(fd, q + 3, n - 3), (ssize_t)(n - 3));
}

TEST(each_client_gets_a_connection)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	uint16_t port;
	int fds[20];

	c.word = "self";
	c.port = lab_echo_start(&lab);
	port = serve(&lab, &c);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_to(port);
		CHECK_EQ(write(fds[i], "abc", 3), 3);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		expect(fds[i], "abc", 3);
		/* our end is passed on, the other side's comes back */
		CHECK_EQ(shutdown(fds[i], SHUT_WR), 0);
		CHECK_EQ(read(fds[i], &(char){0}, 1), 0);
		close(fds[i]);
	}
	lab_end(&lab);
}

TEST(more_clients_than_may_be_wait)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	int fds[DIAL_CLIENTS_MAX], late;
	uint16_t port;

	c.word = "self";
	c.port = lab_echo_start(&lab);
	port = serve(&lab, &c);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_to(port);
		CHECK_EQ(write(fds[i], "x", 1), 1);
		expect(fds[i], "x", 1);
	}
	late = connect_to(port);
	CHECK_EQ(write(late, "y", 1), 1);
	CHECK_EQ(fd_wait(late, 1 /* POLLIN */, 200), 0);
	close(fds[0]);
	expect(late, "y", 1);
	lab_end(&lab);
}

TEST(a_refused_target_resets_its_client)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	uint16_t port;
	char b;
	int fd;

	c.word = "self";
	c.port = 1;
	port = serve(&lab, &c);
	fd = connect_to(port);
	CHECK_EQ(read(fd, &b, 1), -1);
	CHECK_EQ(errno, ECONNRESET);
	lab_end(&lab);
}

TEST(socks_connects_and_says_why_not)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	uint16_t echo = lab_echo_start(&lab), port;
	int fd;

	c.socks = true;
	port = serve(&lab, &c);
	fd = connect_to(port);
	socks_hello(fd, "both", echo);
	expect(fd, "\x05\x00\x00\x01\0\0\0\0\0\0", 10);
	CHECK_EQ(write(fd, "echo", 4), 4);
	expect(fd, "echo", 4);
	fd = connect_to(port);
	socks_hello(fd, "nobody", echo);
	expect(fd, "\x05\x02\x00\x01\0\0\0\0\0\0", 10);
	CHECK_EQ(read(fd, &(char){0}, 1), 0);
	fd = connect_to(port);
	socks_hello(fd, "self", 1);
	expect(fd, "\x05\x05\x00\x01\0\0\0\0\0\0", 10);
	/* no method that we have */
	fd = connect_to(port);
	CHECK_EQ(write(fd, "\x05\x01\x02", 3), 3);
	expect(fd, "\x05\xff", 2);
	CHECK_EQ(read(fd, &(char){0}, 1), 0);
	/* no SOCKS5 at all */
	fd = connect_to(port);
	CHECK_EQ(write(fd, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	CHECK(read(fd, &(char){0}, 1) <= 0);
	lab_end(&lab);
}

TEST(the_end_of_the_stop_descriptor_ends_it)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	int pair[2], status, listen_fd;
	struct err e;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	c.socks = true;
	c.stop_fd = pair[0];
	listen_fd = dial_listen("0", &e);
	lab.server = fork();
	if (lab.server == 0) {
		close(pair[1]);
		_exit(dial_serve(&c, listen_fd, &e) == 0 ? 3 : 1);
	}
	CHECK_EQ(waitpid(lab.server, &status, WNOHANG), 0);
	close(pair[1]);
	CHECK_EQ(waitpid(lab.server, &status, 0), lab.server);
	CHECK_EQ(WEXITSTATUS(status), 3);
}
