// SPDX-License-Identifier: MIT
/* Engine connections: a second engine, kills, requests out of turn. */
#include "tests/unit/container/box.h"

TEST(link_survives_its_engine)
{
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "sleep 0.3; exit 4");
	box_spawn(&b);
	box_start(&b);
	shim_close(&b.conn); /* the engine is gone */
	CHECK_OK(shim_connect(BOX_BUNDLE, &b.conn, &b.info, &e), e);
	CHECK(b.info.started && b.info.init_pid > 0);
	box_subscribe(&b);
	CHECK_EQ(box_wait(&b), 4);
}

TEST(link_leaves_the_result_on_disk)
{
	struct container_exit x;
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "sleep 0.1; exit 6");
	box_spawn(&b);
	box_start(&b);
	shim_close(&b.conn);
	for (int i = 0; i < 500 && access(BOX_BUNDLE "/shim.sock", F_OK) == 0; i++)
		usleep(10000);
	CHECK_OK(container_exit_load(BOX_BUNDLE, &x, &e), e);
	CHECK_EQ(x.exit_code, 6);
	CHECK_EQ(shim_connect(BOX_BUNDLE, &b.conn, &b.info, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(link_kills)
{
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");
	box_spawn(&b);
	box_attach(&b, SHIM_STDOUT | SHIM_RAW, NULL, NULL);
	box_start(&b);
	box_expect(&b, "up");
	CHECK_OK(shim_kill(&b.conn, "", SIGTERM, false, &e), e);
	box_subscribe(&b);
	CHECK_EQ(box_wait(&b), 3);
}

TEST(link_refuses_what_is_out_of_turn)
{
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "sleep 100");
	box_spawn(&b);
	CHECK_EQ(shim_kill(&b.conn, "nosuch", SIGTERM, false, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	box_start(&b);
	CHECK_EQ(shim_start(&b.conn, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_EQ(shim_pause(&b.conn, true, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	CHECK_OK(shim_kill(&b.conn, "", SIGKILL, true, &e), e);
	box_subscribe(&b);
	CHECK_EQ(box_wait(&b), 137);
}
