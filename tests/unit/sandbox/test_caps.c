// SPDX-License-Identifier: MIT
/* Capability names, tweaks and sets. */
#include "sandbox/caps.h"

#include "tests/unit/harness.h"

TEST(caps_names)
{
	CHECK_EQ(caps_number("CAP_CHOWN"), 0);
	CHECK_EQ(caps_number("sys_admin"), 21);
	CHECK_EQ(caps_number("checkpoint_restore"), 40);
	CHECK_EQ(caps_number("nope"), -1);
	CHECK_STR(caps_name(40), "CAP_CHECKPOINT_RESTORE");
	CHECK(caps_name(41) == NULL);
	CHECK(CAPS_DOCKER_DEFAULT == 0xa80425fbULL);
}

static uint64_t tweak(const char *add, const char *drop)
{
	struct strv a = STRV_INIT, d = STRV_INIT;
	uint64_t mask = 0;
	struct err e;

	strv_split(&a, add, ",");
	strv_split(&d, drop, ",");
	CHECK_OK(caps_tweak(CAPS_DOCKER_DEFAULT, &a, &d, &mask, &e), e);
	strv_clear(&a);
	strv_clear(&d);
	return mask;
}

TEST(caps_tweaks_are_dockers)
{
	CHECK(tweak("", "") == CAPS_DOCKER_DEFAULT);
	CHECK(tweak("SYS_ADMIN", "") == (CAPS_DOCKER_DEFAULT | 1ULL << 21));
	CHECK(tweak("", "CHOWN") == (CAPS_DOCKER_DEFAULT & ~1ULL));
	CHECK(tweak("NET_ADMIN", "ALL") == 1ULL << 12);
	CHECK(tweak("ALL", "") == CAPS_ALL);
	CHECK(tweak("ALL", "CHOWN") == (CAPS_ALL & ~1ULL));
}

TEST(caps_set_and_get)
{
	struct caps_sets now, empty = {0};
	struct err e;

	CHECK(caps_last() >= 38);
	CHECK_OK(caps_get(&now, &e), e);
	CHECK_OK(caps_set(&empty, &e), e);
	CHECK_OK(caps_get(&now, &e), e);
	CHECK(now.effective == 0 && now.permitted == 0 && now.ambient == 0);
}
