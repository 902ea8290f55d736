// SPDX-License-Identifier: MIT
/*
 * docker push (moby distribution/push_v2.go): layers from the top, some at a
 * time; for each the digests known are asked for in the repository, then
 * mounted from others of the same registry, and only then is it uploaded.
 * Configuration and manifest come last, the manifest under its tag.
 */
#include "image/push.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/known_internal.h"
#include "image/manifest.h"
#include "image/push_internal.h"
#include "image/store_internal.h"
#include "json/write.h"
#include "storage/layer.h"

/* --- one layer --- */

static void remember(struct push *p, const struct push_layer *l)
{
	CLEANUP(freep) char *repository = image_ref_name(p->ref);
	char hmac[SHA256_HEX_SIZE];

	known_hmac(p->o->auth, l->digest, repository, hmac);
	known_put(p->s, l->digest, l->diff_id, repository, hmac);
}

static bool was_asked(struct strv *asked, const char *digest)
{
	if (strv_has(asked, digest))
		return true;
	strv_add(asked, digest);
	return false;
}

/* Is one of the known digests in the repository? own: only those that this repository had. */
static bool is_there(struct push *p, struct push_layer *l, const struct knowns *k, bool own,
		     struct strv *asked)
{
	CLEANUP(freep) char *repository = image_ref_name(p->ref);
	int left = REGISTRY_PROBES_MAX;

	for (size_t i = k->len; i > 0 && left > 0; i--) {
		const struct known *it = &k->items[i - 1];
		bool ours = str_eq(it->repository, repository);

		if ((own && !ours) || was_asked(asked, it->digest))
			continue;
		left--;
		if (upload_stat(p->t.registry, it->digest, &l->size)) {
			str_copy(l->digest, it->digest, sizeof(l->digest));
			return true;
		}
		if (ours)
			known_drop(p->s, l->diff_id, it);
	}
	return false;
}

/* A registry object whose tokens may read the other repository too. */
static struct registry *with_source(struct push *p, const char *from)
{
	struct registry *r =
		registry_new_at(p->o->registries, p->t.registry->base, p->ref, p->o->auth);

	free(r->scope);
	r->scope = xasprintf("repository:%s:pull,push repository:%s:pull", p->ref->path, from);
	return r;
}

/* 1 mounted, 0 not; an upload the registry begins instead goes into *session */
static bool mount_from(struct push *p, struct push_layer *l, const struct known *k,
		       const char *from, char **session)
{
	CLEANUP(freep)
	char *path =
		xasprintf("/v2/%s/blobs/uploads/?from=%s&mount=%s", p->ref->path, from, k->digest);
	CLEANUP(registry_freep) struct registry *own = NULL;
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	struct transport_request rq = {.method = "POST", .url = path};
	struct registry *r = p->t.registry;
	struct err e;

	if (r->challenge.scheme == AUTH_BEARER)
		r = own = with_source(p, from);
	if (registry_send(r, &rq, &x, &e) < 0)
		return false;
	if (exchange_response(x)->status == 201)
		return upload_stat(p->t.registry, k->digest, &l->size);
	if (exchange_response(x)->status == 202 && *session == NULL)
		(void)!upload_location(p->t.registry, x, session, &e);
	return false;
}

static bool mount(struct push *p, struct push_layer *l, const struct knowns *k, char **session)
{
	CLEANUP(freep) char *repository = image_ref_name(p->ref);
	int left = REGISTRY_PROBES_MAX;

	for (size_t i = k->len; i > 0 && left > 0 && !transfer_is_over(&p->t); i--) {
		const struct known *it = &k->items[i - 1];
		CLEANUP(image_ref_clear) struct image_ref from = IMAGE_REF_INIT;
		CLEANUP(freep) char *text = NULL;
		struct err e;

		if (str_eq(it->repository, repository) ||
		    image_ref_parse(it->repository, &from, &e) < 0 ||
		    !str_eq(from.domain, p->ref->domain))
			continue;
		left--;
		if (mount_from(p, l, it, from.path, session)) {
			str_copy(l->digest, it->digest, sizeof(l->digest));
			text = xasprintf("Mounted from %s", from.path);
			transfer_say(&p->t, l->label, text, 0, 0);
			return true;
		}
	}
	return false;
}

/* How good a candidate is: same credentials first, then leading parts of the name in common. */
static size_t likeness(const struct push *p, const char *repository, const struct known *it)
{
	const char *a = repository, *b = it->repository;
	char hmac[SHA256_HEX_SIZE];
	size_t same = 0;

	known_hmac(p->o->auth, it->digest, it->repository, hmac);
	for (;; a++, b++) {
		bool end = (*a == '\0' || *a == '/') && (*b == '\0' || *b == '/');

		same += end;
		if (*a != *b || *a == '\0')
			break;
	}
	return str_eq(hmac, it->hmac) ? same + strlen(repository) : same;
}

/* The best last, of equals the newest (moby distribution/push_v2.go, byLikeness): which blob a
 * layer is decides the manifest's digest. */
static void sort_known(const struct push *p, struct knowns *k)
{
	CLEANUP(freep) char *repository = image_ref_name(p->ref);

	for (size_t i = 1; i < k->len; i++) {
		struct known it = k->items[i];
		size_t at = i, like = likeness(p, repository, &it);

		for (; at > 0 && likeness(p, repository, &k->items[at - 1]) > like; at--)
			k->items[at] = k->items[at - 1];
		k->items[at] = it;
	}
}

static int max_uploads(const struct push *p)
{
	int max = p->o->registries->max_uploads;

	return max > 0 ? max : REGISTRY_UPLOADS_MAX;
}

static int push_layer(struct push *p, struct push_layer *l, struct err *e)
{
	CLEANUP(knowns_clear) struct knowns k = {0};
	CLEANUP(strv_clear) struct strv asked = STRV_INIT;
	char *session = NULL;
	int r;

	knowns_load(p->s, l->diff_id, &k);
	sort_known(p, &k);
	if (is_there(p, l, &k, true, &asked)) {
		transfer_say(&p->t, l->label, "Layer already exists", 0, 0);
		remember(p, l);
		return 0;
	}
	if (mount(p, l, &k, &session)) {
		remember(p, l);
		free(session);
		return 0;
	}
	if (is_there(p, l, &k, false, &asked)) {
		transfer_say(&p->t, l->label, "Layer already exists", 0, 0);
		remember(p, l);
		free(session);
		return 0;
	}
	if (!transfer_slot(&p->t, p->s, SLOT_UPLOAD, max_uploads(p), l->label)) {
		free(session);
		return err_set(e, ERR_CANCELLED, 0, "context canceled");
	}
	r = upload_layer(p, l, session, e);
	store_slot_give(p->s, SLOT_UPLOAD);
	if (r < 0)
		return -1;
	transfer_say(&p->t, l->label, "Pushed", 0, 0);
	remember(p, l);
	return 0;
}

/* The layer that stands for an equal one above it. */
static const struct push_layer *same_above(const struct push *p, size_t i)
{
	for (size_t k = p->n_layers; k > i + 1; k--)
		if (str_eq(p->layers[k - 1].diff_id, p->layers[i].diff_id))
			return &p->layers[k - 1];
	return NULL;
}

static void *work(void *arg)
{
	struct push *p = arg;

	for (;;) {
		struct err e;
		size_t i;

		pthread_mutex_lock(&p->t.mu);
		i = p->n_layers - p->n_taken;
		if (i > 0 && !p->t.cancelled)
			p->n_taken++;
		else
			i = 0;
		pthread_mutex_unlock(&p->t.mu);
		if (i == 0)
			return NULL;
		if (same_above(p, i - 1) == NULL && push_layer(p, &p->layers[i - 1], &e) < 0)
			transfer_fail(&p->t, &e);
	}
}

/* All layers, some at a time; the first error is the push's. */
static int push_layers(struct push *p, struct err *e)
{
	pthread_t workers[REGISTRY_UPLOADS_MAX];
	size_t n = 0;

	p->n_taken = 0;
	for (size_t i = p->n_layers; i > 0; i--)
		transfer_say(&p->t, p->layers[i - 1].label, "Preparing", 0, 0);
	for (size_t i = p->n_layers; i > REGISTRY_UPLOADS_MAX; i--)
		transfer_say(&p->t, p->layers[i - 1 - REGISTRY_UPLOADS_MAX].label, "Waiting", 0, 0);
	while (n < REGISTRY_UPLOADS_MAX && n < p->n_layers) {
		struct err ignored;

		if (thread_start_joinable(&workers[n], work, p, &ignored) < 0)
			break;
		n++;
	}
	if (n == 0)
		work(p);
	while (n > 0)
		pthread_join(workers[--n], NULL);
	for (size_t i = 0; i < p->n_layers; i++) {
		const struct push_layer *same = same_above(p, i);

		if (same != NULL) {
			p->layers[i].size = same->size;
			str_copy(p->layers[i].digest, same->digest, DIGEST_SIZE);
		}
	}
	MUTEX_GUARD(&p->t.mu);
	*e = p->t.error;
	return p->t.cancelled ? -1 : 0;
}

/* --- the manifest --- */

static void write_descriptor(struct json_w *w, const char *type, const char *digest, int64_t size)
{
	jw_kstr(w, "mediaType", type);
	jw_ki64(w, "size", size);
	jw_kstr(w, "digest", digest);
}

/* As Go's MarshalIndent with three blanks: the digest is of these bytes. */
static void write_manifest(const struct push *p, const struct image *img, struct buf *b)
{
	struct json_w w;

	jw_init_indent(&w, b, "   ");
	jw_obj(&w);
	jw_ki64(&w, "schemaVersion", 2);
	jw_kstr(&w, "mediaType", MEDIA_DOCKER_MANIFEST);
	jw_kobj(&w, "config");
	write_descriptor(&w, MEDIA_DOCKER_CONFIG, img->id, (int64_t)img->n_json);
	jw_end(&w);
	jw_karr(&w, "layers");
	for (size_t i = 0; i < p->n_layers; i++) {
		jw_obj(&w);
		write_descriptor(&w, MEDIA_DOCKER_LAYER, p->layers[i].digest, p->layers[i].size);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
}

static int put_manifest(struct push *p, const struct buf *b, struct err *e)
{
	CLEANUP(freep)
	char *path = xasprintf("/v2/%s/manifests/%s", p->ref->path, p->ref->tag);
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	struct transport_request rq = {.method = "PUT",
				       .url = path,
				       .headers = &headers,
				       .body = b->data,
				       .n_body = b->len};
	int status;

	http_headers_add(&headers, "Content-Type", MEDIA_DOCKER_MANIFEST);
	if (registry_send(p->t.registry, &rq, &x, e) < 0)
		return -1;
	status = exchange_response(x)->status;
	return status == 201 || status == 200 ? 0 : challenge_error(x, NULL, e);
}

static int tell(struct push *p, const struct image *img, const struct buf *b, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref by_digest = IMAGE_REF_INIT;
	CLEANUP(freep) char *text = NULL;
	CLEANUP(buf_clear) struct buf aux = BUF_INIT;
	struct image_progress m = {.has_detail = true}, first = {0};
	char digest[DIGEST_SIZE];
	struct json_w w;

	sha256_digest(b->data, b->len, digest);
	image_ref_copy(&by_digest, p->ref);
	str_replace_ptr(&by_digest.tag, NULL);
	if (image_ref_set_digest(&by_digest, digest, e) < 0 ||
	    image_store_tag(p->s, &by_digest, img->id, e) < 0)
		return -1;
	text = xasprintf("%s: digest: %s size: %zu", p->ref->tag, digest, b->len);
	first.status = text;
	transfer_emit(&p->t, &first);
	jw_init(&w, &aux);
	jw_obj(&w);
	jw_kstr(&w, "Tag", p->ref->tag);
	jw_kstr(&w, "Digest", digest);
	jw_ku64(&w, "Size", b->len);
	jw_end(&w);
	m.aux = buf_str(&aux);
	transfer_emit(&p->t, &m);
	return 0;
}

static int push_to(struct push *p, const struct image *img, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (registry_ping(p->t.registry, e) < 0 || push_layers(p, e) < 0 ||
	    upload_bytes(p->t.registry, img->id, img->json, img->n_json, e) < 0)
		return -1;
	write_manifest(p, img, &b);
	return put_manifest(p, &b, e) < 0 ? -1 : tell(p, img, &b, e);
}

/* --- the whole --- */

/* The registry itself, never a mirror: by TLS, then (insecure ones) without. */
static int try_endpoints(struct push *p, struct err *e)
{
	const struct registry_config *c = p->o->registries;
	int n = registry_endpoints(c, p->ref), r = -1;

	for (int i = str_eq(p->ref->domain, "docker.io") ? n - 1 : 0; i < n && r < 0; i++) {
		struct registry *reg = registry_open(c, p->ref, p->o->auth, i);

		free(reg->scope);
		reg->scope = xasprintf("repository:%s:pull,push", p->ref->path);
		transfer_use(&p->t, reg);
		r = push_to(p, p->img, e);
		if (registry_is_reached(reg) || transfer_is_over(&p->t))
			break;
	}
	return r;
}

static int make_layers(struct push *p, const struct image *img, struct err *e)
{
	const struct strv *d = &img->config->rootfs.diff_ids;
	char chain[DIGEST_SIZE] = "";

	p->n_layers = d->len;
	p->layers = xcalloc(d->len + 1, sizeof(*p->layers));
	for (size_t i = 0; i < d->len; i++) {
		struct push_layer *l = &p->layers[i];
		struct layer_info info;

		l->diff_id = d->items[i];
		storage_chain_id(chain, l->diff_id, l->chain);
		str_copy(chain, l->chain, sizeof(chain));
		str_copy(l->label, l->diff_id + strlen("sha256:"), sizeof(l->label));
		if (storage_layer_get(image_store_storage(p->s), chain, &info, e) < 0)
			return -1;
		l->total = (int64_t)info.size_bytes;
	}
	return 0;
}

static int run(struct transfer *t, struct err *e)
{
	struct push *p = (struct push *)(void *)t;
	int r = make_layers(p, p->img, e) < 0 ? -1 : try_endpoints(p, e);

	free(p->layers);
	return r;
}

static int push_image(struct image_store *s, const struct image_ref *ref, struct image *img,
		      const struct image_push_opts *o, struct err *e)
{
	struct push p = {.t = {.job = o->job}, .s = s, .o = o, .ref = ref, .img = img};
	struct storage *st = image_store_storage(s);
	bool hold = img->chain_id[0] != '\0';
	int r;

	if (hold && storage_layer_ref(st, img->chain_id, e) < 0)
		return -1;
	r = transfer_run(&p.t, run, e);
	if (hold)
		storage_layer_unref(st, img->chain_id, NULL);
	return r;
}

/* The tags of a repository, sorted. */
static void tags_of(struct image_store *s, const char *repository, struct strv *tags)
{
	size_t n = strlen(repository);
	MUTEX_GUARD(&s->mu);

	map_for_each (slot, &s->names)
		if (str_starts(slot->key, repository) && slot->key[n] == ':' &&
		    strchr(slot->key + n, '/') == NULL && !name_is_digest(slot->key))
			strv_add(tags, slot->key + n + 1);
	strv_sort(tags);
}

static int push_tag(struct image_store *s, const struct image_ref *ref, const char *tag,
		    const struct image_push_opts *o, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref one = IMAGE_REF_INIT;
	CLEANUP(freep) char *shown = NULL;
	char id[DIGEST_SIZE];
	struct image *img;
	int r;

	image_ref_copy(&one, ref);
	if (image_ref_set_tag(&one, tag, e) < 0)
		return -1;
	shown = image_ref_familiar(&one);
	if (image_store_resolve(s, &one, id, e) < 0 || image_store_get(s, id, &img, e) < 0)
		return err_set(e, ERR_NOTFOUND, 0, "tag does not exist: %s", shown);
	r = push_image(s, &one, img, o, e);
	image_unref(s, img);
	return r;
}

int image_push(struct image_store *s, const struct image_ref *ref, const struct image_push_opts *o,
	       struct err *e)
{
	CLEANUP(freep) char *name = image_ref_name(ref);
	CLEANUP(freep) char *familiar = image_ref_familiar_name(ref);
	CLEANUP(freep) char *text = xasprintf("The push refers to repository [%s]", name);
	CLEANUP(strv_clear) struct strv tags = STRV_INIT;
	struct image_progress m = {.status = text};

	if (ref->digest != NULL)
		return err_set(e, ERR_INVALID, 0, "cannot push a digest reference");
	if (image_store_storage(s) == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "there is no layer storage");
	if (o->job != NULL && o->job->progress != NULL && o->job->progress(o->job->arg, &m) < 0)
		return err_set(e, ERR_CANCELLED, 0, "context canceled");
	tags_of(s, familiar, &tags);
	if (tags.len == 0)
		return err_set(e, ERR_NOTFOUND, 0,
			       "An image does not exist locally with the tag: %s", familiar);
	if (ref->tag != NULL)
		return push_tag(s, ref, ref->tag, o, e);
	strv_for_each (it, &tags)
		if (push_tag(s, ref, *it, o, e) < 0)
			return -1;
	return 0;
}
