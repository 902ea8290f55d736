// SPDX-License-Identifier: MIT
/* An echo server and a guide that knows "self", "both" (an address where nobody is, then us). */
#ifndef TESTS_UNIT_INSPECT_DIAL_LAB_H
#define TESTS_UNIT_INSPECT_DIAL_LAB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inspect/dial.h"
#include "tests/unit/harness.h"

struct lab {
	pid_t echo, server;
};

static inline int lab_resolve(void *arg, const char *word, struct ip *ret, size_t max,
			      struct err *e)
{
	(void)arg;
	(void)max;
	if (strcmp(word, "self") == 0)
		return ip_parse("127.0.0.1", &ret[0], e) < 0 ? -1 : 1;
	if (strcmp(word, "both") == 0)
		return ip_parse("127.9.9.9", &ret[0], e) < 0 ||
				       ip_parse("127.0.0.1", &ret[1], e) < 0
			       ? -1
			       : 2;
	return err_set(e, ERR_NOTFOUND, 0, "No such container: %s", word);
}

static inline struct dial_conf lab_conf(struct lab *lab)
{
	(void)lab;
	return (struct dial_conf){.guide = {.resolve = lab_resolve}, .stop_fd = -1};
}

static inline uint16_t lab_port(int fd)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	CHECK_EQ(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	return ntohs(sa.sin_port);
}

static inline void lab_echo(int listen_fd)
{
	char b[4096];

	for (;;) {
		int fd = accept(listen_fd, NULL, NULL);
		ssize_t n;

		if (fork() != 0) {
			close(fd);
			continue;
		}
		while ((n = read(fd, b, sizeof(b))) > 0) {
			if (write(fd, b, (size_t)n) != n)
				break;
		}
		_exit(0);
	}
}

static inline uint16_t lab_echo_start(struct lab *lab)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t port;

	CHECK(bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 8) == 0);
	port = lab_port(fd);
	lab->echo = fork();
	if (lab->echo == 0) {
		signal(SIGCHLD, SIG_IGN);
		lab_echo(fd);
	}
	close(fd);
	return port;
}

static inline void lab_end(struct lab *lab)
{
	if (lab->echo > 0)
		kill(lab->echo, SIGKILL);
	if (lab->server > 0)
		kill(lab->server, SIGKILL);
}

#endif
