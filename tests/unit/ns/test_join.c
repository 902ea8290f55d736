// SPDX-License-Identifier: MIT
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "ns/clone.h"
#include "ns/join.h"
#include "tests/unit/harness.h"

TEST(names_and_flags)
{
	enum ns_kind k;

	CHECK_EQ(ns_kind_parse("network", &k), 0);
	CHECK_EQ(k, NS_NET);
	CHECK_EQ(ns_kind_parse("mnt", &k), 0);
	CHECK_EQ(ns_kind_flag(k), CLONE_NEWNS);
	CHECK_EQ(ns_kind_parse("nothing", &k), -1);
	CHECK_STR(ns_kind_name(NS_USER), "user");
}

TEST(we_are_in_our_own)
{
	struct ns_set s;
	struct err e;

	CHECK_EQ(ns_same(getpid(), NS_MNT), 1);
	CHECK_OK(ns_set_open_pid(&s, getpid(), NS_BIT(NS_NET) | NS_BIT(NS_MNT), &e), e);
	CHECK_EQ(s.fds[NS_NET], -1); /* shared with us: nothing to join */
	ns_set_clear(&s);
	CHECK_EQ(ns_same(0x7ffffff0, NS_NET), -1);
}

TEST(a_file_is_no_namespace)
{
	struct err e;

	CHECK_EQ(ns_open_path("/dev/null", NS_NET, &e), -1);
	CHECK(strstr(e.msg, "not a net namespace") != NULL);
	CHECK_EQ(ns_open_path("/proc/self/ns/mnt", NS_NET, &e), -1);
	CHECK_EQ(ns_open_path("/nonexistent", NS_NET, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(join_user_and_net)
{
	struct ns_clone c = {.flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWUTS, .cgroup_fd = -1};
	int hold[2], status;
	struct ns_set s;
	struct err e;
	pid_t pid, joiner;

	CHECK_OK(fd_pipe(hold, &e), e);
	pid = ns_fork(&c, &e);
	if (pid < 0)
		SKIP(e.msg);
	if (pid == 0) {
		char byte;

		close(hold[1]);
		(void)!read(hold[0], &byte, 1);
		_exit(0);
	}
	CHECK_OK(ns_set_open_pid(&s, pid, NS_BIT(NS_USER) | NS_BIT(NS_NET) | NS_BIT(NS_UTS), &e),
		 e);
	joiner = fork();
	if (joiner == 0) {
		int own;

		if (ns_set_join(&s, &e) < 0)
			_exit(1);
		own = ns_open_pid(0, NS_NET, &e);
		_exit(ns_same_fd(own, s.fds[NS_NET]) == 1 ? 0 : 2);
	}
	CHECK_EQ(waitpid(joiner, &status, 0), joiner);
	CHECK_EQ(WEXITSTATUS(status), 0);
	ns_set_clear(&s);
	close(hold[1]);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}
