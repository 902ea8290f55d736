// SPDX-License-Identifier: MIT
/*
 * Lists of images and their filters, as moby daemon/images/images.go has them:
 * an image without names is listed when nothing stands upon it, or with all.
 */
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "image/store_internal.h"
#include "storage/layer.h"

void image_filters_clear(struct image_filters *f)
{
	strv_clear(&f->labels);
	strv_clear(&f->not_labels);
	strv_clear(&f->references);
	strv_clear(&f->before);
	strv_clear(&f->since);
	*f = (struct image_filters)IMAGE_FILTERS_INIT;
}

void image_info_clear(struct image_store *s, struct image_info *i)
{
	image_unref(s, i->image);
	strv_clear(&i->tags);
	strv_clear(&i->digests);
	*i = (struct image_info){0};
}

void image_infos_clear(struct image_store *s, struct image_infos *l)
{
	for (size_t i = 0; i < l->n; i++)
		image_info_clear(s, &l->items[i]);
	free(l->items);
	*l = (struct image_infos){0};
}

static bool has_label(const struct json_strmap *labels, const char *want)
{
	CLEANUP(freep) char *key = xstrndup(want, strcspn(want, "="));
	const char *eq = strchr(want, '=');
	const char *value = json_strmap_get(labels, key);

	return value != NULL && (eq == NULL || str_eq(value, eq + 1));
}

bool image_filters_label_ok(const struct image_filters *f, const struct json_strmap *labels)
{
	strv_for_each (it, &f->labels)
		if (!has_label(labels, *it))
			return false;
	strv_for_each (it, &f->not_labels)
		if (has_label(labels, *it))
			return false;
	return true;
}

/* mu is held. */
static void fill_info(struct image_store *s, struct image_node *node, struct image_info *ret)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	*ret = (struct image_info){.shared_bytes = -1};
	node->image->refs++;
	ret->image = node->image;
	str_copy(ret->parent, node->parent, sizeof(ret->parent));
	ret->last_tagged_nsec = node->last_tagged_nsec;
	ret->n_children = store_children(s, node->image->id);
	names_of(s, node->image->id, &names);
	strv_for_each (it, &names)
		strv_add(name_is_digest(*it) ? &ret->digests : &ret->tags, *it);
}

int image_store_info(struct image_store *s, const char *name, struct image_info *ret, struct err *e)
{
	struct image *img = NULL;
	struct image_node *node;

	if (image_store_get(s, name, &img, e) < 0)
		return -1;
	pthread_mutex_lock(&s->mu);
	node = store_node(s, img->id);
	if (node != NULL)
		fill_info(s, node, ret);
	pthread_mutex_unlock(&s->mu);
	image_unref(s, img);
	return node != NULL ? 0 : err_set(e, ERR_NOTFOUND, 0, "No such image: %s", name);
}

static bool name_matches(const struct image_filters *f, const char *name)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	struct err e;

	if (image_ref_parse(name, &ref, &e) < 0)
		return false;
	strv_for_each (it, &f->references)
		if (image_ref_match(*it, &ref))
			return true;
	return false;
}

static void keep_matching(const struct image_filters *f, struct strv *names)
{
	for (size_t i = names->len; i > 0; i--)
		if (!name_matches(f, names->items[i - 1]))
			strv_remove(names, i - 1);
}

/* The times that before= and since= stand for. */
struct bounds {
	int64_t before_nsec, since_nsec; /* 0 none */
};

static int check_filters(struct image_store *s, const struct image_filters *f, struct bounds *b,
			 struct err *e)
{
	struct image *img;

	strv_for_each (it, &f->references)
		if (path_match(*it, "") < 0)
			return err_set(e, ERR_SYSTEM, 0, "syntax error in pattern");
	strv_for_each (it, &f->before) {
		if (image_store_get(s, *it, &img, e) < 0)
			return -1;
		if (b->before_nsec == 0 || img->config->created_nsec < b->before_nsec)
			b->before_nsec = img->config->created_nsec;
		image_unref(s, img);
	}
	strv_for_each (it, &f->since) {
		if (image_store_get(s, *it, &img, e) < 0)
			return -1;
		b->since_nsec = MAX(b->since_nsec, img->config->created_nsec);
		image_unref(s, img);
	}
	return 0;
}

static bool wanted(const struct image_filters *f, const struct bounds *b, bool all,
		   struct image_info *i)
{
	const struct image_config *c = i->image->config;

	if ((b->before_nsec != 0 && c->created_nsec >= b->before_nsec) ||
	    (b->since_nsec != 0 && c->created_nsec <= b->since_nsec))
		return false;
	if (f != NULL) {
		if (f->until_nsec != 0 && c->created_nsec > f->until_nsec)
			return false;
		if (!image_filters_label_ok(f, &c->config.labels))
			return false;
		if (f->references.len > 0) {
			keep_matching(f, &i->tags);
			keep_matching(f, &i->digests);
		}
	}
	if (i->tags.len + i->digests.len == 0) {
		if (!all && i->n_children > 0)
			return false;
		return f == NULL || (f->dangling != 0 && f->references.len == 0 &&
				     !(f->dangling == 1 && i->n_children > 0));
	}
	return f == NULL || f->dangling != 1 || i->tags.len == 0;
}

static int newer_first(const void *a, const void *b)
{
	const struct image_info *x = a, *y = b;
	int64_t tx = x->image->config->created_nsec, ty = y->image->config->created_nsec;

	if (tx != ty)
		return tx < ty ? 1 : -1;
	return strcmp(x->image->id, y->image->id);
}

/* Calls fn for the chain id of each layer of an image. */
static void each_chain(const struct image *img, void (*fn)(void *arg, const char *chain), void *arg)
{
	char chain[DIGEST_SIZE] = "", above[DIGEST_SIZE];

	strv_for_each (it, &img->config->rootfs.diff_ids) {
		storage_chain_id(chain, *it, above);
		str_copy(chain, above, sizeof(chain));
		fn(arg, chain);
	}
}

static void count_chain(void *arg, const char *chain)
{
	struct map *uses = arg;
	size_t *n = map_get(uses, chain);

	if (n == NULL) {
		n = xcalloc(1, sizeof(*n));
		map_put(uses, chain, n);
	}
	(*n)++;
}

struct sharing {
	struct image_store *s;
	struct map *uses;
	int64_t sum;
};

static void add_shared(void *arg, const char *chain)
{
	struct sharing *sh = arg;
	size_t *n = map_get(sh->uses, chain);
	struct layer_info info;
	struct err e;

	if (n != NULL && *n > 1 && sh->s->st != NULL &&
	    storage_layer_get(sh->s->st, chain, &info, &e) == 0)
		sh->sum += (int64_t)info.size_bytes;
}

/* Layers are counted over all images, listed or not. */
static void fill_shared(struct image_store *s, struct image_infos *l)
{
	struct map uses;

	map_init(&uses, free);
	pthread_mutex_lock(&s->mu);
	map_for_each (slot, &s->images)
		each_chain(((struct image_node *)slot->value)->image, count_chain, &uses);
	pthread_mutex_unlock(&s->mu);
	for (size_t i = 0; i < l->n; i++) {
		struct sharing sh = {s, &uses, 0};

		each_chain(l->items[i].image, add_shared, &sh);
		l->items[i].shared_bytes = sh.sum;
	}
	map_clear(&uses);
}

int image_store_list(struct image_store *s, bool all, bool shared, const struct image_filters *f,
		     struct image_infos *ret, struct err *e)
{
	struct image_infos every = {0}, l = {0};
	struct bounds b = {0};

	if (f != NULL && check_filters(s, f, &b, e) < 0)
		return -1;
	pthread_mutex_lock(&s->mu);
	every.items = xcalloc(s->images.n + 1, sizeof(*every.items));
	map_for_each (slot, &s->images)
		fill_info(s, slot->value, &every.items[every.n++]);
	pthread_mutex_unlock(&s->mu);
	l.items = xcalloc(every.n + 1, sizeof(*l.items));
	for (size_t i = 0; i < every.n; i++) {
		if (wanted(f, &b, all, &every.items[i])) {
			l.items[l.n++] = every.items[i];
			every.items[i] = (struct image_info){0};
		}
	}
	image_infos_clear(s, &every);
	qsort(l.items, l.n, sizeof(*l.items), newer_first);
	if (shared)
		fill_shared(s, &l);
	*ret = l;
	return 0;
}

int64_t image_store_layers_bytes(struct image_store *s)
{
	CLEANUP(strv_clear) struct strv chains = STRV_INIT;
	struct layer_info info;
	int64_t sum = 0;
	struct err e;

	if (s->st == NULL)
		return 0;
	storage_layer_list(s->st, &chains);
	strv_for_each (it, &chains)
		if (storage_layer_get(s->st, *it, &info, &e) == 0)
			sum += (int64_t)info.size_bytes;
	return sum;
}
