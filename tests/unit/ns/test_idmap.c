// SPDX-License-Identifier: MIT
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/keepid.h"
#include "base/mem.h"
#include "ns/clone.h"
#include "ns/idmap.h"
#include "tests/unit/harness.h"

TEST(rootless_map)
{
	struct subid_ranges r = SUBID_RANGES_INIT;
	struct idmap m = IDMAP_INIT;
	uint32_t id = 0;

	subid_add(&r, 231072, 65536);
	subid_add(&r, 500000, 100);
	idmap_rootless(&m, 1001, &r);
	CLEANUP(freep) char *text = idmap_text(&m);

	CHECK_STR(text, "0 1001 1\n1 231072 65536\n65537 500000 100\n");
	CHECK(idmap_to_outside(&m, 0, &id));
	CHECK_EQ(id, 1001);
	CHECK(idmap_to_outside(&m, 1000, &id));
	CHECK_EQ(id, 231072 + 999);
	CHECK(idmap_to_inside(&m, 500099, &id));
	CHECK_EQ(id, 65636);
	CHECK(!idmap_to_outside(&m, 65637, &id));
	CHECK(!idmap_to_inside(&m, 0, &id));
	CHECK_EQ(id, 65636);
	idmap_clear(&m);
	subid_clear(&r);
}

TEST(keepid_is_what_its_arithmetic_says)
{
	static const uint32_t ks[] = {0, 1, 1000, 70000, UINT32_MAX - 2};

	for (size_t i = 0; i < ARRAY_LEN(ks); i++) {
		struct idmap m = IDMAP_INIT;
		uint32_t id, k = ks[i];
		struct err e;

		CHECK_OK(idmap_keepid(&m, SUBID_UID, k, &e), e);
		for (uint32_t n = 0; n < 2; n++) {
			if (!idmap_to_outside(&m, n, &id))
				continue; /* this process has one id only */
			CHECK_EQ(id, keepid_out(k, n));
			CHECK_EQ(keepid_in(k, id), n);
		}
		CHECK(idmap_to_outside(&m, k, &id));
		CHECK_EQ(id, 0);
		idmap_clear(&m);
	}
}

TEST(parse_what_the_kernel_prints)
{
	static const char text[] =
		"         0       1001          1\n         1     231072      65536\n";
	struct idmap m = IDMAP_INIT;
	struct err e;

	CHECK_OK(idmap_parse(&m, text, strlen(text), &e), e);
	CHECK_EQ(m.n, 2);
	CHECK_EQ(m.items[1].outside, 231072);
	idmap_clear(&m);
}

TEST(parse_refuses_nonsense)
{
	static const char *const bad[] = {"0 0",    "a b c", "0 0 0",	       "0 0 1 1",
					  "0 0 -1", "\n",    "0 4294967295 2", "99999999999 0 1"};
	struct idmap m = IDMAP_INIT;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_MSG(idmap_parse(&m, bad[i], strlen(bad[i]), &e) == -1, "%s", bad[i]);
	CHECK_EQ(m.n, 0);
}

TEST(own_map_loads)
{
	struct idmap m = IDMAP_INIT;
	struct err e;
	uint32_t id;

	CHECK_OK(idmap_load(&m, 0, SUBID_UID, &e), e);
	CHECK(idmap_to_outside(&m, geteuid(), &id));
	idmap_clear(&m);
}

TEST(single_id_is_written_directly)
{
	struct ns_clone c = {.flags = CLONE_NEWUSER, .cgroup_fd = -1};
	struct idmap uids = IDMAP_INIT, gids = IDMAP_INIT;
	int go[2], status;
	struct err e;
	pid_t pid;

	CHECK_OK(fd_pipe(go, &e), e);
	pid = ns_fork(&c, &e);
	if (pid < 0)
		SKIP(e.msg);
	if (pid == 0) {
		char byte;

		close(go[1]);
		_exit(fd_read(go[0], &byte, 1) == 1 && getuid() == 5 && getgid() == 6 ? 0 : 1);
	}
	idmap_add(&uids, 5, geteuid(), 1);
	idmap_add(&gids, 6, getegid(), 1);
	CHECK_OK(idmap_write(pid, &uids, &gids, false, &e), e);
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	idmap_clear(&uids);
	idmap_clear(&gids);
}

TEST(the_tools_message_is_passed_on)
{
	struct idmap m = IDMAP_INIT;
	struct err e = {0};

	idmap_add(&m, 0, 4000000000U, 1);
	CHECK_EQ(idmap_install(getpid(), &m, &m, &e), -1);
	CHECK(strstr(e.msg, "newuidmap") != NULL);
	idmap_clear(&m);
}
