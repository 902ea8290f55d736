// SPDX-License-Identifier: MIT
/* What pull and push share: messages, the first failure, cancelling. */
#include "image/transfer.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "tests/unit/harness.h"

struct client {
	struct transfer t; /* first */
	struct image_job job;
	struct buf said;
	bool gone;
	int cuts;
	int asked;
};

static int hear(void *arg, const struct image_progress *m)
{
	struct client *c = arg;

	image_progress_json(m, &c->said);
	return c->gone ? -1 : 0;
}

static bool left(void *arg)
{
	struct client *c = arg;

	c->asked++;
	return true;
}

static void cut(struct transfer *t)
{
	((struct client *)(void *)t)->cuts++;
}

static struct registry *some_registry(void)
{
	static struct registry_config config;
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	struct err e;

	config.idle_ms = 1000;
	CHECK_OK(image_ref_parse("127.0.0.1:1/x:1", &ref, &e), e);
	return registry_open(&config, &ref, NULL, 0);
}

/* What a request through the registry in use ends with. */
static enum err_kind ask(struct transfer *t)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(freep) char *type = NULL;
	char digest[DIGEST_SIZE];
	struct err e;

	CHECK(registry_manifest(t->registry, "1", &body, &type, digest, &e) < 0);
	return e.kind;
}

static int run(struct client *c, int (*work)(struct transfer *t, struct err *e), struct err *e)
{
	c->job.progress = hear;
	c->job.arg = c;
	c->t.job = &c->job;
	c->t.cut = cut;
	return transfer_run(&c->t, work, e);
}

static int talk(struct transfer *t, struct err *e UNUSED)
{
	transfer_say(t, "abc", "Waiting", 0, 0);
	transfer_say(t, "abc", "Pushing", 5, 10);
	return transfer_is_over(t) ? -1 : 0;
}

TEST(transfer_messages_about_layers_have_a_detail)
{
	struct client c = {0};
	struct err e;

	CHECK_OK(run(&c, talk, &e), e);
	CHECK(str_starts(buf_str(&c.said), "{\"status\":\"Waiting\",\"progressDetail\":{},\"id\":"
					   "\"abc\"}\r\n{\"status\":\"Pushing\",\"progressDetail\":"
					   "{\"current\":5,\"total\":10},"));
	buf_clear(&c.said);
}

static int fail_twice(struct transfer *t, struct err *e)
{
	struct err mine;

	err_set(&mine, ERR_NOTFOUND, 0, "first");
	transfer_fail(t, &mine);
	err_set(&mine, ERR_SYSTEM, 0, "second");
	transfer_fail(t, &mine);
	CHECK(!transfer_pause(t, 60000));
	CHECK(!transfer_retry(t, "abc", 60));
	return err_set(e, ERR_CANCELLED, 0, "of being stopped");
}

TEST(transfer_first_failure_is_the_jobs)
{
	struct client c = {0};
	struct err e;

	CHECK(run(&c, fail_twice, &e) < 0);
	CHECK_STR(e.msg, "first");
	CHECK_EQ(c.cuts, 1);
	buf_clear(&c.said);
}

static int go_on_elsewhere(struct transfer *t, struct err *e)
{
	transfer_use(t, some_registry());
	CHECK(ask(t) != ERR_CANCELLED);
	err_set(e, ERR_SYSTEM, 0, "mirror");
	transfer_fail(t, e);
	CHECK_EQ(ask(t), ERR_CANCELLED);
	transfer_use(t, some_registry());
	CHECK(!transfer_is_over(t));
	CHECK(ask(t) != ERR_CANCELLED);
	return 0;
}

TEST(transfer_another_registry_begins_anew)
{
	struct client c = {0};
	struct err e;

	CHECK_OK(run(&c, go_on_elsewhere, &e), e);
}

static int come_late(struct transfer *t, struct err *e)
{
	transfer_say(t, NULL, "nobody hears this", 0, 0);
	CHECK(transfer_is_over(t));
	transfer_use(t, some_registry());
	CHECK_EQ(ask(t), ERR_CANCELLED);
	CHECK(transfer_is_over(t));
	return err_set(e, ERR_SYSTEM, 0, "not this one");
}

TEST(transfer_a_registry_after_the_client_left_is_cancelled)
{
	struct client c = {.gone = true};
	struct err e;

	CHECK(run(&c, come_late, &e) < 0);
	CHECK_EQ(e.kind, ERR_CANCELLED);
	CHECK_STR(e.msg, "context canceled");
	buf_clear(&c.said);
}

static int sleep_long(struct transfer *t, struct err *e UNUSED)
{
	return transfer_retry(t, "abc", 60) ? 0 : -1;
}

TEST(transfer_a_client_that_leaves_ends_a_pause)
{
	struct client c = {.job.cancelled = left};
	int64_t start = time_mono_ms();
	struct err e;

	CHECK(run(&c, sleep_long, &e) < 0);
	CHECK_EQ(e.kind, ERR_CANCELLED);
	CHECK(time_mono_ms() - start < 5000);
	CHECK_EQ(c.asked, 1);
	CHECK(str_starts(buf_str(&c.said), "{\"status\":\"Retrying in 60 seconds\","
					   "\"progressDetail\":{},\"id\":\"abc\"}\r\n"));
	buf_clear(&c.said);
}
