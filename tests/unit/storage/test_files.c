// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/storage_internal.h"

TEST(small_files)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	char text[8];
	struct err e;

	CHECK_OK(put_file(fd, "f", "hello \n", 0600, &e), e);
	CHECK_EQ(get_file(fd, "f", text, sizeof(text)), 0);
	CHECK_STR(text, "hello");
	CHECK_EQ(get_file(fd, "f", text, 7), -1); /* too long */
	CHECK_EQ(get_file(fd, "none", text, sizeof(text)), -1);
	close(fd);
}

TEST(sizes)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	uint64_t size = 0;
	struct err e;

	CHECK_EQ(mkdirat(fd, "t", 0755), 0);
	CHECK_EQ(mkdirat(fd, "t/d", 0755), 0);
	CHECK_OK(put_file(fd, "t/f", "12345", 0600, &e), e);
	CHECK_OK(put_file(fd, "t/d/g", "123", 0600, &e), e);
	CHECK_EQ(linkat(fd, "t/f", fd, "t/d/h", 0), 0);
	CHECK_OK(tree_size(fd, "t", &size, &e), e);
	CHECK_EQ(size, 8);
	CHECK_EQ(tree_size(fd, "none", &size, &e), -1);
	close(fd);
}
