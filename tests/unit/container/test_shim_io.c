// SPDX-License-Identifier: MIT
/* Attached clients: frames, input, detach keys, slow readers. */
#include "tests/unit/container/box.h"

TEST(io_frames_streams)
{
	static const char want[] = "\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\4err\n";
	struct box b;

	(void)box_enter();
	box_init(&b, "echo out; sleep 0.1; echo err >&2");
	box_spawn(&b);
	box_attach(&b, SHIM_STDOUT | SHIM_STDERR, NULL, NULL);
	box_start(&b);
	(void)box_read(&b);
	CHECK_EQ(b.out.len, sizeof(want) - 1);
	CHECK_MEM(b.out.data, want, sizeof(want) - 1);
}

TEST(io_passes_input_and_its_end)
{
	struct box b;

	(void)box_enter();
	box_init(&b, "cat; echo done");
	b.config.open_stdin = b.config.stdin_once = true;
	box_spawn(&b);
	box_attach(&b, SHIM_STDIN | SHIM_STDOUT | SHIM_RAW, NULL, "left over\n");
	box_start(&b);
	CHECK(write(b.client, "typed\n", 6) == 6);
	CHECK(shutdown(b.client, SHUT_WR) == 0);
	CHECK_STR(box_read(&b), "left over\ntyped\ndone\n");
}

TEST(io_detaches_by_keys_and_attaches_again)
{
	struct shim_conn events;
	struct shim_info info;
	struct shim_event ev;
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "stty -echo; echo ready; read x; echo got $x");
	b.config.open_stdin = true;
	b.spec->process.terminal = true;
	box_spawn(&b);
	CHECK_OK(shim_connect(BOX_BUNDLE, &events, &info, &e), e);
	CHECK_OK(shim_subscribe(&events, &e), e);
	box_attach(&b, SHIM_STDIN | SHIM_STDOUT | SHIM_RAW, "\x10\x11", NULL);
	box_start(&b);
	box_expect(&b, "ready");
	CHECK(write(b.client, "a\x10\x11", 3) == 3);
	CHECK_EQ(shim_next_event(&events, 5000, &ev, &e), 1);
	CHECK_EQ(ev.type, SHIM_EVENT_DETACH);
	CHECK(ev.by_keys && ev.tag == 7);
	(void)box_read(&b); /* closed */
	close(b.client);
	box_attach(&b, SHIM_STDIN | SHIM_STDOUT | SHIM_RAW, "\x10\x11", NULL);
	CHECK(write(b.client,
		    "\x10"
		    "b\n",
		    3) == 3);
	box_expect(&b, "got a\x10"
		       "b");
}

static void reserve(struct shim_conn *c)
{
	struct shim_attach a = {.client_fd = -1, .flags = SHIM_STDOUT | SHIM_RAW};
	struct shim_info info;
	struct err e;

	CHECK_OK(shim_connect(BOX_BUNDLE, c, &info, &e), e);
	CHECK_OK(shim_attach(c, "", &a, &e), e);
	CHECK(a.since_nsec > 0);
}

/* the client of a place; all it gets up to text, or to the end */
static void bring(struct shim_conn *c, const char *text, const char *expected)
{
	struct box b = {.conn = *c, .client = -1};

	box_attach(&b, SHIM_STDOUT | SHIM_RAW, NULL, NULL);
	if (text != NULL)
		box_expect(&b, text);
	else
		(void)box_read(&b);
	CHECK_STR(buf_str(&b.out), expected);
	shim_close(c);
}

TEST(io_keeps_output_for_a_client_that_comes_later)
{
	struct shim_conn first, last, never;
	struct shim_event ev;
	struct box b;
	struct err e;

	(void)box_enter();
	box_init(&b, "cat");
	b.config.open_stdin = b.config.stdin_once = true;
	box_spawn(&b);
	box_attach(&b, SHIM_STDIN | SHIM_STDOUT | SHIM_RAW, NULL, NULL);
	box_start(&b);
	box_subscribe(&b);
	reserve(&first);
	reserve(&never);
	CHECK(write(b.client, "one\n", 4) == 4);
	box_expect(&b, "one");
	bring(&first, "one\n", "one\n");
	reserve(&last);
	CHECK(write(b.client, "two\n", 4) == 4);
	CHECK(shutdown(b.client, SHUT_WR) == 0);
	CHECK_STR(box_read(&b), "one\ntwo\n"); /* the process has ended */
	bring(&last, NULL, "two\n");
	shim_close(&never);
	CHECK_EQ(box_wait(&b), 0);
	while (shim_next_event(&b.conn, 5000, &ev, &e) > 0)
		;						    /* who has detached */
	CHECK_EQ(shim_connect(BOX_BUNDLE, &last, &b.info, &e), -1); /* the shim has ended */
}

TEST(io_loses_nothing_to_a_slow_client)
{
	struct box b;

	(void)box_enter();
	box_init(&b, "head -c 3000000 /dev/zero; echo end");
	b.config.log.driver = (free(b.config.log.driver), xstrdup("none"));
	box_spawn(&b);
	box_attach(&b, SHIM_STDOUT | SHIM_RAW, NULL, NULL);
	box_start(&b);
	usleep(300000); /* the buffers are full, the process is held */
	(void)box_read(&b);
	CHECK_EQ(b.out.len, 3000004);
	CHECK_MEM(b.out.data + 3000000, "end\n", 4);
}

TEST_TIMEOUT(io_drops_a_dead_client, 20000)
{
	struct box b;

	(void)box_enter();
	box_init(&b, "head -c 3000000 /dev/zero; exit 5");
	b.config.log.driver = (free(b.config.log.driver), xstrdup("none"));
	box_spawn(&b);
	box_attach(&b, SHIM_STDOUT | SHIM_RAW, NULL, NULL);
	box_start(&b);
	box_subscribe(&b);
	for (;;) {
		struct shim_event ev;
		struct err e;

		CHECK_EQ(shim_next_event(&b.conn, 15000, &ev, &e), 1);
		if (ev.type != SHIM_EVENT_EXIT)
			continue;
		CHECK_EQ(ev.exit_code, 5);
		break;
	}
}
