// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/net.h"
#include "rootless/ports.h"
#include "tests/unit/harness.h"

static int bound(int family, int type, bool only_v6, uint16_t *ret_port)
{
	struct sockaddr_storage sa = {.ss_family = (sa_family_t)family};
	socklen_t len = sizeof(sa);
	int fd = socket(family, type, 0), only = only_v6;

	if (fd < 0)
		SKIP("no such address family here");
	if (family == AF_INET6)
		CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)) == 0);
	CHECK(bind(fd, (struct sockaddr *)&sa,
		   family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) ==
	      0);
	CHECK(type == SOCK_DGRAM || listen(fd, 5) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	*ret_port = ntohs(((struct sockaddr_in *)(void *)&sa)->sin_port);
	return fd;
}

/* systemd binds to a port it names: only such a port outlives shutdown(2) of the listener */
static int bound_again(uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 5) == 0);
	return fd;
}

static struct rk_spec spec(const char *ip, uint16_t port)
{
	struct rk_spec s = {.parent_port = port, .child_port = 80};
	struct err e;

	CHECK_OK(ip_parse(ip, &s.parent_ip, &e), e);
	return s;
}

TEST(privileged_ports_name_every_way_out)
{
	struct rk_spec s = spec("127.0.0.1", 443);
	struct rk_inherited *in;
	struct err e = {0};
	int fd;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		SKIP("cannot drop root");
	fd = rk_hostport_open(NULL, &s, &in, &e);
	if (fd >= 0)
		SKIP("ports are not privileged here");
	CHECK_EQ(e.kind, ERR_DENIED);
	CHECK(strstr(e.msg,
		     "cannot expose privileged port 443, you can add "
		     "'net.ipv4.ip_unprivileged_port_start=443' to /etc/sysctl.conf") != NULL);
	CHECK(strstr(e.msg, "LISTEN_FDS") != NULL);
	CHECK(strstr(e.msg, "; 84") != NULL);
	CHECK(strstr(e.msg, "listen tcp 127.0.0.1:443: bind: permission denied") != NULL);
}

TEST(a_used_port_names_the_next_one)
{
	struct rk_inherited *in;
	struct rk_spec s;
	struct err e = {0};
	uint16_t port;
	int fd = bound(AF_INET, SOCK_STREAM, false, &port);

	s = spec("0.0.0.0", port);
	CHECK_EQ(rk_hostport_open(NULL, &s, &in, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, ": bind: address already in use (port ") != NULL);
	CHECK(strstr(e.msg, " is free)") != NULL);
	close(fd);
}

TEST(every_protocol_binds)
{
	for (int i = 0; i < RK_PROTOS; i++) {
		struct rk_spec s = {.proto = (enum rk_proto)i, .child_port = 1};
		struct rk_inherited *in;
		struct err e;
		int fd = bound(AF_INET, SOCK_STREAM, false, &s.parent_port);

		close(fd);
		fd = rk_hostport_open(NULL, &s, &in, &e);
		if (fd < 0 && e.sys == EAFNOSUPPORT)
			continue;
		CHECK_MSG(fd >= 0, "%s: %s", rk_proto_name(s.proto), e.msg);
		close(fd);
	}
}

static struct rk_hostports handed(int fd)
{
	struct rk_activated it = {.fd = fd, .name = "publish", .inet = true};
	struct rk_activation a = {.items = &it, .n = 1};
	struct rk_hostports h;

	rk_hostports_init(&h, &a);
	close(fd);
	CHECK_EQ(h.n, 1);
	return h;
}

TEST(a_listener_handed_over_serves_and_rests)
{
	struct rk_hostports h;
	struct rk_inherited *in;
	struct rk_spec s;
	struct err e;
	uint16_t port;
	int fd;

	close(bound(AF_INET, SOCK_STREAM, false, &port));
	h = handed(bound_again(port));
	s = spec("127.0.0.1", port); /* bound to 0.0.0.0: that is not what is asked for */
	CHECK_EQ(rk_hostport_open(&h, &s, &in, &e), -1);
	s = spec("0.0.0.0", port);
	for (int i = 0; i < 2; i++) {
		int client;

		fd = rk_hostport_open(&h, &s, &in, &e);
		CHECK_MSG(fd >= 0, "%s", e.msg);
		CHECK(in == h.inherited);
		client = net_connect_tcp("127.0.0.1", port, 1000, &e);
		CHECK(client >= 0);
		close(client);
		rk_hostport_close(&fd, in);
		CHECK(net_connect_tcp("127.0.0.1", port, 1000, &e) < 0);
	}
	rk_hostports_clear(&h);
}

static int add(void *arg, const struct rk_port_entry *p, struct err *e)
{
	(void)arg, (void)e;
	CHECK(p->host_fd >= 0);
	return 0;
}

static int del(void *arg, uint64_t id, struct err *e)
{
	(void)arg, (void)id, (void)e;
	return 0;
}

/* systemd's ListenStream=80 is one socket for both families */
TEST(one_socket_for_both_families)
{
	const struct rk_relay relay = {.add = add, .del = del};
	const struct rk_port_entry *it;
	struct rk_hostports h;
	struct rk_ports p;
	struct rk_spec v4, v6, other;
	struct err e;
	uint16_t port;

	h = handed(bound(AF_INET6, SOCK_DGRAM, false, &port));
	v4 = spec("0.0.0.0", port);
	v6 = spec("::", port);
	v4.proto = RK_UDP4;
	v6.proto = RK_UDP6;
	rk_ports_init(&p, &relay);
	p.hostports = &h;
	CHECK_OK(rk_ports_add(&p, &v4, &it, &e), e);
	CHECK(it->host_fd >= 0 && it->inherited != NULL);
	CHECK_OK(rk_ports_add(&p, &v6, &it, &e), e);
	CHECK(it->host_fd < 0);
	other = v6;
	other.child_port = 81;
	CHECK_OK(rk_ports_del(&p, it->id, &e), e);
	CHECK_EQ(rk_ports_add(&p, &other, &it, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	rk_ports_clear(&p);
	rk_hostports_clear(&h);
}
