// SPDX-License-Identifier: MIT
/* Groups as files: what is written, what is read; with ordinary directories in place of cgroupfs.
 */
#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tests/unit/cgroup/files.h"
#include "tests/unit/harness.h"

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

TEST(cgroup_sweeps_what_is_empty)
{
	struct cgroup_root r = {.mode = CGROUP_V2, .path = (char *)harness_tmpdir()};
	static const char *const names[] = {
		"1111111111111111111111111111111111111111111111111111111111111111",
		"2222222222222222222222222222222222222222222222222222222222222222",
		"another",
	};
	const struct timespec old[2] = {{0}};
	char *paths[3];
	struct err e;

	for (int i = 0; i < 3; i++) {
		paths[i] = path_join(r.path, names[i]);
		CHECK_OK(path_mkdirs(paths[i], 0700, &e), e);
		put(paths[i], "cgroup.events", i == 0 ? "populated 1\n" : "populated 0\n");
		if (i == 1)
			cgroup_sweep(&r); /* it is new */
		CHECK(utimensat(AT_FDCWD, paths[i], old, 0) == 0);
	}
	/* an ordinary directory goes only when it is empty, so the file must */
	cgroup_sweep(&r);
	CHECK(path_exists(paths[0]) && path_exists(paths[1]) && path_exists(paths[2]));
	r.mode = CGROUP_NONE;
	cgroup_sweep(&r);
	for (int i = 0; i < 3; i++)
		free(paths[i]);
}

TEST(cgroup_ends)
{
	char *path = path_join(harness_tmpdir(), "c");
	struct err e;

	CHECK_OK(cgroup_end(NULL, &e), e);
	CHECK_OK(cgroup_end(path, &e), e);
	CHECK_OK(path_mkdirs(path, 0700, &e), e);
	CHECK_OK(cgroup_end(path, &e), e);
	CHECK(!path_exists(path));
	free(path);
}
