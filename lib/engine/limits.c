// SPDX-License-Identifier: MIT
/*
 * Limits of containers: from the host configuration to the control group, at
 * the start and by POST /containers/{id}/update. The checks and the rules of
 * an update are those of moby's daemon_unix.go and container_unix.go.
 */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/engine_internal.h"

#define MEMORY_MIN_BYTES     (6 * 1024 * 1024)
#define NANO_CPUS_PERIOD_DIV 10000 /* 1e9 nano CPUs are a quota of 100000 µs in 100000 µs */

static void limits_of(const struct docker_host_config *h, struct cgroup_limits *ret)
{
	*ret = (struct cgroup_limits){
		.memory_bytes = h->memory,
		.memory_low_bytes = h->memory_reservation,
		.memory_swap_bytes = h->memory_swap,
		.cpu_quota_usec = h->cpu_quota,
		.cpu_period_usec = (uint64_t)MAX(h->cpu_period, 0),
		.cpu_shares = (uint64_t)MAX(h->cpu_shares, 0),
		.cpuset_cpus = h->cpuset_cpus,
		.cpuset_mems = h->cpuset_mems,
		.blkio_weight = h->blkio_weight,
	};
	if (h->nano_cpus > 0)
		ret->cpu_quota_usec = h->nano_cpus / NANO_CPUS_PERIOD_DIV;
	if (h->pids_limit.set)
		ret->pids_max = h->pids_limit.value > 0 ? h->pids_limit.value : -1;
}

static int check_memory(const struct docker_host_config *h, bool update, struct err *e)
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
	if (h->memory_reservation != 0 && h->memory_reservation < MEMORY_MIN_BYTES)
		return err_set(e, ERR_INVALID, 0, "Minimum memory reservation allowed is 6MB");
	if (h->memory > 0 && h->memory_reservation > h->memory)
		return err_set(e, ERR_INVALID, 0,
			       "Minimum memory limit can not be less than memory reservation "
			       "limit, see usage");
	return 0;
}

static int check_cpu(const struct docker_host_config *h, struct err *e)
{
	if (h->nano_cpus < 0 || (h->nano_cpus > 0 && (h->cpu_quota > 0 || h->cpu_period > 0)))
		return err_set(e, ERR_INVALID, 0,
			       "Conflicting options: Nano CPUs and CPU Period cannot both be set");
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
		return err_set(e, ERR_INVALID, 0, "Invalid value %s for cpuset %s", want, name);
	if (r == 0)
		return err_set(e, ERR_INVALID, 0,
			       "Requested %s are not available - requested %s, available: %s", what,
			       want, have);
	return 0;
}

int limits_check(const struct engine *en, const struct docker_host_config *h, bool update,
		 struct err *e)
{
	if (check_memory(h, update, e) < 0 || check_cpu(h, e) < 0 ||
	    check_set("CPUs", "cpus", h->cpuset_cpus, en->cgroup.cpus, e) < 0 ||
	    check_set("memory nodes", "mems", h->cpuset_mems, en->cgroup.mems, e) < 0)
		return -1;
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
	struct cgroup_limits l;

	limits_of(h, &l);
	cgroup_limits_warnings(&en->cgroup, &l, warnings);
}

/* Writes those limits that can be enforced here; of the others the user was told. */
static int apply(const struct engine *en, const char *group, const struct docker_host_config *h,
		 struct err *e)
{
	CLEANUP(strv_clear) struct strv told = STRV_INIT;
	struct cgroup_limits l;

	limits_of(h, &l);
	cgroup_limits_warnings(&en->cgroup, &l, &told);
	return cgroup_set(group, &l, e);
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
	r = cgroup_create(&en->cgroup, c->cgroup, e) < 0 ? -1 : apply(en, c->cgroup, h, e);
	json_struct_clear(&docker_host_config_json, h);
	return r < 0 ? err_wrap(e, "cgroup") : 0;
}

static int conflict(const char *what, const char *set, struct err *e)
{
	return err_set(e, ERR_CONFLICT, 0,
		       "Conflicting options: %s cannot be updated as %s has already been set", what,
		       set);
}

static void take(int64_t *to, int64_t from)
{
	if (from != 0)
		*to = from;
}

static int check_conflicts(const struct docker_host_config *now,
			   const struct docker_host_config *update, struct err *e)
{
	if (update->nano_cpus > 0 && now->cpu_period > 0)
		return conflict("Nano CPUs", "CPU Period", e);
	if (update->nano_cpus > 0 && now->cpu_quota > 0)
		return conflict("Nano CPUs", "CPU Quota", e);
	if (update->cpu_period > 0 && now->nano_cpus > 0)
		return conflict("CPU Period", "NanoCPUs", e);
	if (update->cpu_quota > 0 && now->nano_cpus > 0)
		return conflict("CPU Quota", "NanoCPUs", e);
	if (now->memory_swap > 0 && update->memory > now->memory_swap && update->memory_swap == 0)
		return err_set(e, ERR_CONFLICT, 0,
			       "Memory limit should be smaller than already set memoryswap limit, "
			       "update the memoryswap at the same time");
	return 0;
}

int limits_merge(struct docker_host_config *h, const struct docker_host_config *update,
		 struct err *e)
{
	if (check_conflicts(h, update, e) < 0)
		return -1;
	take(&h->memory, update->memory);
	take(&h->memory_swap, update->memory_swap);
	take(&h->memory_reservation, update->memory_reservation);
	take(&h->nano_cpus, update->nano_cpus);
	take(&h->cpu_quota, update->cpu_quota);
	take(&h->cpu_period, update->cpu_period);
	take(&h->cpu_shares, update->cpu_shares);
	if (update->blkio_weight != 0)
		h->blkio_weight = update->blkio_weight;
	if (update->pids_limit.set)
		h->pids_limit = update->pids_limit;
	if (!str_empty(update->cpuset_cpus))
		str_replace_ptr(&h->cpuset_cpus, update->cpuset_cpus);
	if (!str_empty(update->cpuset_mems))
		str_replace_ptr(&h->cpuset_mems, update->cpuset_mems);
	if (!str_empty(update->restart_policy.name)) {
		str_replace_ptr(&h->restart_policy.name, update->restart_policy.name);
		h->restart_policy.maximum_retry_count = update->restart_policy.maximum_retry_count;
	}
	return check_memory(h, true, e);
}

/* One update; on the heap, for it is large. */
struct change {
	struct docker_host_config asked; /* the body */
	struct docker_host_config old, next;
	char *group; /* where the container runs, or NULL */
};

/* Copies; what an update may change gets strings of its own, for drop(). */
static void keep(struct docker_host_config *to, const struct docker_host_config *from)
{
	*to = *from;
	to->cpuset_cpus = xstrdup(from->cpuset_cpus);
	to->cpuset_mems = xstrdup(from->cpuset_mems);
	to->restart_policy.name = xstrdup(from->restart_policy.name);
}

static void drop(struct docker_host_config *h)
{
	free(h->cpuset_cpus);
	free(h->cpuset_mems);
	free(h->restart_policy.name);
}

static void change_free(struct change *ch)
{
	json_struct_clear(&docker_host_config_json, &ch->asked);
	drop(&ch->old);
	drop(&ch->next);
	free(ch->group);
	free(ch);
}

static void adopt(struct docker_host_config *h, const struct docker_host_config *next)
{
	h->memory = next->memory;
	h->memory_swap = next->memory_swap;
	h->memory_reservation = next->memory_reservation;
	h->nano_cpus = next->nano_cpus;
	h->cpu_quota = next->cpu_quota;
	h->cpu_period = next->cpu_period;
	h->cpu_shares = next->cpu_shares;
	h->blkio_weight = next->blkio_weight;
	h->pids_limit = next->pids_limit;
	str_replace_ptr(&h->cpuset_cpus, next->cpuset_cpus);
	str_replace_ptr(&h->cpuset_mems, next->cpuset_mems);
	str_replace_ptr(&h->restart_policy.name, next->restart_policy.name);
	h->restart_policy.maximum_retry_count = next->restart_policy.maximum_retry_count;
}

static int check_update(struct engine *en, const struct container *c,
			const struct docker_host_config *update, struct err *e)
{
	const char *policy = update->restart_policy.name;

	if (c->state == C_REMOVING)
		return err_set(e, ERR_CONFLICT, 0,
			       "container is marked for removal and cannot be \"update\"");
	if (c->host.auto_remove && !str_empty(policy) && !str_eq(policy, "no"))
		return err_set(e, ERR_CONFLICT, 0,
			       "Restart policy cannot be updated because AutoRemove is enabled for "
			       "the container");
	if (!str_empty(policy) && host_check_restart_policy(update, e) < 0)
		return -1;
	return limits_check(en, update, true, e);
}

/* Puts an update into the container. A start that is under way has settled, a later one sees the
 * new limits. */
static int begin_update(struct engine *en, struct container *c, struct change *ch, struct err *e)
{
	MUTEX_GUARD(&en->mu);

	container_settled(en, c);
	if (check_update(en, c, &ch->asked, e) < 0)
		return -1;
	keep(&ch->old, &c->host);
	keep(&ch->next, &c->host);
	if (limits_merge(&ch->next, &ch->asked, e) < 0)
		return -1;
	adopt(&c->host, &ch->next);
	if (state_runs(c->state))
		ch->group = xstrdup(c->cgroup);
	return 0;
}

static int update_container(struct engine *en, struct container *c, struct change *ch,
			    struct err *e)
{
	struct err ignored;

	if (begin_update(en, c, ch, e) < 0)
		return -1;
	if (apply(en, ch->group, &ch->next, e) == 0)
		return 0;
	if (apply(en, ch->group, &ch->old, &ignored) < 0)
		log_debug(&ignored, "limits of %s are not as before", c->id);
	pthread_mutex_lock(&en->mu);
	adopt(&c->host, &ch->old);
	pthread_mutex_unlock(&en->mu);
	return -1;
}

int engine_container_update(struct engine *en, const char *name, const struct json *body,
			    struct strv *ret_warnings, struct err *e)
{
	struct container *c = container_get(en, name, e);
	struct change *ch;
	int r;

	if (c == NULL)
		return -1;
	ch = xcalloc(1, sizeof(*ch));
	r = json_bind(body, &docker_host_config_json, &ch->asked, e);
	if (r == 0 && update_container(en, c, ch, e) < 0) {
		err_wrap(e, "Cannot update container %s", c->id);
		r = -1;
	}
	if (r == 0)
		r = container_save_host(en, c, FILE_SYNC, e);
	if (r == 0) {
		limits_warn(en, &ch->asked, ret_warnings);
		container_event(en, c, "update", NULL, NULL);
	}
	change_free(ch);
	container_unref(en, c);
	return r;
}
