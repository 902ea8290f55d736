// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/storage_internal.h"
#include "tests/unit/syncs.h"

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

static int make_files(void)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct err e;

	CHECK_EQ(mkdirat(fd, "t", 0755), 0);
	CHECK_OK(put_file(fd, "t/b", "b", 0600, &e), e);
	CHECK_OK(put_file(fd, "t/a", "a", 0600, &e), e);
	CHECK_EQ(mkdirat(fd, "t/c", 0755), 0);
	CHECK_EQ(symlinkat("t", fd, "link"), 0);
	return fd;
}

TEST(names_of_a_directory)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	int fd = make_files(), dir;
	struct err e;

	dir = open_names(fd, "t", &names, &e);
	CHECK(dir >= 0);
	CHECK_EQ(names.len, 3);
	CHECK_STR(names.items[0], "a");
	CHECK_STR(names.items[1], "b");
	CHECK_STR(names.items[2], "c");
	CHECK_EQ(faccessat(dir, "a", F_OK, 0), 0);
	CHECK(fcntl(dir, F_GETFD) & FD_CLOEXEC);
	close(dir);
	CHECK_EQ(open_names(fd, "none", &names, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_EQ(open_names(fd, "t/a", &names, &e), -1);
	CHECK_EQ(open_names(fd, "link", &names, &e), -1); /* it may lead anywhere */
	CHECK_EQ(names.len, 3);
	close(fd);
}

TEST(files_of_a_directory_are_synced_then_their_names)
{
	int fd = make_files();
	struct err e;

	syncs_watch(fd, NULL);
	CHECK_OK(sync_files(fd, "t", &e), e);
	CHECK(syncs_place(fd, "t/a") > 0);
	CHECK(syncs_place(fd, "t/b") > 0);
	CHECK(syncs_place(fd, "t/c") > 0);
	CHECK_EQ(syncs_place(fd, "t"), 4);
	CHECK_EQ(syncs.n, 4);
	CHECK_EQ(sync_files(fd, "none", &e), -1);
	syncs.fail = SYNC_FILE;
	CHECK_EQ(sync_files(fd, "t", &e), -1);
	CHECK_EQ(e.sys, EIO);
	syncs.fail = SYNC_DIR;
	CHECK_EQ(sync_files(fd, "t", &e), -1);
	close(fd);
}
