// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

TEST(closep_keeps_errno)
{
	errno = EBUSY;
	{
		CLEANUP(fd_closep) int fd = open("/dev/null", O_RDONLY);
		CLEANUP(fd_closep) int none = -1;

		CHECK(fd >= 0 && none == -1);
		errno = EBUSY;
	}
	CHECK_EQ(errno, EBUSY);
}

TEST(take_and_close)
{
	int fd = open("/dev/null", O_RDONLY), other = TAKE_FD(fd);

	CHECK_EQ(fd, -1);
	fd_close(&other);
	CHECK_EQ(other, -1);
	fd_close(&other);
}

TEST(read_full_wants_every_byte)
{
	struct err e;
	int fds[2];
	char got[4];

	CHECK_OK(fd_pipe(fds, &e), e);
	CHECK(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	CHECK_OK(fd_write_all(fds[1], "abcdef", 6, &e), e);
	CHECK_OK(fd_read_full(fds[0], got, 4, &e), e);
	CHECK_MEM(got, "abcd", 4);
	fd_close(&fds[1]);
	CHECK_EQ(fd_read_full(fds[0], got, 4, &e), -1);
	CHECK_EQ(e.kind, ERR_SYSTEM);
	fd_close(&fds[0]);
}

TEST(read_all_is_bounded)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	struct err e;

	fd = fd_memfile("t", "0123456789", 10, &e);
	CHECK(fd >= 0);
	CHECK_OK(fd_read_all(fd, 10, &b, &e), e);
	CHECK_STR(buf_str(&b), "0123456789");
	lseek(fd, 0, SEEK_SET);
	CHECK_EQ(fd_read_all(fd, 9, &b, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(copy_from_file_and_from_pipe)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(fd_closep) int in = -1;
	CLEANUP(fd_closep) int out = -1;
	unsigned long long n = 0;
	struct err e;
	int fds[2];

	in = fd_memfile("in", "hello", 5, &e);
	out = fd_memfile("out", "", 0, &e);
	CHECK_OK(fd_copy(in, out, &n, &e), e);
	CHECK_EQ(n, 5);
	CHECK_OK(fd_pipe(fds, &e), e);
	CHECK_OK(fd_write_all(fds[1], " pipe", 5, &e), e);
	fd_close(&fds[1]);
	CHECK_OK(fd_copy(fds[0], out, NULL, &e), e);
	fd_close(&fds[0]);
	lseek(out, 0, SEEK_SET);
	CHECK_OK(fd_read_all(out, 100, &b, &e), e);
	CHECK_STR(buf_str(&b), "hello pipe");
}

TEST(flags)
{
	int fds[2];
	struct err e;

	CHECK_OK(fd_pipe(fds, &e), e);
	fd_set_nonblock(fds[0], true);
	CHECK(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	fd_set_nonblock(fds[0], false);
	CHECK(!(fcntl(fds[0], F_GETFL) & O_NONBLOCK));
	fd_set_cloexec(fds[0], false);
	CHECK(!(fcntl(fds[0], F_GETFD) & FD_CLOEXEC));
	CHECK_EQ(fd_wait(fds[0], POLLIN, 5), 0);
	CHECK_EQ(fd_write(fds[1], "x", 1), 1);
	CHECK(fd_wait(fds[0], POLLIN, -1) & POLLIN);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

TEST(descriptors_travel)
{
	int pair[2], fds[4], got[2];
	size_t n = 1;
	char text[8];
	struct err e;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	CHECK_OK(fd_pipe(fds, &e), e);
	CHECK_OK(fd_pipe(fds + 2, &e), e);
	CHECK_OK(fd_send(pair[0], "hi", 2, fds, 4, &e), e);
	CHECK_EQ(fd_recv(pair[1], text, sizeof(text), got, &n, &e), 2);
	CHECK_EQ(n, 1); /* the surplus ones are closed */
	CHECK(fcntl(got[0], F_GETFD) & FD_CLOEXEC);
	CHECK_OK(fd_send(pair[0], "123456789", 9, NULL, 0, &e), e);
	CHECK_EQ(fd_recv(pair[1], text, sizeof(text), NULL, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	close(pair[0]);
	CHECK_EQ(fd_recv(pair[1], text, sizeof(text), NULL, NULL, &e), 0);
	close(pair[1]);
	close(got[0]);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}
