// SPDX-License-Identifier: MIT
/* Ending and changing containers: stop, kill, restart, pause, rename, resize, remove, prune. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine_internal.h"

#define STOP_TIMEOUT_SEC 10
#define KILL_TIMEOUT_SEC 10
#define REMOVE_TRIES	 10

/* a connection to the shim of a running container */
static int open_shim(struct engine *en, struct container *c, struct shim_conn *conn, struct err *e)
{
	CLEANUP(freep) char *bundle = container_bundle(en, c);
	struct shim_info info;

	if (shim_connect(bundle, conn, &info, e) < 0)
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->id);
	return 0;
}

int container_shim_kill(struct engine *en, struct container *c, int sig, bool all, struct err *e)
{
	struct shim_conn conn;
	int r;

	if (open_shim(en, c, &conn, e) < 0)
		return -1;
	r = shim_kill(&conn, "", sig, all, e);
	shim_close(&conn);
	return r;
}

/* one run of a container: somebody else may start it anew as soon as it has ended */
struct run {
	struct engine *en;
	struct container *c;
	uint64_t number;
	bool waits; /* for its restart: nothing runs */
};

/* with mu held */
static struct run this_run(struct engine *en, struct container *c)
{
	return (struct run){en, c, c->runs, c->state == C_RESTARTING};
}

/* with mu held */
static bool run_lasts(const struct run *r)
{
	return r->c->runs == r->number && (state_runs(r->c->state) || r->c->state == C_RESTARTING);
}

/* waits until the run has ended; false at the timeout (< 0: never) */
static bool wait_stopped(const struct run *r, int timeout_sec)
{
	int64_t deadline = timeout_sec < 0 ? -1 : time_mono_ms() + (int64_t)timeout_sec * 1000;
	MUTEX_GUARD(&r->en->mu);

	while (run_lasts(r))
		if (!cond_wait_until(&r->en->changed, &r->en->mu, deadline))
			return !run_lasts(r);
	return true;
}

static int send_signal(struct engine *en, struct container *c, int sig, bool all, struct err *e)
{
	char number[16];
	int r;

	pthread_mutex_lock(&en->mu);
	c->signals++;
	pthread_mutex_unlock(&en->mu);
	r = container_shim_kill(en, c, sig, all, e);
	snprintf(number, sizeof(number), "%d", sig);
	if (r == 0)
		container_event(en, c, "kill", "signal", number);
	pthread_mutex_lock(&en->mu);
	c->signals--;
	pthread_cond_broadcast(&en->changed);
	pthread_mutex_unlock(&en->mu);
	return r;
}

/* Who freezes or thaws a container is alone with that: the state tells what the shim did last. With
 * mu held */
static void take_freezer(struct engine *en, struct container *c)
{
	while (c->freezing)
		pthread_cond_wait(&en->changed, &en->mu);
	c->freezing = true;
}

static void give_freezer(struct engine *en, struct container *c)
{
	c->freezing = false;
	pthread_cond_broadcast(&en->changed);
}

static int tell_freezer(struct engine *en, struct container *c, bool paused, struct err *e)
{
	struct shim_conn conn;
	int r;

	if (open_shim(en, c, &conn, e) < 0)
		return -1;
	r = shim_pause(&conn, paused, e);
	shim_close(&conn);
	return r;
}

static void thaw(struct engine *en, struct container *c)
{
	struct err e;
	bool paused;

	pthread_mutex_lock(&en->mu);
	take_freezer(en, c);
	paused = c->state == C_PAUSED;
	pthread_mutex_unlock(&en->mu);
	if (paused && tell_freezer(en, c, false, &e) < 0)
		log_warn(&e, "unpause %s", c->id);
	pthread_mutex_lock(&en->mu);
	give_freezer(en, c);
	pthread_mutex_unlock(&en->mu);
}

/* signal, patience, SIGKILL. Not running is success */
static int end_program(const struct run *r, int sig, int timeout_sec, struct err *e)
{
	if (r->waits) {
		wait_stopped(r, KILL_TIMEOUT_SEC);
		return 0;
	}
	if (send_signal(r->en, r->c, sig, false, e) < 0)
		return wait_stopped(r, 2) ? 0 : -1; /* it ended by itself */
	thaw(r->en, r->c);
	if (wait_stopped(r, timeout_sec))
		return 0;
	if (send_signal(r->en, r->c, SIGKILL, true, e) < 0)
		return wait_stopped(r, 2) ? 0 : -1;
	if (!wait_stopped(r, KILL_TIMEOUT_SEC))
		return err_set(e, ERR_SYSTEM, 0,
			       "tried to kill container, but did not receive an exit event");
	return 0;
}

/* marks the wish to end; ERR_NOTMODIFIED when there is nothing to end */
static int claim_stop(struct engine *en, struct container *c, struct run *ret, struct err *e)
{
	MUTEX_GUARD(&en->mu);

	container_settled(en, c);
	if (!state_runs(c->state) && c->state != C_RESTARTING)
		return err_set(e, ERR_NOTMODIFIED, 0, "container %s is not running", c->id);
	c->manually_stopped = true;
	*ret = this_run(en, c);
	pthread_cond_broadcast(&en->changed); /* the backoff ends early */
	return 0;
}

static int stop(struct engine *en, struct container *c, const char *signal, int timeout_sec,
		struct err *e)
{
	const char *text = !str_empty(signal)		       ? signal
			   : !str_empty(c->config.stop_signal) ? c->config.stop_signal
							       : "TERM";
	struct run run;
	int sig;

	if (signal_number(text, &sig, e) < 0 || claim_stop(en, c, &run, e) < 0)
		return -1;
	if (timeout_sec == -2)
		timeout_sec = c->config.stop_timeout.set ? (int)c->config.stop_timeout.value
							 : STOP_TIMEOUT_SEC;
	if (end_program(&run, sig, timeout_sec, e) < 0)
		return -1;
	container_event(en, c, "stop", NULL, NULL);
	return 0;
}

int engine_container_stop(struct engine *en, const char *name, const char *signal, int timeout_sec,
			  struct err *e)
{
	struct container *c = container_get(en, name, e);
	int r;

	if (c == NULL)
		return -1;
	r = stop(en, c, signal, timeout_sec, e);
	if (r < 0 && e->kind != ERR_NOTMODIFIED)
		err_wrap(e, "cannot stop container: %s", name);
	container_unref(en, c);
	return r;
}

int engine_container_restart(struct engine *en, const char *name, const char *signal,
			     int timeout_sec, struct err *e)
{
	struct container *c = container_get(en, name, e);
	int r;

	if (c == NULL)
		return -1;
	r = stop(en, c, signal, timeout_sec, e);
	if (r < 0 && e->kind == ERR_NOTMODIFIED)
		r = 0;
	if (r == 0)
		r = engine_container_start(en, c->id, e);
	if (r < 0 && e->kind == ERR_NOTMODIFIED) /* somebody else has started it meanwhile */
		r = 0;
	if (r == 0)
		container_event(en, c, "restart", NULL, NULL);
	else
		err_wrap(e, "Cannot restart container %s", name);
	container_unref(en, c);
	return r;
}

int engine_container_kill(struct engine *en, const char *name, const char *signal, struct err *e)
{
	int sig = SIGKILL, stop_sig = SIGTERM, r = 0;
	struct container *c;
	struct err ignored;
	struct run run;

	if (!str_empty(signal) && signal_number(signal, &sig, e) < 0)
		return -1;
	c = container_get(en, name, e);
	if (c == NULL)
		return -1;
	if (!str_empty(c->config.stop_signal) &&
	    signal_number(c->config.stop_signal, &stop_sig, &ignored) < 0)
		stop_sig = SIGTERM;
	{
		MUTEX_GUARD(&en->mu);

		container_settled(en, c);
		run = this_run(en, c);
		/* between two runs there is nothing to signal, but a restart to call off */
		r = run.waits ? 0 : container_step(en, c, EV_KILL, e);
		if (r == 0 && (sig == SIGKILL || sig == stop_sig))
			c->manually_stopped = true;
		if (run.waits)
			pthread_cond_broadcast(&en->changed);
	}
	if (r == 0 && !run.waits)
		r = send_signal(en, c, sig, sig == SIGKILL, e);
	if (r == 0 && (sig == SIGKILL || (run.waits && sig == stop_sig))) {
		thaw(en, c);
		wait_stopped(&run, KILL_TIMEOUT_SEC);
	}
	container_unref(en, c);
	return r;
}

int engine_container_pause(struct engine *en, const char *name, bool paused, struct err *e)
{
	struct container *c = container_get(en, name, e);
	enum container_event ev = paused ? EV_PAUSE : EV_UNPAUSE;
	uint64_t run;
	int r;

	if (c == NULL)
		return -1;
	pthread_mutex_lock(&en->mu);
	container_settled(en, c);
	take_freezer(en, c);
	r = container_may(c, ev, e);
	run = c->runs;
	pthread_mutex_unlock(&en->mu);
	if (r == 0 && tell_freezer(en, c, paused, e) < 0) {
		e->kind = ERR_SYSTEM;
		r = err_wrap(e, "cannot %s container %s", paused ? "pause" : "unpause", c->id);
	}
	pthread_mutex_lock(&en->mu);
	if (r == 0 && c->runs != run)
		r = err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->id);
	if (r == 0)
		r = container_step(en, c, ev, e);
	give_freezer(en, c);
	pthread_mutex_unlock(&en->mu);
	if (r == 0) {
		r = container_save(en, c, false, e);
		container_event(en, c, paused ? "pause" : "unpause", NULL, NULL);
	}
	container_unref(en, c);
	return r;
}

static int take_name(struct engine *en, struct container *c, const char *new_name, char **ret_old,
		     struct err *e)
{
	MUTEX_GUARD(&en->mu);

	if (str_eq(c->name, new_name))
		return err_set(e, ERR_INVALID, 0,
			       "Renaming a container with the same name as its current name");
	if (container_name_free(en, "/", new_name, e) < 0)
		return err_wrap(e, "Error when allocating new name");
	map_steal(&en->names, c->name);
	map_put(&en->names, new_name, c);
	*ret_old = c->name;
	c->name = xstrdup(new_name);
	endpoints_renamed(en, c);
	return 0;
}

int engine_container_rename(struct engine *en, const char *name, const char *new_name,
			    struct err *e)
{
	CLEANUP(freep) char *old = NULL;
	struct container *c;
	int r;

	if (*new_name == '\0')
		return err_set(e, ERR_INVALID, 0, "Neither old nor new names may be empty");
	c = container_get(en, name, e);
	if (c == NULL)
		return -1;
	r = take_name(en, c, new_name + (*new_name == '/'), &old, e);
	if (r == 0)
		r = container_save(en, c, true, e);
	if (r == 0) {
		CLEANUP(freep) char *slashed = xasprintf("/%s", old);

		container_event(en, c, "rename", "oldName", slashed);
	}
	container_unref(en, c);
	return r;
}

int engine_container_resize(struct engine *en, const char *name, unsigned rows, unsigned cols,
			    struct err *e)
{
	struct container *c = container_get(en, name, e);
	struct shim_conn conn;
	int r;

	if (c == NULL)
		return -1;
	r = open_shim(en, c, &conn, e);
	if (r == 0) {
		/* without a terminal there is nothing to do, and dockerd says so by success */
		r = c->config.tty ? shim_resize(&conn, "", rows, cols, e) : 0;
		shim_close(&conn);
	}
	if (r == 0) {
		char height[12], width[12];
		const struct engine_event_attribute more[] = {
			{"height", height}, {"width", width}, {0}};

		snprintf(height, sizeof(height), "%u", rows);
		snprintf(width, sizeof(width), "%u", cols);
		container_event_with(en, c, "resize", more);
	}
	container_unref(en, c);
	return r;
}

/* --- removal --- */

static void remove_volumes(struct engine *en, struct container *c)
{
	struct err e;

	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct docker_mount_point *p = &c->mounts.items[i].point;
		struct volume_info v;

		if (!str_eq(p->type, "volume") || p->name == NULL ||
		    volume_get(en->volumes, p->name, &v, &e) < 0)
			continue;
		if (v.anonymous && !volume_in_use(en, p->name, NULL)) {
			if (volume_remove(en->volumes, p->name, &e) < 0)
				log_warn(&e, "volume %s", p->name);
			else
				volume_event(en, "destroy", p->name, NULL, NULL);
		}
		volume_info_clear(&v);
	}
}

static void forget(struct engine *en, struct container *c)
{
	struct exec *x;
	MUTEX_GUARD(&en->mu);

	map_steal(&en->containers, c->id);
	map_steal(&en->names, c->name);
	list_for_each (x, &c->execs, link)
		map_steal(&en->execs, x->id);
	c->removed = true;
	waits_wake(c, true, NULL);
	followers_wake(c);
	pthread_cond_broadcast(&en->changed);
}

/* The directory goes at once: without it the next start sweeps the layer. A save that is under way
 * ends before, another does not begin any more. */
static int remove_dir(struct engine *en, struct container *c, struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	MUTEX_GUARD(&c->save_mu);

	if (storage_discard(en->storage, dir, e) < 0)
		return -1;
	c->dir_removed = true;
	return 0;
}

int container_delete(struct engine *en, struct container *c, bool volumes, struct err *e)
{
	struct err ignored;

	if (remove_dir(en, c, e) < 0 || storage_rw_remove(en->storage, c->id, e) < 0) {
		pthread_mutex_lock(&en->mu);
		if (container_step(en, c, EV_REMOVE_FAILED, &ignored) < 0)
			log_debug(&ignored, "remove %s", c->id);
		pthread_mutex_unlock(&en->mu);
		return err_wrap(e, "unable to remove filesystem for %s", c->id);
	}
	forget(en, c);
	if (volumes)
		remove_volumes(en, c);
	container_event(en, c, "destroy", NULL, NULL);
	container_unref(en, c); /* the table's */
	return 0;
}

static int claim_remove(struct engine *en, struct container *c, bool force, struct err *e)
{
	struct run run;
	struct err why;

	/* somebody may start it again and again */
	for (int tries = 0; force && tries < REMOVE_TRIES; tries++) {
		if (claim_stop(en, c, &run, &why) == 0 &&
		    end_program(&run, SIGKILL, KILL_TIMEOUT_SEC, e) < 0)
			return -1;
		MUTEX_GUARD(&en->mu);
		if (!state_runs(c->state) && c->state != C_STARTING && c->state != C_RESTARTING)
			return container_step(en, c, EV_REMOVE, e);
	}
	MUTEX_GUARD(&en->mu);
	container_settled(en, c);
	return container_step(en, c, EV_REMOVE, e);
}

int engine_container_remove(struct engine *en, const char *name, bool force, bool volumes,
			    struct err *e)
{
	struct container *c = container_get(en, name, e);
	int r;

	if (c == NULL)
		return -1;
	r = claim_remove(en, c, force, e);
	if (r < 0 && str_starts(e->msg, "container is "))
		err_wrap(e, "cannot remove container \"%s\"", name);
	if (r == 0) {
		r = container_delete(en, c, volumes, e);
	} else if (force && c->host.auto_remove) { /* --rm is at it already: wait for that one */
		MUTEX_GUARD(&en->mu);

		while (c->state == C_REMOVING && !c->removed)
			pthread_cond_wait(&en->changed, &en->mu);
		r = c->removed ? 0 : -1;
	}
	container_unref(en, c);
	return r;
}

static bool prunable(const struct container *c, const struct engine_filters *f, int64_t until_nsec)
{
	const struct strv *unwanted = engine_filters_get(f, "label!");

	if (state_runs(c->state) || c->state == C_STARTING || c->state == C_RESTARTING ||
	    c->state == C_REMOVING)
		return false;
	if (until_nsec != 0 && c->created_nsec > until_nsec)
		return false;
	if (unwanted != NULL && filters_label_ok(unwanted, &c->config.labels))
		return false;
	return filters_label_ok(engine_filters_get(f, "label"), &c->config.labels);
}

int engine_container_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_ids,
			   int64_t *ret_bytes, struct err *e)
{
	static const char *const known[] = {"label", "label!", "until", NULL};
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	int64_t until_nsec = 0;

	if (engine_filters_check(f, known, e) < 0 || engine_filters_until(f, &until_nsec, e) < 0)
		return -1;
	pthread_mutex_lock(&en->mu);
	map_for_each (slot, &en->containers)
		if (prunable(slot->value, f, until_nsec))
			strv_add(&ids, slot->key);
	pthread_mutex_unlock(&en->mu);
	*ret_bytes = 0;
	for (size_t i = 0; i < ids.len; i++) {
		uint64_t bytes = 0;
		struct err why;

		if (storage_rw_size(en->storage, ids.items[i], &bytes, &why) < 0)
			bytes = 0;
		if (engine_container_remove(en, ids.items[i], false, false, &why) < 0)
			continue; /* it was started or removed meanwhile */
		strv_add(ret_ids, ids.items[i]);
		*ret_bytes += (int64_t)bytes;
	}
	engine_event_prune(en, "container", *ret_bytes);
	return 0;
}
