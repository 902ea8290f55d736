// SPDX-License-Identifier: MIT
/* The table of containers: references, lookup, names, steps of the state table. */
#include <ctype.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "engine/engine_internal.h"

struct container *container_new(void)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->refs = 1;
	list_init(&c->attaches);
	list_init(&c->waits);
	list_init(&c->followers);
	list_init(&c->execs);
	pthread_mutex_init(&c->save_mu, NULL);
	pthread_mutex_init(&c->net_mu, NULL);
	return c;
}

static void container_free(struct container *c)
{
	struct exec *x, *next_x;

	attach_claims_drop(c);
	list_for_each_safe (x, next_x, &c->execs, link)
		exec_free(x);
	json_struct_clear(&docker_config_json, &c->config);
	json_struct_clear(&docker_host_config_json, &c->host);
	json_struct_clear(&docker_network_settings_json, &c->net);
	if (c->health != NULL)
		json_struct_clear(&docker_health_json, c->health);
	free(c->health);
	json_array_clear(&c->mounts, &container_mount_json);
	json_array_clear(&c->links, &container_link_json);
	free(c->ports.items);
	strv_clear(&c->args);
	free(c->name);
	free(c->path);
	free(c->os);
	free(c->error);
	free(c->seccomp);
	free(c->seccomp_profile);
	free(c->apparmor);
	free(c->cgroup);
	pthread_mutex_destroy(&c->save_mu);
	pthread_mutex_destroy(&c->net_mu);
	free(c);
}

void container_unref(struct engine *en, struct container *c)
{
	bool last;

	if (c == NULL)
		return;
	pthread_mutex_lock(&en->mu);
	last = --c->refs == 0;
	pthread_mutex_unlock(&en->mu);
	if (last)
		container_free(c);
}

struct container *container_find(struct engine *en, const char *name, struct err *e)
{
	struct container *c, *hit = NULL;
	size_t n;

	if (*name == '/')
		name++;
	c = map_get(&en->containers, name);
	if (c == NULL)
		c = map_get(&en->names, name);
	if (c != NULL && map_get(&en->containers, c->id) == NULL)
		c = NULL; /* still being made: only its name is taken */
	n = strlen(name);
	if (c != NULL || n == 0 || n >= RAND_ID_LEN || !str_is_hex(name, n)) {
		if (c == NULL)
			err_set(e, ERR_NOTFOUND, 0, "No such container: %s", name);
		return c;
	}
	map_for_each (slot, &en->containers) {
		if (strncmp(slot->key, name, n) != 0)
			continue;
		if (hit != NULL) {
			err_set(e, ERR_INVALID, 0, "multiple IDs found with provided prefix: %s",
				name);
			return NULL;
		}
		hit = slot->value;
	}
	if (hit == NULL)
		err_set(e, ERR_NOTFOUND, 0, "No such container: %s", name);
	return hit;
}

struct container *container_get(struct engine *en, const char *name, struct err *e)
{
	MUTEX_GUARD(&en->mu);
	struct container *c = container_find(en, name, e);

	if (c != NULL)
		c->refs++;
	return c;
}

static int name_check(const char *slash, const char *name, struct err *e)
{
	size_t n = strlen(name);
	bool ok = n >= 2 && isalnum((unsigned char)name[0]);

	for (size_t i = 0; ok && i < n; i++)
		ok = isalnum((unsigned char)name[i]) || strchr("_.-", name[i]) != NULL;
	if (!ok)
		return err_set(
			e, ERR_INVALID, 0,
			"Invalid container name (%s%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			slash, name);
	return 0;
}

int container_name_free(struct engine *en, const char *slash, const char *name, struct err *e)
{
	const struct container *other = map_get(&en->names, name);

	if (name_check(slash, name, e) < 0)
		return -1;
	if (other == NULL)
		return 0;
	return err_set(
		e, ERR_CONFLICT, 0,
		"Conflict. The container name \"/%s\" is already in use by container \"%s\". "
		"You have to remove (or rename) that container to be able to reuse that name.",
		name, other->id);
}

char *container_random_name(void)
{
	static const char *const left[] = {
		"able",	 "brave",  "brisk", "calm",   "clever",	 "deft",  "eager",  "fair",
		"fond",	 "gentle", "glad",  "handy",  "happy",	 "keen",  "kind",   "lively",
		"lucid", "merry",  "neat",  "nimble", "patient", "plain", "polite", "proud",
		"quick", "quiet",  "ready", "sharp",  "sober",	 "solid", "steady", "swift",
		"tidy",	 "trusty", "vivid", "warm",   "wise",	 "witty", "young",  "zesty",
	};
	static const char *const right[] = {
		"babbage",  "backus",	 "bell",      "boole",	 "church",  "cray",
		"curie",    "dijkstra",	 "engelbart", "erlang",	 "euler",   "faraday",
		"fourier",  "gauss",	 "hamming",   "hoare",	 "hopper",  "huffman",
		"kay",	    "kernighan", "kleene",    "knuth",	 "lamport", "liskov",
		"lovelace", "mccarthy",	 "naur",      "newell",	 "noether", "nygaard",
		"pascal",   "perlis",	 "postel",    "ritchie", "shannon", "sutherland",
		"tarjan",   "thompson",	 "turing",    "wirth",	 "zuse",
	};
	uint64_t r = rand_u64();

	return xasprintf("%s_%s", left[r % ARRAY_LEN(left)], right[(r >> 20) % ARRAY_LEN(right)]);
}

char *container_dir(struct engine *en, const struct container *c)
{
	return path_join(en->containers_dir, c->id);
}

char *container_bundle(struct engine *en, const struct container *c)
{
	return xasprintf("%s/containers/%s", en->exec_root, c->id);
}

/* Docker's words for an event that the state forbids */
static int refuse(const struct container *c, enum container_event ev, struct err *e)
{
	const char *what = state_name(c->state);

	switch (ev) {
	case EV_START:
		if (c->state == C_PAUSED)
			return err_set(e, ERR_CONFLICT, 0,
				       "cannot start a paused container, try unpause instead");
		return err_set(e, ERR_CONFLICT, 0,
			       "container is marked for removal and cannot be started");
	case EV_PAUSE:
		if (c->state == C_PAUSED)
			return err_set(e, ERR_CONFLICT, 0, "Container %s is already paused", c->id);
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->id);
	case EV_UNPAUSE:
		return err_set(e, ERR_SYSTEM, 0, "Container %s is not paused", c->id);
	case EV_KILL:
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->id);
	case EV_REMOVE:
		if (c->state == C_REMOVING)
			return err_set(e, ERR_CONFLICT, 0,
				       "removal of container %s is already in progress", c->id);
		return err_set(e, ERR_CONFLICT, 0,
			       c->state == C_PAUSED ? "container is %s and must be unpaused first"
						    : "container is %s: stop the container before "
						      "removing or force remove",
			       what);
	default:
		return err_set(e, ERR_CONFLICT, 0, "container %s is %s", c->id, what);
	}
}

int container_may(const struct container *c, enum container_event ev, struct err *e)
{
	int next = state_next(c->state, ev);

	if (next == STATE_NOT_MODIFIED)
		return err_set(e, ERR_NOTMODIFIED, 0, "container %s is already %s", c->id,
			       state_name(c->state));
	return next == STATE_CONFLICT ? refuse(c, ev, e) : 0;
}

int container_step(struct engine *en, struct container *c, enum container_event ev, struct err *e)
{
	if (container_may(c, ev, e) < 0)
		return -1;
	c->state = (enum container_state)state_next(c->state, ev);
	followers_wake(c);
	pthread_cond_broadcast(&en->changed);
	return 0;
}

void container_settled(struct engine *en, struct container *c)
{
	while (c->state == C_STARTING)
		pthread_cond_wait(&en->changed, &en->mu);
}

void container_event_held(struct engine *en, struct container *c, const char *action,
			  const struct engine_event_attribute *more)
{
	struct json_strmap attributes = {0};

	json_strmap_copy(&attributes, &c->config.labels);
	json_strmap_set(&attributes, "image", c->config.image != NULL ? c->config.image : "");
	json_strmap_set(&attributes, "name", c->name);
	for (; more != NULL && more->key != NULL; more++)
		json_strmap_set(&attributes, more->key, more->value);
	engine_event_emit(en, "container", action, c->id, &attributes);
	json_strmap_clear(&attributes);
}

void container_event_with(struct engine *en, struct container *c, const char *action,
			  const struct engine_event_attribute *more)
{
	MUTEX_GUARD(&en->mu);

	container_event_held(en, c, action, more);
}

void container_event(struct engine *en, struct container *c, const char *action, const char *key,
		     const char *value)
{
	const struct engine_event_attribute one[] = {{key, value}, {0}};

	container_event_with(en, c, action, one);
}
