// SPDX-License-Identifier: MIT
/*
 * Who asks? One static program for both ends of the tests of published ports.
 *
 *   peertell serve PORT        TCP and UDP, IPv4 and IPv6: tells each client its address as seen
 *                              here ("ADDRESS PORT\n"); TCP then echoes
 *   peertell PROTO ADDR PORT [FROM [SPORT [SIZE]]]
 *                              asks by tcp or udp and prints "MINE-PORT ADDRESS PORT": its own
 *                              port and what the server said. SIZE: bytes of the datagram, or of
 *                              what is echoed. Exit status 2: reset or refused
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MS = 5000, DATAGRAM = 65000 };

static char buf[65536];

static void die(const char *what)
{
	int sys = errno;

	fprintf(stderr, "peertell: %s: %s\n", what, strerror(sys));
	exit(sys == ECONNRESET || sys == ECONNREFUSED ? 2 : 1);
}

static socklen_t address(const char *text, const char *port, struct sockaddr_storage *sa)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof(*sa));
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(port));
		return sizeof(*v6);
	}
	memset(sa, 0, sizeof(*sa));
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)atoi(port));
	if (inet_pton(AF_INET, text, &v4->sin_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
	return sizeof(*v4);
}

static int tell(char *out, size_t size, const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
	char ip[INET6_ADDRSTRLEN];

	if (sa->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
	else
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
	return snprintf(out, size, "%s %u\n", ip,
			ntohs(sa->ss_family == AF_INET6 ? v6->sin6_port : v4->sin_port));
}

static int opened(const char *any, const char *port, int type)
{
	struct sockaddr_storage sa;
	socklen_t len = address(any, port, &sa);
	int fd = socket(sa.ss_family, type, 0), one = 1;

	if (fd < 0)
		return -1; /* no IPv6 here */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, len) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 128) < 0))
		die("bind");
	return fd;
}

static void serve_connection(int lis)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	int fd = accept(lis, (struct sockaddr *)&sa, &len);

	if (fd < 0)
		return;
	if (fork() == 0) {
		ssize_t n = tell(buf, sizeof(buf), &sa);

		while (n > 0 && send(fd, buf, (size_t)n, MSG_NOSIGNAL) > 0)
			n = recv(fd, buf, sizeof(buf), 0);
		_exit(0);
	}
	close(fd);
}

static void serve_datagram(int fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&sa, &len);

	if (n < 0)
		return;
	/* the size of the question is that of the answer */
	if (n < 64)
		n = 64;
	memset(buf, 0, (size_t)n);
	tell(buf, sizeof(buf), &sa);
	sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&sa, len);
}

static void serve(const char *port)
{
	struct pollfd f[4] = {
		{.fd = opened("0.0.0.0", port, SOCK_STREAM), .events = POLLIN},
		{.fd = opened("::", port, SOCK_STREAM), .events = POLLIN},
		{.fd = opened("0.0.0.0", port, SOCK_DGRAM), .events = POLLIN},
		{.fd = opened("::", port, SOCK_DGRAM), .events = POLLIN},
	};

	signal(SIGCHLD, SIG_IGN);
	while (poll(f, 4, -1) > 0) {
		for (int i = 0; i < 4; i++) {
			if ((f[i].revents & POLLIN) != 0)
				(i < 2 ? serve_connection : serve_datagram)(f[i].fd);
		}
	}
}

static size_t answer(int fd)
{
	struct pollfd f = {.fd = fd, .events = POLLIN};
	ssize_t n;

	errno = ETIMEDOUT;
	if (poll(&f, 1, ANSWER_MS) <= 0)
		die("answer");
	n = recv(fd, buf, sizeof(buf) - 1, 0);
	if (n <= 0)
		die("answer");
	buf[n] = '\0';
	return (size_t)n;
}

static void echo(int fd, size_t size)
{
	size_t have = 0;

	memset(buf, 'x', sizeof(buf));
	while (have < size) {
		size_t n = size - have < sizeof(buf) - 1 ? size - have : sizeof(buf) - 1, got = 0;

		if (send(fd, buf, n, MSG_NOSIGNAL) != (ssize_t)n)
			die("send");
		while (got < n)
			got += answer(fd);
		have += n;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_storage to, from;
	socklen_t len, from_len = sizeof(from);
	bool tcp;
	size_t size;
	int fd, one = 1;

	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(argv[2]);
	if (argc < 4)
		return 1;
	tcp = strcmp(argv[1], "tcp") == 0;
	size = argc > 6 ? (size_t)atol(argv[6]) : 5;
	len = address(argv[2], argv[3], &to);
	fd = socket(to.ss_family, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (argc > 4) {
		from_len = address(argv[4], argc > 5 ? argv[5] : "0", &from);
		if (bind(fd, (struct sockaddr *)&from, from_len) < 0)
			die("bind");
	}
	/* connected: an answer from another address than the one asked does not arrive */
	for (int i = 0; connect(fd, (struct sockaddr *)&to, len) < 0; i++) {
		/* our own kernel may take up to a millisecond to give up a connection that has
		 * ended */
		if (errno != EADDRNOTAVAIL || i == 100)
			die("connect");
		poll(NULL, 0, 1);
	}
	from_len = sizeof(from);
	getsockname(fd, (struct sockaddr *)&from, &from_len);
	if (!tcp && send(fd, buf, size, 0) != (ssize_t)size)
		die("send");
	if (answer(fd) < size && !tcp)
		die("short answer");
	printf("%u %s", ntohs(((struct sockaddr_in *)&from)->sin_port), buf);
	if (tcp && argc > 6)
		echo(fd, size);
	/* until the other end has closed, too: its port may be used at once again */
	if (tcp && shutdown(fd, SHUT_WR) == 0)
		while (recv(fd, buf, sizeof(buf), 0) > 0)
			;
	return 0;
}
