// SPDX-License-Identifier: MIT
/* Files of a fake control group: written, and looked at by their beginning. */
#ifndef TESTS_CGROUP_FILES_H
#define TESTS_CGROUP_FILES_H

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "tests/unit/harness.h"

static inline void put(const char *dir, const char *name, const char *text)
{
	char *path = path_join(dir, name);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
	free(path);
}

static inline void check(const char *dir, const char *name, const char *want)
{
	char *path = path_join(dir, name);
	struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, path, 4096, &b, &e), e);
	CHECK(strncmp(buf_str(&b), want, strlen(want)) == 0);
	buf_clear(&b);
	free(path);
}

#endif
