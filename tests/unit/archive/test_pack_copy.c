// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack.h"
#include "tests/unit/archive/userns.h"

TEST(copies_everything)
{
	const struct timespec times[2] = {{5, 0}, {6, 7}};
	int top, src, dst, fd;
	struct stat a, b;
	char text[64];
	struct err e;

	userns_enter();
	top = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	CHECK_EQ(mkdirat(top, "src", 0751), 0);
	CHECK_EQ(mkdirat(top, "dst", 0700), 0);
	src = openat(top, "src", O_RDONLY | O_DIRECTORY);
	dst = openat(top, "dst", O_RDONLY | O_DIRECTORY);
	CHECK_EQ(mkdirat(src, "d", 03755), 0);
	CHECK_EQ(fchmodat(src, "d", 03755, 0), 0);
	fd = openat(src, "d/f", O_CREAT | O_WRONLY, 0600);
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_EQ(fchmod(fd, 04711), 0);
	CHECK_EQ(futimens(fd, times), 0);
	close(fd);
	CHECK_EQ(linkat(src, "d/f", src, "h", 0), 0);
	CHECK_EQ(symlinkat("/etc/passwd", src, "l"), 0);
	CHECK_EQ(mkfifoat(src, "p", 0640), 0);
	CHECK_OK(pack_copy_tree(src, dst, &e), e);
	CHECK_EQ(fstat(dst, &a), 0);
	CHECK_EQ(a.st_mode, S_IFDIR | 0751);
	CHECK_EQ(fstatat(dst, "d", &a, 0), 0);
	CHECK_EQ(a.st_mode, S_IFDIR | 03755);
	CHECK_EQ(fstatat(dst, "d/f", &a, 0), 0);
	CHECK_EQ(fstatat(dst, "h", &b, 0), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_mode, S_IFREG | 04711);
	CHECK_EQ(a.st_size, 5);
	CHECK_EQ(a.st_mtim.tv_sec, 6);
	CHECK_EQ(a.st_mtim.tv_nsec, 7);
	CHECK_EQ(readlinkat(dst, "l", text, sizeof(text)), 11);
	CHECK_EQ(fstatat(dst, "p", &a, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_EQ(a.st_mode, S_IFIFO | 0640);
	close(src);
	close(dst);
	close(top);
}
