// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rootless/activation.h"
#include "tests/unit/harness.h"

TEST(sockets_meant_for_us)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	CHECK(dup2(0, 3) == 3);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	CHECK_EQ(rk_activation_take(), 1);
	CHECK_EQ(fcntl(3, F_GETFD), FD_CLOEXEC);
	setenv("LISTEN_PID", "1", 1);
	rk_activation_pass(1);
	CHECK_EQ(fcntl(3, F_GETFD), 0);
	CHECK_STR(getenv("LISTEN_PID"), pid);
}

TEST(others_sockets_and_nonsense)
{
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", "1", 1);
	CHECK_EQ(rk_activation_take(), 0);
	setenv("LISTEN_PID", "x", 1);
	CHECK_EQ(rk_activation_take(), 0);
	unsetenv("LISTEN_PID");
	CHECK_EQ(rk_activation_take(), 0);
}
