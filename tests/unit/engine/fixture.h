// SPDX-License-Identifier: MIT
/* An engine with its table, lock and events, but without stores and processes. */
#ifndef TESTS_UNIT_ENGINE_FIXTURE_H
#define TESTS_UNIT_ENGINE_FIXTURE_H

#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "engine/network_internal.h"
#include "tests/unit/harness.h"

static inline struct engine *fixture_engine(void)
{
	struct engine *en = xcalloc(1, sizeof(*en));
	struct err e;

	pthread_mutex_init(&en->mu, NULL);
	cond_init(&en->changed);
	map_init(&en->containers, NULL);
	map_init(&en->names, NULL);
	map_init(&en->execs, NULL);
	en->events = events_new();
	en->data_root = xstrdup(harness_tmpdir());
	en->exec_root = path_join(en->data_root, "exec");
	en->containers_dir = path_join(en->data_root, "containers");
	en->log_driver = xstrdup("json-file");
	en->driver = "overlay2";
	CHECK_OK(volumes_open(en->data_root, &en->volumes, &e), e);
	CHECK_OK(path_mkdirs(en->containers_dir, 0700, &e), e);
	en->mtu = 1500;
	uplink_init(&en->uplink);
	en->id = xstrdup("test");
	map_init(&en->networks, NULL);
	CHECK_OK(networks_open(en, &(struct engine_options){0}, &e), e);
	return en;
}

/* a container in the table, with its directory; the id is the digit 64 times */
static inline struct container *fixture_container(struct engine *en, char digit, const char *name,
						  enum container_state state)
{
	struct container *c = container_new();
	CLEANUP(freep) char *dir = NULL;
	struct err e;

	memset(c->id, digit, RAND_ID_LEN);
	c->name = xstrdup(name);
	c->state = state;
	c->os = xstrdup("linux");
	c->path = xstrdup("sh");
	c->created_nsec = 1700000000000000000LL + digit;
	c->config.image = xstrdup("img");
	c->config.hostname = xstrndup(c->id, 12);
	c->host.network_mode = xstrdup("bridge");
	c->host.log_config.type = xstrdup("json-file");
	c->host.restart_policy.name = xstrdup("no");
	str_copy(c->image_id,
		 "sha256:0000000000000000000000000000000000000000000000000000000000000001",
		 sizeof(c->image_id));
	map_put(&en->containers, c->id, c);
	map_put(&en->names, c->name, c);
	dir = container_dir(en, c);
	CHECK_OK(path_mkdirs(dir, 0700, &e), e);
	return c;
}

static inline void fixture_free(struct engine *en)
{
	map_for_each (slot, &en->containers)
		container_unref(en, slot->value);
	map_clear(&en->containers);
	map_clear(&en->names);
	map_clear(&en->execs);
	networks_close(en);
	events_free(en->events);
	volumes_free(en->volumes);
	free(en->id);
	free(en->data_root);
	free(en->exec_root);
	free(en->containers_dir);
	free(en->log_driver);
	free(en);
}

#endif
