// SPDX-License-Identifier: MIT
#include "rootless/gate.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/harness.h"

TEST(no_gate_without_a_network_of_the_containers)
{
	struct rk_gate g = RK_GATE_INIT;
	struct err e;

	CHECK_EQ(rk_gate_start(&g, NULL, &e), 0);
	CHECK_EQ(rk_gate_start(&g, harness_tmpdir(), &e), 0);
	rk_gate_stop(&g);
}

static pid_t start(int *ret_hold_fd, const char *netns)
{
	int pair[2];
	struct err e;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		_exit(rk_gate_run(netns, pair[1], &e) < 0 ? 1 : 0);
	}
	close(pair[1]);
	*ret_hold_fd = pair[0];
	return pid;
}

TEST(signals_are_passed_on_and_the_end_is_shared)
{
	static const int passed[] = {SIGHUP, SIGTERM, SIGUSR2};
	struct signalfd_siginfo si;
	sigset_t set;
	int fd, hold_fd, status;
	pid_t pid;
	char ready;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		SKIP("no user namespaces");
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaddset(&set, passed[i]);
	CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	pid = start(&hold_fd, "/proc/self/ns/net");
	CHECK_EQ(read(hold_fd, &ready, 1), 1);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		CHECK_EQ(kill(pid, passed[i]), 0);
		CHECK_EQ(fd_wait(fd, 1 /* POLLIN */, 5000), 1);
		CHECK_EQ(read(fd, &si, sizeof(si)), (ssize_t)sizeof(si));
		CHECK_EQ(si.ssi_signo, passed[i]);
		CHECK_EQ(si.ssi_pid, pid);
	}
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	close(hold_fd);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(what_is_no_network_namespace_is_refused)
{
	int hold_fd, status;
	pid_t pid = start(&hold_fd, "/dev/null");

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	close(hold_fd);
}
