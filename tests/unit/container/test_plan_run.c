// SPDX-License-Identifier: MIT
/* Plans carried out on a root that tries to lead out of itself. */
#include "tests/unit/container/box.h"

#include "container/plan.h"

TEST(plan_run_resolves_targets_inside)
{
	struct plan_op ops[] = {{.type = PLAN_FS,
				 .target = "/evil/here",
				 .source = "tmpfs",
				 .fstype = "tmpfs",
				 .data = (char *)"size=4k"},
				{.type = PLAN_BIND, .target = "/file", .source = "/tmp/source"},
				{.type = PLAN_MASK, .target = "/file", .flags = PLAN_OPTIONAL},
				{.type = PLAN_MASK, .target = "/nosuch", .flags = PLAN_OPTIONAL}};
	struct plan p = {ops, ARRAY_LEN(ops), ARRAY_LEN(ops)};
	struct plan_run run = {.master_fd = -1, .slave_fd = -1};
	struct stat st;
	struct err e;

	(void)box_enter();
	CHECK(mkdir("/tmp/root", 0755) == 0 && mkdir("/tmp/outside", 0755) == 0);
	CHECK(symlink("../outside", "/tmp/root/evil") == 0);
	CHECK(mkdir("/tmp/root/outside", 0755) == 0);
	CHECK(close(open("/tmp/source", O_CREAT | O_WRONLY, 0600)) == 0);
	run.root_fd = open("/tmp/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(plan_execute(&p, &run, &e), e);
	CHECK(access("/tmp/outside/here", F_OK) < 0);
	CHECK(access("/tmp/root/outside/here", F_OK) == 0);
	CHECK(stat("/tmp/root/file", &st) == 0 && S_ISCHR(st.st_mode));
}

TEST(plan_run_names_what_failed)
{
	struct plan_op op = {.type = PLAN_BIND, .target = "/x", .source = "/tmp/nosuch"};
	struct plan p = {&op, 1, 1};
	struct plan_run run = {.master_fd = -1, .slave_fd = -1};
	struct err e;

	(void)box_enter();
	run.root_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ(plan_execute(&p, &run, &e), -1);
	CHECK_STR(e.msg, "error mounting \"/tmp/nosuch\" to rootfs at \"/x\" (bind): open "
			 "/tmp/nosuch: No such file or directory");
}

TEST(plan_run_makes_read_only_without_mount_setattr)
{
	struct plan_op ops[] = {
		{.type = PLAN_BIND,
		 .target = "/bound",
		 .source = "/tmp/source",
		 .mount_flags = MS_RDONLY},
		{.type = PLAN_READONLY, .target = "/below", .flags = PLAN_OPTIONAL},
	};
	struct plan p = {ops, ARRAY_LEN(ops), ARRAY_LEN(ops)};
	struct plan_run run = {.master_fd = -1, .slave_fd = -1};
	struct err e;

	(void)box_enter();
	CHECK(mkdir("/tmp/root", 0755) == 0 && mkdir("/tmp/source", 0755) == 0);
	CHECK(mkdir("/tmp/root/bound", 0755) == 0 && mkdir("/tmp/root/below", 0755) == 0);
	box_without_mount_setattr();
	run.root_fd = open("/tmp/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(plan_execute(&p, &run, &e), e);
	CHECK(mkdir("/tmp/root/bound/x", 0755) < 0 && errno == EROFS);
	CHECK(mkdir("/tmp/root/below/x", 0755) < 0 && errno == EROFS);
}
