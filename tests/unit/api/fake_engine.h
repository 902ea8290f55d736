// SPDX-License-Identifier: MIT
/*
 * An engine without processes for the tests of the API: one container "c1", one
 * exec "e1", one volume "v1", the predefined networks, a real but empty image
 * store. Included by one test file a binary, it takes the engine's place.
 */
#ifndef TESTS_API_FAKE_ENGINE_H
#define TESTS_API_FAKE_ENGINE_H

#include <string.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/container.h"
#include "engine/event.h"
#include "engine/exec.h"
#include "engine/network.h"
#include "engine/resource.h"

#define FAKE_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct engine {
	struct image_store *images;
	bool tty;
	char last[256]; /* what the last verb was called with */
};

static inline int fake_find(struct engine *en, const char *name, struct err *e)
{
	if (str_eq(name, "c1") || str_eq(name, FAKE_ID))
		return 0;
	(void)en;
	return err_set(e, ERR_NOTFOUND, 0, "No such container: %s", name);
}

#define FAKE_VERB(...)                                             \
	do {                                                       \
		if (fake_find(en, name, e) < 0)                    \
			return -1;                                 \
		snprintf(en->last, sizeof(en->last), __VA_ARGS__); \
		return 0;                                          \
	} while (0)

struct image_store *engine_images(struct engine *en)
{
	return en->images;
}

void engine_registries(struct engine *en, struct registry_config *ret)
{
	(void)en;
	memset(ret, 0, sizeof(*ret));
}

void engine_info(struct engine *en, struct engine_info *ret)
{
	(void)en;
	ret->driver = xstrdup("overlay2");
	strv_add(&ret->driver_status, "Backing Filesystem");
	strv_add(&ret->driver_status, "tmpfs");
}

void engine_info_clear(struct engine_info *i)
{
	free(i->driver);
	strv_clear(&i->driver_status);
}

void engine_df(struct engine *en, struct engine_df *ret)
{
	(void)en;
	ret->layers_bytes = 7;
}

int engine_container_create(struct engine *en, const char *name, const char *platform,
			    struct docker_create_request *req, char *ret_id,
			    struct strv *ret_warnings, struct err *e)
{
	snprintf(en->last, sizeof(en->last), "create %s %s %s", name != NULL ? name : "-",
		 platform != NULL ? platform : "-", req->config.image);
	json_struct_clear(&docker_create_request_json, req);
	if (str_eq(name, "c1"))
		return err_set(e, ERR_CONFLICT, 0, "Conflict.");
	strv_add(ret_warnings, "careful");
	str_copy(ret_id, FAKE_ID, 65);
	return 0;
}

int engine_container_start(struct engine *en, const char *name, struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	return err_set(e, ERR_NOTMODIFIED, 0, "already started");
}

int engine_container_stop(struct engine *en, const char *name, const char *signal, int timeout_sec,
			  struct err *e)
{
	FAKE_VERB("stop %s %d", signal != NULL ? signal : "-", timeout_sec);
}

int engine_container_restart(struct engine *en, const char *name, const char *signal,
			     int timeout_sec, struct err *e)
{
	FAKE_VERB("restart %s %d", signal != NULL ? signal : "-", timeout_sec);
}

int engine_container_kill(struct engine *en, const char *name, const char *signal, struct err *e)
{
	FAKE_VERB("kill %s", signal);
}

int engine_container_pause(struct engine *en, const char *name, bool paused, struct err *e)
{
	FAKE_VERB("pause %d", paused);
}

int engine_container_rename(struct engine *en, const char *name, const char *new_name,
			    struct err *e)
{
	FAKE_VERB("rename %.99s", new_name);
}

int engine_container_remove(struct engine *en, const char *name, bool force, bool volumes,
			    struct err *e)
{
	FAKE_VERB("remove %d %d", force, volumes);
}

int engine_container_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_ids,
			   int64_t *ret_bytes, struct err *e)
{
	(void)en;
	(void)f;
	(void)e;
	strv_add(ret_ids, FAKE_ID);
	*ret_bytes = 5;
	return 0;
}

int engine_container_resize(struct engine *en, const char *name, unsigned rows, unsigned cols,
			    struct err *e)
{
	FAKE_VERB("resize %u %u", rows, cols);
}

int engine_container_update(struct engine *en, const char *name, const struct json *body,
			    struct strv *ret_warnings, struct err *e)
{
	(void)ret_warnings;
	FAKE_VERB("update %zu", json_len(body));
}

int engine_container_inspect(struct engine *en, const char *name, bool size,
			     struct docker_inspect *ret, struct err *e)
{
	(void)size;
	if (fake_find(en, name, e) < 0)
		return -1;
	ret->id = xstrdup(FAKE_ID);
	return 0;
}

int engine_container_list(struct engine *en, bool all, bool size, int64_t limit,
			  const struct engine_filters *f, struct engine_summaries *ret,
			  struct err *e)
{
	struct docker_summary *s;

	(void)f;
	(void)e;
	snprintf(en->last, sizeof(en->last), "list %d %d %lld", all, size, (long long)limit);
	s = json_array_add(&ret->list, &docker_summary_json);
	s->id = xstrdup(FAKE_ID);
	strv_add(&s->names, "/c1");
	return 0;
}

void engine_summaries_clear(struct engine_summaries *s)
{
	json_array_clear(&s->list, &docker_summary_json);
}

int engine_wait_begin(struct engine *en, const char *name, enum engine_wait_condition cond,
		      struct engine_wait **ret, struct err *e)
{
	*ret = NULL;
	FAKE_VERB("wait %d", cond);
}

int engine_wait_end(struct engine_wait *w, int client_fd, int *ret_code, char **ret_error,
		    struct err *e)
{
	(void)w;
	(void)client_fd;
	(void)e;
	*ret_error = NULL;
	*ret_code = 3;
	return 0;
}

struct engine_attach_claim {
	struct engine *en;
};

int engine_attach_begin(struct engine *en, const char *name, const struct engine_attach *a,
			struct engine_attach_claim **ret, bool *ret_tty, struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	if (str_eq(a->detach_keys, "bad"))
		return err_set(e, ERR_INVALID, 0, "Invalid detach keys (bad) provided");
	*ret_tty = en->tty;
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->en = en;
	return 0;
}

/* The "process" answers once and ends. */
static inline int fake_talk(struct engine *en, const struct engine_attach *a, struct err *e)
{
	snprintf(en->last, sizeof(en->last), "talk %d%d%d%d%d%d %.*s", a->in, a->out, a->err,
		 a->logs, a->stream, a->multiplexed, (int)MIN(a->n_leftover, 100),
		 a->leftover != NULL ? (const char *)a->leftover : "");
	return a->client_fd < 0 ? 0 : fd_write_all(a->client_fd, "spoken", 6, e);
}

int engine_attach_finish(struct engine_attach_claim *claim, const struct engine_attach *a,
			 struct err *e)
{
	struct engine *en = claim->en;

	free(claim);
	return a == NULL ? 0 : fake_talk(en, a, e);
}

int engine_logs_check(struct engine *en, const char *name, bool *ret_tty, struct err *e)
{
	*ret_tty = en->tty;
	return fake_find(en, name, e);
}

int engine_container_logs(struct engine *en, const char *name, const struct engine_logs *l,
			  struct err *e)
{
	(void)name;
	snprintf(en->last, sizeof(en->last), "logs %d%d%d%d%d %lld", l->out, l->err, l->follow,
		 l->timestamps, l->details, (long long)l->tail);
	if (l->write(l->arg, false, "out\n", 4) < 0 || l->write(l->arg, true, "err\n", 4) < 0 ||
	    l->flush(l->arg) < 0)
		return err_set(e, ERR_CANCELLED, 0, "client left");
	return 0;
}

int engine_container_top(struct engine *en, const char *name, const char *ps_args,
			 struct engine_top *ret, struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	strv_add(&ret->titles, "PID");
	ret->rows = xcalloc(1, sizeof(*ret->rows));
	ret->n_rows = 1;
	strv_add(&ret->rows[0], ps_args != NULL ? ps_args : "1");
	return 0;
}

void engine_top_clear(struct engine_top *t)
{
	strv_clear(&t->titles);
	for (size_t i = 0; i < t->n_rows; i++)
		strv_clear(&t->rows[i]);
	free(t->rows);
}

int engine_container_changes(struct engine *en, const char *name,
			     void (*fn)(void *arg, int kind, const char *path), void *arg,
			     struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	fn(arg, 1, "/new");
	return 0;
}

int engine_archive_stat(struct engine *en, const char *name, const char *path, struct buf *ret_json,
			struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	buf_addf(ret_json, "{\"name\":\"%zu\"}", strlen(path));
	return 0;
}

int engine_archive_get(struct engine *en, const char *name, const char *path, struct buf *ret_json,
		       int *ret_fd, struct engine_copy **ret, struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	buf_addf(ret_json, "{\"name\":\"%zu\"}", path != NULL ? strlen(path) : 0);
	*ret = NULL;
	*ret_fd = fd_memfile("tar", "TAR", 3, e);
	return *ret_fd < 0 ? -1 : 0;
}

int engine_archive_put(struct engine *en, const char *name, const char *path,
		       bool no_overwrite_dir_nondir, bool copy_uid_gid, int *ret_fd,
		       struct engine_copy **ret, struct err *e)
{
	(void)path;
	if (fake_find(en, name, e) < 0)
		return -1;
	snprintf(en->last, sizeof(en->last), "put %d %d", no_overwrite_dir_nondir, copy_uid_gid);
	*ret = NULL;
	*ret_fd = fd_memfile("tar", "", 0, e);
	return *ret_fd < 0 ? -1 : 0;
}

int engine_copy_finish(struct engine_copy *c, struct err *e)
{
	(void)c;
	(void)e;
	return 0;
}

void engine_copy_cancel(struct engine_copy *c)
{
	(void)c;
}

int engine_container_stats(struct engine *en, const char *name, struct engine_stats *ret,
			   struct err *e)
{
	if (fake_find(en, name, e) < 0)
		return -1;
	str_copy(ret->id, FAKE_ID, sizeof(ret->id));
	ret->name = xstrdup("/c1");
	return 0;
}

void engine_stats_clear(struct engine_stats *s)
{
	free(s->name);
	memset(s, 0, sizeof(*s));
}

int engine_events(struct engine *en, const struct engine_listen *l, struct err *e)
{
	struct engine_event ev = {
		.type = "container", .action = "start", .id = FAKE_ID, .at_nsec = 1500000000};
	int r;

	(void)en;
	json_strmap_set(&ev.attributes, "image", "hello");
	r = l->ready(l->arg) < 0 || l->write(l->arg, &ev) < 0
		    ? err_set(e, ERR_CANCELLED, 0, "client left")
		    : 0;
	json_strmap_clear(&ev.attributes);
	return r;
}

int engine_exec_create(struct engine *en, const char *name, struct docker_exec_config *c,
		       char *ret_id, struct err *e)
{
	json_struct_clear(&docker_exec_config_json, c);
	str_copy(ret_id, FAKE_ID, 65);
	return fake_find(en, name, e);
}

int engine_exec_check(struct engine *en, const char *id, bool *ret_tty, struct err *e)
{
	*ret_tty = en->tty;
	return str_eq(id, "e1") ? 0 : err_set(e, ERR_NOTFOUND, 0, "No such exec instance: %s", id);
}

int engine_exec_start(struct engine *en, const char *id, const struct engine_attach *a,
		      unsigned rows, unsigned cols, struct err *e)
{
	(void)id;
	(void)rows;
	(void)cols;
	return fake_talk(en, a, e);
}

int engine_exec_resize(struct engine *en, const char *id, unsigned rows, unsigned cols,
		       struct err *e)
{
	(void)rows;
	(void)cols;
	return engine_exec_check(en, id, &(bool){false}, e);
}

int engine_exec_inspect(struct engine *en, const char *id, struct docker_exec_inspect *ret,
			struct err *e)
{
	ret->id = NULL;
	return engine_exec_check(en, id, &(bool){false}, e);
}

int engine_image_pull(struct engine *en, const char *name, const char *tag, const char *platform,
		      const struct registry_auth *auth, const struct image_job *job, struct err *e)
{
	struct image_progress p = {.status = "Pulling", .id = tag};

	(void)platform;
	snprintf(en->last, sizeof(en->last), "pull %.50s %.50s %.50s", name, tag,
		 auth->username != NULL ? auth->username : "-");
	if (str_eq(name, "early"))
		return err_set(e, ERR_NOTFOUND, 0, "no such repository");
	if (job->progress(job->arg, &p) < 0)
		return err_set(e, ERR_CANCELLED, 0, "client left");
	return str_eq(name, "late") ? err_set(e, ERR_SYSTEM, 0, "connection reset") : 0;
}

void engine_event_prune(struct engine *en, const char *type, int64_t reclaimed_bytes)
{
	snprintf(en->last, sizeof(en->last), "prune %s %d", type, (int)reclaimed_bytes);
}

int engine_image_load(struct engine *en, struct stream *in, bool quiet, const char *platform,
		      const struct image_job *job, struct err *e)
{
	char data[512];
	ssize_t n;

	(void)platform;
	(void)job;
	snprintf(en->last, sizeof(en->last), "load %d", quiet);
	while ((n = stream_read(in, data, sizeof(data), e)) > 0)
		;
	return (int)n;
}

int engine_image_import(struct engine *en, struct stream *in, const char *src, const char *repo,
			const char *tag, const char *message, const struct strv *changes,
			const char *platform, const struct image_job *job, char *ret_id,
			struct err *e)
{
	(void)repo;
	(void)tag;
	(void)message;
	(void)ret_id;
	if (in == NULL) {
		snprintf(en->last, sizeof(en->last), "import from %s", src);
		return 0;
	}
	if (engine_image_load(en, in, false, platform, job, e) < 0)
		return -1;
	snprintf(en->last, sizeof(en->last), "import %zu", changes->len);
	return 0;
}

int engine_image_save(struct engine *en, const struct strv *names, const char *platform,
		      struct image_save **ret, struct err *e)
{
	CLEANUP(freep) char *all = strv_join(names, " ");
	CLEANUP(strv_clear) struct strv none = STRV_INIT;

	snprintf(en->last, sizeof(en->last), "save %.60s %.30s", all,
		 platform != NULL ? platform : "-");
	if (str_eq(all, "nope"))
		return err_set(e, ERR_NOTFOUND, 0, "No such image: nope");
	return image_save_open(en->images, &none, NULL, ret, e);
}

void engine_image_saved(struct engine *en, const struct image_save *sv)
{
	(void)en;
	(void)sv;
}

int engine_image_is_for(struct engine *en, const char *name, const char *platform, struct err *e)
{
	(void)en;
	(void)name;
	return str_eq(platform, "linux/m68k") ? err_set(e, ERR_NOTFOUND, 0, "not for that") : 0;
}

int engine_image_push(struct engine *en, const char *name, const char *tag, const char *platform,
		      const struct registry_auth *auth, const struct image_job *job, struct err *e)
{
	(void)platform;
	struct image_progress p = {.status = "Pushing", .id = tag};

	snprintf(en->last, sizeof(en->last), "push %.50s %.50s %.50s", name, tag,
		 auth->username != NULL ? auth->username : "-");
	if (str_eq(name, "early"))
		return err_set(e, ERR_INVALID, 0, "invalid tag format");
	if (job->progress(job->arg, &p) < 0)
		return -1;
	return str_eq(name, "late") ? err_set(e, ERR_DENIED, 0, "denied: no") : 0;
}

int engine_commit(struct engine *en, const char *name, const struct engine_commit_opts *o,
		  char *ret_id, struct err *e)
{
	CLEANUP(freep) char *changes = strv_join(o->changes, ";");

	snprintf(ret_id, DIGEST_SIZE, "sha256:%s", FAKE_ID);
	FAKE_VERB("commit %.20s %.20s:%.20s %.20s %.20s %.60s pause %d config %.20s", name, o->repo,
		  o->tag, o->author, o->comment, changes, o->pause,
		  o->config != NULL ? o->config->hostname : "none");
}

int engine_image_tag(struct engine *en, const char *name, const char *repo, const char *tag,
		     struct err *e)
{
	(void)e;
	snprintf(en->last, sizeof(en->last), "tag %.50s %.50s %.50s", name, repo, tag);
	return 0;
}

int engine_image_remove(struct engine *en, const char *name, bool force, bool no_prune,
			struct image_removeds *ret, struct err *e)
{
	return image_store_remove(en->images, name, force, no_prune, NULL, ret, e);
}

int engine_image_prune(struct engine *en, const struct engine_filters *f,
		       struct image_removeds *ret, struct err *e)
{
	(void)en;
	(void)f;
	(void)ret;
	(void)e;
	return 0;
}

size_t engine_image_containers(struct engine *en, const char *image_id)
{
	(void)en;
	(void)image_id;
	return 0;
}

static inline void fake_volume(struct engine_volume *v)
{
	v->info.name = xstrdup("v1");
	v->info.mountpoint = xstrdup("/volumes/v1/_data");
	strv_add(&v->info.labels, "a=b");
}

int engine_volume_create(struct engine *en, const char *name, const char *driver,
			 const struct strv *labels, const struct strv *options,
			 struct engine_volume *ret, struct err *e)
{
	(void)e;
	snprintf(en->last, sizeof(en->last), "volume %.50s %.50s %zu %zu", name, driver,
		 labels->len, options->len);
	fake_volume(ret);
	return 0;
}

int engine_volume_get(struct engine *en, const char *name, struct engine_volume *ret, struct err *e)
{
	(void)en;
	if (!str_eq(name, "v1"))
		return err_set(e, ERR_NOTFOUND, 0, "get %s: no such volume", name);
	fake_volume(ret);
	return 0;
}

int engine_volume_list(struct engine *en, const struct engine_filters *f, bool size,
		       struct engine_volume **ret, size_t *ret_n, struct err *e)
{
	(void)f;
	(void)size;
	*ret = xcalloc(1, sizeof(**ret));
	*ret_n = 1;
	return engine_volume_get(en, "v1", *ret, e);
}

int engine_volume_remove(struct engine *en, const char *name, bool force, struct err *e)
{
	(void)en;
	(void)force;
	return str_eq(name, "v1") ? 0 : err_set(e, ERR_NOTFOUND, 0, "get %s: no such volume", name);
}

int engine_volume_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_names,
			int64_t *ret_bytes, struct err *e)
{
	(void)en;
	(void)f;
	(void)ret_names;
	(void)ret_bytes;
	(void)e;
	return 0;
}

void engine_volume_clear(struct engine_volume *v)
{
	free(v->info.name);
	free(v->info.mountpoint);
	strv_clear(&v->info.labels);
	strv_clear(&v->info.options);
}

int engine_network_get(struct engine *en, const char *name, struct docker_network *ret,
		       struct err *e)
{
	(void)en;
	if (!str_eq(name, "bridge"))
		return err_set(e, ERR_NOTFOUND, 0, "network %s not found", name);
	*ret = (struct docker_network){.id = xstrdup(FAKE_ID),
				       .name = xstrdup("bridge"),
				       .scope = xstrdup("local"),
				       .driver = xstrdup("bridge")};
	return 0;
}

int engine_network_list(struct engine *en, const struct engine_filters *f, bool members,
			struct docker_network **ret, size_t *ret_n, struct err *e)
{
	(void)f;
	(void)members;
	*ret = xcalloc(1, sizeof(**ret));
	*ret_n = 1;
	return engine_network_get(en, "bridge", *ret, e);
}

int engine_network_create(struct engine *en, struct docker_network_create *req, char *ret_id,
			  struct err *e)
{
	bool named = !str_empty(req->name);

	snprintf(en->last, sizeof(en->last), "network create %s v4=%d", req->name,
		 req->enable_ipv4);
	json_struct_clear(&docker_network_create_json, req);
	str_copy(ret_id, FAKE_ID, 65);
	return named ? 0 : err_set(e, ERR_INVALID, 0, "invalid name: name is empty");
}

int engine_network_remove(struct engine *en, const char *name, struct err *e)
{
	(void)en;
	return err_set(e, ERR_DENIED, 0, "%s is a pre-defined network and cannot be removed", name);
}

int engine_network_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_names,
			 struct err *e)
{
	(void)en;
	(void)f;
	(void)e;
	strv_add(ret_names, "old");
	return 0;
}

int engine_network_connect(struct engine *en, const char *network,
			   struct docker_network_connect *req, struct err *e)
{
	const char *name = "c1";

	snprintf(en->last, sizeof(en->last), "network connect %s %s %s", network, req->container,
		 req->endpoint_config != NULL ? req->endpoint_config->aliases.items[0] : "-");
	json_struct_clear(&docker_network_connect_json, req);
	return fake_find(en, name, e);
}

int engine_network_disconnect(struct engine *en, const char *network, const char *container,
			      bool force, struct err *e)
{
	const char *name = container;

	FAKE_VERB("network disconnect %s %s %d", network, container, force);
}

#endif
