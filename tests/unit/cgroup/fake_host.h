// SPDX-License-Identifier: MIT
/* A host made of ordinary files, for the tests of detection. */
#ifndef TESTS_UNIT_CGROUP_FAKE_HOST_H
#define TESTS_UNIT_CGROUP_FAKE_HOST_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cgroup/detect_internal.h"
#include "tests/unit/harness.h"

struct fake_host {
	const char *dir;
	struct cgroup_host host;
	char *paths[4];
};

static inline void fake_put(const struct fake_host *f, const char *name, const char *text)
{
	char *path = path_join(f->dir, name), *slash;
	struct err e;

	slash = strrchr(path, '/');
	*slash = '\0';
	CHECK_OK(path_mkdirs(path, 0755, &e), e);
	*slash = '/';
	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0644, FILE_NOSYNC, &e), e);
	free(path);
}

static inline void fake_check(const struct fake_host *f, const char *name, const char *want)
{
	char *path = path_join(f->dir, name);
	struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, path, 4096, &b, &e), e);
	CHECK(str_starts(buf_str(&b), want));
	buf_clear(&b);
	free(path);
}

/* version: of the mounted control groups, 2 with all controllers; 0 none */
static inline void fake_host_init(struct fake_host *f, int version)
{
	static const char *const names[] = {"mount", "self", "mountinfo", "run"};
	struct err e;

	*f = (struct fake_host){.dir = path_join(harness_tmpdir(), version == 2 ? "v2" : "v1")};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		f->paths[i] = path_join(f->dir, names[i]);
	f->host = (struct cgroup_host){f->paths[0], f->paths[1], f->paths[2], f->paths[3], 1000};
	CHECK_OK(path_mkdirs(f->paths[0], 0755, &e), e);
	CHECK_OK(path_mkdirs(f->paths[3], 0755, &e), e);
	if (version == 2)
		fake_put(f, "mount/cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
	if (version == 1)
		fake_put(f, "mount/memory/tasks", "");
	fake_put(f, "self", version == 2 ? "0::/\n" : "4:memory:/x\n");
}

static inline void fake_host_clear(struct fake_host *f)
{
	for (size_t i = 0; i < ARRAY_LEN(f->paths); i++)
		free(f->paths[i]);
	free((char *)f->dir);
}

#endif
