// SPDX-License-Identifier: MIT
/*
 * Health checks: probes run as execs by the container's supervisor, which calls
 * health_due() at the times asked for and reports ends of execs. Nothing here
 * has a thread of its own. Rules as Docker's: start_period forgives failures,
 * `retries` consecutive failures make unhealthy, one success makes healthy.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/engine_internal.h"

#define MS(nsec)	  ((nsec) / 1000000)
#define INTERVAL_MS	  30000
#define TIMEOUT_MS	  30000
#define START_INTERVAL_MS 5000
#define RETRIES		  3
#define EXIT_TIMED_OUT	  (-1)

struct health {
	struct engine *en;
	struct container *c; /* the supervisor's reference */
	struct strv argv;
	int64_t interval_ms, timeout_ms, start_period_ms, start_interval_ms, retries;
	int64_t began_ms;	       /* monotonic */
	int64_t due_ms;		       /* of the next probe, or of the running one's timeout */
	char exec_id[RAND_ID_LEN + 1]; /* "" when none runs */
	int output_fd;
	int64_t probe_start_nsec;
};

static int64_t or_default(int64_t nsec, int64_t ms)
{
	return nsec > 0 ? MAX(MS(nsec), 1) : ms;
}

/* the command of a probe; false when there is none */
static bool probe_argv(const struct docker_config *conf, struct strv *argv)
{
	const struct strv *test = &conf->healthcheck->test;

	if (test->len < 2 || str_eq(test->items[0], "NONE"))
		return false;
	if (str_eq(test->items[0], "CMD")) {
		for (size_t i = 1; i < test->len; i++)
			strv_add(argv, test->items[i]);
		return true;
	}
	if (!str_eq(test->items[0], "CMD-SHELL"))
		return false;
	if (conf->shell.len > 0) {
		strv_copy(argv, &conf->shell);
	} else {
		strv_add(argv, "/bin/sh");
		strv_add(argv, "-c");
	}
	strv_add(argv, test->items[1]);
	return true;
}

static int64_t pause_ms(const struct health *h)
{
	bool starting = time_mono_ms() < h->began_ms + h->start_period_ms &&
			str_eq(h->c->health->status, "starting");

	return starting ? h->start_interval_ms : h->interval_ms;
}

struct health *health_new(struct engine *en, struct container *c)
{
	const struct docker_health_config *hc = c->config.healthcheck;
	struct health *h;

	if (hc == NULL)
		return NULL;
	h = xcalloc(1, sizeof(*h));
	if (!probe_argv(&c->config, &h->argv)) {
		free(h);
		return NULL;
	}
	h->en = en;
	h->c = c;
	h->interval_ms = or_default(hc->interval, INTERVAL_MS);
	h->timeout_ms = or_default(hc->timeout, TIMEOUT_MS);
	h->start_period_ms = MS(hc->start_period);
	h->start_interval_ms = or_default(hc->start_interval, START_INTERVAL_MS);
	h->retries = hc->retries > 0 ? hc->retries : RETRIES;
	h->output_fd = -1;
	h->began_ms = time_mono_ms();
	pthread_mutex_lock(&en->mu);
	if (c->health == NULL)
		c->health = xcalloc(1, sizeof(*c->health));
	str_replace_ptr(&c->health->status, "starting");
	c->health->failing_streak = 0;
	pthread_mutex_unlock(&en->mu);
	h->due_ms = h->began_ms + pause_ms(h);
	return h;
}

void health_free(struct health *h)
{
	if (h == NULL)
		return;
	fd_close(&h->output_fd);
	strv_clear(&h->argv);
	free(h);
}

int health_wait_ms(const struct health *h)
{
	return (int)MIN(MAX(h->due_ms - time_mono_ms(), 0), INT32_MAX);
}

static char *read_output(struct health *h)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	ssize_t n;

	if (h->output_fd < 0)
		return xstrdup("");
	while (out.len < ENGINE_HEALTH_OUTPUT) {
		n = recv(h->output_fd, buf_reserve(&out, 1024), 1024, MSG_DONTWAIT);
		if (n <= 0)
			break;
		out.len += (size_t)n;
		out.data[out.len] = '\0';
	}
	fd_close(&h->output_fd);
	return buf_detach(&out);
}

/* remembers a probe's outcome; with mu held. The new status when it changed, else NULL */
static const char *record(struct health *h, int exit_code, char *output)
{
	struct docker_health *dh = h->c->health;
	struct docker_health_result *res;
	const char *old = dh->status, *now = old;

	if (dh->log.len >= ENGINE_HEALTH_LOG) {
		json_struct_clear(&docker_health_result_json, &dh->log.items[0]);
		memmove(dh->log.items, dh->log.items + 1,
			(dh->log.len - 1) * sizeof(*dh->log.items));
		dh->log.len--;
	}
	res = json_array_add(&dh->log, &docker_health_result_json);
	res->start_nsec = h->probe_start_nsec;
	res->end_nsec = time_now_nsec();
	res->exit_code = exit_code;
	res->output = output;
	if (exit_code == 0) {
		dh->failing_streak = 0;
		now = "healthy";
	} else if (!(str_eq(old, "starting") &&
		     time_mono_ms() < h->began_ms + h->start_period_ms)) {
		dh->failing_streak++;
		if (dh->failing_streak >= h->retries)
			now = "unhealthy";
	}
	if (str_eq(old, now))
		return NULL;
	str_replace_ptr(&dh->status, now);
	pthread_cond_broadcast(&h->en->changed);
	return dh->status;
}

static void finish(struct health *h, int exit_code, char *output)
{
	CLEANUP(freep) char *text = NULL;
	const char *status;
	struct err e;

	h->exec_id[0] = '\0';
	pthread_mutex_lock(&h->en->mu);
	status = record(h, exit_code, output);
	if (status != NULL)
		text = xasprintf("health_status: %s", status);
	pthread_mutex_unlock(&h->en->mu);
	h->due_ms = time_mono_ms() + pause_ms(h);
	if (text == NULL)
		return;
	container_event(h->en, h->c, text, NULL, NULL);
	if (container_save(h->en, h->c, false, &e) < 0)
		log_warn(&e, "health of %s", h->c->id);
}

static void kill_probe(struct health *h)
{
	CLEANUP(freep) char *bundle = container_bundle(h->en, h->c);
	struct shim_conn conn;
	struct shim_info info;
	struct err e;

	if (shim_connect(bundle, &conn, &info, &e) < 0)
		return;
	if (shim_kill(&conn, h->exec_id, SIGKILL, false, &e) < 0)
		log_debug(&e, "health check of %s", h->c->id);
	shim_close(&conn);
}

static void start_probe(struct health *h)
{
	int pair[2];
	struct err e;

	h->probe_start_nsec = time_now_nsec();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		h->due_ms = time_mono_ms() + h->interval_ms;
		return;
	}
	h->output_fd = pair[0];
	if (exec_probe(h->en, h->c, &h->argv, pair[1], h->exec_id, &e) < 0) {
		fd_close(&h->output_fd);
		finish(h, -1, xstrdup(e.msg));
	} else {
		h->due_ms = time_mono_ms() + h->timeout_ms;
	}
	close(pair[1]);
}

void health_due(struct health *h)
{
	if (time_mono_ms() < h->due_ms)
		return;
	if (h->exec_id[0] == '\0') {
		start_probe(h);
		return;
	}
	kill_probe(h);
	fd_close(&h->output_fd);
	finish(h, EXIT_TIMED_OUT,
	       xasprintf("Health check exceeded timeout (%lldms)", (long long)h->timeout_ms));
}

void health_exec_ended(struct health *h, const char *exec_id, int exit_code)
{
	if (str_eq(h->exec_id, exec_id))
		finish(h, exit_code, read_output(h));
}
