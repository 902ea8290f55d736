// SPDX-License-Identifier: MIT
/*
 * One reading of what a container uses (docker stats). With a control group its
 * files tell; without one the sums over its processes do, from /proc
 * (proc_pid_stat(5), proc_pid_statm(5)): time of processes that have ended
 * counts in those that waited for them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/engine_internal.h"

#define USEC_PER_SEC 1000000ULL
#define FILE_MAX     (1024 * 1024)

static uint64_t ticks_to_usec(uint64_t ticks)
{
	return ticks * (USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int read_proc(pid_t pid, const char *file, struct buf *out)
{
	CLEANUP(freep) char *path = xasprintf("/proc/%d/%s", (int)pid, file);
	struct err ignored;

	return file_read(AT_FDCWD, path, FILE_MAX, out, &ignored);
}

/* Inter-| Receive: bytes packets errs drop fifo frame compressed multicast | Transmit: the same */
void stats_parse_net(const char *text, struct engine_stats *s)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	strv_for_each (line, &lines) {
		/* a name may hold a colon, but no blank */
		const char *name = *line + strspn(*line, " ");
		const char *colon = strstr(name, ": ");
		struct engine_net_stats n = {0};

		if (s->n_nets >= STATS_NETS_MAX || colon == NULL || colon == name ||
		    str_starts(name, "lo: ") ||
		    sscanf(colon + 2,
			   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &n.rx_bytes, &n.rx_packets, &n.rx_errors, &n.rx_dropped, &n.tx_bytes,
			   &n.tx_packets, &n.tx_errors, &n.tx_dropped) != 8)
			continue;
		str_copy(n.name, name, MIN((size_t)(colon - name) + 1, sizeof(n.name)));
		s->nets = xrealloc(s->nets, (s->n_nets + 1) * sizeof(*s->nets));
		s->nets[s->n_nets++] = n;
	}
}

/* time of all processors since boot: the first line of /proc/stat */
static uint64_t read_system_cpu(void)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	uint64_t v[8] = {0}, sum = 0;
	struct err ignored;

	if (file_read(AT_FDCWD, "/proc/stat", FILE_MAX, &text, &ignored) < 0 ||
	    sscanf(buf_str(&text),
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) < 4)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		sum += v[i];
	return ticks_to_usec(sum);
}

/* Adds one process to the sums. */
static void add_process(void *arg, pid_t pid)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(buf_clear) struct buf memory = BUF_INIT;
	struct cgroup_stats *s = arg;
	uint64_t user, system, resident, shared;
	int64_t waited_user, waited_system;
	const char *after;

	if (read_proc(pid, "stat", &text) < 0 || (after = strrchr(buf_str(&text), ')')) == NULL ||
	    sscanf(after + 1,
		   " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNd64
		   " %" SCNd64,
		   &user, &system, &waited_user, &waited_system) != 4)
		return;
	s->pids++;
	s->cpu_user_usec += ticks_to_usec(user + (uint64_t)MAX(waited_user, 0));
	s->cpu_system_usec += ticks_to_usec(system + (uint64_t)MAX(waited_system, 0));
	s->cpu_usage_usec = s->cpu_user_usec + s->cpu_system_usec;
	if (read_proc(pid, "statm", &memory) == 0 &&
	    sscanf(buf_str(&memory), "%*u %" SCNu64 " %" SCNu64, &resident, &shared) == 2)
		s->memory_bytes +=
			(resident - MIN(shared, resident)) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static struct cgroup_stats *read_usage(const char *group, pid_t pid, const char *id)
{
	struct cgroup_stats *s = xcalloc(1, sizeof(*s));
	struct err why;

	if (!str_empty(group) && cgroup_read(group, s, &why) == 0)
		return s;
	if (!str_empty(group))
		log_debug(&why, "stats of %s", id);
	cgroup_stats_clear(s);
	each_process(NULL, pid, add_process, s);
	s->has = CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS;
	return s;
}

int engine_container_stats(struct engine *en, const char *name, struct engine_stats *ret,
			   struct err *e)
{
	CLEANUP(buf_clear) struct buf net = BUF_INIT;
	CLEANUP(freep) char *group = NULL;
	struct container *c = container_get(en, name, e);
	bool own_net;
	pid_t pid;

	if (c == NULL)
		return -1;
	memset(ret, 0, sizeof(*ret));
	pthread_mutex_lock(&en->mu);
	str_copy(ret->id, c->id, sizeof(ret->id));
	ret->name = xasprintf("/%s", c->name);
	ret->running = state_runs(c->state);
	own_net = en->netns != NULL && !str_eq(c->host.network_mode, "host");
	pid = (pid_t)c->pid;
	group = xstrdup(c->cgroup);
	pthread_mutex_unlock(&en->mu);
	container_unref(en, c);
	ret->read_nsec = time_now_nsec();
	if (!ret->running)
		return 0;
	ret->ncpu = (int)sysconf(_SC_NPROCESSORS_ONLN);
	ret->system_cpu_usec = read_system_cpu();
	if (own_net && read_proc(pid, "net/dev", &net) == 0)
		stats_parse_net(buf_str(&net), ret);
	ret->cgroup = read_usage(group, pid, ret->id);
	return 0;
}

void engine_stats_clear(struct engine_stats *s)
{
	if (s->cgroup != NULL)
		cgroup_stats_clear(s->cgroup);
	free(s->name);
	free(s->cgroup);
	free(s->nets);
	memset(s, 0, sizeof(*s));
}
