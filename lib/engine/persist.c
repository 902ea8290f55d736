// SPDX-License-Identifier: MIT
/*
 * Containers on disk: containers/<id>/config.v2.json and hostconfig.json in
 * the form that Docker 20.10-28 writes, so that one can take over from the
 * other. Each file is written whole and renamed; creation is synced, changes
 * of state only with a restart policy, which the next boot follows: after a
 * power cut a container is at worst seen in the state before, and start-up
 * looks at what really runs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"

/* what --mount asked for, from which Docker takes the options when it starts the container */
static void write_mount_spec(struct json_w *w, const struct container *c, const char *destination)
{
	for (size_t i = 0; i < c->host.mounts.len; i++) {
		const struct docker_mount *dm = &c->host.mounts.items[i];
		CLEANUP(freep) char *clean = path_clean(dm->target);

		if (str_eq(clean, destination)) {
			jw_key(w, "Spec");
			json_unbind(w, &docker_mount_json, dm);
		}
	}
}

static void write_mounts(struct json_w *w, const struct container *c)
{
	jw_kobj(w, "MountPoints");
	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct container_mount *m = &c->mounts.items[i];

		jw_key(w, m->point.destination);
		jw_obj(w);
		json_unbind_fields(w, &container_mount_json, m);
		jw_kstr(w, "Relabel", m->point.mode); /* Docker's word for Mode */
		jw_kbool(w, "SkipMountpointCreation",
			 str_eq(m->point.type, "bind") && !m->create_source);
		write_mount_spec(w, c, m->point.destination);
		jw_end(w);
	}
	jw_end(w);
}

static void write_state(struct json_w *w, const struct container *c)
{
	struct docker_state s = {0};

	container_state_snapshot(c, &s);
	jw_kobj(w, "State");
	json_unbind_fields(w, &docker_state_json, &s);
	jw_kbool(w, "RemovalInProgress", c->state == C_REMOVING);
	jw_ku64(w, "StartTicks", c->start_ticks);
	jw_end(w);
	json_struct_clear(&docker_state_json, &s);
}

static void write_time(struct json_w *w, const char *key, int64_t nsec)
{
	char text[TIME_RFC3339_SIZE];

	time_format(nsec, text);
	jw_kstr(w, key, text);
}

static void write_ports(struct json_w *w, const struct container *c)
{
	jw_karr(w, "PublishedPorts");
	for (size_t i = 0; i < c->ports.len; i++) {
		const struct container_port *p = &c->ports.items[i];

		jw_obj(w);
		jw_ku64(w, "Id", p->id);
		jw_ki64(w, "Proto", p->proto);
		jw_ki64(w, "HostPort", p->host_port);
		jw_kbool(w, "Ephemeral", p->ephemeral);
		jw_end(w);
	}
	jw_end(w);
}

/* config.v2.json as text; with mu held */
static void serialize(struct engine *en, const struct container *c, struct buf *out)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	char id[DIGEST_SIZE];
	struct json_w w;

	str_copy(id, c->image_id, sizeof(id));
	jw_init(&w, out);
	jw_obj(&w);
	jw_kobj(&w, "StreamConfig");
	jw_end(&w);
	write_state(&w, c);
	jw_kstr(&w, "ID", c->id);
	write_time(&w, "Created", c->created_nsec);
	jw_kbool(&w, "Managed", false);
	jw_kstr(&w, "Path", c->path);
	jw_karr(&w, "Args");
	for (size_t i = 0; i < c->args.len; i++)
		jw_str(&w, c->args.items[i]);
	jw_end(&w);
	jw_key(&w, "Config");
	json_unbind(&w, &docker_config_json, &c->config);
	jw_kstr(&w, "Image", id);
	jw_key(&w, "NetworkSettings");
	json_unbind(&w, &docker_network_settings_state_json, &c->net);
	jw_key(&w, "LogPath");
	if (str_eq(c->host.log_config.type, "json-file"))
		jw_strf(&w, "%s/%s-json.log", dir, c->id);
	else
		jw_str(&w, "");
	jw_key(&w, "Name");
	jw_strf(&w, "/%s", c->name);
	jw_kstr(&w, "Driver", en->driver);
	jw_kstr(&w, "OS", c->os);
	jw_ki64(&w, "RestartCount", c->restart_count);
	jw_kbool(&w, "HasBeenStartedBefore", c->started_before);
	jw_kbool(&w, "HasBeenManuallyStopped", c->manually_stopped);
	write_mounts(&w, c);
	jw_kstr(&w, "AppArmorProfile", c->apparmor);
	jw_key(&w, "HostnamePath");
	jw_strf(&w, "%s/hostname", dir);
	jw_key(&w, "HostsPath");
	jw_strf(&w, "%s/hosts", dir);
	jw_kstr(&w, "ShmPath", "");
	jw_key(&w, "ResolvConfPath");
	jw_strf(&w, "%s/resolv.conf", dir);
	jw_kstr(&w, "SeccompProfile",
		str_eq(c->seccomp, "profile")	? c->seccomp_profile
		: str_eq(c->seccomp, "default") ? "" /* Docker would read it as a profile */
						: c->seccomp);
	jw_kbool(&w, "NoNewPrivileges", c->no_new_privileges);
	jw_kstr(&w, "CgroupPath", c->cgroup);
	write_ports(&w, c);
	jw_karr(&w, "Links");
	for (size_t i = 0; i < c->links.len; i++)
		json_unbind(&w, &container_link_json, &c->links.items[i]);
	jw_end(&w);
	jw_end(&w);
}

static int write_file(struct engine *en, struct container *c, const char *name,
		      const struct buf *text, enum file_sync sync, struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep) char *path = path_join(dir, name);

	return file_write(AT_FDCWD, path, text->data, text->len, 0600, sync, e);
}

int container_save(struct engine *en, struct container *c, bool sync, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	MUTEX_GUARD(&c->save_mu);

	if (c->dir_removed)
		return 0;
	pthread_mutex_lock(&en->mu);
	serialize(en, c, &text);
	pthread_mutex_unlock(&en->mu);
	return write_file(en, c, "config.v2.json", &text, sync ? FILE_SYNC : FILE_WHOLE, e);
}

int container_save_run(struct engine *en, struct container *c, struct err *e)
{
	bool sync;

	pthread_mutex_lock(&en->mu);
	sync = !str_eq(c->host.restart_policy.name, "no");
	pthread_mutex_unlock(&en->mu);
	return container_save(en, c, sync, e);
}

int container_save_host(struct engine *en, struct container *c, enum file_sync sync, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct json_w w;
	MUTEX_GUARD(&c->save_mu);

	jw_init(&w, &text);
	pthread_mutex_lock(&en->mu);
	json_unbind(&w, &docker_host_config_json, &c->host);
	pthread_mutex_unlock(&en->mu);
	return write_file(en, c, "hostconfig.json", &text, sync, e);
}

static int read_json(const char *dir, const char *name, struct json **ret, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (file_read(AT_FDCWD, path, ENGINE_STATE_FILE_MAX, &text, e) < 0)
		return -1;
	if (json_parse(text.data, text.len, ret, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

static int64_t read_time(const struct json *v, const char *key)
{
	const char *text = json_get_str(v, key);
	struct err ignored;
	int64_t nsec = 0;

	if (text != NULL && time_parse(text, &nsec, &ignored) < 0)
		nsec = 0;
	return nsec;
}

/* which state a container was left in; what really runs is looked at afterwards */
static enum container_state state_from(const struct docker_state *s, bool removing)
{
	if (removing || s->dead)
		return C_DEAD;
	if (s->paused)
		return C_PAUSED;
	if (s->running && !s->restarting)
		return C_RUNNING;
	return s->started_nsec != 0 || s->restarting ? C_EXITED : C_CREATED;
}

static int read_state(struct container *c, const struct json *v, struct err *e)
{
	struct docker_state s = {0};
	const struct json *state = json_get(v, "State");
	int64_t ticks = json_get_i64(state, "StartTicks", 0);

	if (json_bind(state, &docker_state_json, &s, e) < 0)
		return -1;
	c->state = state_from(&s, json_get_bool(state, "RemovalInProgress", false));
	c->pid = s.pid;
	c->start_ticks = (uint64_t)ticks;
	c->exit_code = (int)s.exit_code;
	c->error = TAKE(s.error);
	c->started_nsec = s.started_nsec;
	c->finished_nsec = s.finished_nsec;
	c->oom_killed = s.oom_killed;
	c->health = TAKE(s.health);
	json_struct_clear(&docker_state_json, &s);
	return 0;
}

static int read_mounts(struct engine *en, struct container *c, const struct json *v, struct err *e)
{
	json_for_each (m, json_get(v, "MountPoints")) {
		struct container_mount *to = json_array_add(&c->mounts, &container_mount_json);

		if (json_bind(m, &container_mount_json, to, e) < 0 ||
		    (json_get(m, "Mode") == NULL && mount_from_docker(en, to, m, e) < 0))
			return -1;
	}
	return 0;
}

static void read_ports(struct container *c, const struct json *v)
{
	json_for_each (p, json_get(v, "PublishedPorts")) {
		struct container_port *to;

		c->ports.items =
			xrealloc(c->ports.items, (c->ports.len + 1) * sizeof(*c->ports.items));
		to = &c->ports.items[c->ports.len++];
		to->id = (uint64_t)json_get_i64(p, "Id", 0);
		to->proto = json_get_i64(p, "Proto", 0) == PORT_UDP ? PORT_UDP : PORT_TCP;
		to->host_port = (uint16_t)json_get_i64(p, "HostPort", 0);
		to->ephemeral = json_get_bool(p, "Ephemeral", false);
	}
}

static void read_seccomp(struct container *c, const char *text)
{
	bool own = text != NULL && *text == '{';

	c->seccomp = xstrdup(own ? "profile" : str_empty(text) ? "default" : text);
	c->seccomp_profile = own ? xstrdup(text) : NULL;
}

static int read_config(struct engine *en, struct container *c, const struct json *v, struct err *e)
{
	const char *name = json_get_str(v, "Name"), *image = json_get_str(v, "Image");

	if (str_empty(name) || image == NULL)
		return err_set(e, ERR_INVALID, 0, "no Name or no Image");
	c->name = xstrdup(name + (*name == '/'));
	str_copy(c->image_id, image, sizeof(c->image_id));
	c->created_nsec = read_time(v, "Created");
	c->path = xstrdup(json_get_str(v, "Path"));
	json_for_each (arg, json_get(v, "Args"))
		strv_add(&c->args, json_str(arg) != NULL ? json_str(arg) : "");
	c->os = xstrdup("linux");
	c->restart_count = json_get_i64(v, "RestartCount", 0);
	c->started_before = json_get_bool(v, "HasBeenStartedBefore", false);
	c->manually_stopped = json_get_bool(v, "HasBeenManuallyStopped", false);
	c->apparmor = xstrdup(json_get_str(v, "AppArmorProfile"));
	c->no_new_privileges = json_get_bool(v, "NoNewPrivileges", false);
	if (!str_empty(json_get_str(v, "CgroupPath")))
		c->cgroup = xstrdup(json_get_str(v, "CgroupPath"));
	json_for_each (link, json_get(v, "Links"))
		if (json_bind(link, &container_link_json,
			      json_array_add(&c->links, &container_link_json), e) < 0)
			return -1;
	read_seccomp(c, json_get_str(v, "SeccompProfile"));
	read_ports(c, v);
	if (json_bind(json_get(v, "Config"), &docker_config_json, &c->config, e) < 0 ||
	    read_state(c, v, e) < 0)
		return -1;
	if (json_kind(json_get(v, "NetworkSettings")) == JSON_OBJECT &&
	    json_bind(json_get(v, "NetworkSettings"), &docker_network_settings_state_json, &c->net,
		      e) < 0)
		return -1;
	return read_mounts(en, c, v, e);
}

/* what Docker leaves to be found out at each start */
static void take_docker_words(struct container *c)
{
	if (c->host.privileged && str_eq(c->seccomp, "default"))
		str_replace_ptr(&c->seccomp, "unconfined");
	if (str_empty(c->host.network_mode) || str_eq(c->host.network_mode, "default"))
		str_replace_ptr(&c->host.network_mode, BRIDGE_DEFAULT);
}

/* 1 loaded, 0 it is another storage driver's, whose layers are not seen now (as Docker) */
static int load_one(struct engine *en, const char *id, struct container **ret, struct err *e)
{
	CLEANUP(freep) char *dir = path_join(en->containers_dir, id);
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *host = NULL;
	struct container *c = container_new();

	str_copy(c->id, id, sizeof(c->id));
	if (read_json(dir, "config.v2.json", &v, e) < 0 ||
	    read_json(dir, "hostconfig.json", &host, e) < 0 || read_config(en, c, v, e) < 0 ||
	    json_bind(host, &docker_host_config_json, &c->host, e) < 0) {
		container_unref(en, c);
		return -1;
	}
	if (!str_empty(json_get_str(v, "Driver")) &&
	    !str_eq(json_get_str(v, "Driver"), en->driver)) {
		container_unref(en, c);
		return 0;
	}
	take_docker_words(c);
	*ret = c;
	return 1;
}

/* a creation that never finished: no config.v2.json was written; nobody was told of it */
static bool remove_leftover(struct engine *en, const char *id)
{
	CLEANUP(freep) char *dir = path_join(en->containers_dir, id);
	CLEANUP(freep) char *config = path_join(dir, "config.v2.json");
	struct err e;

	if (path_exists(config))
		return false;
	if (path_remove_tree(AT_FDCWD, dir, &e) < 0)
		log_warn(&e, "cannot remove an unfinished container");
	return true;
}

int containers_load(struct engine *en, struct err *e)
{
	DIR *d = opendir(en->containers_dir);
	struct dirent *ent;
	unsigned n_others = 0;

	if (d == NULL)
		return err_sys(e, "open %s", en->containers_dir);
	while ((ent = readdir(d)) != NULL) {
		struct container *c = NULL;
		struct err why;
		int r;

		if (strlen(ent->d_name) != RAND_ID_LEN || !str_is_hex(ent->d_name, RAND_ID_LEN))
			continue;
		r = load_one(en, ent->d_name, &c, &why);
		n_others += r == 0;
		if (r < 0) {
			if (!remove_leftover(en, ent->d_name))
				log_warn(&why, "container %s cannot be loaded", ent->d_name);
		}
		if (r <= 0)
			continue;
		if (map_get(&en->names, c->name) != NULL) {
			log_warn(NULL, "container %s: name %s is in use, taking the id", c->id,
				 c->name);
			str_replace_ptr(&c->name, c->id);
		}
		map_put(&en->containers, c->id, c);
		map_put(&en->names, c->name, c);
	}
	closedir(d);
	map_for_each (slot, &en->containers)
		links_restore(en, slot->value);
	if (n_others > 0)
		log_info(NULL, "%u containers of other storage drivers stay as they are", n_others);
	return 0;
}
