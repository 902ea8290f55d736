// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/inspect/dial_lab.h"

/* An echo server for datagrams in a process of its own; its port. "end" ends it, "two" is answered
 * twice. */
static uint16_t echo_start(struct lab *lab)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint16_t port;
	char *b;

	CHECK_EQ(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	port = lab_port(fd);
	lab->echo = fork();
	if (lab->echo != 0) {
		close(fd);
		return port;
	}
	b = malloc(DIAL_DATAGRAM_MAX);
	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, b, DIAL_DATAGRAM_MAX, 0, (struct sockaddr *)&from, &len);

		if (n == 3 && memcmp(b, "end", 3) == 0)
			_exit(0);
		for (int i = n == 3 && memcmp(b, "two", 3) == 0 ? 2 : 1; i > 0; i--)
			(void)sendto(fd, b, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

static int client_of(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK_EQ(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void expect(int fd, const void *want, size_t n)
{
	CLEANUP(freep) char *got = xmalloc(DIAL_DATAGRAM_MAX);

	CHECK_EQ(fd_wait(fd, POLLIN, 5000), 1);
	CHECK_EQ(recv(fd, got, DIAL_DATAGRAM_MAX, 0), (ssize_t)n);
	CHECK_MEM(got, want, n);
}

static uint16_t serve(struct lab *lab, struct dial_conf *c)
{
	struct err e;
	int fd = dial_listen_udp("0", &e);
	uint16_t port;

	CHECK(fd >= 0);
	port = lab_port(fd);
	lab->server = fork();
	if (lab->server == 0)
		_exit(dial_serve_udp(c, fd, &e) < 0 ? 1 : 0);
	close(fd);
	return port;
}

TEST(only_the_loopback_interface)
{
	struct err e;
	int fd = dial_listen_udp("[::1]:0", &e);

	CHECK(fd >= 0 || e.sys == EADDRNOTAVAIL || e.sys == EAFNOSUPPORT);
	fd_close(&fd);
	CHECK_EQ(dial_listen_udp("0.0.0.0:0", &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(dial_listen_udp("", &e), -1);
}

TEST(standard_input_and_output)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	char got[16];
	struct err e;
	int in[2], out[2], fd;

	c.udp = true;
	c.word = "self";
	c.port = echo_start(&lab);
	CHECK(pipe(in) == 0 && pipe(out) == 0);
	fd = dial_connect(&c, &e);
	CHECK(fd >= 0);
	CHECK_EQ(write(in[1], "two", 3), 3);
	close(in[1]);
	/* both answers come after the end of input */
	CHECK_OK(dial_stdio_udp(in[0], out[1], fd, &e), e);
	CHECK_EQ(read(out[0], got, sizeof(got)), 6);
	CHECK_MEM(got, "twotwo", 6);
	close(fd);
	lab_end(&lab);
}

TEST(nobody_there_is_an_error)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	struct err e;
	int in[2], fd;

	c.udp = true;
	c.word = "self";
	c.port = 1;
	CHECK_EQ(pipe(in), 0);
	CHECK_EQ(write(in[1], "x", 1), 1);
	fd = dial_connect(&c, &e);
	CHECK(fd >= 0);
	CHECK_EQ(dial_stdio_udp(in[0], STDOUT_FILENO, fd, &e), -1);
	CHECK_EQ(e.sys, ECONNREFUSED);
	close(fd);
}

TEST(each_client_gets_its_own_answers)
{
	CLEANUP(freep) char *big = xcalloc(1, 60000);
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	int fds[10];
	uint16_t port;

	memset(big, 'b', 60000);
	c.udp = true;
	c.word = "self";
	c.port = echo_start(&lab);
	port = serve(&lab, &c);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = client_of(port);
		CHECK_EQ(send(fds[i], &(char){(char)('a' + i)}, 1, 0), 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		expect(fds[i], &(char){(char)('a' + i)}, 1);
	CHECK_EQ(send(fds[3], big, 60000, 0), 60000);
	expect(fds[3], big, 60000);
	CHECK_EQ(send(fds[4], "", 0, 0), 0);
	expect(fds[4], "", 0);
	lab_end(&lab);
}

TEST(the_quietest_client_gives_way)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	int fds[DIAL_CLIENTS_MAX + 8];
	uint16_t port;

	c.udp = true;
	c.word = "self";
	c.port = echo_start(&lab);
	port = serve(&lab, &c);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = client_of(port);
		CHECK_EQ(send(fds[i], "x", 1, 0), 1);
		expect(fds[i], "x", 1);
	}
	/* also one that was forgotten is served again */
	CHECK_EQ(send(fds[0], "y", 1, 0), 1);
	expect(fds[0], "y", 1);
	lab_end(&lab);
}

TEST(a_target_that_ended_is_looked_for_again)
{
	struct lab lab = {0};
	struct dial_conf c = lab_conf(&lab);
	uint16_t port;
	int fd, status;

	c.udp = true;
	c.word = "self";
	c.port = echo_start(&lab);
	port = serve(&lab, &c);
	fd = client_of(port);
	CHECK_EQ(send(fd, "end", 3, 0), 3);
	CHECK_EQ(waitpid(lab.echo, &status, 0), lab.echo);
	lab.echo = 0;
	/* refused by the kernel; the server lives on and forgets */
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(send(fd, "x", 1, 0), 1);
		usleep(20000);
	}
	CHECK_EQ(waitpid(lab.server, &status, WNOHANG), 0);
	lab_end(&lab);
}
