// SPDX-License-Identifier: MIT
#include "usernet/slirp.h"

#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/net.h"
#include "base/path.h"
#include "base/mem.h"
#include "tests/unit/harness.h"

/* A process in namespaces of its own that waits to be killed. */
static pid_t stranger(void)
{
	int up[2];
	pid_t pid;
	char c;

	CHECK(pipe(up) == 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
			(void)!write(up[1], "", 1);
		close(up[1]);
		pause();
		_exit(0);
	}
	close(up[1]);
	if (read(up[0], &c, 1) != 1) {
		kill(pid, SIGKILL);
		SKIP("user namespaces are not to be had");
	}
	close(up[0]);
	return pid;
}

TEST(a_tap_elsewhere)
{
	struct slirp_target t = {.ifname = "tap0", .configure = true, .mtu = 1500};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), status;
	pid_t pid;
	struct err e;

	if (fd < 0)
		SKIP("/dev/net/tun cannot be opened");
	close(fd);
	pid = stranger();
	t.pid = pid;
	CHECK_OK(ip_prefix_parse("10.0.2.100/24", &t.addr, &e), e);
	CHECK_OK(ip_parse("10.0.2.2", &t.gateway, &e), e);
	CHECK_OK(slirp_open_tap(&t, &fd, &e), e);
	CHECK(fcntl(fd, F_GETFD) >= 0);
	/* the name is taken as long as it is open */
	CHECK(slirp_open_tap(&t, &status, &e) < 0);
	CHECK(strncmp(e.msg, "create tap tap0: ", 17) == 0);
	CHECK_STR(e.msg + 17, strerror(EBUSY)); /* musl and glibc word it differently */
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

TEST(errors_say_what_is_wrong)
{
	struct slirp_target t = {.ifname = "a-name-that-is-too-long"};
	struct err e;
	int fd;

	CHECK(slirp_open_tap(&t, &fd, &e) < 0);
	CHECK_STR(e.msg, "not a name of an interface: a-name-that-is-too-long");
	t.ifname = "tap0";
	t.netns_path = "/nonexistent";
	CHECK(slirp_open_tap(&t, &fd, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(bess_takes_one_client)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "bess.sock");
	struct err e;
	pid_t pid = fork();
	int fd, status;
	char c;

	if (pid == 0) {
		for (int i = 0; i < 100; i++) {
			fd = net_connect_unix(path, SOCK_SEQPACKET, &e);
			if (fd >= 0)
				_exit(write(fd, "x", 1) == 1 ? 0 : 1);
			usleep(10000);
		}
		_exit(1);
	}
	CHECK_OK(slirp_accept_bess(path, &fd, &e), e);
	CHECK_EQ(read(fd, &c, 1), 1);
	waitpid(pid, &status, 0);
	CHECK_EQ(status, 0);
	close(fd);
}
