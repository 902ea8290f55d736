// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

struct seen {
	struct strv actions;
	size_t stop_after;
};

static int note(void *arg, const struct engine_event *ev)
{
	struct seen *s = arg;

	strv_add(&s->actions, ev->action);
	return s->stop_after != 0 && s->actions.len >= s->stop_after ? -1 : 0;
}

static void listen_past(struct engine *en, const char *filters, struct seen *s)
{
	struct engine_filters f;
	struct engine_listen l = {.filters = &f,
				  .since_nsec = 1,
				  .until_nsec = time_now_nsec(),
				  .client_fd = -1,
				  .write = note,
				  .arg = s};
	struct err e;

	CHECK_OK(engine_filters_parse(filters, &f, &e), e);
	CHECK_OK(engine_events(en, &l, &e), e);
	engine_filters_clear(&f);
}

static size_t count(struct engine *en, const char *filters)
{
	struct seen s = {0};
	size_t n;

	listen_past(en, filters, &s);
	n = s.actions.len;
	strv_clear(&s.actions);
	return n;
}

TEST(past_events_with_filters)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);

	json_strmap_set(&c->config.labels, "tier", "front");
	container_event(en, c, "start", NULL, NULL);
	container_event(en, c, "exec_start: sh", NULL, NULL);
	engine_event_emit(en, "volume", "create", "v1", NULL);
	CHECK_EQ(count(en, ""), 3);
	CHECK_EQ(count(en, "{\"type\":[\"volume\"]}"), 1);
	CHECK_EQ(count(en, "{\"event\":[\"exec_start\"]}"), 1);
	CHECK_EQ(count(en, "{\"event\":[\"exec\"]}"), 0);
	CHECK_EQ(count(en, "{\"container\":[\"web\"]}"), 2);
	CHECK_EQ(count(en, "{\"container\":[\"aaaa\"]}"), 2);
	CHECK_EQ(count(en, "{\"container\":[\"other\"]}"), 0);
	CHECK_EQ(count(en, "{\"image\":[\"img\"]}"), 2);
	CHECK_EQ(count(en, "{\"label\":[\"tier=front\"]}"), 2);
	CHECK_EQ(count(en, "{\"label\":[\"tier=back\"]}"), 0);
	CHECK_EQ(count(en, "{\"scope\":[\"swarm\"]}"), 0);
	fixture_free(en);
}

TEST(the_ring_keeps_the_youngest)
{
	struct engine *en = fixture_engine();
	struct seen s = {0};

	for (int i = 0; i < EVENT_RING + 10; i++) {
		char action[16];

		snprintf(action, sizeof(action), "%d", i);
		engine_event_emit(en, "daemon", action, "x", NULL);
	}
	listen_past(en, "", &s);
	CHECK_EQ(s.actions.len, EVENT_RING);
	CHECK_STR(s.actions.items[0], "10");
	strv_clear(&s.actions);
	fixture_free(en);
}

static void emit_later(void *arg)
{
	engine_event_emit(arg, "daemon", "live", "x", NULL);
}

static int start_emitter(void *arg)
{
	struct err e;

	CHECK_OK(thread_start(emit_later, arg, &e), e);
	return 0;
}

struct live {
	struct seen seen;
	struct engine *en;
};

static int live_ready(void *arg)
{
	return start_emitter(((struct live *)arg)->en);
}

static int live_note(void *arg, const struct engine_event *ev)
{
	return note(&((struct live *)arg)->seen, ev);
}

TEST(live_events_wake_the_listener)
{
	struct engine *en = fixture_engine();
	struct live live = {.seen = {.stop_after = 1}, .en = en};
	struct engine_listen l = {
		.client_fd = -1, .write = live_note, .ready = live_ready, .arg = &live};
	struct err e;

	CHECK_OK(engine_events(en, &l, &e), e);
	CHECK_STR(live.seen.actions.items[0], "live");
	strv_clear(&live.seen.actions);
	fixture_free(en);
}
