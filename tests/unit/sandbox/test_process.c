// SPDX-License-Identifier: MIT
/* Limits on oneself. */
#include "sandbox/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/unit/harness.h"

TEST(process_rlimits)
{
	struct rlimit r;
	struct err e;

	CHECK_EQ(sandbox_rlimit_number("nofile"), RLIMIT_NOFILE);
	CHECK_EQ(sandbox_rlimit_number("RLIMIT_CORE"), RLIMIT_CORE);
	CHECK_EQ(sandbox_rlimit_number("x"), -1);
	CHECK_EQ(sandbox_rlimit_set("RLIMIT_NOFILE", 50, 60, &e), 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur == 50 && r.rlim_max == 60);
	CHECK_EQ(sandbox_rlimit_set("RLIMIT_NOFILE", 60, 50, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(process_no_new_privs_stays)
{
	struct err e;

	CHECK_OK(sandbox_no_new_privs(&e), e);
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	sandbox_session_keyring("test");
}

TEST(process_apparmor_unconfined_is_nothing)
{
	struct err e;

	CHECK_OK(sandbox_apparmor_exec("unconfined", &e), e);
	CHECK_OK(sandbox_apparmor_exec(NULL, &e), e);
	if (!sandbox_apparmor_enabled())
		CHECK_EQ(sandbox_apparmor_exec("docker-default", &e), -1);
}
