// SPDX-License-Identifier: MIT
/* Forking into namespaces as the caller's own child. */
#include "tests/unit/container/box.h"

#include "container/runtime_internal.h"
#include "ns/join.h"

TEST(fork_into_a_pid_namespace_stays_our_child)
{
	struct ns_clone first = NS_CLONE_INIT, second = NS_CLONE_INIT;
	int first_pidfd = -1, second_pidfd = -1, ns_fd, status;
	struct err e;
	pid_t init, pid;

	(void)box_enter();
	first.flags = CLONE_NEWPID;
	first.ret_pidfd = &first_pidfd;
	init = runtime_fork(&first, NULL, -1, &e);
	CHECK_MSG(init >= 0, "%s", e.msg);
	if (init == 0) {
		pause();
		_exit(0);
	}
	ns_fd = ns_open_pid(init, NS_PID, &e);
	second.ret_pidfd = &second_pidfd;
	pid = runtime_fork(&second, NULL, ns_fd, &e);
	CHECK_MSG(pid >= 0, "%s", e.msg);
	if (pid == 0)
		_exit(getpid() > 1 && getpid() < 20 ? 42 : getpid() % 100);
	CHECK(second_pidfd >= 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 42);
	CHECK(kill(init, SIGKILL) == 0);
}
