// SPDX-License-Identifier: MIT
/*
 * One thread for each running container: it reads the shim's events, runs the
 * health checks, and owns the way out: network and bundle are taken back, the
 * exit is settled and announced, and then the restart policy or --rm decides.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "container/config.h"
#include "engine/engine_internal.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS	 60000
#define SHIM_END_MS	 2000
#define RAN_WELL_NSEC	 10000000000LL /* a run this long starts the backoff anew */

struct supervisor {
	struct engine *en;
	struct container *c; /* a reference */
	struct shim_conn conn;
	struct health *health;
	struct container_exit exit;
	bool exited;
};

/* the shim ended without a word: somebody killed it. The program is ended too, for nobody watches
 * it any more */
static void shim_lost(struct supervisor *s, const char *bundle)
{
	struct container *c = s->c;
	struct err e;

	if (container_exit_load(bundle, &s->exit, &e) == 0)
		return;
	log_warn(&e, "the shim of container %s was killed", c->id);
	if (c->pid > 0 && proc_start_time((pid_t)c->pid) == c->start_ticks)
		kill((pid_t)c->pid, SIGKILL);
	s->exit = (struct container_exit){.exit_code = 128 + SIGKILL,
					  .finished_nsec = time_now_nsec()};
}

static void on_exit_event(struct supervisor *s, const struct shim_event *ev)
{
	if (*ev->exec_id != '\0') {
		exec_ended(s->en, s->c, ev->exec_id, ev->exit_code);
		if (s->health != NULL)
			health_exec_ended(s->health, ev->exec_id, ev->exit_code);
		return;
	}
	s->exit.exit_code = ev->exit_code;
	s->exit.finished_nsec = ev->at_nsec;
	s->exit.oom_killed = ev->oom_killed;
	s->exited = true;
	shim_ack(&s->conn);
}

static void on_oom(struct supervisor *s)
{
	pthread_mutex_lock(&s->en->mu);
	s->c->oom_killed = true;
	pthread_mutex_unlock(&s->en->mu);
	container_event(s->en, s->c, "oom", NULL, NULL);
}

/* until the program has ended, and when it has, until the shim has */
static void watch(struct supervisor *s)
{
	bool ended = s->exited;

	while (s->exited == ended) {
		struct shim_event ev;
		struct err e;
		int timeout_ms = s->health != NULL && !s->exited ? health_wait_ms(s->health) : -1;
		int r = shim_next_event(&s->conn, timeout_ms, &ev, &e);

		if (r == 0)
			return;
		if (r < 0 && e.kind == ERR_TIMEOUT && s->health != NULL) {
			health_due(s->health);
			continue;
		}
		if (r < 0) {
			log_warn(&e, "events of container %s", s->c->id);
			return;
		}
		if (ev.type == SHIM_EVENT_EXIT)
			on_exit_event(s, &ev);
		if (s->conn.fd < 0)
			return; /* it ended before it could be thanked */
		if (ev.type == SHIM_EVENT_OOM)
			on_oom(s);
		else if (ev.type == SHIM_EVENT_DETACH && ev.by_keys)
			container_event(s->en, s->c, "detach", NULL, NULL);
	}
}

static bool wants_restart(const struct engine *en, const struct container *c, int exit_code)
{
	const struct docker_restart_policy *p = &c->host.restart_policy;

	if (c->manually_stopped || en->closing)
		return false;
	if (str_eq(p->name, "always") || str_eq(p->name, "unless-stopped"))
		return true;
	return str_eq(p->name, "on-failure") && exit_code != 0 &&
	       (p->maximum_retry_count == 0 || c->restart_count < p->maximum_retry_count);
}

static void take_back_resources(struct engine *en, struct container *c, const char *bundle)
{
	struct err e;

	if (path_remove_tree(AT_FDCWD, bundle, &e) < 0)
		log_warn(&e, "bundle of container %s", c->id);
	if (cgroup_end(c->cgroup, &e) < 0)
		log_warn(&e, "cgroup of container %s", c->id);
	volumes_unmount(en, c);
	pthread_mutex_lock(&en->mu);
	c->leaving = false;
	pthread_cond_broadcast(&en->changed);
	pthread_mutex_unlock(&en->mu);
}

/* records the exit and announces it: who has waited finds it among the events. True when the policy
 * wants the program again */
static bool settle_exit(struct supervisor *s)
{
	char code[16];
	const struct engine_event_attribute exit_code[] = {{"exitCode", code}, {0}};
	struct engine *en = s->en;
	struct container *c = s->c;
	struct err e;
	bool again;

	snprintf(code, sizeof(code), "%d", s->exit.exit_code);
	pthread_mutex_lock(&en->mu);
	while (c->signals > 0)
		pthread_cond_wait(&en->changed, &en->mu);
	c->exit_code = s->exit.exit_code;
	c->finished_nsec = s->exit.finished_nsec;
	c->oom_killed = s->exit.oom_killed;
	c->pid = 0;
	c->start_ticks = 0;
	c->leaving = true;
	again = wants_restart(en, c, c->exit_code);
	c->restart_count += again;
	if (container_step(en, c, again ? EV_RETRY : EV_EXIT, &e) < 0)
		log_error(&e, "exit of %s", c->id);
	execs_over(c);
	container_event_held(en, c, "die", exit_code);
	waits_wake(c, false, NULL);
	pthread_mutex_unlock(&en->mu);
	if (container_save_run(en, c, &e) < 0)
		log_warn(&e, "state of container %s is not on disk", c->id);
	return again;
}

/* sleeps out the backoff; false when the container is not to be started after all */
static bool wait_restart(struct engine *en, struct container *c, bool *ret_ended)
{
	int64_t deadline;
	struct err e;
	MUTEX_GUARD(&en->mu);

	if (c->finished_nsec - c->started_nsec >= RAN_WELL_NSEC)
		c->backoff_ms = 0;
	c->backoff_ms = MAX(BACKOFF_FIRST_MS, MIN(c->backoff_ms * 2, BACKOFF_MAX_MS));
	deadline = time_mono_ms() + c->backoff_ms;
	while (c->state == C_RESTARTING && !c->manually_stopped && !en->closing)
		if (!cond_wait_until(&en->changed, &en->mu, deadline))
			break;
	if (c->state != C_RESTARTING) /* somebody else has started it */
		return false;
	if (c->manually_stopped || en->closing) {
		if (container_step(en, c, EV_EXIT, &e) < 0)
			log_error(&e, "restart of %s", c->id);
		*ret_ended = true;
		return false;
	}
	return container_step(en, c, EV_START, &e) == 0;
}

static bool back_off(struct engine *en, struct container *c)
{
	bool ended = false, start = wait_restart(en, c, &ended);
	struct err e;

	if (ended && container_save_run(en, c, &e) < 0)
		log_warn(&e, "state of container %s is not on disk", c->id);
	return start;
}

void container_auto_remove(struct engine *en, struct container *c)
{
	struct err e;
	int r;

	pthread_mutex_lock(&en->mu);
	r = container_step(en, c, EV_REMOVE, &e);
	pthread_mutex_unlock(&en->mu);
	if (r < 0) /* somebody else removes it */
		return;
	if (container_delete(en, c, true, &e) < 0)
		log_error(&e, "--rm of container %s", c->id);
}

static void after_exit(struct engine *en, struct container *c, bool again)
{
	struct err e;

	if (again && back_off(en, c) && container_launch(en, c, &e) < 0)
		log_error(&e, "restart of container %s", c->id);
	if (!again && c->host.auto_remove)
		container_auto_remove(en, c);
}

static void supervise(void *arg)
{
	struct supervisor *s = arg;
	struct engine *en = s->en;
	struct container *c = s->c;
	CLEANUP(freep) char *bundle = container_bundle(en, c);
	bool again;

	s->health = health_new(en, c);
	watch(s);
	if (!s->exited)
		shim_lost(s, bundle);
	network_release(en, c);
	again = settle_exit(s);
	if (s->exited)
		watch(s);
	health_free(s->health);
	shim_close(&s->conn);
	take_back_resources(en, c, bundle);
	container_exit_clear(&s->exit);
	free(s);
	after_exit(en, c, again);
	container_unref(en, c);
	pthread_mutex_lock(&en->mu); /* the last look at en, which engine_close() may free then */
	en->supervisors--;
	pthread_cond_broadcast(&en->changed);
	pthread_mutex_unlock(&en->mu);
}

int container_supervise(struct engine *en, struct container *c, struct shim_conn *conn,
			struct err *e)
{
	struct supervisor *s;

	if (shim_subscribe(conn, e) < 0)
		log_warn(e, "container %s", c->id); /* its end is seen by the closed connection */
	s = xcalloc(1, sizeof(*s));
	s->en = en;
	s->c = c;
	s->conn = *conn;
	conn->fd = -1;
	pthread_mutex_lock(&en->mu);
	c->refs++;
	en->supervisors++;
	pthread_mutex_unlock(&en->mu);
	if (thread_start(supervise, s, e) < 0) {
		/* without a watcher nothing would ever learn of the end: do not let it run */
		struct err ignored;

		if (container_shim_kill(en, c, SIGKILL, true, &ignored) < 0)
			log_warn(&ignored, "container %s", c->id);
		supervise(s);
		return -1;
	}
	return 0;
}

/* an exit that nobody was there to see */
static void settle_missed(struct engine *en, struct container *c, const char *bundle)
{
	struct supervisor s = {.en = en, .c = c};

	shim_lost(&s, bundle);
	publish_forget(c);
	network_release(en, c);
	settle_exit(&s);
	take_back_resources(en, c, bundle);
	container_exit_clear(&s.exit);
	/* the policies have their turn in engine_start_policies() */
	pthread_mutex_lock(&en->mu);
	if (c->state == C_RESTARTING)
		c->state = C_EXITED;
	pthread_mutex_unlock(&en->mu);
}

void container_take_back(struct engine *en, struct container *c)
{
	CLEANUP(freep) char *bundle = container_bundle(en, c);
	struct shim_conn conn = {.fd = -1};
	struct shim_info info = {0};
	struct err e;

	if (shim_connect(bundle, &conn, &info, &e) < 0) {
		log_info(&e, "container %s has ended while the engine was away", c->id);
		settle_missed(en, c, bundle);
		return;
	}
	pthread_mutex_lock(&en->mu);
	c->state = info.paused ? C_PAUSED : C_RUNNING;
	if (info.init_pid > 0) {
		c->pid = info.init_pid;
		c->start_ticks = info.init_start_time;
	}
	network_take_back(en, c);
	pthread_mutex_unlock(&en->mu);
	if (container_supervise(en, c, &conn, &e) < 0)
		log_error(&e, "container %s", c->id);
}

/* until the shim has ended, or has not in a long time */
static void wait_end(struct shim_conn *conn)
{
	struct shim_event ev;
	struct err ignored;

	while (conn->fd >= 0 && shim_next_event(conn, SHIM_END_MS, &ev, &ignored) > 0)
		if (ev.type == SHIM_EVENT_EXIT && *ev.exec_id == '\0')
			shim_ack(conn);
}

void container_undo_start(struct engine *en, struct container *c)
{
	CLEANUP(freep) char *bundle = container_bundle(en, c);
	struct shim_conn conn = {.fd = -1};
	struct shim_info info = {0};
	struct err e;

	publish_forget(c);
	network_forget(en, c);
	if (!path_exists(bundle))
		return;
	if (shim_connect(bundle, &conn, &info, &e) == 0) {
		log_warn(NULL, "container %s was being started when the engine ended", c->id);
		if (shim_subscribe(&conn, &e) < 0 || shim_kill(&conn, "", SIGKILL, true, &e) < 0)
			log_debug(&e, "container %s", c->id);
		wait_end(&conn);
		shim_close(&conn);
		c->state = C_EXITED;
		c->exit_code = 128;
		c->finished_nsec = time_now_nsec();
		str_replace_ptr(&c->error,
				"the engine ended while the container was being started");
	} else {
		log_debug(&e, "container %s: a start or an end was cut short", c->id);
	}
	if (c->cgroup == NULL)
		c->cgroup = cgroup_path(&en->cgroup, NULL, c->id);
	take_back_resources(en, c, bundle);
	if (container_save(en, c, false, &e) < 0)
		log_warn(&e, "state of container %s is not on disk", c->id);
}
