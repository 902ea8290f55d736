// SPDX-License-Identifier: MIT
/* Limits: what is written, with ordinary files in place of cgroupfs, and what is warned of. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cgroup/cgroup.h"
#include "tests/unit/cgroup/files.h"
#include "tests/unit/harness.h"

TEST(limits_that_cannot_be)
{
	struct cgroup_root r = {.mode = CGROUP_NONE};
	struct cgroup_limits l = {.memory_bytes = 1 << 20, .cpu_quota_usec = 50000, .pids_max = 10};
	struct strv w = STRV_INIT;

	cgroup_limits_warnings(&r, &l, &w);
	CHECK_EQ(w.len, 3);
	CHECK(l.memory_bytes == 0 && l.cpu_quota_usec == 0 && l.pids_max == 0);
	strv_clear(&w);
}

TEST(limits_keep_what_is_there)
{
	struct cgroup_root r = {
		.mode = CGROUP_V2, .controllers = CGROUP_MEMORY | CGROUP_PIDS, .swap = true};
	struct cgroup_limits l = {.memory_bytes = 1 << 20, .cpu_shares = 512, .pids_max = 10};
	struct strv w = STRV_INIT;

	cgroup_limits_warnings(&r, &l, &w);
	CHECK_EQ(w.len, 1);
	CHECK_EQ(l.pids_max, 10);
	CHECK_EQ(l.cpu_shares, 0);
	strv_clear(&w);
}

TEST(cgroup_writes_limits)
{
	struct cgroup_root r = {.mode = CGROUP_V2, .path = (char *)harness_tmpdir()};
	struct cgroup_limits l = {.memory_bytes = 1000,
				  .memory_swap_bytes = 1500,
				  .cpu_quota_usec = 50000,
				  .cpu_shares = 1024,
				  .pids_max = -1};
	char *path = cgroup_path(&r, NULL, "c1");
	struct err e;

	CHECK(cgroup_path(&r, NULL, "../x") == NULL);
	CHECK_OK(cgroup_create(&r, path, &e), e);
	put(path, "memory.max", "");
	put(path, "memory.swap.max", "");
	put(path, "cpu.weight", "");
	put(path, "cpu.max", "");
	put(path, "pids.max", "");
	CHECK_OK(cgroup_set(path, &l, &e), e);
	check(path, "memory.max", "1000");
	check(path, "memory.swap.max", "500");
	check(path, "cpu.weight", "39");
	check(path, "cpu.max", "50000 100000");
	check(path, "pids.max", "max");
	free(path);
}

TEST(cgroup_unlimited_again)
{
	const char *dir = harness_tmpdir();
	struct cgroup_limits l = {.cpu_quota_usec = -1, .memory_swap_bytes = -1};
	struct err e;

	put(dir, "cpu.max", "");
	CHECK_OK(cgroup_set(dir, &l, &e), e); /* memory.swap.max: not in this kernel */
	check(dir, "cpu.max", "max 100000");
	put(dir, "io.weight", "");
	l = (struct cgroup_limits){.blkio_weight = 1000};
	CHECK_OK(cgroup_set(dir, &l, &e), e);
	check(dir, "io.weight", "10000");
}

TEST(cgroup_writes_devices)
{
	const char *dir = harness_tmpdir();
	struct cgroup_io_limit io[] = {
		{.major = 8, .minor = 16, .read_bps = 1024, .write_iops = 7},
		{.major = 8, .weight = 100},
	};
	struct cgroup_limits l = {.io = io, .n_io = 1};
	struct err e;

	CHECK_OK(cgroup_set(dir, &l, &e), e); /* a kernel without io.max */
	put(dir, "io.max", "");
	CHECK_OK(cgroup_set(dir, &l, &e), e);
	check(dir, "io.max", "8:16 rbps=1024 wiops=7 ");
	put(dir, "io.bfq.weight", "");
	l.n_io = 2;
	CHECK_OK(cgroup_set(dir, &l, &e), e);
	check(dir, "io.bfq.weight", "8:0 100");
}

TEST(limits_of_devices_are_warned_of)
{
	struct cgroup_root r = {.mode = CGROUP_V2, .controllers = CGROUP_IO | CGROUP_MEMORY};
	struct cgroup_io_limit io[] = {{.read_bps = 1, .write_bps = 1},
				       {.weight = 10, .write_iops = 1}};
	struct cgroup_limits l = {.io = io,
				  .n_io = 2,
				  .blkio_weight = 10,
				  .memory_bytes = 1 << 23,
				  .swappiness = true,
				  .oom_kill_disable = true};
	struct strv w = STRV_INIT;

	cgroup_limits_warnings(&r, &l, &w);
	CHECK_EQ(w.len, 8); /* swap, swappiness, OOM; two weights, three bounds */
	CHECK_EQ(l.n_io, 0);
	strv_clear(&w);
	r.io_max = r.io_weight = r.swap = true;
	l = (struct cgroup_limits){.io = io, .n_io = 2, .blkio_weight = 10};
	cgroup_limits_warnings(&r, &l, &w);
	CHECK_EQ(w.len, 0);
	CHECK_EQ(l.n_io, 2);
}
