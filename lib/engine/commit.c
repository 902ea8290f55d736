// SPDX-License-Identifier: MIT
/*
 * docker commit: an image of a container (moby daemon/commit.go). The running
 * container is frozen while its layer is read; configuration, history and
 * parent are kept as Docker keeps them.
 */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/engine_internal.h"
#include "engine/resource.h"
#include "image/commit.h"
#include "json/write.h"

/* One commit under way. */
struct commit {
	struct engine *en;
	struct container *c; /* a reference */
	const struct engine_commit_opts *o;
	struct docker_config was;  /* the container's */
	struct docker_config conf; /* the image's */
	struct image *parent;	   /* NULL: none */
	struct image_commit_layer layer;
	int64_t created_nsec;
};

static void commit_clear(struct commit *k)
{
	json_struct_clear(&docker_config_json, &k->was);
	json_struct_clear(&docker_config_json, &k->conf);
	image_commit_layer_release(k->en->images, &k->layer);
	image_unref(k->en->images, k->parent);
	if (k->c != NULL)
		container_unref(k->en, k->c);
}

/* Both have Docker's names for their members. */
static int to_run_config(const struct docker_config *conf, struct image_run_config *rc,
			 struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	json_unbind(&w, &docker_config_json, conf);
	return json_bind_text(b.data, b.len, &image_run_config_json, rc, e);
}

static void take_strs(struct strv *to, struct strv *from)
{
	strv_clear(to);
	*to = *from;
	*from = (struct strv)STRV_INIT;
}

static void take_str(char **to, char **from)
{
	free(*to);
	*to = TAKE(*from);
}

static void take_health(struct docker_config *conf, const struct image_health *h)
{
	struct docker_health_config *to;

	if (h == NULL)
		return;
	if (conf->healthcheck != NULL)
		json_struct_clear(&docker_health_config_json, conf->healthcheck);
	else
		conf->healthcheck = xcalloc(1, sizeof(*conf->healthcheck));
	to = conf->healthcheck;
	strv_copy(&to->test, &h->test);
	to->interval = h->interval_nsec;
	to->timeout = h->timeout_nsec;
	to->start_period = h->start_period_nsec;
	to->start_interval = h->start_interval_nsec;
	to->retries = h->retries;
}

/* What the changes may have touched goes back; rc is emptied. */
static void from_run_config(struct docker_config *conf, struct image_run_config *rc)
{
	take_str(&conf->user, &rc->user);
	take_str(&conf->working_dir, &rc->working_dir);
	take_str(&conf->stop_signal, &rc->stop_signal);
	take_strs(&conf->exposed_ports, &rc->exposed_ports);
	take_strs(&conf->env, &rc->env);
	take_strs(&conf->cmd, &rc->cmd);
	take_strs(&conf->entrypoint, &rc->entrypoint);
	take_strs(&conf->volumes, &rc->volumes);
	take_strs(&conf->on_build, &rc->onbuild);
	take_health(conf, rc->health);
	json_strmap_clear(&conf->labels);
	conf->labels = rc->labels;
	rc->labels = (struct json_strmap){0};
}

/* conf: the request's configuration or the container's, changed, completed by the container's */
static int make_config(struct commit *k, struct err *e)
{
	CLEANUP(image_run_config_clear) struct image_run_config was = {0};
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};
	const struct docker_config *base = k->o->config != NULL ? k->o->config : &k->was;

	json_struct_copy(&docker_config_json, &k->conf, base);
	if (to_run_config(&k->was, &was, e) < 0 || to_run_config(base, &rc, e) < 0)
		return -1;
	if (k->o->changes != NULL) {
		if (image_config_changes(&rc, k->o->changes, e) < 0)
			return -1;
		from_run_config(&k->conf, &rc);
	}
	container_config_merge(&k->conf, &was);
	return 0;
}

static void write_history(const struct commit *k, struct json_w *w)
{
	CLEANUP(freep) char *command = strv_join(&k->was.cmd, " ");
	CLEANUP(freep) char *author = xstrdup(k->o->author);
	CLEANUP(freep) char *comment = xstrdup(k->o->comment);
	struct image_history h = {.created_nsec = k->created_nsec,
				  .created_by = command,
				  .author = author,
				  .comment = comment,
				  .empty_layer = k->layer.empty};

	jw_karr(w, "history");
	for (size_t i = 0; k->parent != NULL && i < k->parent->config->history.len; i++)
		json_unbind(w, &image_history_json, &k->parent->config->history.items[i]);
	json_unbind(w, &image_history_json, &h);
	jw_end(w);
}

static void write_rootfs(const struct commit *k, struct json_w *w)
{
	bool any = k->parent != NULL && k->parent->config->rootfs.diff_ids.len > 0;

	jw_kobj(w, "rootfs");
	jw_kstr(w, "type", "layers");
	if (any || !k->layer.empty) {
		jw_karr(w, "diff_ids");
		if (any)
			strv_for_each (it, &k->parent->config->rootfs.diff_ids)
				jw_str(w, *it);
		if (!k->layer.empty)
			jw_str(w, k->layer.diff_id);
		jw_end(w);
	}
	jw_end(w);
}

/* The image's configuration, members sorted as Docker's. */
static void write_image(const struct commit *k, struct buf *b)
{
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;
	const struct image_config *ic = k->parent != NULL ? k->parent->config : NULL;
	char created[TIME_RFC3339_SIZE];
	struct json_w w;

	platform_host(&host);
	time_format(k->created_nsec, created);
	jw_init(&w, b);
	jw_obj(&w);
	jw_kstr(&w, "architecture",
		ic != NULL && !str_empty(ic->architecture) ? ic->architecture : host.architecture);
	if (!str_empty(k->o->author))
		jw_kstr(&w, "author", k->o->author);
	jw_key(&w, "config");
	json_unbind(&w, &docker_config_json, &k->conf);
	jw_kstr(&w, "container", k->c->id);
	jw_key(&w, "container_config");
	json_unbind(&w, &docker_config_json, &k->was);
	jw_kstr(&w, "created", created);
	jw_kstr(&w, "docker_version", ENGINE_VERSION);
	write_history(k, &w);
	jw_kstr(&w, "os", str_empty(k->c->os) ? "linux" : k->c->os);
	if (ic != NULL && !str_empty(ic->os_version))
		jw_kstr(&w, "os.version", ic->os_version);
	write_rootfs(k, &w);
	if (ic != NULL && !str_empty(ic->variant))
		jw_kstr(&w, "variant", ic->variant);
	jw_end(&w);
}

/* Takes what must not change meanwhile; a running container is frozen when that is asked for. */
static int begin(struct commit *k, bool *ret_frozen, struct err *e)
{
	struct engine *en = k->en;
	struct err ignored;
	bool running;
	int r = 0;

	pthread_mutex_lock(&en->mu);
	container_settled(en, k->c);
	if (k->c->state == C_DEAD)
		r = err_set(e, ERR_CONFLICT, 0, "You cannot commit container %s which is Dead",
			    k->c->id);
	else if (k->c->state == C_REMOVING || k->c->removed)
		r = err_set(e, ERR_CONFLICT, 0,
			    "You cannot commit container %s which is being removed", k->c->id);
	running = k->c->state == C_RUNNING;
	json_struct_copy(&docker_config_json, &k->was, &k->c->config);
	pthread_mutex_unlock(&en->mu);
	if (r < 0 || make_config(k, e) < 0)
		return -1;
	if (k->c->image_id[0] != '\0' &&
	    image_store_get(en->images, k->c->image_id, &k->parent, e) < 0)
		return -1;
	*ret_frozen =
		k->o->pause && running && engine_container_pause(en, k->c->id, true, &ignored) == 0;
	return 0;
}

static int take_layer(struct commit *k, struct err *e)
{
	bool frozen = false;
	struct err ignored;
	int r;

	if (begin(k, &frozen, e) < 0)
		return -1;
	r = image_commit_layer(k->en->images, k->c->id,
			       k->parent != NULL ? k->parent->chain_id : "", &k->layer, e);
	if (frozen && engine_container_pause(k->en, k->c->id, false, &ignored) < 0)
		log_warn(&ignored, "unpause %s after a commit", k->c->id);
	return r;
}

static void tell(struct commit *k, const char *id, const char *name)
{
	const struct engine_event_attribute more[] = {
		{"comment", k->o->comment != NULL ? k->o->comment : ""},
		{"imageID", id},
		{"imageRef", name != NULL ? name : ""},
		{0},
	};

	container_event_with(k->en, k->c, "commit", more);
}

int engine_commit(struct engine *en, const char *name, const struct engine_commit_opts *o,
		  char *ret_id, struct err *e)
{
	CLEANUP(commit_clear) struct commit k = {.en = en, .o = o};
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(freep) char *familiar = NULL;
	CLEANUP(buf_clear) struct buf json = BUF_INIT;

	if (!str_empty(o->repo) && engine_image_new_name(o->repo, o->tag, &ref, e) < 0)
		return -1;
	k.c = container_get(en, name, e);
	if (k.c == NULL || take_layer(&k, e) < 0)
		return -1;
	k.created_nsec = time_now_nsec();
	write_image(&k, &json);
	if (image_store_create(en->images, buf_str(&json), json.len,
			       k.parent != NULL ? k.parent->id : NULL, ret_id, e) < 0)
		return -1;
	if (!str_empty(o->repo)) {
		familiar = image_ref_familiar(&ref);
		if (engine_image_tag(en, ret_id, o->repo, o->tag, e) < 0)
			return -1;
	}
	tell(&k, ret_id, familiar);
	return 0;
}
