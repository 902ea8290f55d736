// SPDX-License-Identifier: MIT
/* Detection never fails; a delegated group is taken over, with ordinary files in place of cgroupfs.
 */
#include <string.h>

#include "base/str.h"
#include "cgroup/detect_internal.h"
#include "tests/unit/cgroup/fake_host.h"
#include "tests/unit/harness.h"

TEST(detect_takes_its_group_over)
{
	struct fake_host f;
	struct cgroup_root r;

	fake_host_init(&f, 2);
	fake_put(&f, "mount/user/cgroup.procs", "41\n42\n");
	fake_put(&f, "mount/user/cgroup.controllers", "cpu memory pids\n");
	fake_put(&f, "mount/user/cgroup.subtree_control", "");
	/* the leaf, as the kernel would fill it */
	fake_put(&f, "mount/user/engine/cgroup.procs", "");
	fake_put(&f, "mount/user/engine/memory.swap.max", "max\n");
	fake_put(&f, "mount/user/cpuset.cpus.effective", "0-3\n");
	fake_put(&f, "self", "0::/user\n");
	cgroup_root_detect_host(&f.host, &r);
	CHECK_EQ(r.mode, CGROUP_V2);
	CHECK(str_ends(r.path, "/mount/user"));
	CHECK(r.swap && !r.io_max && !r.io_weight);
	CHECK_STR(r.cpus, "0-3");
	fake_check(&f, "mount/user/engine/cgroup.procs", "42");
	fake_check(&f, "mount/user/cgroup.subtree_control", "+pids");
	cgroup_root_clear(&r);
	/* a restarted engine finds itself in the leaf */
	fake_put(&f, "self", "0::/user/engine\n");
	cgroup_root_detect_host(&f.host, &r);
	CHECK(str_ends(r.path, "/mount/user"));
	cgroup_root_clear(&r);
	fake_host_clear(&f);
}

TEST(detect_says_why_there_is_none)
{
	struct fake_host f;
	struct cgroup_root r;

	fake_host_init(&f, 1);
	cgroup_root_detect_host(&f.host, &r);
	CHECK_EQ(r.mode, CGROUP_NONE);
	CHECK_EQ(r.version, 1);
	CHECK(strstr(r.why_none, "cgroup v1") != NULL);
	cgroup_root_clear(&r);
	fake_host_clear(&f);
	fake_host_init(&f, 2);
	fake_put(&f, "self", "0::/elsewhere\n");
	cgroup_root_detect_host(&f.host, &r);
	CHECK_EQ(r.mode, CGROUP_NONE);
	CHECK_EQ(r.version, 2);
	CHECK_STR(r.why_none, "the engine's cgroup is not delegated to this user");
	cgroup_root_clear(&r);
	fake_host_clear(&f);
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
