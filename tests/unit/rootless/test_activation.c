// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rootless/activation.h"
#include "tests/unit/harness.h"

static void announce(const char *fds, const char *names)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", fds, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
}

static void place(int domain, int at)
{
	int fd = socket(domain, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK(dup2(fd, at) == at);
	if (fd != at)
		close(fd);
}

TEST(sockets_meant_for_us)
{
	struct rk_activation a;
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	CHECK(dup2(0, 3) == 3);
	announce("1", NULL);
	rk_activation_take(&a, false);
	CHECK_EQ(a.n, 1);
	CHECK(!a.items[0].inet && a.items[0].pass);
	CHECK_EQ(fcntl(3, F_GETFD), FD_CLOEXEC);
	setenv("LISTEN_PID", "1", 1);
	rk_activation_pass(&a);
	CHECK_EQ(fcntl(3, F_GETFD), 0);
	CHECK_STR(getenv("LISTEN_PID"), pid);
	CHECK(getenv("LISTEN_FDNAMES") == NULL);
	rk_activation_clear(&a);
}

TEST(ports_are_kept_and_the_rest_moves_up)
{
	struct rk_activation a;

	place(AF_INET, 3);
	place(AF_UNIX, 4);
	place(AF_INET, 5);
	place(AF_INET, 6);
	announce("4", "web:docker.socket:publish:docker-tcp");
	rk_activation_take(&a, true);
	CHECK_EQ(a.n, 4);
	CHECK(!a.items[0].pass && a.items[1].pass && !a.items[2].pass && a.items[3].pass);
	rk_activation_pass(&a);
	CHECK_STR(getenv("LISTEN_FDS"), "2");
	CHECK_STR(getenv("LISTEN_FDNAMES"), "docker.socket:docker-tcp");
	CHECK_EQ(fcntl(3, F_GETFD), 0);
	CHECK_EQ(fcntl(4, F_GETFD), 0);
	CHECK_EQ(fcntl(5, F_GETFD), FD_CLOEXEC);
	rk_activation_clear(&a);
}

TEST(nothing_to_pass)
{
	struct rk_activation a;

	place(AF_INET, 3);
	announce("1", "publish");
	rk_activation_take(&a, false);
	rk_activation_pass(&a);
	CHECK(getenv("LISTEN_FDS") == NULL && getenv("LISTEN_PID") == NULL);
	rk_activation_clear(&a);
}

TEST(others_sockets_and_nonsense)
{
	struct rk_activation a;

	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", "1", 1);
	rk_activation_take(&a, false);
	CHECK_EQ(a.n, 0);
	setenv("LISTEN_PID", "x", 1);
	rk_activation_take(&a, false);
	CHECK_EQ(a.n, 0);
	unsetenv("LISTEN_PID");
	rk_activation_take(&a, false);
	CHECK_EQ(a.n, 0);
}
