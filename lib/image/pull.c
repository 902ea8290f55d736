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

/* The unpacking of every layer under way ends, too. */
static void cut(struct transfer *t)
{
	struct pull *p = (struct pull *)(void *)t;

	for (size_t i = 0; i < p->n_layers; i++)
		if (p->layers[i].state == LAYER_RUNNING && p->layers[i].txn != NULL)
			storage_unpack_cancel(p->layers[i].txn);
}

static void say(struct pull *p, const char *id, const char *status)
{
	struct image_progress m = {.id = id, .status = status};

	transfer_emit(&p->t, &m);
}

static int check_types(const struct manifest *m, struct err *e)
{
	if (!str_eq(m->config.media_type, MEDIA_DOCKER_CONFIG) &&
	    !str_eq(m->config.media_type, MEDIA_OCI_CONFIG))
		return err_set(e, ERR_INVALID, 0, "unsupported media type %s",
			       m->config.media_type);
	for (size_t i = 0; i < m->n_items; i++) {
		const char *t = m->items[i].media_type;

		if (strstr(t, "foreign") != NULL || strstr(t, "nondistributable") != NULL)
			return err_set(e, ERR_UNIMPLEMENTED, 0,
				       "foreign layers are not supported: %s", t);
		if (strstr(t, "tar") == NULL)
			return err_set(e, ERR_INVALID, 0, "unsupported media type %s", t);
	}
	return 0;
}

/* A digest is shown with the name in full. */
static void say_first(struct pull *p)
{
	CLEANUP(freep) char *full = image_ref_full(p->ref);
	CLEANUP(freep) char *from = xasprintf("Pulling from %s", p->ref->path);

	say(p, p->ref->digest != NULL ? full : p->ref->tag, from);
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
		platform_fullest(&host);
		want = &host;
	}
	for (int depth = 0; depth < 3; depth++) {
		CLEANUP(buf_clear) struct buf body = BUF_INIT;
		CLEANUP(freep) char *type = NULL;
		const struct descriptor *d;

		if (registry_manifest(p->t.registry, depth == 0 ? name : wanted, &body, &type,
				      digest, e) < 0)
			return -1;
		manifest_free(TAKE(m));
		if (manifest_parse(buf_str(&body), body.len, type, &m, e) < 0)
			return -1;
		if (depth == 0) {
			str_copy(ret_digest, digest, DIGEST_SIZE);
			say_first(p);
		}
		if (!m->is_index) {
			*ret = TAKE(m);
			return 0;
		}
		d = manifest_choose(m, want, e);
		if (d == NULL && want == &host) { /* the words name it without its level */
			platform_clear(&host);
			platform_host(&host);
			d = manifest_choose(m, want, e);
		}
		if (d == NULL)
			return -1;
		str_copy(wanted, d->digest, sizeof(wanted));
	}
	return err_set(e, ERR_INVALID, 0, "indexes are nested too deep");
}

static int check_config(const struct image_config *c, struct err *e)
{
	if (!str_empty(c->os) && !str_eq(c->os, "linux"))
		return err_set(e, ERR_INVALID, 0,
			       "image operating system \"%s\" cannot be used on this platform: "
			       "operating system is not supported",
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
	if (check_types(m, e) < 0)
		return -1;
	if (registry_fetch(p->t.registry, m->config.digest, m->config.size, IMAGE_CONFIG_MAX_BYTES,
			   &body, e) < 0)
		return err_wrap(e, "image configuration");
	if (image_config_parse(buf_str(&body), body.len, &config, e) < 0 ||
	    check_config(config, e) < 0)
		return -1;
	r = pull_layers(p, m, config, e);
	if (r == 0)
		r = image_store_create(p->s, buf_str(&body), body.len, NULL, ret_id, e);
	/* the image holds its layers by now */
	pull_layers_clear(p, r == 0);
	return r;
}

/* repository@digest; ret is the caller's even when it fails */
static int by_digest(const struct pull *p, const char *digest, struct image_ref *ret, struct err *e)
{
	image_ref_copy(ret, p->ref);
	str_replace_ptr(&ret->tag, NULL);
	return image_ref_set_digest(ret, digest, e);
}

/* The image that this manifest, or index, has given here for the platform that is asked for. */
static bool is_here(struct pull *p, const char *digest)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;
	struct image *img;
	struct err ignored;
	bool here;

	if (by_digest(p, digest, &ref, &ignored) < 0 ||
	    image_store_resolve(p->s, &ref, p->id, &ignored) < 0 ||
	    image_store_get(p->s, p->id, &img, &ignored) < 0)
		return false;
	platform_host(&host);
	/* an index may have what fits better than what only runs here */
	here = platform_score(p->o->platform != NULL ? p->o->platform : &host, img->config) ==
	       PLATFORM_SAME;
	image_unref(p->s, img);
	return here;
}

/* What a tag means is asked by HEAD, since registries count GETs; what a digest means never
 * changes.
 */
static int find(struct pull *p, char *ret_digest, struct err *e)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	const char *name = p->ref->tag;

	ret_digest[0] = '\0';
	if (p->ref->digest != NULL)
		str_copy(ret_digest, p->ref->digest, DIGEST_SIZE);
	else if (registry_head(p->t.registry, name, ret_digest, e) < 0)
		return -1;
	if (ret_digest[0] != '\0') {
		if (is_here(p, ret_digest)) {
			say_first(p);
			return 0;
		}
		name = ret_digest;
	}
	if (resolve(p, name, &m, ret_digest, e) < 0)
		return -1;
	return get_image(p, m, p->id, e);
}

/* The tag (or digest) and repository@digest come to name the image. */
static int name_image(struct pull *p, const char *digest, const char *id, bool *ret_newer,
		      struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	char old[DIGEST_SIZE] = "";
	struct err ignored;

	if (image_store_resolve(p->s, p->ref, old, &ignored) < 0)
		old[0] = '\0';
	*ret_newer = !str_eq(old, id);
	if (by_digest(p, p->ref->digest != NULL ? p->ref->digest : digest, &ref, e) < 0 ||
	    image_store_tag(p->s, &ref, id, e) < 0)
		return -1;
	if (p->ref->digest != NULL)
		return 0;
	return image_store_tag(p->s, p->ref, id, e);
}

static int pull_from(struct pull *p, struct err *e)
{
	CLEANUP(freep) char *shown = image_ref_familiar(p->ref);
	CLEANUP(freep) char *third = NULL;
	char digest[DIGEST_SIZE], second[DIGEST_SIZE + 16];
	bool newer = false;

	if (find(p, digest, e) < 0 || name_image(p, digest, p->id, &newer, e) < 0)
		return -1;
	snprintf(second, sizeof(second), "Digest: %s", digest);
	say(p, NULL, second);
	third = xasprintf("Status: %s for %s",
			  newer ? "Downloaded newer image" : "Image is up to date", shown);
	say(p, NULL, third);
	return 0;
}

/* Endpoint after endpoint, until one of them has anything to say. */
static int try_endpoints(struct transfer *t, struct err *e)
{
	struct pull *p = (struct pull *)(void *)t;
	const struct image_pull_opts *o = p->o;
	int n = registry_endpoints(o->registries, p->ref), r = -1;

	for (int i = 0; i < n && r < 0 && t->error.kind != ERR_CANCELLED; i++) {
		bool mirror = i < n - 1 && str_eq(p->ref->domain, "docker.io");
		struct registry *reg = registry_open(o->registries, p->ref, o->auth, i);

		transfer_use(t, reg);
		r = pull_from(p, e);
		p->reached = p->reached || registry_is_reached(reg);
		/* a mirror's refusal is not the last word */
		if (r < 0 && registry_is_reached(reg) && !mirror)
			break;
	}
	return r;
}

int image_pull(struct image_store *s, const struct image_ref *ref, const struct image_pull_opts *o,
	       char *ret_id, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref full = IMAGE_REF_INIT;
	struct pull p = {.t = {.job = o->job, .cut = cut}, .s = s, .o = o, .ref = &full};
	int r;

	image_ref_copy(&full, ref);
	image_ref_default_tag(&full);
	if (image_builtin_is(&full))
		return image_builtin_create(s, &full, o->job, ret_id, e);
	r = transfer_run(&p.t, try_endpoints, e);
	if (r < 0 && !p.reached && e->kind != ERR_CANCELLED && image_builtin_stands_in(&full))
		return image_builtin_create(s, &full, o->job, ret_id, e);
	if (r == 0 && ret_id != NULL)
		str_copy(ret_id, p.id, DIGEST_SIZE);
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
