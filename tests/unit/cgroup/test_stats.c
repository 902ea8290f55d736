// SPDX-License-Identifier: MIT
/* Figures, with ordinary files in place of cgroupfs. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "cgroup/cgroup.h"
#include "tests/unit/harness.h"

static void put(const char *dir, const char *name, const char *text)
{
	char *path = path_join(dir, name);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
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
	CHECK_EQ(s.n_io, 2);
	CHECK_EQ(s.io[0].write_bytes, 6);
	CHECK_EQ(s.io[1].minor, 1);
	CHECK_EQ(s.io[1].read_bytes, 5);
	CHECK(strstr(s.memory_stat, "inactive_anon 8") != NULL);
	CHECK_EQ(s.memory_oom, 1);
	CHECK_EQ(s.pids, 3);
	CHECK_EQ(cgroup_oom_kills(dir), 2);
	cgroup_stats_clear(&s);
	CHECK(s.io == NULL);
}
