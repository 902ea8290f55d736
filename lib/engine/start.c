// SPDX-License-Identifier: MIT
/*
 * Starting: the caller has claimed C_STARTING. In order: address and files,
 * bundle, shim (namespaces exist from here), network, clients that attached
 * before, program, supervisor. Whatever fails, everything made is taken back
 * and the container settles in C_EXITED (C_CREATED when it never ran).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/engine_internal.h"

#define SHIM_END_MS 2000
#define INIT_END_MS 100

static int prepare(struct engine *en, struct container *c, const char *bundle, struct err *e)
{
	int r;

	pthread_mutex_lock(&en->mu);
	r = links_check(en, c, e);
	if (r == 0)
		r = network_reserve(en, c, e);
	pthread_mutex_unlock(&en->mu);
	if (r < 0 || hosts_write(en, c, e) < 0 || path_mkdirs(bundle, 0700, e) < 0 ||
	    limits_make_group(en, c, e) < 0 || volumes_mount(en, c, e) < 0)
		return -1;
	return spec_write(en, c, bundle, e);
}

/* hands over the clients that attached before the start */
static void give_attaches(struct engine *en, struct container *c, struct shim_conn *conn)
{
	struct engine_attach_claim *p, *next;
	struct list taken;

	list_init(&taken);
	pthread_mutex_lock(&en->mu);
	attach_claims_take(en, c, &taken);
	pthread_mutex_unlock(&en->mu);
	list_for_each_safe (p, next, &taken, link) {
		struct shim_attach a = attach_for_shim(p, &p->a);
		struct err e;

		if (shim_attach(conn, "", &a, &e) < 0)
			log_debug(&e, "attach to %s", c->id);
		list_del(&p->link);
		attach_claim_free(p);
	}
}

/* what users of Docker know, and what its command line turns into exit codes 126 and 127 */
static void dress_error(struct err *e, int exit_code)
{
	if (exit_code == 126 || exit_code == 127)
		e->kind = ERR_INVALID;
	if (str_starts(e->msg, "failed to initialize logging driver")) {
		err_wrap(e, "failed to create task for container");
		return;
	}
	err_wrap(e, "failed to create task for container: failed to create shim task: OCI runtime "
		    "create failed: "
		    "unable to start container process");
}

/* a shim that failed to start its program ends when nobody is connected any more; its bundle is
 * ours when it has */
static void end_shim(struct shim_conn *conn, const struct shim_info *info)
{
	CLEANUP(fd_closep) int pidfd = -1;

	if (conn->fd < 0)
		return;
	if (info->shim_pid > 0)
		pidfd = proc_pidfd_open(info->shim_pid);
	if (info->init_pid > 0 && proc_start_time(info->init_pid) == info->init_start_time)
		kill(info->init_pid, SIGKILL);
	shim_ack(conn);
	shim_close(conn);
	if (pidfd >= 0)
		(void)fd_wait(pidfd, POLLIN, SHIM_END_MS);
}

/* One that is ending has given up its namespaces before it is a zombie, and a zombie has a start
 * time. */
static bool init_has_ended(const struct shim_info *info)
{
	CLEANUP(fd_closep) int pidfd = proc_pidfd_open(info->init_pid);

	return pidfd < 0 || proc_start_time(info->init_pid) != info->init_start_time ||
	       fd_wait(pidfd, POLLIN, INIT_END_MS) > 0;
}

static int spawn_and_start(struct engine *en, struct container *c, const char *bundle,
			   struct shim_conn *conn, struct shim_info *info, int *exit_code,
			   struct err *e)
{
	struct err ignored;

	if (shim_spawn(bundle, conn, info, e) < 0) {
		dress_error(e, 0);
		return -1;
	}
	if (network_plug(en, c, info->init_pid, e) < 0) {
		/* an init that has failed has more to tell than that it is gone */
		if (init_has_ended(info) && shim_start(conn, exit_code, &ignored) < 0) {
			*e = ignored;
			dress_error(e, *exit_code);
			return -1;
		}
		if (shim_kill(conn, "", SIGKILL, true, &ignored) < 0)
			log_debug(&ignored, "start %s: cleaning up", c->id);
		return -1;
	}
	give_attaches(en, c, conn);
	if (shim_start(conn, exit_code, e) < 0) {
		dress_error(e, *exit_code);
		return -1;
	}
	return 0;
}

static void settle_failed(struct engine *en, struct container *c, const char *bundle, int exit_code,
			  const struct err *why)
{
	struct err e;

	network_release(en, c);
	if (path_remove_tree(AT_FDCWD, bundle, &e) < 0 || cgroup_end(c->cgroup, &e) < 0)
		log_warn(&e, "start %s: cleaning up", c->id);
	pthread_mutex_lock(&en->mu);
	c->exit_code = exit_code;
	c->pid = 0;
	str_replace_ptr(&c->error, why->msg);
	attach_claims_drop(c);
	if (container_step(en, c, EV_START_FAILED, &e) < 0)
		log_error(&e, "start %s", c->id);
	if (!c->started_before) /* as Docker shows it */
		c->state = C_CREATED;
	waits_wake(c, false, why->msg);
	pthread_mutex_unlock(&en->mu);
	volumes_unmount(en, c);
	if (container_save(en, c, false, &e) < 0)
		log_warn(&e, "state of container %s is not on disk", c->id);
}

static void settle_started(struct engine *en, struct container *c, const struct shim_info *info)
{
	struct err e;

	pthread_mutex_lock(&en->mu);
	c->pid = info->init_pid;
	c->start_ticks = info->init_start_time;
	c->exit_code = 0;
	c->oom_killed = false;
	c->manually_stopped = false;
	c->started_before = true;
	c->started_nsec = time_now_nsec();
	c->runs++;
	str_replace_ptr(&c->error, "");
	if (container_step(en, c, EV_STARTED, &e) < 0)
		log_error(&e, "start %s", c->id);
	pthread_mutex_unlock(&en->mu);
	if (container_save_run(en, c, &e) < 0)
		log_warn(&e, "state of container %s is not on disk", c->id);
}

int container_launch(struct engine *en, struct container *c, struct err *e)
{
	CLEANUP(freep) char *bundle = container_bundle(en, c);
	struct shim_conn conn = {.fd = -1};
	struct shim_info info = {0};
	int exit_code = 128;

	if (prepare(en, c, bundle, e) < 0 ||
	    spawn_and_start(en, c, bundle, &conn, &info, &exit_code, e) < 0) {
		end_shim(&conn, &info);
		settle_failed(en, c, bundle, exit_code, e);
		return -1;
	}
	settle_started(en, c, &info);
	container_event(en, c, "start", NULL, NULL);
	return container_supervise(en, c, &conn, e);
}

int engine_container_start(struct engine *en, const char *name, struct err *e)
{
	struct container *c = container_get(en, name, e);
	int r;

	if (c == NULL)
		return -1;
	pthread_mutex_lock(&en->mu);
	while (c->leaving || c->state == C_STARTING)
		pthread_cond_wait(&en->changed, &en->mu);
	r = container_step(en, c, EV_START, e);
	if (r == 0)
		c->restart_count = c->backoff_ms = 0;
	pthread_mutex_unlock(&en->mu);
	if (r == 0) {
		r = container_launch(en, c, e);
		if (r < 0 && c->host.auto_remove)
			container_auto_remove(en, c);
	}
	container_unref(en, c);
	return r;
}
