// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/net.h"
#include "rootless/ports.h"
#include "tests/unit/harness.h"

static int n_added, n_deleted;
static enum err_kind next_failure;

static int relay_add(void *arg, const struct rk_port_entry *p, struct err *e)
{
	(void)arg;
	if (next_failure != 0)
		return err_set(e, next_failure, 0, "relay");
	n_added += p->host_fd >= 0;
	return 0;
}

static int relay_del(void *arg, uint64_t id, struct err *e)
{
	(void)arg, (void)id, (void)e;
	n_deleted++;
	return 0;
}

static const struct rk_relay relay = {.add = relay_add, .del = relay_del};

/* A port nobody has, as far as one can know. */
static uint16_t free_port(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	close(fd);
	return ntohs(a.sin_port);
}

static struct rk_spec spec(enum rk_proto proto, uint16_t port)
{
	return (struct rk_spec){.proto = proto,
				.parent_ip = ip_v4(INADDR_LOOPBACK),
				.parent_port = port,
				.child_port = 80};
}

TEST(add_and_remove)
{
	uint16_t port = free_port();
	struct rk_spec s = spec(RK_TCP, port);
	const struct rk_port_entry *it;
	struct rk_ports p;
	struct err e;
	int fd;

	rk_ports_init(&p, &relay);
	CHECK_OK(rk_ports_add(&p, &s, &it, &e), e);
	CHECK_EQ(it->id, 1);
	CHECK_EQ(n_added, 1);
	fd = net_connect_tcp("127.0.0.1", port, 1000, &e);
	CHECK(fd >= 0);
	close(fd);
	CHECK_EQ(rk_ports_add(&p, &s, &it, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, "conflict with ID 1") != NULL);
	CHECK_OK(rk_ports_del(&p, 1, &e), e);
	CHECK_EQ(n_deleted, 1);
	CHECK_EQ(rk_ports_del(&p, 1, &e), -1);
	CHECK_STR(e.msg, "unknown id: 1");
	CHECK(net_connect_tcp("127.0.0.1", port, 1000, &e) < 0);
	rk_ports_clear(&p);
}

TEST(used_by_another_program)
{
	uint16_t port = free_port();
	struct rk_spec s = spec(RK_TCP, port);
	const struct rk_port_entry *it;
	struct rk_ports p;
	struct err e;
	int fd = net_listen_tcp("127.0.0.1", port, &e);

	CHECK(fd >= 0);
	rk_ports_init(&p, &relay);
	CHECK_EQ(rk_ports_add(&p, &s, &it, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, "bind: address already in use") != NULL);
	close(fd);
	rk_ports_clear(&p);
}

TEST(a_relay_that_starts_again_hears_of_all)
{
	struct rk_spec a = spec(RK_TCP, free_port()), b = spec(RK_UDP, free_port());
	const struct rk_port_entry *it;
	struct rk_ports p;
	struct err e;

	rk_ports_init(&p, &relay);
	next_failure = ERR_UNAVAILABLE;
	CHECK_OK(rk_ports_add(&p, &a, &it, &e), e);
	next_failure = ERR_SYSTEM;
	CHECK_EQ(rk_ports_add(&p, &b, &it, &e), -1);
	next_failure = 0;
	CHECK_OK(rk_ports_replay(&p, &e), e);
	CHECK_EQ(n_added, 1);
	rk_ports_clear(&p);
}

TEST(without_a_driver)
{
	struct rk_spec s = spec(RK_TCP, 1234);
	const struct rk_port_entry *it;
	struct rk_ports p;
	struct err e;

	rk_ports_init(&p, NULL);
	CHECK_EQ(rk_ports_add(&p, &s, &it, &e), -1);
	CHECK_STR(e.msg, "no PortDriver is available");
}
