// SPDX-License-Identifier: MIT
/*
 * The nameserver as a whole: the test stands for the netns-helper (it hands over
 * the two sockets), for the engine (it feeds names), for the containers (which
 * ask from addresses of 127/8), and for the host's nameserver.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "tests/unit/usernet/engine.h"
#include "usernet/addr.h"
#include "usernet/dns_msg.h"
#include "usernet/feed.h"
#include "usernet/pool.h"

#define UPSTREAM "127.9.53.1"
#define OTHER	 "127.9.53.2"
#define WAIT_MS	 20000 /* for what must come; a slow machine is no failure */

struct dns_test {
	struct engine en;
	struct sockaddr_storage udp, tcp; /* where it answers */
	int pool, feed;
	int dns_fd[2]; /* what the helper hands over */
	pthread_t helper;
	atomic_bool whole; /* all names were told */
	atomic_int early;  /* times the sockets were asked for before that */
	int up[2];	   /* the host's nameservers: UDP sockets */
	int up_tcp;
	char *resolv;
};

static int open_socket(const char *address, uint16_t port, int type, struct sockaddr_storage *ret)
{
	struct ip a = addr(address);
	socklen_t len = addr_to_sa(&a, port, ret);
	int one = 1, fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

	CHECK(fd >= 0);
	/* two datagram sockets that allow it may get the same port */
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)ret, len) < 0)
		SKIP("no right to serve port 53");
	CHECK(type != SOCK_STREAM || listen(fd, 8) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)ret, &len) == 0);
	return fd;
}

static void write_resolv(struct dns_test *t, const char *text)
{
	CLEANUP(freep) char *tmp = xasprintf("%s.new", t->resolv);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	CHECK(rename(tmp, t->resolv) == 0); /* as NetworkManager does */
}

/* The netns-helper: it has the nameserver's sockets, and nothing else. */
static void *help(void *arg)
{
	struct dns_test *t = arg;
	struct pool_request q;
	struct err e;

	while (fd_recv(t->pool, &q, sizeof(q), NULL, NULL, &e) == (ssize_t)sizeof(q)) {
		struct pool_answer a = {.version = POOL_VERSION, .op = q.op, .kind = q.kind};
		bool dns = q.op == POOL_DNS;

		if (dns && !atomic_load(&t->whole))
			atomic_fetch_add(&t->early, 1);
		a.sys = dns ? 0 : EOPNOTSUPP;
		if (fd_send(t->pool, &a, sizeof(a), t->dns_fd, dns ? 2 : 0, &e) < 0)
			break;
	}
	return NULL;
}

static void tell(struct dns_test *t, enum feed_op op)
{
	struct buf b = BUF_INIT;
	struct err e;

	feed_put_head(&b, op);
	CHECK_OK(feed_send(t->feed, &b, 1000, &e), e);
	buf_clear(&b);
}

static void start(struct dns_test *t)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), FEED_SOCKET);
	struct sockaddr_storage sa;
	int pair[2], listen_fd;
	struct err e;

	memset(t, 0, sizeof(*t));
	t->up[0] = open_socket(UPSTREAM, 53, SOCK_DGRAM, &sa);
	t->up[1] = open_socket(OTHER, 53, SOCK_DGRAM, &sa);
	t->up_tcp = open_socket(UPSTREAM, 53, SOCK_STREAM, &sa);
	t->resolv = path_join(harness_tmpdir(), "resolv.conf");
	/* patient, so that nothing gives way because this process is slow */
	write_resolv(t, "nameserver " UPSTREAM "\nnameserver " OTHER "\noptions timeout:20\n");
	t->dns_fd[0] = open_socket("127.0.0.1", 0, SOCK_DGRAM, &t->udp);
	t->dns_fd[1] = open_socket("127.0.0.1", 0, SOCK_STREAM, &t->tcp);
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	listen_fd = net_listen_unix(path, SOCK_SEQPACKET, 0600, &e);
	CHECK(listen_fd >= 0);
	t->pool = pair[0];
	CHECK(pthread_create(&t->helper, NULL, help, t) == 0);
	t->en = engine_start_with(t->resolv, -1, listen_fd, pair[1]);
	close(pair[1]);
	close(listen_fd);
	t->feed = feed_connect(harness_tmpdir(), &e);
	CHECK(t->feed >= 0);
	tell(t, FEED_BEGIN);
	atomic_store(&t->whole, true);
	tell(t, FEED_END);
}

static void stop(struct dns_test *t)
{
	engine_stop(&t->en);
	pthread_join(t->helper, NULL);
	CHECK_EQ(atomic_load(&t->early), 0);
	close(t->pool);
	close(t->dns_fd[0]);
	close(t->dns_fd[1]);
	close(t->feed);
	close(t->up[0]);
	close(t->up[1]);
	close(t->up_tcp);
	free(t->resolv);
}

/* names and links: words */
static void feed(struct dns_test *t, const char *id, const char *container, const char *network,
		 const char *ip, const char *names, const char *dns, bool internal)
{
	struct feed_endpoint ep = {.v4 = addr(ip), .internal = internal};
	struct buf b = BUF_INIT;
	struct err e;

	snprintf(ep.endpoint_id, sizeof(ep.endpoint_id), "%s", id);
	snprintf(ep.container_id, sizeof(ep.container_id), "%s", container);
	snprintf(ep.network_id, sizeof(ep.network_id), "%s", network);
	ep.network_name = xstrdup(network);
	strv_split(&ep.names, names, " ");
	strv_split(&ep.dns, dns, " ");
	CHECK_OK(feed_put_endpoint(&b, &ep, &e), e);
	CHECK_OK(feed_send(t->feed, &b, 1000, &e), e);
	feed_endpoint_clear(&ep);
	buf_clear(&b);
}

static size_t question(uint8_t *p, uint16_t id, const char *name, uint16_t type, uint16_t udp_size)
{
	size_t at = DNS_HDR_SIZE;

	memset(p, 0, 300);
	packet_put16(p, id);
	p[2] = 1;
	p[5] = 1;
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		p[at++] = (uint8_t)n;
		memcpy(p + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	packet_put16(p + at + 1, type);
	packet_put16(p + at + 3, 1);
	at += 5;
	if (udp_size != 0) {
		p[11] = 1;
		packet_put16(p + at + 1, 41);
		packet_put16(p + at + 3, udp_size);
		at += 11;
	}
	return at;
}

/* a client at an address of 127/8, its question asked */
static int ask_from(struct dns_test *t, const char *client, uint16_t id, const char *name,
		    uint16_t type, uint16_t udp_size)
{
	struct sockaddr_storage sa;
	int fd = open_socket(client, 0, SOCK_DGRAM, &sa);
	uint8_t p[300];
	size_t n = question(p, id, name, type, udp_size);

	CHECK(sendto(fd, p, n, 0, (struct sockaddr *)&t->udp, sizeof(struct sockaddr_in)) ==
	      (ssize_t)n);
	return fd;
}

static size_t receive(int fd, uint8_t *p, size_t size, int timeout_ms)
{
	ssize_t n;

	if (fd_wait(fd, POLLIN, timeout_ms) <= 0)
		return 0;
	n = recv(fd, p, size, 0);
	CHECK(n >= 0);
	return (size_t)n;
}

/* the answer of a question of our own; closes fd */
static size_t answer(int fd, uint8_t *p, size_t size, uint16_t id)
{
	size_t n = receive(fd, p, size, WAIT_MS);

	CHECK(n >= DNS_HDR_SIZE);
	CHECK_EQ(packet_u16(p), id);
	CHECK(p[2] & 0x80);
	close(fd);
	return n;
}

/* The next question at the host's nameserver i; it stays there with MSG_PEEK. */
static size_t question_at(struct dns_test *t, int i, int flags, uint8_t *p, size_t size,
			  struct sockaddr_storage *from)
{
	socklen_t len = sizeof(*from);
	ssize_t n = recvfrom(t->up[i], p, size, flags, (struct sockaddr *)from, &len);

	CHECK(n > DNS_HDR_SIZE);
	p[2] |= 0x80;
	p[3] = 0x80;
	return (size_t)n;
}

/*
 * The host's nameservers answer, with these return codes (-1: silent) and extra bytes behind the
 * question, until the client has its answer: usernet asks as often as it thinks fit when this
 * process is slow. Returns which was asked first.
 */
static int serve(struct dns_test *t, int client, const int rcode[2], size_t extra)
{
	struct pollfd f[3] = {{.fd = client, .events = POLLIN},
			      {.fd = t->up[0], .events = POLLIN},
			      {.fd = rcode[1] >= 0 ? t->up[1] : -1, .events = POLLIN}};
	struct sockaddr_storage from;
	uint8_t p[4096] = {0};
	int first = -1;

	for (;;) {
		CHECK(poll(f, 3, WAIT_MS) > 0);
		for (int i = 0; i < 2; i++) {
			size_t n;

			if (f[1 + i].revents == 0)
				continue;
			n = question_at(t, i, 0, p, 512, &from);
			first = first < 0 ? i : first;
			p[3] |= (uint8_t)rcode[i];
			if (rcode[i] >= 0)
				CHECK(sendto(t->up[i], p, n + extra, 0, (struct sockaddr *)&from,
					     sizeof(struct sockaddr_in)) > 0);
		}
		if (f[0].revents != 0)
			return first;
	}
}

/* what was asked again before the last answer came */
static void drain(struct dns_test *t)
{
	uint8_t p[512];

	for (int i = 0; i < 2; i++)
		while (receive(t->up[i], p, sizeof(p), 0) > 0)
			;
}

static const int both_answer[2] = {0, 0};

TEST(names_round_robin_and_privacy)
{
	struct dns_test t;
	uint8_t p[512];
	unsigned first[2] = {0};

	start(&t);
	feed(&t, "e1", "c1", "front", "127.0.1.1", "web c1", "", false);
	feed(&t, "e2", "c2", "front", "127.0.1.2", "api www", "", false);
	feed(&t, "e3", "c3", "front", "127.0.1.3", "www", "", false);
	feed(&t, "e4", "c4", "back", "127.0.2.1", "db", "", true);
	answer(ask_from(&t, "127.0.1.1", 7, "API", DNS_A, 0), p, sizeof(p), 7);
	CHECK_EQ(p[3], 0x80);
	CHECK_EQ(packet_u16(p + 6), 1);
	CHECK(memcmp(p + 12 + 9 + 12, "\x7f\0\1\2", 4) == 0);
	for (int i = 0; i < 40; i++) {
		answer(ask_from(&t, "127.0.1.1", 8, "www.front", DNS_A, 0), p, sizeof(p), 8);
		CHECK_EQ(packet_u16(p + 6), 2);
		first[p[12 + 15 + 15] - 2]++;
	}
	CHECK(first[0] > 0 && first[1] > 0);
	answer(ask_from(&t, "127.0.1.1", 9, "web", DNS_AAAA, 0), p, sizeof(p), 9);
	CHECK_EQ(p[3], 0x80);
	CHECK_EQ(packet_u16(p + 6), 0);
	answer(ask_from(&t, "127.0.1.1", 9, "web", 65 /* HTTPS */, 0), p, sizeof(p), 9);
	CHECK_EQ(p[3], 0x80);
	answer(ask_from(&t, "127.0.1.1", 10, "2.1.0.127.in-addr.arpa", DNS_PTR, 0), p, sizeof(p),
	       10);
	CHECK_EQ(packet_u16(p + 6), 1);
	/* internal: its own names, and no forwarding of anything */
	answer(ask_from(&t, "127.0.2.1", 11, "db", DNS_A, 0), p, sizeof(p), 11);
	CHECK_EQ(packet_u16(p + 6), 1);
	answer(ask_from(&t, "127.0.2.1", 12, "web", DNS_A, 0), p, sizeof(p), 12);
	CHECK_EQ(p[3], 0x80 | DNS_SERVFAIL);
	answer(ask_from(&t, "127.0.2.1", 13, "host.docker.internal", DNS_A, 0), p, sizeof(p), 13);
	CHECK_EQ(p[3], 0x80 | DNS_SERVFAIL);
	/* nobody's container: no names, but the gateway's */
	answer(ask_from(&t, "127.0.3.3", 14, "host.docker.internal", DNS_A, 0), p, sizeof(p), 14);
	CHECK_EQ(packet_u16(p + 6), 1);
	stop(&t);
}

TEST(forwarding_matches_answers)
{
	struct sockaddr_storage from;
	struct dns_test t;
	uint8_t p[512];
	size_t n;
	int fd;

	start(&t);
	fd = ask_from(&t, "127.0.1.1", 77, "example.com", DNS_A, 0);
	CHECK(fd_wait(t.up[0], POLLIN, WAIT_MS) > 0);
	n = question_at(&t, 0, MSG_PEEK, p, sizeof(p), &from);
	p[0] ^= 1; /* another id: not taken */
	CHECK(sendto(t.up[0], p, n, 0, (struct sockaddr *)&from, sizeof(struct sockaddr_in)) > 0);
	serve(&t, fd, (int[]){DNS_NXDOMAIN, DNS_NXDOMAIN}, 0);
	answer(fd, p, sizeof(p), 77);
	CHECK_EQ(p[3], 0x80 | DNS_NXDOMAIN);
	drain(&t);
	/* refused by the first, answered by the second */
	fd = ask_from(&t, "127.0.1.1", 78, "example.com", DNS_A, 0);
	CHECK_EQ(serve(&t, fd, (int[]){DNS_REFUSED, 0}, 0), 0);
	answer(fd, p, sizeof(p), 78);
	CHECK_EQ(p[3], 0x80);
	drain(&t);
	/* by now the second is asked first; refused by both */
	fd = ask_from(&t, "127.0.1.1", 79, "example.com", DNS_A, 0);
	CHECK_EQ(serve(&t, fd, (int[]){DNS_REFUSED, DNS_REFUSED}, 0), 1);
	answer(fd, p, sizeof(p), 79);
	CHECK_EQ(p[3], 0x80 | DNS_SERVFAIL);
	stop(&t);
}

TEST(silent_server_gives_way)
{
	struct dns_test t;
	uint8_t p[512], again[512];
	size_t n;
	int fd;

	start(&t);
	write_resolv(&t, "nameserver " UPSTREAM "\nnameserver " OTHER "\noptions timeout:3\n");
	fd = ask_from(&t, "127.0.1.1", 1, "example.com", DNS_A, 0);
	n = receive(t.up[0], p, sizeof(p), WAIT_MS);
	CHECK(n > 0);
	CHECK_EQ(receive(t.up[0], again, sizeof(again), WAIT_MS), n); /* sent once more */
	CHECK_MEM(p, again, n);
	serve(&t, fd, (int[]){-1, 0}, 0);
	answer(fd, p, sizeof(p), 1);
	CHECK_EQ(p[3], 0x80);
	/* a new resolv.conf counts from the next question on, and the order is its own again */
	write_resolv(&t, "nameserver " UPSTREAM "\n");
	drain(&t);
	fd = ask_from(&t, "127.0.1.1", 2, "example.com", DNS_A, 0);
	CHECK_EQ(serve(&t, fd, both_answer, 0), 0);
	answer(fd, p, sizeof(p), 2);
	stop(&t);
}

TEST(sizes)
{
	struct dns_test t;
	uint8_t p[4096];
	int fd;

	start(&t);
	fd = ask_from(&t, "127.0.1.1", 1, "big.test", DNS_A, 0);
	serve(&t, fd, both_answer, 1000);
	CHECK_EQ(answer(fd, p, sizeof(p), 1), 12 + 10 + 4);
	CHECK(p[2] & 2); /* TC */
	fd = ask_from(&t, "127.0.1.1", 2, "big.test", DNS_A, 1232);
	serve(&t, fd, both_answer, 1000);
	CHECK_EQ(answer(fd, p, sizeof(p), 2), 12 + 10 + 4 + 11 + 1000);
	CHECK(!(p[2] & 2));
	stop(&t);
}

/* reads one framed message */
static size_t read_frame(int fd, uint8_t *p, size_t size)
{
	size_t got = 0, want = 2;

	while (got < want) {
		ssize_t n;

		CHECK(fd_wait(fd, POLLIN, WAIT_MS) > 0);
		n = recv(fd, p + got, want - got, 0);
		CHECK(n > 0);
		got += (size_t)n;
		if (want == 2 && got == 2)
			want += packet_u16(p);
		CHECK(want <= size);
	}
	return want - 2;
}

TEST(tcp_asks_by_tcp)
{
	struct dns_test t;
	uint8_t p[8192] = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0), conn;
	size_t n;

	start(&t);
	feed(&t, "e1", "c1", "front", "127.0.0.1", "web", "", false);
	CHECK(connect(fd, (struct sockaddr *)&t.tcp, sizeof(struct sockaddr_in)) == 0);
	n = question(p + 2, 5, "web", DNS_A, 0);
	packet_put16(p, (uint16_t)n);
	CHECK(write(fd, p, 1) == 1); /* in pieces */
	usleep(20000);
	CHECK(write(fd, p + 1, n + 1) == (ssize_t)(n + 1));
	CHECK(read_frame(fd, p, sizeof(p)) == n + 16);
	CHECK_EQ(packet_u16(p + 2), 5);
	/* two at once, answered in whatever order; the half-closed connection gets both */
	n = question(p + 2, 6, "example.com", DNS_A, 0);
	packet_put16(p, (uint16_t)n);
	memcpy(p + n + 2, p, n + 2);
	p[n + 2 + 3] = 7;
	CHECK(write(fd, p, 2 * (n + 2)) == (ssize_t)(2 * (n + 2)));
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 2; i++) {
		CHECK(fd_wait(t.up_tcp, POLLIN, WAIT_MS) > 0);
		conn = accept(t.up_tcp, NULL, NULL);
		CHECK_EQ(read_frame(conn, p, sizeof(p)), n);
		p[4] |= 0x80;
		packet_put16(p, 5000);
		CHECK(write(conn, p, 5002) == 5002);
		CHECK_EQ(read_frame(fd, p, sizeof(p)), 5000);
		close(conn);
	}
	CHECK(read(fd, p, 1) == 0);
	close(fd);
	stop(&t);
}

TEST(tcp_falls_back_to_udp)
{
	struct dns_test t;
	uint8_t p[512] = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n;

	start(&t);
	write_resolv(&t, "nameserver " OTHER "\noptions timeout:20\n"); /* knows no TCP */
	CHECK(connect(fd, (struct sockaddr *)&t.tcp, sizeof(struct sockaddr_in)) == 0);
	n = question(p + 2, 5, "example.com", DNS_A, 0);
	packet_put16(p, (uint16_t)n);
	CHECK(write(fd, p, n + 2) == (ssize_t)(n + 2));
	serve(&t, fd, both_answer, 0);
	CHECK_EQ(read_frame(fd, p, sizeof(p)), n);
	/* nonsense ends the connection */
	CHECK(write(fd, "\0\1x", 3) == 3);
	CHECK(read(fd, p, 1) <= 0);
	close(fd);
	stop(&t);
}

TEST(own_servers_of_a_container)
{
	struct dns_test t;
	uint8_t p[512];

	start(&t);
	/* the host's loopback is closed to them, whatever they name */
	feed(&t, "e1", "c1", "front", "127.0.1.1", "web", UPSTREAM " ::1 0.0.0.0", false);
	answer(ask_from(&t, "127.0.1.1", 3, "example.com", DNS_A, 0), p, sizeof(p), 3);
	CHECK_EQ(p[3], 0x80 | DNS_SERVFAIL);
	CHECK(receive(t.up[0], p, sizeof(p), 0) == 0);
	/* our own address means the host's */
	feed(&t, "e1", "c1", "front", "127.0.1.1", "web", SERVER, false);
	{
		int fd = ask_from(&t, "127.0.1.1", 4, "example.com", DNS_A, 0);

		serve(&t, fd, both_answer, 0);
		answer(fd, p, sizeof(p), 4);
		CHECK_EQ(p[3], 0x80);
	}
	stop(&t);
}

TEST(by_the_tun)
{
	struct dns_test t;
	struct packet_ip ip;
	struct packet_udp u;
	uint8_t p[2048] = {0}, *h = p + PACKET_IP4_HDR;
	struct packet v;
	size_t n;

	start(&t);
	feed(&t, "e1", "c1", "front", GUEST, "web", "", false);
	n = question(h + 8, 42, "web", DNS_A, 0);
	packet_put16(h, 5555);
	packet_put16(h + 2, 53);
	packet_put16(h + 4, (uint16_t)(8 + n));
	engine_send(&t.en, p, SERVER, 17, 8 + n, 6);
	v = (struct packet){.p = p, .n = engine_read(&t.en, p, sizeof(p))};
	CHECK(packet_parse_ip(&v, &ip) && packet_parse_udp(&ip, true, &u));
	CHECK_EQ(u.sport, 53);
	CHECK_EQ(packet_u16(u.payload.p), 42);
	CHECK_EQ(packet_u16(u.payload.p + 6), 1);
	stop(&t);
}

TEST(counters_and_limits)
{
	struct dns_test t;
	struct feed_stat *stats;
	struct err e;
	uint8_t p[512];
	size_t n;
	int fds[40];

	start(&t);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = ask_from(&t, "127.0.1.1", (uint16_t)i, "example.com", DNS_A, 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		serve(&t, fds[i], both_answer, 0);
		answer(fds[i], p, sizeof(p), (uint16_t)i);
	}
	CHECK_OK(feed_stats(harness_tmpdir(), &stats, &n, &e), e);
	for (size_t i = 0; i < n; i++)
		if (strcmp(stats[i].name, "dns_questions") == 0)
			CHECK_EQ(stats[i].value, 40);
	free(stats);
	/* a malformed message ends its connection only */
	CHECK(send(t.feed, "xxxxxxxx", 8, 0) == 8);
	CHECK(receive(t.feed, p, sizeof(p), WAIT_MS) == 0);
	CHECK_OK(feed_stats(harness_tmpdir(), &stats, &n, &e), e);
	free(stats);
	stop(&t);
}
