// SPDX-License-Identifier: MIT
/*
 * Pulling an image: choose an endpoint, resolve tag -> manifest (through an
 * index to the platform's one) -> configuration -> layers, then keep the
 * configuration and, last, the names. Messages are those of moby
 * distribution/pull_v2.go, which clients show and tests compare.
 */
#include "image/pull.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/builtin.h"
#include "image/pull_internal.h"
#include "image/store_internal.h"

#define WATCH_MS 200

static void stop_locked(struct pull *p)
{
	p->cancelled = true;
	if (p->registry != NULL)
		registry_cancel(p->registry);
	for (size_t i = 0; i < p->n_layers; i++)
		if (p->layers[i].state == LAYER_RUNNING && p->layers[i].txn != NULL)
			storage_unpack_cancel(p->layers[i].txn);
	pthread_cond_broadcast(&p->changed);
}

void pull_fail(struct pull *p, const struct err *e)
{
	MUTEX_GUARD(&p->mu);
	if (p->error.kind == 0)
		p->error = *e;
	stop_locked(p);
}

bool pull_is_over(struct pull *p)
{
	MUTEX_GUARD(&p->mu);
	return p->cancelled;
}

static void client_gone(struct pull *p)
{
	struct err e;

	err_set(&e, ERR_CANCELLED, 0, "context canceled");
	pull_fail(p, &e);
}

static void emit(struct pull *p, const struct image_progress *m)
{
	const struct image_job *job = p->o->job;
	int r;

	if (job == NULL || job->progress == NULL)
		return;
	pthread_mutex_lock(&p->progress_mu);
	r = job->progress(job->arg, m);
	pthread_mutex_unlock(&p->progress_mu);
	if (r < 0)
		client_gone(p);
}

void pull_say(struct pull *p, const char *id, const char *status)
{
	struct image_progress m = {.id = id, .status = status};

	emit(p, &m);
}

void pull_say_bytes(struct pull *p, const char *id, const char *status, int64_t current,
		    int64_t total)
{
	struct image_progress m = {.id = id,
				   .status = status,
				   .has_detail = true,
				   .current = current,
				   .total = current > 0 ? total : 0};

	emit(p, &m);
}

/* Asks the client a few times a second whether it still waits. */
static void *watch(void *arg)
{
	struct pull *p = arg;

	for (;;) {
		pthread_mutex_lock(&p->mu);
		int64_t until = time_mono_ms() + WATCH_MS;

		while (!p->finished && cond_wait_until(&p->changed, &p->mu, until)) {
		}
		bool over = p->finished;

		pthread_mutex_unlock(&p->mu);
		if (over)
			return NULL;
		if (p->o->job->cancelled(p->o->job->arg)) {
			client_gone(p);
			return NULL;
		}
	}
}

static int check_layers(const struct manifest *m, struct err *e)
{
	for (size_t i = 0; i < m->n_items; i++) {
		const char *t = m->items[i].media_type;

		if (strstr(t, "foreign") != NULL || strstr(t, "nondistributable") != NULL)
			return err_set(e, ERR_UNIMPLEMENTED, 0,
				       "foreign layers are not supported: %s", t);
		if (strstr(t, "tar") == NULL)
			return err_set(e, ERR_INVALID, 0, "unsupported layer media type: %s", t);
	}
	return 0;
}

/* What a tag or digest names: a manifest, through an index if need be. */
static int resolve(struct pull *p, const char *name, struct manifest **ret, char *ret_digest,
		   struct err *e)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;
	const struct platform *want = p->o->platform;
	char wanted[DIGEST_SIZE] = "", digest[DIGEST_SIZE];

	if (want == NULL) {
		platform_host(&host);
		want = &host;
	}
	for (int depth = 0; depth < 3; depth++) {
		CLEANUP(buf_clear) struct buf body = BUF_INIT;
		CLEANUP(freep) char *type = NULL;
		const struct descriptor *d;

		if (registry_manifest(p->registry, depth == 0 ? name : wanted, &body, &type, digest,
				      e) < 0)
			return -1;
		if (depth == 0)
			str_copy(ret_digest, digest, DIGEST_SIZE);
		manifest_free(TAKE(m));
		if (manifest_parse(buf_str(&body), body.len, type, &m, e) < 0)
			return -1;
		if (!m->is_index) {
			*ret = TAKE(m);
			return 0;
		}
		d = manifest_choose(m, want, e);
		if (d == NULL)
			return -1;
		str_copy(wanted, d->digest, sizeof(wanted));
	}
	return err_set(e, ERR_INVALID, 0, "indexes are nested too deep");
}

static int check_config(const struct manifest *m, const struct image_config *c, struct err *e)
{
	if (!str_eq(m->config.media_type, MEDIA_DOCKER_CONFIG) &&
	    !str_eq(m->config.media_type, MEDIA_OCI_CONFIG))
		return err_set(e, ERR_INVALID, 0,
			       "unsupported: the reference is no image but an artifact of type %s",
			       m->config.media_type);
	if (!str_empty(c->os) && !str_eq(c->os, "linux"))
		return err_set(e, ERR_INVALID, 0,
			       "image operating system \"%s\" cannot be used on this platform",
			       c->os);
	return 0;
}

/* Gets the image of a manifest into the store, unless it is there. */
static int get_image(struct pull *p, const struct manifest *m, char *ret_id, struct err *e)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(image_config_freep) struct image_config *config = NULL;
	struct image *img = NULL;
	struct err ignored;
	int r;

	if (image_store_get(p->s, m->config.digest, &img, &ignored) == 0) {
		str_copy(ret_id, img->id, DIGEST_SIZE);
		image_unref(p->s, img);
		return 0;
	}
	if (check_layers(m, e) < 0)
		return -1;
	if (registry_fetch(p->registry, m->config.digest, m->config.size, IMAGE_CONFIG_MAX_BYTES,
			   &body, e) < 0)
		return err_wrap(e, "image configuration");
	if (image_config_parse(buf_str(&body), body.len, &config, e) < 0 ||
	    check_config(m, config, e) < 0)
		return -1;
	r = pull_layers(p, m, config, e);
	if (r == 0)
		r = image_store_create(p->s, buf_str(&body), body.len, NULL, ret_id, e);
	/* the image holds its layers by now */
	pull_layers_clear(p);
	return r;
}

/* The tag (or digest) and repository@digest come to name the image. */
static int name_image(struct pull *p, const char *digest, const char *id, bool *ret_newer,
		      struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref by_digest = IMAGE_REF_INIT;
	char old[DIGEST_SIZE] = "";
	struct err ignored;

	if (image_store_resolve(p->s, p->ref, old, &ignored) < 0)
		old[0] = '\0';
	*ret_newer = !str_eq(old, id);
	image_ref_copy(&by_digest, p->ref);
	str_replace_ptr(&by_digest.tag, NULL);
	if (image_ref_set_digest(&by_digest, p->ref->digest != NULL ? p->ref->digest : digest, e) <
		    0 ||
	    image_store_tag(p->s, &by_digest, id, e) < 0)
		return -1;
	if (p->ref->digest != NULL)
		return 0;
	return image_store_tag(p->s, p->ref, id, e);
}

static int pull_from(struct pull *p, char *ret_id, struct err *e)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	CLEANUP(freep) char *shown = image_ref_familiar(p->ref);
	CLEANUP(freep) char *first = xasprintf("Pulling from %s", p->ref->path);
	CLEANUP(freep) char *third = NULL;
	const char *name = p->ref->digest != NULL ? p->ref->digest : p->ref->tag;
	char digest[DIGEST_SIZE], second[DIGEST_SIZE + 16];
	bool newer = false;

	if (resolve(p, name, &m, digest, e) < 0)
		return -1;
	pull_say(p, name, first);
	if (get_image(p, m, ret_id, e) < 0 || name_image(p, digest, ret_id, &newer, e) < 0)
		return -1;
	snprintf(second, sizeof(second), "Digest: %s", digest);
	pull_say(p, NULL, second);
	third = xasprintf("Status: %s for %s",
			  newer ? "Downloaded newer image" : "Image is up to date", shown);
	pull_say(p, NULL, third);
	return 0;
}

static void set_registry(struct pull *p, struct registry *r)
{
	struct registry *old;

	pthread_mutex_lock(&p->mu);
	old = p->registry;
	p->registry = r;
	if (p->cancelled && r != NULL)
		registry_cancel(r);
	pthread_mutex_unlock(&p->mu);
	registry_free(old);
}

/* Endpoint after endpoint, until one of them has anything to say. */
static int try_endpoints(struct pull *p, char *ret_id, bool *ret_reached, struct err *e)
{
	const struct image_pull_opts *o = p->o;
	int n = registry_endpoints(o->registries, p->ref), r = -1;

	*ret_reached = false;
	for (int i = 0; i < n && r < 0 && !pull_is_over(p); i++) {
		bool mirror = i < n - 1 && str_eq(p->ref->domain, "docker.io");

		set_registry(p, registry_open(o->registries, p->ref, o->auth, i));
		r = pull_from(p, ret_id, e);
		*ret_reached = *ret_reached || registry_is_reached(p->registry);
		/* a mirror's refusal is not the last word */
		if (r < 0 && registry_is_reached(p->registry) && !mirror)
			break;
	}
	set_registry(p, NULL);
	pthread_mutex_lock(&p->mu);
	if (r < 0 && p->error.kind != 0)
		*e = p->error;
	pthread_mutex_unlock(&p->mu);
	return r;
}

static int run(struct pull *p, char *ret_id, bool *ret_reached, struct err *e)
{
	const struct image_job *job = p->o->job;
	bool watched = job != NULL && job->cancelled != NULL;
	pthread_t watcher;
	int r;

	if (watched && thread_start_joinable(&watcher, watch, p, e) < 0)
		return -1;
	r = try_endpoints(p, ret_id, ret_reached, e);
	pthread_mutex_lock(&p->mu);
	p->finished = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->mu);
	if (watched)
		pthread_join(watcher, NULL);
	return r;
}

int image_pull(struct image_store *s, const struct image_ref *ref, const struct image_pull_opts *o,
	       char *ret_id, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref full = IMAGE_REF_INIT;
	struct pull p = {.s = s, .o = o, .ref = &full};
	char id[DIGEST_SIZE] = "";
	bool reached = false;
	int r;

	image_ref_copy(&full, ref);
	image_ref_default_tag(&full);
	if (image_builtin_is(&full))
		return image_builtin_create(s, &full, o->job, ret_id, e);
	pthread_mutex_init(&p.mu, NULL);
	pthread_mutex_init(&p.progress_mu, NULL);
	cond_init(&p.changed);
	r = run(&p, id, &reached, e);
	pthread_cond_destroy(&p.changed);
	pthread_mutex_destroy(&p.progress_mu);
	pthread_mutex_destroy(&p.mu);
	if (r < 0 && !reached && e->kind != ERR_CANCELLED && image_builtin_stands_in(&full))
		return image_builtin_create(s, &full, o->job, ret_id, e);
	if (r == 0 && ret_id != NULL)
		str_copy(ret_id, id, DIGEST_SIZE);
	return r;
}

static int all_tags(const struct image_ref *ref, const struct image_pull_opts *o, struct strv *tags,
		    struct err *e)
{
	int n = registry_endpoints(o->registries, ref), r = -1;

	for (int i = 0; i < n && r < 0; i++) {
		CLEANUP(registry_freep)
		struct registry *reg = registry_open(o->registries, ref, o->auth, i);

		r = registry_tags(reg, tags, e);
		if (r < 0 && registry_is_reached(reg))
			break;
	}
	return r;
}

int image_pull_all_tags(struct image_store *s, const struct image_ref *ref,
			const struct image_pull_opts *o, struct err *e)
{
	CLEANUP(strv_clear) struct strv tags = STRV_INIT;

	if (all_tags(ref, o, &tags, e) < 0)
		return -1;
	strv_for_each (it, &tags) {
		CLEANUP(image_ref_clear) struct image_ref one = IMAGE_REF_INIT;

		image_ref_copy(&one, ref);
		str_replace_ptr(&one.digest, NULL);
		if (image_ref_set_tag(&one, *it, e) < 0 || image_pull(s, &one, o, NULL, e) < 0)
			return -1;
	}
	return 0;
}
