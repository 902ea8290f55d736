// SPDX-License-Identifier: MIT
/* Published ports over the control socket; sockets "of N" come from the test's own pool channel. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tests/unit/usernet/engine.h"
#include "usernet/control.h"
#include "usernet/pool.h"

#define BULK (8 << 20)

static int tcp_listener(uint16_t *ret_port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(bind(fd, (struct sockaddr *)&sa, len) == 0 && listen(fd, 5) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

static int connect_to(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK(connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	return fd;
}

/* Answers pool requests in a child, as the netns-helper does. */
static pid_t serve_pool(int fd)
{
	struct pool_request q;
	struct err e;
	pid_t pid = fork();

	CHECK(pid >= 0);
	while (pid == 0 && fd_recv(fd, &q, sizeof(q), NULL, NULL, &e) == sizeof(q)) {
		struct pool_answer a = {.version = POOL_VERSION, .op = q.op, .kind = q.kind};
		int s[2];

		for (int i = 0; i < 2; i++)
			s[i] = socket(AF_INET,
				      (q.kind == POOL_TCP4 ? SOCK_STREAM : SOCK_DGRAM) |
					      SOCK_NONBLOCK,
				      0);
		if (fd_send(fd, &a, sizeof(a), s, 2, &e) < 0)
			_exit(1);
		close(s[0]);
		close(s[1]);
	}
	if (pid == 0)
		_exit(0);
	return pid;
}

struct setup {
	struct engine en;
	int ctl, pool;
	pid_t pool_pid;
	int child_fd; /* the server "in the container" */
	uint16_t host_port;
};

static struct usernet_ctl_port describe(uint64_t id, uint16_t child_port)
{
	struct usernet_ctl_port p = {
		.id = id, .family = IP_V4, .child_port = child_port, .child = {127, 0, 0, 1}};

	return p;
}

static struct setup start(void)
{
	CLEANUP(fd_closep) int host_fd = -1;
	struct usernet_ctl_port p;
	int ctl[2], pool[2];
	struct setup s = {0};
	uint16_t child_port;
	struct err e;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pool) == 0);
	s.en = engine_start("/dev/null", ctl[1]);
	s.pool_pid = serve_pool(pool[0]);
	close(pool[0]);
	close(ctl[1]);
	s.ctl = ctl[0];
	s.pool = pool[1];
	CHECK_OK(usernet_ctl_netns(s.ctl, s.pool, NULL, &e), e);
	s.child_fd = tcp_listener(&child_port);
	host_fd = tcp_listener(&s.host_port);
	p = describe(1, child_port);
	CHECK_OK(usernet_ctl_port_add(s.ctl, &p, host_fd, NULL, &e), e);
	CHECK(usernet_ctl_port_add(s.ctl, &p, host_fd, NULL, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	return s;
}

static void stop(struct setup *s)
{
	kill(s->pool_pid, SIGKILL);
	waitpid(s->pool_pid, NULL, 0);
	close(s->ctl);
	close(s->pool);
	close(s->child_fd);
	engine_stop(&s->en);
}

/* Writes BULK bytes into one end from a child while this reads the other. */
static void bulk(int from, int to)
{
	static char buf[65536];
	size_t have = 0;
	pid_t pid = fork();

	if (pid == 0) {
		memset(buf, 'x', sizeof(buf));
		for (size_t i = 0; i < BULK / sizeof(buf); i++) {
			if (send(from, buf, sizeof(buf), 0) != (ssize_t)sizeof(buf))
				_exit(1);
		}
		_exit(shutdown(from, SHUT_WR) < 0);
	}
	for (ssize_t n; (n = recv(to, buf, sizeof(buf), 0)) > 0;) {
		for (ssize_t i = 0; i < n; i += 997)
			CHECK_EQ(buf[i], 'x');
		have += (size_t)n;
	}
	CHECK_EQ(have, BULK);
	waitpid(pid, NULL, 0);
}

TEST(bulk_both_ways_with_half_close)
{
	struct setup s = start();
	int client = connect_to(s.host_port), server = accept(s.child_fd, NULL, NULL);

	CHECK(server >= 0);
	bulk(client, server);
	bulk(server, client);
	close(client);
	close(server);
	stop(&s);
}

TEST(a_reset_and_a_removed_port)
{
	struct setup s = start();
	int client = connect_to(s.host_port), server = accept(s.child_fd, NULL, NULL);
	struct linger hard = {.l_onoff = 1};
	struct err e;
	char c;

	CHECK(server >= 0);
	setsockopt(server, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(server);
	CHECK(recv(client, &c, 1, 0) < 0);
	close(client);
	client = connect_to(s.host_port);
	server = accept(s.child_fd, NULL, NULL);
	CHECK_OK(usernet_ctl_port_del(s.ctl, 1, NULL, &e), e);
	CHECK(recv(client, &c, 1, 0) < 0);
	CHECK(usernet_ctl_port_del(s.ctl, 1, NULL, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	close(client);
	close(server);
	stop(&s);
}

TEST(nobody_listens_resets_within_a_second_or_so)
{
	struct setup s = start();
	int client;
	char c;

	fd_close(&s.child_fd);
	client = connect_to(s.host_port);
	CHECK(recv(client, &c, 1, 0) < 0);
	close(client);
	stop(&s);
}

TEST(the_lost_helper_is_announced)
{
	struct setup s = start();
	bool lost = false;
	struct err e;
	int client;
	char c;

	kill(s.pool_pid, SIGKILL);
	for (int i = 0; i < 3; i++) { /* the stock of two sockets, then none */
		client = connect_to(s.host_port);
		if (i == 2)
			CHECK(recv(client, &c, 1, 0) < 0);
		close(client);
	}
	CHECK_OK(usernet_ctl_event(s.ctl, &lost, &e), e);
	CHECK(lost);
	stop(&s);
}

TEST(udp_goes_there_and_back)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd[2], client = socket(AF_INET, SOCK_DGRAM, 0);
	struct setup s = start();
	struct usernet_ctl_port p;
	struct sockaddr_in at[2], from;
	socklen_t len = sizeof(sa);
	struct err e;
	char buf[16];

	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		CHECK(bind(fd[i], (struct sockaddr *)&sa, sizeof(sa)) == 0);
		CHECK(getsockname(fd[i], (struct sockaddr *)&at[i], &len) == 0);
	}
	p = describe(2, ntohs(at[1].sin_port));
	p.udp = 1;
	CHECK_OK(usernet_ctl_port_add(s.ctl, &p, fd[0], NULL, &e), e);
	for (int i = 0; i < 3; i++) {
		CHECK(sendto(client, "ping", 4, 0, (struct sockaddr *)&at[0], len) == 4);
		CHECK(recvfrom(fd[1], buf, 16, 0, (struct sockaddr *)&from, &len) == 4);
		CHECK(sendto(fd[1], "pong!", 5, 0, (struct sockaddr *)&from, len) == 5);
		CHECK(recvfrom(client, buf, 16, 0, (struct sockaddr *)&from, &len) == 5);
		CHECK_EQ(from.sin_port, at[0].sin_port);
	}
	stop(&s);
}
