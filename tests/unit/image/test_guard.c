// SPDX-License-Identifier: MIT
/* The guarded socket: stalls, deadlines and cancelling end every wait. */
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/time.h"
#include "image/transport_internal.h"
#include "tests/unit/harness.h"

static void make_pair(int fds[2])
{
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
}

TEST(guard_reads_and_notices_http)
{
	bool http = false;
	char p[16];
	int fds[2];
	struct err e;

	make_pair(fds);
	CLEANUP(stream_freep) struct stream *s = guard_new(fds[0], -1, 1000, &http);
	CHECK(write(fds[1], "HTTP/1.1", 8) == 8);
	CHECK_EQ(stream_read(s, p, sizeof(p), &e), 8);
	CHECK(http);
	CHECK_OK(stream_write(s, "x", 1, &e), e);
	CHECK_EQ(read(fds[1], p, sizeof(p)), 1);
	close(fds[1]);
	CHECK_EQ(stream_read(s, p, sizeof(p), &e), 0);
}

TEST(guard_times_out)
{
	int64_t start = time_mono_ms();
	char p[16];
	int fds[2];
	struct err e;

	make_pair(fds);
	CLEANUP(stream_freep) struct stream *s = guard_new(fds[0], -1, 50, NULL);
	CHECK(stream_read(s, p, sizeof(p), &e) < 0);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
	CHECK(time_mono_ms() - start >= 50);
	guard_set_deadline(s, time_mono_ms() + 20);
	CHECK(stream_read(s, p, sizeof(p), &e) < 0);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
	CHECK(time_mono_ms() - start < 5000);
	close(fds[1]);
}

TEST(guard_write_times_out)
{
	CLEANUP(freep) char *big = xcalloc(1, 1 << 22);
	int fds[2];
	struct err e;

	make_pair(fds);
	CLEANUP(stream_freep) struct stream *s = guard_new(fds[0], -1, 50, NULL);
	CHECK(stream_write(s, big, 1 << 22, &e) < 0);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
	close(fds[1]);
}

TEST(guard_is_cancelled)
{
	int cancel_fd = eventfd(1, EFD_CLOEXEC);
	char p[16];
	int fds[2];
	struct err e;

	make_pair(fds);
	CLEANUP(stream_freep) struct stream *s = guard_new(fds[0], cancel_fd, 60000, NULL);
	CHECK(stream_read(s, p, sizeof(p), &e) < 0);
	CHECK_EQ(e.kind, ERR_CANCELLED);
	close(fds[1]);
	close(cancel_fd);
}
