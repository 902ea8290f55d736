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
