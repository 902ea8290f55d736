// SPDX-License-Identifier: MIT
/* A container's whole life under a real shim. */
#include "tests/unit/container/box.h"

TEST(shim_runs_and_reports)
{
	struct container_exit x;
	struct box b;
	struct err e;
	struct shim_event ev;
	int code;

	(void)box_enter();
	box_init(&b, "echo out; echo err >&2; exit 7");
	CHECK(strstr(box_run(&b, &code), "out\n") != NULL);
	CHECK_EQ(code, 7);
	CHECK_OK(container_exit_load(BOX_BUNDLE, &x, &e), e);
	CHECK_EQ(x.exit_code, 7);
	CHECK(x.finished_nsec > 0 && !x.oom_killed);
	/* acknowledged: the shim ends, and its socket goes */
	CHECK_EQ(shim_next_event(&b.conn, 5000, &ev, &e), 0);
	CHECK(access(BOX_BUNDLE "/shim.sock", F_OK) < 0);
}

TEST(shim_writes_the_log)
{
	struct buf log = BUF_INIT;
	struct box b;
	struct err e;
	int code;

	(void)box_enter();
	box_init(&b, "echo one; printf two");
	(void)box_run(&b, &code);
	CHECK_OK(file_read(AT_FDCWD, BOX_BUNDLE "/log", 4096, &log, &e), e);
	CHECK(strncmp(log.data, "{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"", 38) == 0);
	CHECK(strstr(log.data, "\n{\"log\":\"two\",\"stream\":\"stdout\"") != NULL);
	buf_clear(&log);
}

TEST(shim_reports_signals)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "sh -c 'kill -9 $$'; echo $?");
	CHECK(strstr(box_run(&b, &code), "137\n") != NULL);
}

TEST(shim_rejects_a_bad_bundle)
{
	struct shim_conn c;
	struct shim_info i;
	struct err e;

	(void)box_enter();
	CHECK_EQ(shim_spawn(BOX_BUNDLE, &c, &i, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(shim_gives_up_when_nobody_starts)
{
	struct container_exit x;
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "exit 0");
	box_spawn(&b);
	shim_close(&b.conn);
	for (int i = 0; i < 500 && access(BOX_BUNDLE "/exit.json", F_OK) < 0; i++)
		usleep(10000);
	CHECK_OK(container_exit_load(BOX_BUNDLE, &x, &e), e);
	CHECK_EQ(x.exit_code, 128);
	container_exit_clear(&x);
}
