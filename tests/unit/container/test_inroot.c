// SPDX-License-Identifier: MIT
/* Mount targets in a hostile root stay in it. */
#include "container/inroot.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/harness.h"

static int root(void)
{
	const char *dir = harness_tmpdir();

	CHECK(chdir(dir) == 0 && mkdir("root", 0755) == 0 && mkdir("outside", 0755) == 0);
	return open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

TEST(inroot_makes_what_is_missing)
{
	struct err e;
	int fd = root();

	CHECK(inroot_make(fd, "/a/b/c", true, &e) >= 0);
	CHECK(access("root/a/b/c", F_OK) == 0);
	CHECK(inroot_make(fd, "/a/x/file", false, &e) >= 0);
	CHECK(access("root/a/x/file", F_OK) == 0);
	CHECK_EQ(inroot_make(fd, "/a/b", false, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(inroot_links_stay_inside)
{
	struct err e;
	int fd = root();

	CHECK(symlink("/../../outside", "root/abs") == 0);
	CHECK(symlink("../../../outside", "root/rel") == 0);
	CHECK(mkdir("root/outside", 0755) == 0);
	CHECK(inroot_make(fd, "/abs/made", true, &e) >= 0);
	CHECK(inroot_make(fd, "/rel/made2", true, &e) >= 0);
	CHECK(access("root/outside/made", F_OK) == 0 && access("root/outside/made2", F_OK) == 0);
	CHECK(access("outside/made", F_OK) < 0 && access("outside/made2", F_OK) < 0);
}

TEST(inroot_looping_link_is_an_error)
{
	struct err e;
	int fd = root();

	CHECK(symlink("loop", "root/loop") == 0);
	CHECK_EQ(inroot_make(fd, "/loop/x", true, &e), -1);
}
