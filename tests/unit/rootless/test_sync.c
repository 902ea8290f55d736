// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include "rootless/sync_internal.h"
#include "tests/unit/harness.h"

TEST(messages_in_their_order)
{
	int pair[2], fd = -1;
	struct err e;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_OK(rk_sync_send(pair[0], RK_SYNC_MAPPED, -1, &e), e);
	CHECK_OK(rk_sync_recv(pair[1], RK_SYNC_MAPPED, &fd, &e), e);
	CHECK_EQ(fd, -1);
	CHECK_OK(rk_sync_send(pair[1], RK_SYNC_READY, 0, &e), e);
	CHECK_OK(rk_sync_recv(pair[0], RK_SYNC_READY, &fd, &e), e);
	CHECK(fd >= 0);
	close(fd);
	CHECK_OK(rk_sync_send(pair[0], RK_SYNC_MAPPED, -1, &e), e);
	CHECK_EQ(rk_sync_recv(pair[1], RK_SYNC_GO, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	close(pair[0]);
	CHECK_EQ(rk_sync_recv(pair[1], RK_SYNC_GO, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_CANCELLED);
}
