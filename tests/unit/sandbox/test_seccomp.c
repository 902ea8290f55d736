// SPDX-License-Identifier: MIT
/* Compiled filters do what the rules say: tried on ourselves. */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/process.h"
#include "tests/unit/harness.h"

TEST(seccomp_names)
{
	uint32_t action;
	enum sandbox_cmp op;

	CHECK_EQ(sandbox_action_parse("SCMP_ACT_ERRNO", 38, &action), 0);
	CHECK_EQ(action, SANDBOX_ACT_ERRNO | 38);
	CHECK_EQ(sandbox_action_parse("SCMP_ACT_ERRNO", -1, &action), 0);
	CHECK_EQ(action, SANDBOX_ACT_ERRNO | EPERM);
	CHECK_EQ(sandbox_action_parse("ALLOW", -1, &action), -1);
	CHECK_EQ(sandbox_cmp_parse("SCMP_CMP_MASKED_EQ", &op), 0);
	CHECK_EQ(op, SANDBOX_CMP_MASKED_EQ);
	CHECK(sandbox_arch_native()[0] == 'S');
}

TEST(seccomp_filter_holds)
{
	struct sandbox_arg arg = {.index = 0, .op = SANDBOX_CMP_EQ, .value = 0x7777};
	struct sandbox_rule rules[2] = {
		{.action = SANDBOX_ACT_ERRNO | EXDEV},
		{.action = SANDBOX_ACT_ERRNO | EDOM, .args = &arg, .n_args = 1}};
	struct sandbox_rules r = {
		.default_action = SANDBOX_ACT_ALLOW, .rules = rules, .n_rules = 2};
	struct sandbox_filter f;
	struct err e;

	strv_add(&rules[0].names, "getpriority");
	strv_add(&rules[0].names, "no_such_call");
	strv_add(&rules[1].names, "umask");
	CHECK_OK(sandbox_filter_compile(&r, &f, &e), e);
	CHECK_OK(sandbox_no_new_privs(&e), e);
	CHECK_OK(sandbox_filter_install(&f, &e), e);
	CHECK(syscall(SYS_getpriority, 0, 0) == -1 && errno == EXDEV);
	CHECK(syscall(SYS_umask, 0x7777) == -1 && errno == EDOM);
	CHECK(syscall(SYS_umask, 022) >= 0);
	sandbox_filter_clear(&f);
	strv_clear(&rules[0].names);
	strv_clear(&rules[1].names);
}

TEST(seccomp_unknown_arch_is_refused)
{
	struct sandbox_rules r = {.default_action = SANDBOX_ACT_ALLOW};
	struct sandbox_filter f;
	struct err e;

	strv_add(&r.arches, "SCMP_ARCH_PDP11");
	CHECK_EQ(sandbox_filter_compile(&r, &f, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	strv_clear(&r.arches);
}
