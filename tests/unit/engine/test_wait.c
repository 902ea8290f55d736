// SPDX-License-Identifier: MIT
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/engine/fixture.h"

TEST(wait_for_what_does_not_run_is_over_at_once)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	CLEANUP(freep) char *error = NULL;
	struct engine_wait *w;
	struct err e;
	int code;

	c->exit_code = 42;
	CHECK_OK(engine_wait_begin(en, "web", ENGINE_WAIT_NOT_RUNNING, &w, &e), e);
	CHECK_OK(engine_wait_end(w, -1, &code, &error, &e), e);
	CHECK_EQ(code, 42);
	CHECK(error == NULL);
	fixture_free(en);
}

TEST(wait_next_exit_is_woken_by_the_exit_and_removed_only_by_the_removal)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	CLEANUP(freep) char *error = NULL;
	struct engine_wait *exit_wait, *removal;
	struct err e;
	int code;

	CHECK_OK(engine_wait_begin(en, "web", ENGINE_WAIT_NEXT_EXIT, &exit_wait, &e), e);
	CHECK_OK(engine_wait_begin(en, "web", ENGINE_WAIT_REMOVED, &removal, &e), e);
	pthread_mutex_lock(&en->mu);
	c->exit_code = 3;
	waits_wake(c, false, NULL);
	pthread_mutex_unlock(&en->mu);
	CHECK_OK(engine_wait_end(exit_wait, -1, &code, &error, &e), e);
	CHECK_EQ(code, 3);
	CHECK(!list_empty(&c->waits));
	pthread_mutex_lock(&en->mu);
	waits_wake(c, true, NULL);
	pthread_mutex_unlock(&en->mu);
	CHECK_OK(engine_wait_end(removal, -1, &code, &error, &e), e);
	fixture_free(en);
}

TEST(wait_ends_when_the_client_leaves)
{
	struct engine *en = fixture_engine();
	CLEANUP(freep) char *error = NULL;
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	struct engine_wait *w;
	struct err e;
	int pair[2], code;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_OK(engine_wait_begin(en, "web", ENGINE_WAIT_NOT_RUNNING, &w, &e), e);
	close(pair[1]);
	CHECK(engine_wait_end(w, pair[0], &code, &error, &e) < 0);
	CHECK_EQ(e.kind, ERR_CANCELLED);
	CHECK(list_empty(&c->waits));
	close(pair[0]);
	fixture_free(en);
}
