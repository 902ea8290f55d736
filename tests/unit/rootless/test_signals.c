// SPDX-License-Identifier: MIT
#include <signal.h>
#include <unistd.h>

#include "rootless/signals.h"
#include "tests/unit/harness.h"

TEST(signals_are_read_not_taken)
{
	bool shared = true;
	struct err e;
	int fd = rk_signals_open(&e);

	CHECK(fd >= 0);
	CHECK_EQ(rk_signals_next(fd, &shared), 0);
	CHECK(kill(getpid(), SIGTERM) == 0);
	CHECK_EQ(rk_signals_next(fd, &shared), SIGTERM);
	CHECK(!shared); /* sent by a process, not by a terminal */
	CHECK_EQ(rk_signals_next(fd, &shared), 0);
	close(fd);
}

TEST(which_end_a_process)
{
	CHECK(rk_signals_ends(SIGTERM) && rk_signals_ends(SIGINT));
	CHECK(!rk_signals_ends(SIGHUP) && !rk_signals_ends(SIGWINCH));
	CHECK_STR(rk_signal_text(SIGKILL), "killed");
}

TEST(the_mask_is_empty_after_restore)
{
	sigset_t set;
	struct err e;

	CHECK(rk_signals_open(&e) >= 0);
	rk_signals_restore();
	CHECK(sigprocmask(SIG_BLOCK, NULL, &set) == 0);
	CHECK(!sigismember(&set, SIGTERM) && !sigismember(&set, SIGCHLD));
}
