// SPDX-License-Identifier: MIT
/* Filling a volume from an image directory. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container/inroot.h"
#include "tests/unit/harness.h"

static int dir(const char *name)
{
	return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(copyup_copies_into_an_empty_directory)
{
	struct stat st;
	struct err e;

	CHECK(chdir(harness_tmpdir()) == 0);
	CHECK(mkdir("from", 0751) == 0 && mkdir("to", 0700) == 0 && mkdir("from/sub", 0711) == 0);
	put("from/sub/file", "text");
	CHECK(chmod("from/sub/file", 0640) == 0);
	CHECK(symlink("/etc/passwd", "from/link") == 0);
	CHECK_OK(copyup_tree(dir("from"), dir("to"), &e), e);
	CHECK(stat("to", &st) == 0 && (st.st_mode & 07777) == 0751);
	CHECK(stat("to/sub", &st) == 0 && (st.st_mode & 07777) == 0711);
	CHECK(stat("to/sub/file", &st) == 0 && (st.st_mode & 07777) == 0640 && st.st_size == 4);
	CHECK(lstat("to/link", &st) == 0 && S_ISLNK(st.st_mode));
}

TEST(copyup_leaves_a_used_directory_alone)
{
	struct err e;

	CHECK(chdir(harness_tmpdir()) == 0);
	CHECK(mkdir("from", 0755) == 0 && mkdir("to", 0755) == 0);
	put("from/new", "");
	put("to/old", "");
	CHECK_OK(copyup_tree(dir("from"), dir("to"), &e), e);
	CHECK(access("to/new", F_OK) < 0);
}
