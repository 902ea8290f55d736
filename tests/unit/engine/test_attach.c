// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

TEST(detach_keys_default)
{
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct err e;
	size_t n;

	CHECK_OK(detach_keys_parse(NULL, keys, &n, &e), e);
	CHECK_EQ(n, 2);
	CHECK_MEM(keys, "\x10\x11", 2);
	CHECK_OK(detach_keys_parse("", keys, &n, &e), e);
	CHECK_EQ(n, 0);
}

TEST(detach_keys_words)
{
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct err e;
	size_t n;

	CHECK_OK(detach_keys_parse("ctrl-a,x,ctrl-@,ctrl-_", keys, &n, &e), e);
	CHECK_EQ(n, 4);
	CHECK_MEM(keys, "\x01x\x00\x1f", 4);
}

TEST(detach_keys_refused)
{
	static const char *const bad[] = {"ctrl-",     "ctrl-ab",
					  "ab",	       "ctrl-1",
					  "a,,ctrl-~", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"};
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct err e;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_MSG(detach_keys_parse(bad[i], keys, &n, &e) < 0, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
}

static void *attach_later(void *arg)
{
	struct engine_attach_claim *claim = arg;
	struct engine_attach a = {.client_fd = 1, .stream = true, .out = true};
	struct err e;

	CHECK_OK(engine_attach_finish(claim, &a, &e), e);
	return NULL;
}

TEST(a_start_waits_for_whoever_has_begun_to_attach)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct engine_attach_claim *claim, *got;
	struct list taken;
	struct err e;
	pthread_t t;
	bool tty;

	CHECK_OK(engine_attach_begin(en, "web", &(struct engine_attach){.client_fd = -1}, &claim,
				     &tty, &e),
		 e);
	CHECK_OK(thread_start_joinable(&t, attach_later, claim, &e), e);
	list_init(&taken);
	pthread_mutex_lock(&en->mu);
	attach_claims_take(en, c, &taken);
	pthread_mutex_unlock(&en->mu);
	CHECK(!list_empty(&taken));
	got = CONTAINER_OF(taken.next, struct engine_attach_claim, link);
	CHECK(got == claim && got->ready && got->a.out);
	list_del(&got->link);
	attach_claim_free(got);
	CHECK(list_empty(&c->attaches));
	CHECK_EQ(pthread_join(t, NULL), 0);
	fixture_free(en);
}

TEST(who_gives_up_does_not_hold_the_start)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct engine_attach_claim *claim;
	struct list taken;
	struct err e;
	bool tty;

	CHECK_OK(engine_attach_begin(en, "web", &(struct engine_attach){.client_fd = -1}, &claim,
				     &tty, &e),
		 e);
	CHECK_OK(engine_attach_finish(claim, NULL, &e), e);
	list_init(&taken);
	pthread_mutex_lock(&en->mu);
	attach_claims_take(en, c, &taken);
	pthread_mutex_unlock(&en->mu);
	CHECK(list_empty(&taken));
	CHECK_EQ(c->refs, 1);
	fixture_free(en);
}

TEST(attach_is_refused_while_paused)
{
	struct engine *en = fixture_engine();
	struct engine_attach_claim *claim;
	struct err e;
	bool tty;

	fixture_container(en, 'a', "web", C_PAUSED);
	CHECK(engine_attach_begin(en, "web", &(struct engine_attach){.client_fd = -1}, &claim, &tty,
				  &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(engine_attach_begin(en, "web", &(struct engine_attach){.detach_keys = "ctrl-"},
				  &claim, &tty, &e) < 0);
	fixture_free(en);
}
