// SPDX-License-Identifier: MIT
/* Detection never fails; without groups there are warnings. */
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "tests/unit/harness.h"

TEST(detect_explains_none)
{
	struct cgroup_root r = {.mode = CGROUP_NONE};
	struct cgroup_limits l = {.memory_bytes = 1 << 20, .cpu_quota_usec = 50000, .pids_max = 10};
	struct strv w = STRV_INIT;

	CHECK(cgroup_limits_any(&l));
	cgroup_limits_warnings(&r, &l, &w);
	CHECK_EQ(w.len, 3);
	CHECK(!cgroup_limits_any(&l));
	strv_clear(&w);
}

TEST(detect_keeps_what_is_there)
{
	struct cgroup_root r = {.mode = CGROUP_V2, .controllers = CGROUP_MEMORY | CGROUP_PIDS};
	struct cgroup_limits l = {.memory_bytes = 1 << 20, .cpu_shares = 512, .pids_max = 10};
	struct strv w = STRV_INIT;

	cgroup_limits_warnings(&r, &l, &w);
	CHECK_EQ(w.len, 1);
	CHECK_EQ(l.pids_max, 10);
	CHECK_EQ(l.cpu_shares, 0);
	strv_clear(&w);
}

TEST(detect_compares_sets)
{
	CHECK_EQ(cgroup_set_within("0", "0-3"), 1);
	CHECK_EQ(cgroup_set_within("0-1,3", "0-3"), 1);
	CHECK_EQ(cgroup_set_within("7", "0-3"), 0);
	CHECK_EQ(cgroup_set_within("2-4", "0-3,5"), 0);
	CHECK_EQ(cgroup_set_within("2-4", NULL), 1);
	CHECK_EQ(cgroup_set_within("", "0-3"), -1);
	CHECK_EQ(cgroup_set_within("3-1", "0-3"), -1);
	CHECK_EQ(cgroup_set_within("1,", "0-3"), -1);
	CHECK_EQ(cgroup_set_within("a", "0-3"), -1);
	CHECK_EQ(cgroup_set_within("99999999999", NULL), -1);
}
