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
		for (ssize_t n; have < BULK; have += (size_t)n) {
			n = send(from, buf, MIN(sizeof(buf), BULK - have), 0);
			if (n <= 0)
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

/* A published UDP port that leads to GUEST, port 7. */
static int publish_udp(struct setup *s, uint64_t id, struct sockaddr_in *ret)
{
	struct usernet_ctl_port p = {
		.id = id, .udp = 1, .source_ip = 1, .family = IP_V4, .child_port = 7};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct ip guest = addr(GUEST);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret);
	struct err e;

	memcpy(p.child, guest.bytes, 4);
	CHECK(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)ret, &len) == 0);
	CHECK_OK(usernet_ctl_port_add(s->ctl, &p, fd, NULL, &e), e);
	return fd;
}

static uint16_t seen_as(struct setup *s, const char *text)
{
	struct packet v;
	struct packet_ip ip;
	struct packet_udp u;
	uint8_t buf[256];
	struct ip gateway = addr(GATEWAY), guest = addr(GUEST);

	v = (struct packet){.p = buf, .n = engine_read(&s->en, buf, sizeof(buf))};
	CHECK(packet_parse_ip(&v, &ip) && packet_parse_udp(&ip, true, &u));
	CHECK(ip_eq(&ip.src, &gateway) && ip_eq(&ip.dst, &guest) && u.dport == 7);
	CHECK(u.payload.n == strlen(text) && memcmp(u.payload.p, text, u.payload.n) == 0);
	return u.sport;
}

static void answer_to(struct setup *s, uint16_t port, const char *text)
{
	uint8_t out[256] = {0}, *h = out + PACKET_IP4_HDR;
	size_t n = strlen(text);

	packet_put16(h, 7);
	packet_put16(h + 2, port);
	packet_put16(h + 4, (uint16_t)(8 + n));
	memcpy(h + 8, text, n);
	engine_send(&s->en, out, GATEWAY, 17, 8 + n, 6);
}

/* The host's loopback appears as the gateway; one client of two ports is two clients inside. */
TEST(udp_by_the_tun_keeps_clients_apart)
{
	int client = socket(AF_INET, SOCK_DGRAM, 0), fd[2];
	struct sockaddr_in at[2], from;
	struct setup s = start();
	socklen_t len = sizeof(from);
	struct err e;
	uint16_t port[2];
	char buf[16];

	for (int i = 0; i < 2; i++) {
		fd[i] = publish_udp(&s, 10 + (uint64_t)i, &at[i]);
		CHECK(sendto(client, "ask", 3, 0, (struct sockaddr *)&at[i], len) == 3);
		port[i] = seen_as(&s, "ask");
	}
	CHECK(getsockname(client, (struct sockaddr *)&from, &len) == 0);
	CHECK_EQ(port[0], ntohs(from.sin_port));
	CHECK(port[1] != port[0]);
	for (int i = 1; i >= 0; i--) {
		answer_to(&s, port[i], i == 0 ? "zero" : "one");
		CHECK_EQ(recvfrom(client, buf, 16, 0, (struct sockaddr *)&from, &len),
			 i == 0 ? 4 : 3);
		CHECK_EQ(from.sin_port, at[i].sin_port);
	}
	CHECK_OK(usernet_ctl_port_del(s.ctl, 10, NULL, &e), e);
	answer_to(&s, port[1], "one");
	CHECK_EQ(recv(client, buf, 16, 0), 3);
	close(fd[0]);
	close(fd[1]);
	stop(&s);
}
