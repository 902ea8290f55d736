// SPDX-License-Identifier: MIT
/*
 * Figures of a group, as the kernel writes them: Documentation/admin-guide/cgroup-v2.rst. A
 * container that was given its group writable can make groups below, but writes no bytes here.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "cgroup/cgroup.h"
#include "cgroup/cgroup_internal.h"

#define DEVICES_MAX 1024

static uint64_t read_number(const char *dir, const char *file)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err ignored;

	if (cgroup_get(dir, file, &b, &ignored) < 0)
		return 0;
	return str_starts(buf_str(&b), "max") ? UINT64_MAX : strtoull(buf_str(&b), NULL, 10);
}

static void read_memory(const char *path, struct cgroup_stats *s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(buf_clear) struct buf events = BUF_INIT;
	struct err ignored;

	if (cgroup_get(path, "memory.stat", &b, &ignored) < 0)
		return;
	s->has |= CGROUP_MEMORY;
	(void)cgroup_find_key(buf_str(&b), "inactive_file", &s->memory_inactive_file_bytes);
	s->memory_stat = buf_detach(&b);
	s->memory_bytes = read_number(path, "memory.current");
	s->memory_max_bytes = read_number(path, "memory.max");
	s->memory_peak_bytes = read_number(path, "memory.peak");
	if (cgroup_get(path, "memory.events", &events, &ignored) < 0)
		return;
	(void)cgroup_find_key(buf_str(&events), "oom_kill", &s->memory_oom_kills);
	(void)cgroup_find_key(buf_str(&events), "oom", &s->memory_oom);
}

static void read_device(const char *line, struct cgroup_stats *s)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	struct cgroup_io_stats d = {0};

	if (s->n_io >= DEVICES_MAX || sscanf(line, "%u:%u ", &d.major, &d.minor) != 2)
		return;
	strv_split(&words, line, " ");
	strv_for_each (w, &words) {
		const char *v;

		if ((v = str_skip(*w, "rbytes=")) != NULL)
			d.read_bytes = strtoull(v, NULL, 10);
		else if ((v = str_skip(*w, "wbytes=")) != NULL)
			d.write_bytes = strtoull(v, NULL, 10);
		else if ((v = str_skip(*w, "rios=")) != NULL)
			d.read_ops = strtoull(v, NULL, 10);
		else if ((v = str_skip(*w, "wios=")) != NULL)
			d.write_ops = strtoull(v, NULL, 10);
	}
	s->io = xrealloc(s->io, (s->n_io + 1) * sizeof(*s->io));
	s->io[s->n_io++] = d;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." per device */
static void read_io(const char *path, struct cgroup_stats *s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct err ignored;

	if (cgroup_get(path, "io.stat", &b, &ignored) < 0)
		return;
	s->has |= CGROUP_IO;
	strv_split(&lines, buf_str(&b), "\n");
	strv_for_each (line, &lines)
		read_device(*line, s);
}

int cgroup_read(const char *path, struct cgroup_stats *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	*ret = (struct cgroup_stats){0};
	if (str_empty(path))
		return 0;
	if (cgroup_get(path, "cpu.stat", &b, e) < 0)
		return -1;
	ret->has |= CGROUP_CPU;
	(void)cgroup_find_key(buf_str(&b), "usage_usec", &ret->cpu_usage_usec);
	(void)cgroup_find_key(buf_str(&b), "user_usec", &ret->cpu_user_usec);
	(void)cgroup_find_key(buf_str(&b), "system_usec", &ret->cpu_system_usec);
	(void)cgroup_find_key(buf_str(&b), "nr_periods", &ret->cpu_periods);
	(void)cgroup_find_key(buf_str(&b), "nr_throttled", &ret->cpu_throttled);
	(void)cgroup_find_key(buf_str(&b), "throttled_usec", &ret->cpu_throttled_usec);
	read_memory(path, ret);
	read_io(path, ret);
	ret->pids = read_number(path, "pids.current");
	ret->pids_max = read_number(path, "pids.max");
	if (ret->pids > 0)
		ret->has |= CGROUP_PIDS;
	return 0;
}

void cgroup_stats_clear(struct cgroup_stats *s)
{
	free(s->memory_stat);
	free(s->io);
	*s = (struct cgroup_stats){0};
}
