// SPDX-License-Identifier: MIT
/* A joined process sees the container: covered with the shim in test_shim_proc.c; here its user. */
#include "tests/unit/container/box.h"

TEST(exec_joins_and_becomes_the_user)
{
	static const char json[] =
		"{\"args\":[\"sh\",\"-c\",\"id -u; hostname; pwd; cat /proc/1/comm\"],"
		"\"env\":[\"PATH=/bin:/usr/bin\"],\"cwd\":\"/usr\",\"user\":{\"username\":\"1\"}}";
	struct shim_attach a = {.flags = SHIM_STDOUT | SHIM_RAW};
	struct box b;
	struct err e;
	pid_t pid;
	int pair[2];

	if (!box_enter())
		SKIP("needs more than one mapped id");
	box_init(&b, "exec sleep 100");
	b.spec->hostname = xstrdup("inside");
	box_spawn(&b);
	box_start(&b);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	a.client_fd = pair[1];
	CHECK_OK(shim_exec(&b.conn, "x", json, strlen(json), &a, &pid, NULL, &e), e);
	close(pair[1]);
	b.client = pair[0];
	CHECK_STR(box_read(&b), "1\ninside\n/usr\nsleep\n");
}
