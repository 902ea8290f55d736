// SPDX-License-Identifier: MIT
/*
 * Limits: how they are written into a group, and what is said of those that
 * cannot be. File formats: Documentation/admin-guide/cgroup-v2.rst; the
 * conversions of shares and weights are those of runc (runtime-spec gives v1
 * values); the sentences are those of moby's verifyPlatformContainerResources.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "cgroup/cgroup_internal.h"

static int set_swap(const char *path, const struct cgroup_limits *l, struct err *e)
{
	int r = 0;

	/* Docker counts memory and swap together; the kernel swap alone */
	if (l->memory_swap_bytes < 0)
		r = cgroup_put(path, "memory.swap.max", "max", e);
	else if (l->memory_swap_bytes > 0 && l->memory_swap_bytes >= l->memory_bytes)
		r = cgroup_putf(path, "memory.swap.max", e, "%" PRId64,
				l->memory_swap_bytes - MAX(l->memory_bytes, 0));
	return r < 0 && e->sys == ENOENT ? 0 : r; /* a kernel without swap */
}

static int set_memory(const char *path, const struct cgroup_limits *l, struct err *e)
{
	if (l->memory_bytes < 0 && cgroup_put(path, "memory.max", "max", e) < 0)
		return -1;
	if (l->memory_bytes > 0 &&
	    cgroup_putf(path, "memory.max", e, "%" PRId64, l->memory_bytes) < 0)
		return -1;
	if (l->memory_low_bytes > 0 &&
	    cgroup_putf(path, "memory.low", e, "%" PRId64, l->memory_low_bytes) < 0)
		return -1;
	return set_swap(path, l, e);
}

static int set_cpu(const char *path, const struct cgroup_limits *l, struct err *e)
{
	uint64_t period = l->cpu_period_usec != 0 ? l->cpu_period_usec : 100000;

	if (l->cpu_shares >= 2) {
		uint64_t shares = MIN(l->cpu_shares, 262144);

		if (cgroup_putf(path, "cpu.weight", e, "%" PRIu64,
				1 + (shares - 2) * 9999 / 262142) < 0)
			return -1;
	}
	if (l->cpu_quota_usec > 0 &&
	    cgroup_putf(path, "cpu.max", e, "%" PRId64 " %" PRIu64, l->cpu_quota_usec, period) < 0)
		return -1;
	if (l->cpu_quota_usec <= 0 && (l->cpu_quota_usec < 0 || l->cpu_period_usec != 0) &&
	    cgroup_putf(path, "cpu.max", e, "max %" PRIu64, period) < 0)
		return -1;
	if (!str_empty(l->cpuset_cpus) && cgroup_put(path, "cpuset.cpus", l->cpuset_cpus, e) < 0)
		return -1;
	if (!str_empty(l->cpuset_mems) && cgroup_put(path, "cpuset.mems", l->cpuset_mems, e) < 0)
		return -1;
	return 0;
}

/* The scheduler BFQ takes Docker's figure as it is, io.cost has a scale of its own. device: "8:0 "
 * or
 * "". */
static int set_weight(const char *path, const char *device, unsigned weight, struct err *e)
{
	if (weight < 10)
		return 0;
	weight = MIN(weight, 1000U);
	if (cgroup_putf(path, "io.bfq.weight", e, "%s%u", device, weight) == 0)
		return 0;
	return cgroup_putf(path, "io.weight", e, "%s%u", device, 1 + (weight - 10) * 9999 / 990);
}

static int set_device(const char *path, const struct cgroup_io_limit *d, struct err *e)
{
	const struct {
		const char *key;
		uint64_t value;
	} bounds[] = {{"rbps", d->read_bps},
		      {"wbps", d->write_bps},
		      {"riops", d->read_iops},
		      {"wiops", d->write_iops}};
	CLEANUP(freep) char *device = xasprintf("%u:%u ", d->major, d->minor);
	CLEANUP(buf_clear) struct buf line = BUF_INIT;

	buf_addstr(&line, device);
	for (size_t i = 0; i < ARRAY_LEN(bounds); i++)
		if (bounds[i].value != 0)
			buf_addf(&line, "%s=%" PRIu64 " ", bounds[i].key, bounds[i].value);
	/* of what this kernel has no file for the user was told; weights of a device need its
	 * scheduler to be BFQ, or io.cost to be on, and are left out otherwise, as runc does */
	if (strchr(buf_str(&line), '=') != NULL &&
	    cgroup_put(path, "io.max", buf_str(&line), e) < 0 && e->sys != ENOENT)
		return -1;
	if (set_weight(path, device, d->weight, e) < 0 && e->sys != ENOENT && e->sys != EOPNOTSUPP)
		return -1;
	return 0;
}

static int set_io(const char *path, const struct cgroup_limits *l, struct err *e)
{
	for (size_t i = 0; i < l->n_io; i++)
		if (set_device(path, &l->io[i], e) < 0)
			return -1;
	return set_weight(path, "", l->blkio_weight, e);
}

int cgroup_set(const char *path, const struct cgroup_limits *l, struct err *e)
{
	if (str_empty(path))
		return 0;
	if (set_memory(path, l, e) < 0 || set_cpu(path, l, e) < 0)
		return -1;
	if (l->pids_max < 0 && cgroup_put(path, "pids.max", "max", e) < 0)
		return -1;
	if (l->pids_max > 0 && cgroup_putf(path, "pids.max", e, "%" PRId64, l->pids_max) < 0)
		return -1;
	return set_io(path, l, e);
}

/* --- what cannot be enforced ---------------------------------------------------- */

static void warn_memory(const struct cgroup_root *r, unsigned has, struct cgroup_limits *l,
			struct strv *warnings)
{
	if (!(has & CGROUP_MEMORY)) {
		if (l->memory_bytes > 0)
			strv_add(warnings,
				 "Your kernel does not support memory limit capabilities or the "
				 "cgroup is not mounted. Limitation discarded.");
		if (l->memory_low_bytes > 0)
			strv_add(warnings,
				 "Your kernel does not support memory soft limit capabilities or "
				 "the cgroup is not mounted. Limitation discarded.");
		l->memory_bytes = l->memory_swap_bytes = l->memory_low_bytes = 0;
	}
	if (l->memory_bytes > 0 && l->memory_swap_bytes != -1 && !r->swap) {
		strv_add(warnings, "Your kernel does not support swap limit capabilities or the "
				   "cgroup is not mounted. Memory limited without swap.");
		l->memory_swap_bytes = -1;
	}
	if (l->swappiness)
		strv_add(warnings,
			 "Your kernel does not support memory swappiness capabilities or the "
			 "cgroup is not mounted. Memory swappiness discarded.");
	if (l->oom_kill_disable)
		strv_add(warnings, "Your kernel does not support OomKillDisable. OomKillDisable "
				   "discarded.");
}

static void warn_cpu(unsigned has, struct cgroup_limits *l, struct strv *warnings)
{
	if (!(has & CGROUP_CPU)) {
		if (l->cpu_shares > 0)
			strv_add(warnings, "Your kernel does not support CPU shares or the cgroup "
					   "is not mounted. Shares discarded.");
		if (l->cpu_quota_usec > 0 || l->cpu_period_usec > 0)
			strv_add(warnings, "Your kernel does not support CPU CFS scheduler. CPU "
					   "period/quota discarded.");
		l->cpu_shares = l->cpu_period_usec = 0;
		l->cpu_quota_usec = 0;
	}
	if (!(has & CGROUP_CPUSET)) {
		if (!str_empty(l->cpuset_cpus) || !str_empty(l->cpuset_mems))
			strv_add(warnings, "Your kernel does not support cpuset or the cgroup is "
					   "not mounted. Cpuset discarded.");
		l->cpuset_cpus = l->cpuset_mems = NULL;
	}
}

static void warn_io(const struct cgroup_root *r, bool has, struct cgroup_limits *l,
		    struct strv *warnings)
{
	static const char *const sentences[] = {
		"Your kernel does not support Block I/O weight_device or the cgroup is not "
		"mounted. Weight-device discarded.",
		"Your kernel does not support BPS Block I/O read limit or the cgroup is not "
		"mounted. Block I/O BPS read limit discarded.",
		"Your kernel does not support BPS Block I/O write limit or the cgroup is not "
		"mounted. Block I/O BPS write limit discarded.",
		"Your kernel does not support IOPS Block read limit or the cgroup is not mounted. "
		"Block I/O IOPS read limit discarded.",
		"Your kernel does not support IOPS Block write limit or the cgroup is not mounted. "
		"Block I/O IOPS write limit discarded.",
	};
	bool weight = has && r->io_weight, bounds = has && r->io_max;
	unsigned asked = 0;

	for (size_t i = 0; i < l->n_io; i++)
		asked |= (l->io[i].weight != 0) | (l->io[i].read_bps != 0) << 1 |
			 (l->io[i].write_bps != 0) << 2 | (l->io[i].read_iops != 0) << 3 |
			 (l->io[i].write_iops != 0) << 4;
	if (!weight && l->blkio_weight > 0) {
		strv_add(warnings, "Your kernel does not support Block I/O weight or the cgroup is "
				   "not mounted. Weight discarded.");
		l->blkio_weight = 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++)
		if (asked & 1U << i && !(i == 0 ? weight : bounds))
			strv_add(warnings, sentences[i]);
	if (!weight && !bounds)
		l->n_io = 0;
}

void cgroup_limits_warnings(const struct cgroup_root *r, struct cgroup_limits *l,
			    struct strv *warnings)
{
	unsigned has = r->mode == CGROUP_V2 ? r->controllers : 0;

	warn_memory(r, has, l, warnings);
	warn_cpu(has, l, warnings);
	if (!(has & CGROUP_PIDS)) {
		if (l->pids_max > 0)
			strv_add(warnings, "Your kernel does not support PIDs limit capabilities "
					   "or the cgroup is not mounted. PIDs limit discarded.");
		l->pids_max = 0;
	}
	warn_io(r, has & CGROUP_IO, l, warnings);
}
