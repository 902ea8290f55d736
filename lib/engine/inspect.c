// SPDX-License-Identifier: MIT
/* What a container looks like from outside: inspect, and one row of the list. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine_internal.h"

/* waits for its restart, or is being restarted */
static bool restarting(const struct container *c)
{
	return c->state == C_RESTARTING || (c->state == C_STARTING && c->backoff_ms != 0);
}

const char *container_status_word(const struct container *c)
{
	if (restarting(c))
		return state_name(C_RESTARTING);
	if (c->state == C_STARTING && c->started_before)
		return state_name(C_EXITED);
	return state_name(c->state);
}

void container_state_snapshot(const struct container *c, struct docker_state *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->status = xstrdup(container_status_word(c));
	ret->running = state_runs(c->state) || restarting(c);
	ret->paused = c->state == C_PAUSED;
	ret->restarting = restarting(c);
	ret->dead = c->state == C_DEAD;
	ret->oom_killed = c->oom_killed;
	ret->pid = c->pid;
	ret->exit_code = c->exit_code;
	ret->error = xstrdup(c->error);
	ret->started_nsec = c->started_nsec;
	ret->finished_nsec = c->finished_nsec;
	if (c->health != NULL) {
		ret->health = xcalloc(1, sizeof(*ret->health));
		json_struct_copy(&docker_health_json, ret->health, c->health);
	}
}

static void copy_mounts(const struct container *c, void *array)
{
	for (size_t i = 0; i < c->mounts.len; i++)
		json_struct_copy(&docker_mount_point_json,
				 json_array_add(array, &docker_mount_point_json),
				 &c->mounts.items[i].point);
}

/* with mu held */
static void snapshot(struct engine *en, const struct container *c, struct docker_inspect *ret)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	const struct exec *x;

	ret->id = xstrdup(c->id);
	ret->created_nsec = c->created_nsec;
	ret->path = xstrdup(c->path);
	strv_copy(&ret->args, &c->args);
	container_state_snapshot(c, &ret->state);
	ret->image = xstrdup(c->image_id);
	ret->resolv_conf_path = path_join(dir, "resolv.conf");
	ret->hostname_path = path_join(dir, "hostname");
	ret->hosts_path = path_join(dir, "hosts");
	ret->log_path = str_eq(c->host.log_config.type, "json-file")
				? xasprintf("%s/%s-json.log", dir, c->id)
				: NULL;
	ret->name = xasprintf("/%s", c->name);
	ret->restart_count = c->restart_count;
	ret->driver = xstrdup(en->driver);
	ret->platform = xstrdup("linux");
	ret->apparmor_profile = xstrdup(c->apparmor);
	list_for_each (x, &c->execs, link)
		if (x->state != EXEC_EXITED)
			strv_add(&ret->exec_ids, x->id);
	json_struct_copy(&docker_host_config_json, &ret->host_config, &c->host);
	links_show(en, c, &ret->host_config.links);
	json_struct_copy(&docker_config_json, &ret->config, &c->config);
	json_struct_copy(&docker_network_settings_json, &ret->network_settings, &c->net);
	copy_mounts(c, &ret->mounts);
}

static void add_graph_driver(struct engine *en, struct docker_inspect *ret)
{
	CLEANUP(strv_clear) struct strv pairs = STRV_INIT;
	struct err e;

	ret->graph_driver.name = xstrdup(en->driver);
	if (storage_rw_graph_data(en->storage, ret->id, &pairs, &e) < 0)
		return;
	for (size_t i = 0; i + 1 < pairs.len; i += 2)
		json_strmap_set(&ret->graph_driver.data, pairs.items[i], pairs.items[i + 1]);
	json_strmap_set(&ret->graph_driver.data, "ID", ret->id);
}

static void add_sizes(struct engine *en, struct docker_inspect *ret)
{
	uint64_t rw, root;
	struct err e;

	if (storage_rw_size(en->storage, ret->id, &rw, &e) < 0 ||
	    storage_rw_root_size(en->storage, ret->id, &root, &e) < 0) {
		log_debug(&e, "size of %s", ret->id);
		return;
	}
	ret->size_rw = (struct json_opt_i64){.set = true, .value = (int64_t)rw};
	ret->size_root_fs = (struct json_opt_i64){.set = true, .value = (int64_t)root};
}

int engine_container_inspect(struct engine *en, const char *name, bool size,
			     struct docker_inspect *ret, struct err *e)
{
	struct container *c;

	memset(ret, 0, sizeof(*ret));
	pthread_mutex_lock(&en->mu);
	c = container_find(en, name, e);
	if (c != NULL)
		snapshot(en, c, ret);
	pthread_mutex_unlock(&en->mu);
	if (c == NULL)
		return -1;
	add_graph_driver(en, ret);
	if (size)
		add_sizes(en, ret);
	return 0;
}

/* --- rows --- */

/* go-units' HumanDuration */
static char *human_duration(int64_t nsec)
{
	int64_t sec = nsec / 1000000000, min = sec / 60, hours = (sec + 1800) / 3600;

	if (sec < 1)
		return xstrdup("Less than a second");
	if (sec == 1)
		return xstrdup("1 second");
	if (sec < 60)
		return xasprintf("%" PRId64 " seconds", sec);
	if (min == 1)
		return xstrdup("About a minute");
	if (min < 60)
		return xasprintf("%" PRId64 " minutes", min);
	if (hours == 1)
		return xstrdup("About an hour");
	if (hours < 48)
		return xasprintf("%" PRId64 " hours", hours);
	if (hours < 24 * 7 * 2)
		return xasprintf("%" PRId64 " days", hours / 24);
	if (hours < 24 * 30 * 2)
		return xasprintf("%" PRId64 " weeks", hours / 24 / 7);
	if (hours < 24 * 365 * 2)
		return xasprintf("%" PRId64 " months", hours / 24 / 30);
	return xasprintf("%" PRId64 " years", hours / 24 / 365);
}

static char *status_text(const struct container *c, int64_t now)
{
	CLEANUP(freep) char *up = human_duration(now - c->started_nsec);
	CLEANUP(freep) char *ago = human_duration(now - c->finished_nsec);

	switch (c->state) {
	case C_RUNNING:
		if (c->health != NULL && str_eq(c->health->status, "starting"))
			return xasprintf("Up %s (health: starting)", up);
		if (c->health != NULL)
			return xasprintf("Up %s (%s)", up, c->health->status);
		return xasprintf("Up %s", up);
	case C_PAUSED:
		return xasprintf("Up %s (Paused)", up);
	case C_RESTARTING:
		return xasprintf("Restarting (%d) %s ago", c->exit_code, ago);
	case C_REMOVING:
		return xstrdup("Removal In Progress");
	case C_DEAD:
		return xstrdup("Dead");
	case C_EXITED:
		if (c->finished_nsec == 0)
			return xstrdup("Created");
		return xasprintf("Exited (%d) %s ago", c->exit_code, ago);
	default:
		return xstrdup("Created");
	}
}

static char *command_text(const struct container *c)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	buf_addstr(&b, c->path != NULL ? c->path : "");
	for (size_t i = 0; i < c->args.len; i++)
		buf_addf(&b, strchr(c->args.items[i], ' ') != NULL ? " '%s'" : " %s",
			 c->args.items[i]);
	return buf_detach(&b);
}

static void add_ports(const struct container *c, struct docker_summary *row)
{
	for (size_t i = 0; i < c->net.ports.len; i++) {
		const struct json_map_entry *entry = &c->net.ports.items[i];
		const struct json_array *bindings = entry->value;
		struct port_range r;
		struct err ignored;
		size_t n = bindings != NULL ? bindings->len : 0;

		if (port_parse(entry->key, &r, &ignored) < 0)
			continue;
		for (size_t k = 0; k < MAX(n, 1); k++) {
			struct docker_port *p = json_array_add(&row->ports, &docker_port_json);
			uint64_t host_port = 0;

			p->private_port = r.first;
			p->type = xstrdup(port_proto_name(r.proto));
			if (n > 0) {
				const struct docker_port_binding *b =
					(struct docker_port_binding *)bindings->items + k;

				p->ip = xstrdup(b->host_ip);
				if (str_u64(b->host_port, 65535, &host_port) == 0)
					p->public_port = (int64_t)host_port;
			}
		}
	}
}

void container_row(const struct container *c, int64_t now, struct docker_summary *row)
{
	row->id = xstrdup(c->id);
	strv_addf(&row->names, "/%s", c->name);
	row->image = xstrdup(c->config.image);
	row->image_id = xstrdup(c->image_id);
	row->command = command_text(c);
	row->created_sec = c->created_nsec / 1000000000;
	add_ports(c, row);
	json_strmap_copy(&row->labels, &c->config.labels);
	row->state = xstrdup(container_status_word(c));
	row->status = status_text(c, now);
	row->host_config.network_mode = xstrdup(c->host.network_mode);
	for (size_t i = 0; i < c->net.networks.len; i++) {
		struct docker_endpoint *to = json_map_add(
			&row->network_settings.networks, c->net.networks.items[i].key, sizeof(*to));

		json_struct_copy(&docker_endpoint_json, to, c->net.networks.items[i].value);
	}
	copy_mounts(c, &row->mounts);
}
