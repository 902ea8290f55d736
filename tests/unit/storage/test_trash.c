// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/storage_internal.h"

TEST(moves_and_empties)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct trash t;
	struct err e;

	CHECK_EQ(mkdirat(fd, "bin", 0700), 0);
	CHECK_EQ(mkdirat(fd, "bin/leftover", 0700), 0);
	CHECK_EQ(mkdirat(fd, "tree", 0700), 0);
	CHECK_EQ(mkdirat(fd, "tree/sub", 0000), 0);
	CHECK_OK(trash_open(&t, fd, "bin", &e), e);
	CHECK_OK(trash_move(&t, fd, "tree", &e), e);
	CHECK(faccessat(fd, "tree", F_OK, 0) < 0);
	CHECK_OK(trash_move(&t, fd, "tree", &e), e); /* absent */
	trash_close(&t);
	CHECK_EQ(unlinkat(fd, "bin", AT_REMOVEDIR), 0);
	close(fd);
}

/* deeper than a thread's stack and descriptors: a container makes such trees with mkdir and chdir
 */
TEST_TIMEOUT(very_deep_trees, 60000)
{
	int top = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY), fd;
	struct trash t;
	struct err e;

	CHECK_EQ(mkdirat(top, "deep", 0700), 0);
	fd = openat(top, "deep", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 1500; i++) {
		int next;

		CHECK_EQ(mkdirat(fd, "d", 0700), 0);
		CHECK_EQ(mkdirat(fd, "e", 0700), 0);
		next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(fd);
	CHECK_OK(trash_open(&t, top, "bin", &e), e);
	CHECK_OK(trash_move(&t, top, "deep", &e), e);
	trash_close(&t);
	CHECK_EQ(unlinkat(top, "bin", AT_REMOVEDIR), 0);
	close(top);
}
