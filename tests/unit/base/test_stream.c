// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/stream.h"

TEST(memory_stream)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(stream_freep) struct stream *s = stream_mem_new("abc", 3, &out);
	struct err e;
	char got[8];

	CHECK_EQ(stream_read(s, got, 2, &e), 2);
	CHECK_EQ(stream_read(s, got, 8, &e), 1);
	CHECK_EQ(stream_read(s, got, 8, &e), 0);
	CHECK_OK(stream_write(s, "xyz", 3, &e), e);
	CHECK_STR(buf_str(&out), "xyz");
}

TEST(socket_stream_half_close)
{
	struct stream *a, *b;
	struct err e;
	char got[8];
	int pair[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	a = stream_fd_new(pair[0]);
	b = stream_fd_new(pair[1]);
	CHECK_OK(stream_write(a, "in", 2, &e), e);
	CHECK_OK(stream_close_write(a, &e), e);
	CHECK_EQ(stream_read(b, got, 8, &e), 2);
	CHECK_EQ(stream_read(b, got, 8, &e), 0);
	CHECK_OK(stream_write(b, "back", 4, &e), e);
	CHECK_EQ(stream_read(a, got, 8, &e), 4);
	stream_free(a);
	stream_free(b);
	stream_free(NULL);
}

TEST(a_deadline_ends_a_read)
{
	struct stream *a;
	struct err e;
	char got[8];
	int pair[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	a = stream_fd_new(pair[0]);
	a->timeout_ms = 20;
	CHECK_EQ(stream_read(a, got, 8, &e), -1);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
	CHECK_EQ(stream_fd_take(a), pair[0]);
	CHECK_EQ(close(pair[0]), 0);
	close(pair[1]);
}
