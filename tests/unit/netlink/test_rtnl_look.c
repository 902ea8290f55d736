// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "netlink/rtnl.h"
#include "tests/unit/netlink/netns.h"

struct seen {
	struct rtnl_rule rule;
	int rules, sockets;
	uint16_t port; /* looked for */
	struct rtnl_socket sock;
	struct rtnl_link lo;
};

static int on_rule(const struct rtnl_rule *r, void *arg)
{
	struct seen *s = arg;

	s->rules++;
	if (r->priority == 555)
		s->rule = *r;
	return 0;
}

TEST(a_rule_comes_back_as_it_was_made)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_rule made = {.family = IP_V4, .priority = 555, .table = 70000, .fwmark = 0x77};
	struct seen s = {0};
	char text[IP_PREFIX_TEXT_SIZE];
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(ip_prefix_parse("10.5.0.0/16", &made.src, &e), e);
	snprintf(made.iif, sizeof(made.iif), "lo");
	made.ipproto = IPPROTO_TCP;
	made.dport = 443;
	CHECK_OK(rtnl_rule_add(&nl, &made, &e), e);
	CHECK_OK(rtnl_rules(&nl, on_rule, &s, &e), e);
	CHECK(s.rules >= 4); /* of both families */
	CHECK_EQ(s.rule.family, IP_V4);
	CHECK_EQ(s.rule.action, FR_ACT_TO_TBL);
	CHECK_EQ(s.rule.table, 70000);
	CHECK_EQ(s.rule.fwmark, 0x77);
	CHECK_EQ(s.rule.ipproto, IPPROTO_TCP);
	CHECK_EQ(s.rule.dport, 443);
	CHECK_STR(s.rule.iif, "lo");
	CHECK_STR(ip_prefix_format(&s.rule.src, text), "10.5.0.0/16");
	CHECK_EQ(s.rule.dst.ip.family, IP_NONE);
}

static int on_socket(const struct rtnl_socket *sock, void *arg)
{
	struct seen *s = arg;

	s->sockets++;
	if (sock->port == s->port)
		s->sock = *sock;
	return 0;
}

static int make(int type, struct sockaddr *sa, socklen_t len, uint16_t *ret_port)
{
	struct sockaddr_in6 got; /* the port is at the same place in both */
	socklen_t got_len = sizeof(got);
	int fd = socket(sa->sa_family, type, 0);

	CHECK(fd >= 0 && bind(fd, sa, len) == 0);
	CHECK(type != SOCK_STREAM || listen(fd, 1) == 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)&got, &got_len), 0);
	*ret_port = ntohs(got.sin6_port);
	return fd;
}

static void check(int fd, uint16_t port, int protocol, int family)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct seen s = {.port = port};
	struct stat st;
	struct err e;

	CHECK_OK(rtnl_open_diag(&nl, &e), e);
	if (rtnl_sockets(&nl, on_socket, &s, &e) < 0 && e.sys == ENOENT)
		SKIP("a kernel without sock_diag");
	CHECK(s.sockets > 0);
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK_EQ(s.sock.inode, st.st_ino);
	CHECK_EQ(s.sock.protocol, protocol);
	CHECK_EQ(s.sock.local.family, family);
	close(fd);
}

TEST(listening_sockets_of_all_kinds)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	uint16_t port;
	int fd;

	fd = make(SOCK_STREAM, (struct sockaddr *)&v4, sizeof(v4), &port);
	check(fd, port, IPPROTO_TCP, IP_V4);
	fd = make(SOCK_DGRAM, (struct sockaddr *)&v4, sizeof(v4), &port);
	check(fd, port, IPPROTO_UDP, IP_V4);
	fd = make(SOCK_STREAM, (struct sockaddr *)&v6, sizeof(v6), &port);
	check(fd, port, IPPROTO_TCP, IP_V6);
	fd = make(SOCK_DGRAM, (struct sockaddr *)&v6, sizeof(v6), &port);
	check(fd, port, IPPROTO_UDP, IP_V6);
}

static int on_link(const struct rtnl_link *l, void *arg)
{
	struct seen *s = arg;

	if (strcmp(l->name, "lo") == 0)
		s->lo = *l;
	return 0;
}

TEST(what_an_interface_has_carried)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct rtnl_link_change up = {.set_up = 1};
	struct seen s = {0};
	struct err e;
	int fd;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_link_set(&nl, 1, &up, &e), e);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_EQ(sendto(fd, "1234", 4, 0, (struct sockaddr *)&to, sizeof(to)), 4);
	CHECK_OK(rtnl_links(&nl, on_link, &s, &e), e);
	CHECK(s.lo.counters.tx_packets >= 1 && s.lo.counters.tx_bytes >= 32);
	CHECK_EQ(s.lo.counters.rx_packets, s.lo.counters.tx_packets);
	close(fd);
}
