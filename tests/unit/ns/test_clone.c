// SPDX-License-Identifier: MIT
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "ns/clone.h"
#include "ns/join.h"
#include "tests/unit/harness.h"

TEST(a_fork_like_any_other)
{
	struct ns_clone c = NS_CLONE_INIT;
	struct err e;
	int status;
	pid_t pid = ns_fork(&c, &e);

	if (pid == 0)
		_exit(42);
	CHECK_MSG(pid > 0, "%s", e.msg);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 42);
}

TEST(pidfd_tells_the_end)
{
	int pidfd = -1;
	struct ns_clone c = {.cgroup_fd = -1, .ret_pidfd = &pidfd};
	struct err e;
	pid_t pid = ns_fork(&c, &e);

	if (pid == 0)
		_exit(0);
	CHECK_MSG(pid > 0, "%s", e.msg);
	if (pidfd < 0)
		SKIP("the kernel has no pidfds");
	CHECK(fd_wait(pidfd, POLLIN, 5000) > 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(new_namespaces_differ)
{
	struct ns_clone c = {.flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID, .cgroup_fd = -1};
	int hold[2];
	struct err e;
	pid_t pid;

	CHECK_OK(fd_pipe(hold, &e), e);
	pid = ns_fork(&c, &e);
	if (pid < 0)
		SKIP(e.msg);
	if (pid == 0) {
		char byte;

		close(hold[1]);
		_exit(fd_read(hold[0], &byte, 1) == 0 && getpid() == 1 ? 0 : 1);
	}
	CHECK_EQ(ns_same(pid, NS_NET), 0);
	CHECK_EQ(ns_same(pid, NS_USER), 0);
	CHECK_EQ(ns_same(pid, NS_UTS), 1);
	close(hold[1]);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

TEST(a_refusal_is_explained)
{
	struct err e = {0};

	CHECK_EQ(ns_unshare(0x10, &e), -1); /* no such flag */
	CHECK(strstr(e.msg, "unshare") != NULL);
	CHECK(ns_explain() != NULL);
}
