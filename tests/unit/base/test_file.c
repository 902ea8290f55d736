// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static int dir(void)
{
	return open(harness_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

TEST(write_replaces_whole)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;
	struct stat st;

	CHECK_OK(file_write(d, "f", "a long first text", 17, 0600, FILE_SYNC, &e), e);
	CHECK_OK(file_write(d, "f", "short", 5, 0644, FILE_NOSYNC, &e), e);
	CHECK_OK(file_read(d, "f", 5, &b, &e), e);
	CHECK_STR(buf_str(&b), "short");
	CHECK_EQ(fstatat(d, "f", &st, 0), 0);
	CHECK_EQ(st.st_mode & 0777, 0644);
	close(d);
}

TEST(read_is_bounded_and_says_what_is_missing)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;

	CHECK_OK(file_write(d, "f", "123456", 6, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(file_read(d, "f", 5, &b, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(file_read(d, "none", 5, &b, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	close(d);
}

TEST(plain_write_does_not_create)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;

	CHECK_EQ(file_write_plain(d, "none", "x", &e), -1);
	CHECK_OK(file_write(d, "f", "", 0, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(file_write_plain(d, "f", "text", &e), e);
	CHECK_OK(file_read(d, "f", 100, &b, &e), e);
	CHECK_STR(buf_str(&b), "text");
	close(d);
}
