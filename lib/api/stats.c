// SPDX-License-Identifier: MIT
/*
 * GET /containers/{id}/stats: one reading a second. Figures in the form of
 * cgroup v2 hosts; of a container that does not run they are absent, as in Docker.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "engine/container.h"

#define INTERVAL_MS   1000
#define NSEC_PER_USEC 1000ULL

static void write_time(struct json_w *w, const char *key, int64_t nsec)
{
	char text[TIME_RFC3339_SIZE];

	time_format(nsec, text);
	jw_kstr(w, key, text);
}

static void write_cpu(struct json_w *w, const char *key, const struct engine_stats *s)
{
	static const struct cgroup_stats none;
	bool there = s != NULL && s->cgroup != NULL;
	const struct cgroup_stats *g = there ? s->cgroup : &none;

	jw_kobj(w, key);
	jw_kobj(w, "cpu_usage");
	jw_ku64(w, "total_usage", g->cpu_usage_usec * NSEC_PER_USEC);
	jw_ku64(w, "usage_in_kernelmode", g->cpu_system_usec * NSEC_PER_USEC);
	jw_ku64(w, "usage_in_usermode", g->cpu_user_usec * NSEC_PER_USEC);
	jw_end(w);
	if (there) {
		jw_ku64(w, "system_cpu_usage", s->system_cpu_usec * NSEC_PER_USEC);
		jw_ki64(w, "online_cpus", s->ncpu);
	}
	jw_kobj(w, "throttling_data");
	jw_ku64(w, "periods", g->cpu_periods);
	jw_ku64(w, "throttled_periods", g->cpu_throttled);
	jw_ku64(w, "throttled_time", g->cpu_throttled_usec * NSEC_PER_USEC);
	jw_end(w);
	jw_end(w);
}

/* Without a limit of its own a container has the host's memory. */
static uint64_t memory_limit(const struct cgroup_stats *g)
{
	struct sysinfo si;
	uint64_t total;

	if (sysinfo(&si) < 0)
		return g->memory_max_bytes;
	total = (uint64_t)si.totalram * si.mem_unit;
	return g->memory_max_bytes == 0 || g->memory_max_bytes > total ? total
								       : g->memory_max_bytes;
}

/* Every "key number" of memory.stat. */
static void write_memory_keys(struct json_w *w, const char *text)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	strv_for_each (line, &lines) {
		char *blank = strchr(*line, ' ');

		if (blank == NULL)
			continue;
		*blank = '\0';
		jw_ku64(w, *line, strtoull(blank + 1, NULL, 10));
	}
}

static void write_memory(struct json_w *w, const struct cgroup_stats *g)
{
	jw_kobj(w, "memory_stats");
	if (g != NULL) {
		jw_ku64(w, "usage", g->memory_bytes);
		jw_kobj(w, "stats");
		if (g->memory_stat != NULL)
			write_memory_keys(w, g->memory_stat);
		jw_end(w);
		if (g->memory_oom > 0)
			jw_ku64(w, "failcnt", g->memory_oom);
		jw_ku64(w, "limit", memory_limit(g));
	}
	jw_end(w);
}

static void write_io_entry(struct json_w *w, const struct cgroup_io_stats *d, const char *op,
			   uint64_t value)
{
	jw_obj(w);
	jw_ku64(w, "major", d->major);
	jw_ku64(w, "minor", d->minor);
	jw_kstr(w, "op", op);
	jw_ku64(w, "value", value);
	jw_end(w);
}

static void write_blkio(struct json_w *w, const struct cgroup_stats *g)
{
	static const char *const unused[] = {
		"io_serviced_recursive",  "io_queue_recursive",	 "io_service_time_recursive",
		"io_wait_time_recursive", "io_merged_recursive", "io_time_recursive",
		"sectors_recursive",
	};

	jw_kobj(w, "blkio_stats");
	if (g == NULL || g->n_io == 0) {
		jw_knull(w, "io_service_bytes_recursive");
	} else {
		jw_karr(w, "io_service_bytes_recursive");
		for (size_t i = 0; i < g->n_io; i++) {
			write_io_entry(w, &g->io[i], "read", g->io[i].read_bytes);
			write_io_entry(w, &g->io[i], "write", g->io[i].write_bytes);
		}
		jw_end(w);
	}
	for (size_t i = 0; i < ARRAY_LEN(unused); i++)
		jw_knull(w, unused[i]);
	jw_end(w);
}

static void write_networks(struct json_w *w, const struct engine_stats *s)
{
	if (s->n_nets == 0)
		return;
	jw_kobj(w, "networks");
	for (size_t i = 0; i < s->n_nets; i++) {
		const struct engine_net_stats *n = &s->nets[i];

		jw_kobj(w, n->name);
		jw_ku64(w, "rx_bytes", n->rx_bytes);
		jw_ku64(w, "rx_packets", n->rx_packets);
		jw_ku64(w, "rx_errors", n->rx_errors);
		jw_ku64(w, "rx_dropped", n->rx_dropped);
		jw_ku64(w, "tx_bytes", n->tx_bytes);
		jw_ku64(w, "tx_packets", n->tx_packets);
		jw_ku64(w, "tx_errors", n->tx_errors);
		jw_ku64(w, "tx_dropped", n->tx_dropped);
		jw_end(w);
	}
	jw_end(w);
}

/* The figures when this controller gave any. */
static const struct cgroup_stats *read_by(const struct engine_stats *s, unsigned controller)
{
	return s->cgroup != NULL && (s->cgroup->has & controller) ? s->cgroup : NULL;
}

static void write_stats(struct buf *b, const struct engine_stats *s,
			const struct engine_stats *prev)
{
	struct json_w w;

	jw_init(&w, b);
	jw_obj(&w);
	jw_kstr(&w, "name", s->name);
	jw_kstr(&w, "id", s->id);
	write_time(&w, "read", s->running ? s->read_nsec : 0);
	write_time(&w, "preread", prev != NULL && s->running ? prev->read_nsec : 0);
	jw_kobj(&w, "pids_stats");
	if (s->cgroup != NULL && s->cgroup->pids > 0) {
		jw_ku64(&w, "current", s->cgroup->pids);
		if (s->cgroup->pids_max > 0)
			jw_ku64(&w, "limit", s->cgroup->pids_max);
	}
	jw_end(&w);
	write_blkio(&w, read_by(s, CGROUP_IO));
	jw_ki64(&w, "num_procs", 0);
	jw_kobj(&w, "storage_stats");
	jw_end(&w);
	write_cpu(&w, "cpu_stats", s);
	write_cpu(&w, "precpu_stats", prev);
	write_memory(&w, read_by(s, CGROUP_MEMORY));
	write_networks(&w, s);
	jw_end(&w);
	buf_addch(b, '\n');
}

/* Waits for the next reading; -1 when the client left. */
static int pause_between(const struct api_call *c)
{
	int fd = call_client_fd(c);
	int64_t until = time_mono_ms() + INTERVAL_MS;

	/* POLLRDHUP alone: bytes of a pipelined request do not end the wait */
	while (fd >= 0) {
		int64_t left = until - time_mono_ms();
		int r;

		if (left <= 0)
			return 0;
		r = fd_wait(fd, POLLRDHUP, (int)left);
		if (r != 0)
			return -1;
	}
	return 0;
}

static int stream_stats(struct api_call *c, struct engine_stats *prev, struct err *e)
{
	if (http_conn_start(c->conn, 200, API_JSON, e) < 0)
		return -1;
	for (bool first = true;; first = false) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		struct engine_stats s = {0};

		if (engine_container_stats(c->en, c->name, &s, e) < 0)
			return first ? -1 : http_conn_end(c->conn, e);
		write_stats(&b, &s, first ? NULL : prev);
		engine_stats_clear(prev);
		*prev = s;
		if (http_conn_write(c->conn, b.data, b.len, e) < 0 ||
		    http_conn_flush(c->conn, e) < 0 || pause_between(c) < 0)
			return -1;
	}
}

/* stream=0: two readings a second apart, or one with one-shot. */
static int single_stats(struct api_call *c, struct engine_stats *prev, bool one_shot, struct err *e)
{
	CLEANUP(engine_stats_clear) struct engine_stats s = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	bool second = prev->running && !one_shot;

	if (second) {
		if (pause_between(c) < 0)
			return err_set(e, ERR_CANCELLED, 0, "client left");
		if (engine_container_stats(c->en, c->name, &s, e) < 0)
			return -1;
	}
	write_stats(&b, second ? &s : prev, second ? prev : NULL);
	return http_conn_respond(c->conn, 200, API_JSON, b.data, b.len, e);
}

int container_stats(struct api_call *c, struct err *e)
{
	CLEANUP(engine_stats_clear) struct engine_stats prev = {0};
	bool stream = call_bool_or(c, "stream", true);
	bool one_shot = c->version >= API_VERSION(1, 41) && call_bool(c, "one-shot");

	if (stream && one_shot)
		return err_set(e, ERR_INVALID, 0, "cannot have stream=true and one-shot=true");
	if (engine_container_stats(c->en, c->name, &prev, e) < 0)
		return -1;
	return stream ? stream_stats(c, &prev, e) : single_stats(c, &prev, one_shot, e);
}
