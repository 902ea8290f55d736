// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include "rootless/sync_internal.h"
#include "tests/unit/harness.h"

TEST(messages_in_their_order)
{
	struct err e;
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	CHECK_OK(rk_sync_send(pair[0], RK_SYNC_MAPPED, &e), e);
	CHECK_OK(rk_sync_recv(pair[1], RK_SYNC_MAPPED, &e), e);
	CHECK_OK(rk_sync_send(pair[1], RK_SYNC_READY, &e), e);
	CHECK_OK(rk_sync_recv(pair[0], RK_SYNC_READY, &e), e);
	CHECK_OK(rk_sync_send(pair[0], RK_SYNC_MAPPED, &e), e);
	CHECK_EQ(rk_sync_recv(pair[1], RK_SYNC_GO, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	close(pair[0]);
	CHECK_EQ(rk_sync_recv(pair[1], RK_SYNC_GO, &e), -1);
	CHECK_EQ(e.kind, ERR_CANCELLED);
}
