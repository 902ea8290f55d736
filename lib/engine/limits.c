// SPDX-License-Identifier: MIT
/*
 * Limits of containers: from the host configuration to the control group. The
 * checks are those of moby's daemon_unix.go.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/str.h"
#include "engine/engine_internal.h"

#define MEMORY_MIN_BYTES     (6 * 1024 * 1024)
#define NANO_CPUS_PERIOD_DIV 10000 /* 1e9 nano CPUs are a quota of 100000 µs in 100000 µs */

/* Limits, and what they point to. */
struct limits {
	struct cgroup_limits l;
	struct cgroup_io_limit *io;
};

static void limits_clear(struct limits *l)
{
	free(l->io);
}

enum io_kind { IO_WEIGHT, IO_READ_BPS, IO_WRITE_BPS, IO_READ_IOPS, IO_WRITE_IOPS };

/* One device's bound; its numbers are looked up when there is a group to write them to. */
static int add_device(struct limits *l, const char *path, enum io_kind kind, uint64_t value,
		      bool look_up, struct err *e)
{
	struct cgroup_io_limit d = {0};
	struct stat st;

	if (look_up && stat(str_empty(path) ? "" : path, &st) < 0)
		return err_set(e, ERR_INVALID, errno, "stat %s: %s", path,
			       errno == ENOENT ? "no such file or directory" : strerror(errno));
	if (look_up && !S_ISBLK(st.st_mode))
		return err_set(e, ERR_INVALID, 0, "%s is not a block device", path);
	if (look_up) {
		d.major = major(st.st_rdev);
		d.minor = minor(st.st_rdev);
	}
	switch (kind) {
	case IO_WEIGHT:
		d.weight = (unsigned)value;
		break;
	case IO_READ_BPS:
		d.read_bps = value;
		break;
	case IO_WRITE_BPS:
		d.write_bps = value;
		break;
	case IO_READ_IOPS:
		d.read_iops = value;
		break;
	case IO_WRITE_IOPS:
		d.write_iops = value;
		break;
	}
	l->io = xrealloc(l->io, (l->l.n_io + 1) * sizeof(*l->io));
	l->io[l->l.n_io++] = d;
	l->l.io = l->io;
	return 0;
}

static int add_devices(struct limits *l, const struct docker_host_config *h, bool look_up,
		       struct err *e)
{
	const struct docker_throttle_device *const items[] = {
		h->blkio_device_read_bps.items, h->blkio_device_write_bps.items,
		h->blkio_device_read_iops.items, h->blkio_device_write_iops.items};
	const size_t n[] = {h->blkio_device_read_bps.len, h->blkio_device_write_bps.len,
			    h->blkio_device_read_iops.len, h->blkio_device_write_iops.len};

	for (size_t i = 0; i < h->blkio_weight_device.len; i++)
		if (add_device(l, h->blkio_weight_device.items[i].path, IO_WEIGHT,
			       h->blkio_weight_device.items[i].weight, look_up, e) < 0)
			return -1;
	for (size_t k = 0; k < ARRAY_LEN(n); k++)
		for (size_t i = 0; i < n[k]; i++)
			if (add_device(l, items[k][i].path, IO_READ_BPS + (enum io_kind)k,
				       items[k][i].rate, look_up, e) < 0)
				return -1;
	return 0;
}

static void limits_of(const struct docker_host_config *h, struct limits *ret)
{
	*ret = (struct limits){
		.l = {
			.memory_bytes = h->memory,
			.memory_low_bytes = h->memory_reservation,
			.memory_swap_bytes = h->memory_swap,
			.cpu_quota_usec = h->cpu_quota,
			.cpu_period_usec = (uint64_t)MAX(h->cpu_period, 0),
			.cpu_shares = (uint64_t)MAX(h->cpu_shares, 0),
			.cpuset_cpus = h->cpuset_cpus,
			.cpuset_mems = h->cpuset_mems,
			.blkio_weight = h->blkio_weight,
			.swappiness = h->memory_swappiness.set && h->memory_swappiness.value >= 0,
			.oom_kill_disable = h->oom_kill_disable == JSON_TRI_TRUE,
		}};
	if (h->nano_cpus > 0)
		ret->l.cpu_quota_usec = h->nano_cpus / NANO_CPUS_PERIOD_DIV;
	if (h->pids_limit.set)
		ret->l.pids_max = h->pids_limit.value > 0 ? h->pids_limit.value : -1;
}

int limits_check_memory(const struct docker_host_config *h, bool update, struct err *e)
{
	if (h->memory != 0 && h->memory < MEMORY_MIN_BYTES)
		return err_set(e, ERR_INVALID, 0, "Minimum memory limit allowed is 6MB");
	if (h->memory > 0 && h->memory_swap > 0 && h->memory_swap < h->memory)
		return err_set(
			e, ERR_INVALID, 0,
			"Minimum memoryswap limit should be larger than memory limit, see usage");
	if (h->memory == 0 && h->memory_swap > 0 && !update)
		return err_set(e, ERR_INVALID, 0,
			       "You should always set the Memory limit when using Memoryswap "
			       "limit, see usage");
	if (h->memory_reservation > 0 && h->memory_reservation < MEMORY_MIN_BYTES)
		return err_set(e, ERR_INVALID, 0, "Minimum memory reservation allowed is 6MB");
	if (h->memory_swappiness.set &&
	    (h->memory_swappiness.value < -1 || h->memory_swappiness.value > 100))
		return err_set(e, ERR_INVALID, 0,
			       "Invalid value: %" PRId64 ", valid memory swappiness range is 0-100",
			       h->memory_swappiness.value);
	if (h->memory > 0 && h->memory_reservation > h->memory)
		return err_set(e, ERR_INVALID, 0,
			       "Minimum memory limit can not be less than memory reservation "
			       "limit, see usage");
	return 0;
}

static int check_cpu(const struct docker_host_config *h, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (h->nano_cpus > 0 && h->cpu_period > 0)
		return err_set(e, ERR_INVALID, 0,
			       "Conflicting options: Nano CPUs and CPU Period cannot both be set");
	if (h->nano_cpus > 0 && h->cpu_quota > 0)
		return err_set(e, ERR_INVALID, 0,
			       "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	if (h->nano_cpus < 0 || h->nano_cpus > cpus * 1000000000LL)
		return err_set(e, ERR_INVALID, 0,
			       "range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs "
			       "available",
			       cpus, cpus);
	if (h->cpu_period != 0 && (h->cpu_period < 1000 || h->cpu_period > 1000000))
		return err_set(e, ERR_INVALID, 0,
			       "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than "
			       "1s (i.e. 1000000)");
	if (h->cpu_quota > 0 && h->cpu_quota < 1000)
		return err_set(e, ERR_INVALID, 0,
			       "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	if (h->blkio_weight > 0 && (h->blkio_weight < 10 || h->blkio_weight > 1000))
		return err_set(e, ERR_INVALID, 0, "Range of blkio weight is from 10 to 1000");
	return 0;
}

static int check_set(const char *what, const char *name, const char *want, const char *have,
		     struct err *e)
{
	int r = str_empty(want) ? 1 : cgroup_set_within(want, have);

	if (r < 0)
		return err_set(e, ERR_INVALID, 0,
			       "Invalid value %s for cpuset %s: invalid format: %s", want, name,
			       want);
	if (r == 0)
		return err_set(e, ERR_INVALID, 0,
			       "Requested %s are not available - requested %s, available: %s", what,
			       want, have);
	return 0;
}

int limits_check(const struct engine *en, const struct docker_host_config *h, bool update,
		 struct err *e)
{
	if (limits_check_memory(h, update, e) < 0 || check_cpu(h, e) < 0 ||
	    check_set("CPUs", "cpus", h->cpuset_cpus, en->cgroup.cpus, e) < 0 ||
	    check_set("memory nodes", "mems", h->cpuset_mems, en->cgroup.mems, e) < 0)
		return -1;
	if (h->io_maximum_bandwidth != 0 || h->io_maximum_iops != 0)
		return err_set(
			e, ERR_INVALID, 0,
			"invalid option: QoS maximum %s configuration is not supported on linux",
			h->io_maximum_bandwidth != 0 ? "bandwidth" : "IOPs");
	if (!update && h->cpu_shares < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid CPU shares (%" PRId64 "): value must be a positive integer",
			       h->cpu_shares);
	if (h->shm_size < 0)
		return err_set(e, ERR_INVALID, 0, "SHM size can not be less than 0");
	if (h->oom_score_adj < -1000 || h->oom_score_adj > 1000)
		return err_set(e, ERR_INVALID, 0,
			       "Invalid value %d, range for oom score adj is [-1000, 1000]",
			       h->oom_score_adj);
	return 0;
}

void limits_warn(const struct engine *en, const struct docker_host_config *h, struct strv *warnings)
{
	CLEANUP(limits_clear) struct limits l;
	struct err ignored;

	limits_of(h, &l);
	if (add_devices(&l, h, false, &ignored) == 0)
		cgroup_limits_warnings(&en->cgroup, &l.l, warnings);
}

int limits_apply(const struct engine *en, const char *group, const struct docker_host_config *h,
		 struct err *e)
{
	CLEANUP(strv_clear) struct strv told = STRV_INIT;
	CLEANUP(limits_clear) struct limits l;

	limits_of(h, &l);
	if (group != NULL && add_devices(&l, h, true, e) < 0)
		return -1;
	cgroup_limits_warnings(&en->cgroup, &l.l, &told);
	return cgroup_set(group, &l.l, e) < 0 ? err_wrap(e, "cgroup") : 0;
}

int limits_make_group(struct engine *en, struct container *c, struct err *e)
{
	CLEANUP(freep) struct docker_host_config *h = xcalloc(1, sizeof(*h));
	int r;

	/* a copy: an update may come meanwhile */
	pthread_mutex_lock(&en->mu);
	json_struct_copy(&docker_host_config_json, h, &c->host);
	free(c->cgroup);
	c->cgroup = cgroup_path(&en->cgroup, h->cgroup_parent, c->id);
	pthread_mutex_unlock(&en->mu);
	r = cgroup_create(&en->cgroup, c->cgroup, e) < 0 ? err_wrap(e, "cgroup")
							 : limits_apply(en, c->cgroup, h, e);
	json_struct_clear(&docker_host_config_json, h);
	return r;
}
