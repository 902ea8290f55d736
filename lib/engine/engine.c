// SPDX-License-Identifier: MIT
/*
 * The engine object: opening (stores, state on disk, containers that run),
 * closing, reloading, and the accessors.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/network_internal.h"

#define SHUTDOWN_TIMEOUT_SEC 15
#define MTU_DEFAULT	     1500

/* an id for /info, kept in the data root as Docker keeps it */
static int read_id(struct engine *en, struct err *e)
{
	CLEANUP(freep) char *path = path_join(en->data_root, "engine-id");
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	unsigned char r[16];

	if (file_read(AT_FDCWD, path, 63, &text, e) == 0 && text.len >= 16) {
		en->id = buf_detach(&text);
		en->id[strcspn(en->id, "\n")] = '\0';
		return 0;
	}
	rand_bytes(r, sizeof(r));
	en->id = xasprintf("%02x%02x%02x%02x-%02x%02x-4%x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
			   r[0], r[1], r[2], r[3], r[4], r[5], r[6] & 15, r[7],
			   (r[8] & 0x3f) | 0x80, r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
	return file_write(AT_FDCWD, path, en->id, strlen(en->id), 0600, FILE_SYNC, e);
}

static char *self_path(void)
{
	char path[4096 - 256];
	const char *sealed = getenv("THIMBLE_EXE"); /* container/seal.h */
	ssize_t n;

	if (sealed != NULL)
		return xstrdup(sealed);
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	return n > 0 ? xstrndup(path, (size_t)n) : xstrdup("/proc/self/exe");
}

static int make_dirs(struct engine *en, struct err *e)
{
	CLEANUP(freep) char *bundles = path_join(en->exec_root, "containers");

	if (path_mkdirs(en->data_root, 0710, e) < 0 || path_mkdirs(en->containers_dir, 0710, e) < 0)
		return -1;
	return path_mkdirs(bundles, 0700, e);
}

static int check_log_options(const struct engine *en, struct err *e)
{
	struct docker_log_config lc = {.type = en->log_driver, .config = en->log_opts};

	return log_check_config(&lc, e) < 0 ? err_wrap(e, "failed to set log opts") : 0;
}

static void copy_options(struct engine *en, const struct engine_options *o)
{
	en->data_root = xstrdup(o->data_root);
	en->exec_root = xstrdup(o->exec_root);
	en->state_dir = xstrdup(o->state_dir);
	en->containers_dir = path_join(o->data_root, "containers");
	en->log_driver = xstrdup(str_empty(o->log_driver) ? "json-file" : o->log_driver);
	json_strmap_copy(&en->log_opts, &o->log_opts);
	strv_copy(&en->dns, &o->dns);
	strv_copy(&en->dns_search, &o->dns_search);
	strv_copy(&en->dns_opts, &o->dns_opts);
	en->mtu = o->mtu != 0 ? o->mtu : MTU_DEFAULT;
	en->init = o->init;
	en->stop_on_shutdown = o->stop_on_shutdown;
	en->experimental = o->experimental;
	en->self_path = self_path();
	en->started_nsec = time_now_nsec();
	engine_reload(en, o);
}

void engine_reload(struct engine *en, const struct engine_options *o)
{
	MUTEX_GUARD(&en->mu);

	en->debug = o->debug;
	en->shutdown_timeout_sec =
		o->shutdown_timeout_sec != 0 ? o->shutdown_timeout_sec : SHUTDOWN_TIMEOUT_SEC;
	strv_clear(&en->labels);
	strv_copy(&en->labels, &o->labels);
	registry_config_copy(&en->registries, &o->registries);
	log_set_level(o->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
}

/* bundles whose container is not known: of removals that a crash cut short. Those of known ones may
 * have a shim: take_back_all() */
static void sweep_bundles(struct engine *en)
{
	CLEANUP(freep) char *dir = path_join(en->exec_root, "containers");
	DIR *d = opendir(dir);
	struct dirent *ent;
	struct err e;

	while (d != NULL && (ent = readdir(d)) != NULL) {
		if (strlen(ent->d_name) == RAND_ID_LEN &&
		    map_get(&en->containers, ent->d_name) == NULL &&
		    path_remove_tree(dirfd(d), ent->d_name, &e) < 0)
			log_warn(&e, "bundle %s", ent->d_name);
	}
	if (d != NULL)
		closedir(d);
}

/* writable layers of containers that are not there; of one that cannot be read it is the user's */
static void sweep_layers(struct engine *en)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	CLEANUP(fd_closep)
	int fd = open(en->containers_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e;

	if (fd >= 0 && walk_names(fd, &ids, &e) == 0)
		storage_rw_sweep(en->storage, &ids);
	storage_layer_sweep(en->storage, NULL);
}

static void take_back_all(struct engine *en)
{
	CLEANUP(freep)
	struct container **all = xcalloc(en->containers.n + 1, sizeof(struct container *));
	size_t n = 0;

	map_for_each (slot, &en->containers)
		all[n++] = slot->value;
	for (size_t i = 0; i < n; i++) {
		if (state_runs(all[i]->state))
			container_take_back(en, all[i]);
		else
			container_undo_start(en, all[i]);
	}
	publish_sweep(en);
	network_sweep(en);
}

/* removals that were under way */
static void finish_removals(struct engine *en)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	struct err e;

	pthread_mutex_lock(&en->mu);
	map_for_each (slot, &en->containers)
		if (((struct container *)slot->value)->state == C_DEAD)
			strv_add(&ids, slot->key);
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < ids.len; i++)
		if (engine_container_remove(en, ids.items[i], false, false, &e) < 0)
			log_warn(&e, "removal of container %s", ids.items[i]);
}

static void tell_driver(struct engine *en)
{
	const struct strv *others = storage_others(en->storage);

	log_info(NULL, "storage driver %s: %s", en->driver, storage_choice(en->storage));
	strv_for_each (other, others)
		log_warn(NULL,
			 "the data root has images of another storage driver, %s: `thimble storage "
			 "migrate` brings them here while no engine runs; they stay as they are, "
			 "and "
			 "come back with --storage-driver",
			 *other);
}

static int open_stores(struct engine *en, const char *driver, struct err *e)
{
	if (storage_open(en->data_root, driver, &en->storage, e) < 0)
		return -1;
	en->driver = storage_driver(en->storage);
	tell_driver(en);
	if (volumes_open(en->data_root, &en->volumes, e) < 0)
		return -1;
	return image_store_open(en->data_root, en->storage, &en->images, e);
}

static int open_uplink(struct engine *en, const struct engine_options *o, struct err *e)
{
	uplink_init(&en->uplink);
	if (uplink_set_gateway(&en->uplink, &o->host_gateway_ips, e) < 0)
		return -1;
	uplink_learn(&en->uplink, en->state_dir);
	if (en->uplink.gateway_given)
		names_gateway(en->names_feed, &en->uplink.gateway, &en->uplink.gateway6);
	return 0;
}

int engine_open(const struct engine_options *o, struct engine **ret, struct err *e)
{
	struct engine *en = xcalloc(1, sizeof(*en));

	pthread_mutex_init(&en->mu, NULL);
	pthread_mutex_init(&en->mount_mu, NULL);
	cond_init(&en->changed);
	map_init(&en->containers, NULL);
	map_init(&en->names, NULL);
	map_init(&en->execs, NULL);
	map_init(&en->networks, NULL);
	en->events = events_new();
	copy_options(en, o);
	en->names_feed = names_new(en->state_dir);
	if (check_log_options(en, e) < 0 || open_uplink(en, o, e) < 0) {
		engine_close(en);
		return -1;
	}
	if (make_dirs(en, e) < 0 || read_id(en, e) < 0 ||
	    open_stores(en, o->storage_driver, e) < 0 || networks_open(en, o, e) < 0 ||
	    containers_load(en, e) < 0) {
		engine_close(en);
		return -1;
	}
	legacy_tell(en);
	cgroup_root_detect(&en->cgroup);
	sweep_bundles(en);
	take_back_all(en);
	cgroup_sweep(&en->cgroup);
	if (names_start(en->names_feed, e) < 0)
		log_warn(e, "names of containers");
	sweep_layers(en);
	finish_removals(en);
	*ret = en;
	return 0;
}

static bool starts_by_policy(const struct container *c)
{
	const char *policy = c->host.restart_policy.name;

	if ((c->state != C_EXITED) || !c->started_before)
		return false;
	return str_eq(policy, "always") ||
	       (str_eq(policy, "unless-stopped") && !c->manually_stopped) ||
	       (str_eq(policy, "on-failure") && c->exit_code != 0 && !c->manually_stopped);
}

void engine_start_policies(struct engine *en)
{
	CLEANUP(strv_clear) struct strv start = STRV_INIT;
	CLEANUP(strv_clear) struct strv drop = STRV_INIT;
	struct err e;

	pthread_mutex_lock(&en->mu);
	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;

		if (starts_by_policy(c))
			strv_add(&start, slot->key);
		else if (c->host.auto_remove && c->state == C_EXITED)
			strv_add(&drop, slot->key);
	}
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < start.len; i++)
		if (engine_container_start(en, start.items[i], &e) < 0)
			log_error(&e, "start of container %s by its restart policy",
				  start.items[i]);
	for (size_t i = 0; i < drop.len; i++)
		if (engine_container_remove(en, drop.items[i], false, true, &e) < 0)
			log_warn(&e, "--rm of container %s", drop.items[i]);
}

struct stop_job {
	struct engine *en;
	char id[RAND_ID_LEN + 1];
};

static void stop_one(void *arg)
{
	struct stop_job *job = arg;
	struct err e;

	if (engine_container_stop(job->en, job->id, NULL, -2, &e) < 0 && e.kind != ERR_NOTMODIFIED)
		log_warn(&e, "stop of container %s", job->id);
	free(job);
}

/* stops all at once and waits for their supervisors, at most the shutdown timeout */
static void stop_all(struct engine *en)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	int64_t deadline = time_mono_ms() + (int64_t)en->shutdown_timeout_sec * 1000;
	struct err e;

	pthread_mutex_lock(&en->mu);
	map_for_each (slot, &en->containers)
		if (state_runs(((struct container *)slot->value)->state))
			strv_add(&ids, slot->key);
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < ids.len; i++) {
		struct stop_job *job = xcalloc(1, sizeof(*job));

		job->en = en;
		str_copy(job->id, ids.items[i], sizeof(job->id));
		if (thread_start(stop_one, job, &e) < 0)
			stop_one(job);
	}
	MUTEX_GUARD(&en->mu);
	while (en->supervisors > 0)
		if (!cond_wait_until(&en->changed, &en->mu, deadline))
			break;
}

/* a stop at shutdown is not the user's: the policies hold at the next start */
static void forget_stops(struct engine *en)
{
	CLEANUP(freep)
	struct container **all = xcalloc(en->containers.n + 1, sizeof(struct container *));
	size_t n = 0;
	struct err e;

	map_for_each (slot, &en->containers) {
		struct container *c = slot->value;

		if (c->stopped_by_shutdown)
			all[n++] = c;
	}
	for (size_t i = 0; i < n; i++) {
		all[i]->manually_stopped = false;
		if (container_save(en, all[i], false, &e) < 0)
			log_warn(&e, "state of container %s is not on disk", all[i]->name);
	}
}

void engine_live_on(struct engine *en)
{
	MUTEX_GUARD(&en->mu);
	en->stop_on_shutdown = false;
}

void engine_close(struct engine *en)
{
	struct err e;
	bool lives_on;

	if (en == NULL)
		return;
	pthread_mutex_lock(&en->mu);
	map_for_each (slot, &en->containers) {
		struct container *c = slot->value;

		c->stopped_by_shutdown =
			en->stop_on_shutdown && state_runs(c->state) && !c->manually_stopped;
	}
	pthread_mutex_unlock(&en->mu);
	if (en->stop_on_shutdown) {
		stop_all(en);
		forget_stops(en);
	}
	if (en->volumes != NULL && volumes_give_back(en->volumes, &e) < 0)
		log_warn(&e, "Docker will not know labels and options of volumes");
	/* Supervisors of containers that live on hold references to all of this: the process ends
	 * right after, and frees it. Only what must reach the disk is closed. */
	pthread_mutex_lock(&en->mu);
	lives_on = en->supervisors > 0;
	pthread_mutex_unlock(&en->mu);
	if (lives_on)
		return;
	image_store_close(en->images);
	volumes_free(en->volumes);
	storage_free(en->storage);
	netns_client_free(en->netns);
	names_free(en->names_feed);
	cgroup_root_clear(&en->cgroup);
	map_for_each (slot, &en->containers)
		container_unref(en, slot->value);
	map_clear(&en->containers);
	map_clear(&en->names);
	map_clear(&en->execs);
	events_free(en->events);
	networks_close(en);
	registry_config_clear(&en->registries);
	strv_clear(&en->labels);
	strv_clear(&en->dns);
	strv_clear(&en->dns_search);
	strv_clear(&en->dns_opts);
	json_strmap_clear(&en->log_opts);
	free(en->data_root);
	free(en->exec_root);
	free(en->state_dir);
	free(en->containers_dir);
	free(en->log_driver);
	free(en->self_path);
	free(en->id);
	pthread_mutex_destroy(&en->mu);
	pthread_mutex_destroy(&en->mount_mu);
	free(en);
}

void engine_listens(struct engine *en, const struct feed_listener *l, size_t n)
{
	names_listeners(en->names_feed, l, n);
}

struct image_store *engine_images(struct engine *en)
{
	return en->images;
}

void engine_registries(struct engine *en, struct registry_config *ret)
{
	MUTEX_GUARD(&en->mu);

	memset(ret, 0, sizeof(*ret));
	registry_config_copy(ret, &en->registries);
}
