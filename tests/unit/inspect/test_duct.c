// SPDX-License-Identifier: MIT
#include "inspect/duct.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tests/unit/harness.h"

static int turn(struct duct *d, int timeout_ms)
{
	struct pollfd fds[DUCT_FDS];

	duct_poll(d, fds);
	if (poll(fds, DUCT_FDS, timeout_ms) == 0)
		return 2;
	return duct_step(d, fds);
}

TEST(both_ways_and_their_ends)
{
	int a[2], b[2];
	struct duct d;
	char got[8];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	duct_init(&d, a[1], a[1], b[1]);
	CHECK_EQ(write(a[0], "there", 5), 5);
	CHECK_EQ(turn(&d, 1000), 0);
	CHECK_EQ(read(b[0], got, sizeof(got)), 5);
	CHECK_EQ(shutdown(a[0], SHUT_WR), 0);
	CHECK_EQ(turn(&d, 1000), 0);
	CHECK_EQ(read(b[0], got, sizeof(got)), 0);
	CHECK(duct_way_done(&d, 0) && !duct_way_done(&d, 1));
	/* an ended way wakes nobody */
	CHECK_EQ(turn(&d, 50), 2);
	CHECK_EQ(write(b[0], "back", 4), 4);
	CHECK_EQ(turn(&d, 1000), 0);
	CHECK_EQ(read(a[0], got, sizeof(got)), 4);
	CHECK_EQ(shutdown(b[0], SHUT_WR), 0);
	CHECK_EQ(turn(&d, 1000), 1);
	duct_clear(&d);
}

TEST(a_slow_reader_holds_the_writer_back)
{
	static char block[65536];
	size_t sent = 0, received = 0;
	int a[2], b[2], size = 4096;
	struct duct d;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b), 0);
	setsockopt(b[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	duct_init(&d, a[1], a[1], b[1]);
	memset(block, 'z', sizeof(block));
	for (int i = 0; i < 1000; i++) {
		ssize_t n = write(a[0], block, sizeof(block));

		sent += n > 0 ? (size_t)n : 0;
		if (turn(&d, 0) == 2 && n < 0)
			break;
	}
	CHECK(sent > 0 && sent < 2000000); /* it stopped by itself */
	CHECK_EQ(shutdown(a[0], SHUT_WR), 0);
	for (;;) {
		ssize_t n = read(b[0], block, sizeof(block));

		if (n == 0)
			break;
		received += n > 0 ? (size_t)n : 0;
		CHECK(turn(&d, n > 0 ? 0 : 1000) >= 0);
	}
	CHECK_EQ(received, sent);
	duct_clear(&d);
}

TEST(a_reset_is_a_failure)
{
	int a[2], b[2];
	struct duct d;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, b), 0);
	duct_init(&d, a[1], a[1], b[1]);
	CHECK_EQ(write(a[0], "x", 1), 1);
	close(b[0]);
	CHECK_EQ(turn(&d, 1000), -1);
	duct_clear(&d);
}
