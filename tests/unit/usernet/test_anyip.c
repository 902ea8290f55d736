// SPDX-License-Identifier: MIT
/*
 * The fast path against a helper of the test's own: "N" is a network namespace in which the
 * outside's address is a local one, the watch is a datagram pair, the tun a packet pair. What the
 * kernel does between them is tried in tests/unit/network/test_anyip.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/limits.h"
#include "netlink/rtnl.h"
#include "tests/unit/netlink/netns.h"
#include "tests/unit/usernet/engine.h"
#include "usernet/control.h"
#include "usernet/pool.h"

#define BOX	"172.17.0.2"
#define OUTSIDE "198.51.100.1"
#define SPORT	40000

struct world {
	struct engine en;
	int ctl, host_netns, n_netns;
	int watch, notes; /* the helper's ends */
	int listener;	  /* in N */
	int server;	  /* on the host */
	uint16_t port;
	pid_t helper;
	uint32_t seq;
	uint8_t buf[2048];
	struct packet_ip ip;
	struct packet_tcp in;
};

static int a_namespace(void)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link_change up = {.set_up = 1};
	static const char *const own[] = {BOX "/32", OUTSIDE "/32"};
	struct err e;

	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_link_set(&nl, 1, &up, &e), e);
	for (size_t i = 0; i < 2; i++) {
		struct ip_prefix p;

		CHECK_OK(ip_prefix_parse(own[i], &p, &e), e);
		CHECK_OK(rtnl_addr_add(&nl, 1, &p, &e), e);
	}
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int tcp_socket(const char *on, uint16_t port, int backlog)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	CHECK(inet_pton(AF_INET, on, &sa.sin_addr) == 1);
	CHECK(bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	CHECK(backlog < 0 || listen(fd, backlog) == 0);
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	return ntohs(sa.sin_port);
}

/* Answers as the netns-helper does; without IPv6. sys: what every watch is answered. */
static pid_t serve(int fd, int watch, int notes, int listener, int sys)
{
	struct pool_request q;
	struct err e;
	pid_t pid = fork();

	CHECK(pid >= 0);
	while (pid == 0 && fd_recv(fd, &q, sizeof(q), NULL, NULL, &e) == sizeof(q)) {
		struct pool_answer a = {.version = POOL_VERSION, .op = q.op, .kind = q.kind};
		int fds[2] = {watch, notes};
		size_t n = 0;

		if (q.op == POOL_SYN_WATCH) {
			a.sys = q.kind == POOL_TCP6 && sys == 0 ? ENETUNREACH : sys;
			n = a.sys == 0 ? 2 : 0;
		} else if (q.op == POOL_LISTEN) {
			fds[0] = listener;
			n = 1;
		} else if (q.op != POOL_UNLISTEN) {
			a.sys = EOPNOTSUPP;
		}
		if (fd_send(fd, &a, sizeof(a), fds, n, &e) < 0)
			_exit(1);
	}
	if (pid == 0)
		_exit(0);
	return pid;
}

static void tell_locals(int fd)
{
	CLEANUP(freep) struct pool_locals *l = xcalloc(1, sizeof(*l));
	struct err e;

	l->version = POOL_VERSION;
	l->n = 2;
	CHECK_OK(ip_prefix_parse("172.17.0.1/16", &l->a[0].prefix, &e), e);
	CHECK_OK(ip_prefix_parse(GUEST "/24", &l->a[1].prefix, &e), e);
	CHECK_OK(fd_send(fd, l, sizeof(*l), NULL, 0, &e), e);
}

static void start(struct world *w, int sys)
{
	int ctl[2], pool[2], watch[2], notes[2];
	struct err e;

	memset(w, 0, sizeof(*w));
	enter_new_netns();
	w->host_netns = a_namespace();
	w->server = tcp_socket(OUTSIDE, 0, 8);
	w->port = port_of(w->server);
	w->seq = 1000;
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ctl) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, watch) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, notes) == 0);
	w->en = engine_start("/dev/null", ctl[1]);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pool) == 0);
	CHECK(unshare(CLONE_NEWNET) == 0);
	w->n_netns = a_namespace();
	w->listener = tcp_socket(OUTSIDE, w->port, 8);
	fd_set_nonblock(w->listener, true);
	CHECK(setns(w->host_netns, CLONE_NEWNET) == 0);
	tell_locals(notes[1]);
	w->helper = serve(pool[0], watch[0], notes[0], w->listener, sys);
	w->ctl = ctl[0];
	w->watch = watch[1];
	w->notes = notes[1];
	CHECK_OK(usernet_ctl_netns(w->ctl, pool[1], NULL, &e), e);
	close(pool[0]);
	close(pool[1]);
	close(ctl[1]);
}

static void stop(struct world *w)
{
	kill(w->helper, SIGKILL);
	waitpid(w->helper, NULL, 0);
	engine_stop(&w->en);
}

/* a SYN of the container; by the tun, or as the watch shows it */
static void send_syn(struct world *w, bool by_tun, const char *from, const char *to, uint16_t port)
{
	uint8_t p[60] = {0}, *h = p + PACKET_IP4_HDR;
	struct ip src = addr(from), dst = addr(to);
	size_t n = packet_write_ip(p, &src, &dst, 6, 1, 24, true) + 24;

	packet_put16(h, SPORT);
	packet_put16(h + 2, port);
	packet_put32(h + 4, w->seq);
	h[12] = 6 << 4;
	h[13] = PACKET_SYN;
	packet_put16(h + 14, 64000);
	memcpy(h + 20, "\2\4\5\xb4", 4);
	packet_put16(h + 16, (uint16_t)~packet_fold(
				     packet_sum(packet_pseudo(&src, &dst, 6, 24), h, 24, 0)));
	if (by_tun)
		CHECK_EQ(write(w->en.tun, p, n), n);
	else
		CHECK_EQ(send(w->watch, p, n, 0), n);
}

/* Nothing comes out of usernet; it may take that long before it would. */
static bool silent(struct world *w)
{
	return fd_wait(w->en.tun, POLLIN, 500) == 0;
}

/* The next segment out of usernet; false when none came. */
static bool next(struct world *w)
{
	struct packet v = {.p = w->buf};

	v.n = engine_read(&w->en, w->buf, sizeof(w->buf));
	if (v.n == 0)
		return false;
	CHECK(packet_parse_ip(&v, &w->ip));
	return w->ip.proto != 6 || packet_parse_tcp(&w->ip, true, &w->in);
}

static void expect_syn_back(struct world *w)
{
	CHECK(next(w));
	CHECK_EQ(w->in.flags, PACKET_SYN);
	CHECK_EQ(w->in.seq, w->seq);
	CHECK_EQ(w->in.mss, 1460);
	CHECK_EQ(w->in.dport, w->port);
	CHECK_EQ(ip_v4_u32(&w->ip.src), 0xac110002);
}

/* What N's kernel does with the SYN: a connection of those two addresses. */
static int shake_hands(struct world *w)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(w->port)};
	int fd;

	CHECK(inet_pton(AF_INET, OUTSIDE, &sa.sin_addr) == 1);
	CHECK(setns(w->n_netns, CLONE_NEWNET) == 0);
	fd = tcp_socket(BOX, SPORT, -1);
	CHECK(connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	CHECK(setns(w->host_netns, CLONE_NEWNET) == 0);
	return fd;
}

TEST(the_first_syn_teaches_the_port_and_is_written_back)
{
	struct world w;
	char got[8] = "";
	int box, host;

	start(&w, 0);
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	expect_syn_back(&w);
	host = accept(w.server, NULL, NULL);
	box = shake_hands(&w);
	CHECK(host >= 0);
	CHECK_EQ(send(box, "hello", 5, 0), 5);
	CHECK_EQ(recv(host, got, 5, MSG_WAITALL), 5);
	CHECK_STR(got, "hello");
	CHECK(shutdown(box, SHUT_WR) == 0);
	CHECK_EQ(recv(host, got, 1, 0), 0);
	CHECK_EQ(send(host, "bye", 3, 0), 3);
	close(host);
	CHECK_EQ(recv(box, got, 8, MSG_WAITALL), 3);
	close(box);
	/* the next one is shown by the watch */
	send_syn(&w, false, BOX, OUTSIDE, w.port);
	expect_syn_back(&w);
	send_syn(&w, false, BOX, OUTSIDE, w.port); /* again: N's kernel has lost it */
	expect_syn_back(&w);
	stop(&w);
}

TEST(refused_is_refused)
{
	struct world w;

	start(&w, 0);
	for (int i = 0; i < 2; i++) {
		send_syn(&w, i == 0, BOX, OUTSIDE, 9);
		CHECK(next(&w));
		CHECK_EQ(w.in.flags, PACKET_RST | PACKET_ACK);
		CHECK_EQ(w.in.ack, w.seq + 1);
		CHECK_EQ(w.in.sport, 9);
	}
	stop(&w);
}

TEST(no_way_is_an_icmp_error)
{
	struct world w;

	start(&w, 0);
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	expect_syn_back(&w);
	send_syn(&w, false, BOX, "203.0.113.1", w.port); /* this host has no route to it */
	CHECK(next(&w));
	CHECK_EQ(w.ip.proto, 1);
	CHECK_EQ(w.ip.payload.p[0], 3);
	stop(&w);
}

TEST(held_while_the_host_does_not_answer)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct world w;
	int fd;

	start(&w, 0);
	CHECK(listen(w.server, 0) == 0);
	CHECK(getsockname(w.server, (struct sockaddr *)&sa, &len) == 0);
	for (int i = 0; i < 2; i++) { /* fills the backlog */
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		CHECK(connect(fd, (struct sockaddr *)&sa, len) == 0 || errno == EINPROGRESS);
	}
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	CHECK(silent(&w));
	w.seq = 5000; /* the address has a new owner */
	send_syn(&w, false, BOX, OUTSIDE, w.port);
	CHECK(silent(&w));
	CHECK(accept(w.server, NULL, NULL) >= 0);
	CHECK(accept(w.server, NULL, NULL) >= 0 || true);
	CHECK(next(&w)); /* the host's SYN is sent again after 1 s */
	CHECK_EQ(w.in.seq, 5000);
	stop(&w);
}

TEST(whose_it_is_not)
{
	struct world w;
	int box;
	char c;

	start(&w, 0);
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	expect_syn_back(&w);
	send_syn(&w, false, "127.0.0.1", OUTSIDE, w.port);
	CHECK(silent(&w));
	send_syn(&w, false, BOX, "127.0.0.11", w.port);
	CHECK(silent(&w));
	send_syn(&w, false, BOX, OUTSIDE, 9); /* no rule leads to it */
	CHECK(silent(&w));
	send_syn(&w, false, BOX, "172.17.0.1", w.port); /* N itself: closed */
	CHECK(next(&w));
	CHECK_EQ(w.in.flags, PACKET_RST | PACKET_ACK);
	send_syn(&w, false, BOX, SERVER, w.port); /* of the tun's subnet */
	CHECK(next(&w));
	CHECK_EQ(w.in.flags, PACKET_RST | PACKET_ACK);
	w.seq = 77;
	send_syn(&w, false, BOX, "10.0.2.77", w.port);
	CHECK(next(&w));
	CHECK_EQ(w.in.flags, PACKET_RST | PACKET_ACK);
	/* a connection nobody waits for */
	CHECK(setns(w.n_netns, CLONE_NEWNET) == 0);
	{
		struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(w.port)};

		CHECK(inet_pton(AF_INET, OUTSIDE, &sa.sin_addr) == 1);
		box = tcp_socket(BOX, SPORT + 1, -1);
		CHECK(connect(box, (struct sockaddr *)&sa, sizeof(sa)) == 0);
	}
	CHECK(recv(box, &c, 1, 0) < 0);
	CHECK_EQ(errno, ECONNRESET);
	stop(&w);
}

TEST(no_fast_path_is_translation)
{
	struct world w;

	start(&w, EOPNOTSUPP);
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	CHECK(next(&w));
	CHECK_EQ(w.in.flags, PACKET_SYN | PACKET_ACK);
	stop(&w);
}

TEST(ports_beyond_the_budget_are_translated)
{
	struct world w;
	int fd;

	start(&w, 0);
	for (uint16_t i = 0; i < USERNET_ANYIP_PORTS_MAX; i++) {
		send_syn(&w, true, BOX, OUTSIDE, (uint16_t)(1000 + i)); /* refused, but taken up */
		CHECK(next(&w));
		CHECK_EQ(w.in.flags, PACKET_RST | PACKET_ACK);
	}
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	CHECK(next(&w));
	CHECK_EQ(w.in.flags, PACKET_SYN | PACKET_ACK);
	fd = accept(w.server, NULL, NULL);
	CHECK(fd >= 0);
	stop(&w);
}

TEST(a_lost_helper_leaves_the_ports_standing)
{
	struct world w;
	int box;

	start(&w, 0);
	send_syn(&w, true, BOX, OUTSIDE, w.port);
	expect_syn_back(&w);
	kill(w.helper, SIGKILL);
	waitpid(w.helper, NULL, 0);
	w.helper = fork();
	if (w.helper == 0)
		pause();
	box = shake_hands(&w);
	CHECK_EQ(send(box, "x", 1, 0), 1);
	CHECK(accept(w.server, NULL, NULL) >= 0);
	w.seq++;
	close(box);
	send_syn(&w, true, BOX, OUTSIDE, 7); /* a new port: translated, here refused */
	CHECK(next(&w));
	CHECK_EQ(w.in.flags, PACKET_RST | PACKET_ACK);
	stop(&w);
}
