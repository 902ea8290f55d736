// SPDX-License-Identifier: MIT
/* Groups as files: what is written, what is read; with ordinary directories in place of cgroupfs.
 */
#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tests/unit/harness.h"

static void put(const char *dir, const char *name, const char *text)
{
	char *path = path_join(dir, name);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
	free(path);
}

static void check(const char *dir, const char *name, const char *want)
{
	char *path = path_join(dir, name);
	struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, path, 4096, &b, &e), e);
	CHECK(strncmp(buf_str(&b), want, strlen(want)) == 0);
	buf_clear(&b);
	free(path);
}

TEST(cgroup_none_does_nothing)
{
	struct cgroup_root r = {.mode = CGROUP_NONE};
	struct cgroup_limits l = {.memory_bytes = 5};
	struct cgroup_stats s;
	struct err e;

	CHECK(cgroup_path(&r, NULL, "x") == NULL);
	CHECK_OK(cgroup_create(&r, NULL, &e), e);
	CHECK_OK(cgroup_set(NULL, &l, &e), e);
	CHECK_OK(cgroup_read(NULL, &s, &e), e);
	CHECK_OK(cgroup_kill("", &e), e);
	CHECK_OK(cgroup_remove(NULL, &e), e);
	CHECK_EQ(cgroup_freeze(NULL, true, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
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

TEST(cgroup_parents_pass_controllers)
{
	struct cgroup_root r = {.mode = CGROUP_V2, .path = (char *)harness_tmpdir()};
	char *parent = path_join(r.path, "batch");
	char *path = cgroup_path(&r, "/batch", "c1");
	struct err e;

	CHECK_OK(path_mkdirs(parent, 0700, &e), e);
	put(parent, "cgroup.subtree_control", "");
	CHECK_OK(cgroup_create(&r, path, &e), e);
	CHECK(path_exists(path));
	check(parent, "cgroup.subtree_control", "+io");
	free(parent);
	free(path);
}

TEST(cgroup_reads_figures)
{
	const char *dir = harness_tmpdir();
	struct cgroup_stats s;
	struct err e;

	put(dir, "cpu.stat", "usage_usec 10\nuser_usec 6\nsystem_usec 4\nnr_periods 1\n");
	put(dir, "memory.stat", "anon 1\nfile 2\ninactive_anon 8\ninactive_file 3\n");
	put(dir, "memory.current", "99\n");
	put(dir, "memory.max", "max\n");
	put(dir, "memory.events", "low 0\noom 1\noom_kill 2\n");
	put(dir, "io.stat", "8:0 rbytes=5 wbytes=6 rios=1 wios=2\n8:1 rbytes=5 wbytes=0\n");
	put(dir, "pids.current", "3\n");
	CHECK_OK(cgroup_read(dir, &s, &e), e);
	CHECK_EQ(s.cpu_usage_usec, 10);
	CHECK_EQ(s.memory_bytes, 99);
	CHECK(s.memory_max_bytes == UINT64_MAX);
	CHECK_EQ(s.memory_inactive_file_bytes, 3);
	CHECK_EQ(s.io_read_bytes, 10);
	CHECK_EQ(s.pids, 3);
	CHECK_EQ(cgroup_oom_kills(dir), 2);
}
