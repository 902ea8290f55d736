// SPDX-License-Identifier: MIT
/* Profiles: conditions, errors, the cache. */
#include "oci/seccomp.h"

#include <dirent.h>
#include <string.h>

#include "sandbox/caps.h"
#include "tests/unit/harness.h"

static bool allows(uint64_t caps, const char *name)
{
	struct oci_seccomp p = {0};
	struct sandbox_rules r;
	bool found = false;
	const char *text;
	size_t len;
	struct err e;

	text = oci_seccomp_default(&len);
	CHECK_OK(json_bind_text(text, len, &oci_seccomp_json, &p, &e), e);
	CHECK_OK(oci_seccomp_rules(&p, caps, &r, &e), e);
	CHECK_EQ(r.default_action, SANDBOX_ACT_ERRNO | 1);
	for (size_t i = 0; i < r.n_rules; i++)
		found |=
			r.rules[i].action == SANDBOX_ACT_ALLOW && strv_has(&r.rules[i].names, name);
	sandbox_rules_clear(&r);
	json_struct_clear(&oci_seccomp_json, &p);
	return found;
}

TEST(seccomp_default_follows_capabilities)
{
	CHECK(allows(CAPS_DOCKER_DEFAULT, "read"));
	CHECK(!allows(CAPS_DOCKER_DEFAULT, "mount"));
	CHECK(!allows(CAPS_DOCKER_DEFAULT, "reboot"));
	CHECK(allows(CAPS_DOCKER_DEFAULT, "chroot"));
	CHECK(allows(CAPS_DOCKER_DEFAULT, "ptrace"));
	CHECK(!allows(CAPS_DOCKER_DEFAULT, "io_uring_setup"));
	CHECK(allows(CAPS_ALL, "mount"));
}

TEST(seccomp_errors_say_what_is_wrong)
{
	static const char bad[] = "{\"defaultAction\":\"SCMP_ACT_NOPE\"}";
	static const char no_action[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":"
					"[{\"name\":\"read\",\"action\":\"x\"}]}";
	struct err e;

	CHECK_EQ(oci_seccomp_check(bad, strlen(bad), &e), -1);
	CHECK_STR(e.msg, "Decoding seccomp profile failed: invalid seccomp default action "
			 "\"SCMP_ACT_NOPE\"");
	CHECK_EQ(oci_seccomp_check(no_action, strlen(no_action), &e), -1);
	CHECK_EQ(oci_seccomp_check("{", 1, &e), -1);
}

TEST(seccomp_cache_gives_the_same_program)
{
	struct sandbox_filter a = {0}, b = {0};
	const char *dir = harness_tmpdir();
	struct err e;

	CHECK_OK(oci_seccomp_filter(NULL, 0, CAPS_DOCKER_DEFAULT, dir, &a, &e), e);
	CHECK_OK(oci_seccomp_filter(NULL, 0, CAPS_DOCKER_DEFAULT, dir, &b, &e), e);
	CHECK(a.n_insns > 100);
	CHECK_EQ(a.n_insns, b.n_insns);
	CHECK_MEM(a.insns, b.insns, a.n_insns * 8);
	sandbox_filter_clear(&a);
	sandbox_filter_clear(&b);
}
