// SPDX-License-Identifier: MIT
/*
 * POST /containers/{id}/update: new limits and restart policy, also while the
 * container runs. The rules are those of moby's container_unix.go
 * (UpdateContainer).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/engine_internal.h"

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
	if (update->pids_limit.set) {
		h->pids_limit = update->pids_limit;
		h->pids_limit.value = MAX(h->pids_limit.value, 0); /* 0: no limit */
	}
	if (!str_empty(update->cpuset_cpus))
		str_replace_ptr(&h->cpuset_cpus, update->cpuset_cpus);
	if (!str_empty(update->cpuset_mems))
		str_replace_ptr(&h->cpuset_mems, update->cpuset_mems);
	if (!str_empty(update->restart_policy.name)) {
		str_replace_ptr(&h->restart_policy.name, update->restart_policy.name);
		h->restart_policy.maximum_retry_count = update->restart_policy.maximum_retry_count;
	}
	return limits_check_memory(h, true, e);
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

static int check_update(const struct container *c, const struct docker_host_config *update,
			struct err *e)
{
	const char *policy = update->restart_policy.name;

	if (c->state == C_REMOVING)
		return err_set(e, ERR_CONFLICT, 0,
			       "container is marked for removal and cannot be \"update\"");
	if (c->host.auto_remove && !str_empty(policy) && !str_eq(policy, "no"))
		return err_set(e, ERR_CONFLICT, 0,
			       "Restart policy cannot be updated because AutoRemove is enabled for "
			       "the container");
	return 0;
}

/* Puts an update into the container. A start that is under way has settled, a later one sees the
 * new limits. */
static int begin_update(struct engine *en, struct container *c, struct change *ch, struct err *e)
{
	MUTEX_GUARD(&en->mu);

	container_settled(en, c);
	if (check_update(c, &ch->asked, e) < 0)
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
	if (limits_apply(en, ch->group, &ch->next, e) == 0)
		return 0;
	if (limits_apply(en, ch->group, &ch->old, &ignored) < 0)
		log_debug(&ignored, "limits of %s are not as before", c->id);
	pthread_mutex_lock(&en->mu);
	adopt(&c->host, &ch->old);
	pthread_mutex_unlock(&en->mu);
	return -1;
}

int engine_container_update(struct engine *en, const char *name, const struct json *body,
			    struct strv *ret_warnings, struct err *e)
{
	struct change *ch = xcalloc(1, sizeof(*ch));
	struct container *c = NULL;
	int r = json_bind(body, &docker_host_config_json, &ch->asked, e);

	if (r < 0)
		err_wrap(e, "invalid JSON");
	/* what is wrong with any container comes before the question which one it is */
	if (r == 0)
		r = limits_check(en, &ch->asked, true, e);
	if (r == 0 && !str_empty(ch->asked.restart_policy.name))
		r = host_check_restart_policy(&ch->asked, e);
	if (r == 0) {
		c = container_get(en, name, e);
		r = c == NULL ? -1 : 0;
	}
	if (r == 0 && update_container(en, c, ch, e) < 0) {
		err_wrap(e, "Cannot update container %s", c->id);
		r = -1;
	}
	if (r == 0) /* a new policy acts on the state, which becomes as lasting as the policy */
		r = container_save(en, c, false, e);
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
