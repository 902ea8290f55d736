// SPDX-License-Identifier: MIT
/* /images: list, inspect, history, tag, remove, prune. */
#include <string.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/resource.h"
#include "storage/layer.h"

#define NSEC_PER_SEC 1000000000LL

static void filter_strs(const struct engine_filters *f, const char *name, struct strv *ret)
{
	const struct strv *v = engine_filters_get(f, name);

	if (v != NULL)
		strv_copy(ret, v);
}

static int image_filters(const struct engine_filters *f, struct image_filters *ret, struct err *e)
{
	static const char *const known[] = {"dangling",	 "label", "before", "since",
					    "reference", "until", NULL};
	bool dangling;

	if (engine_filters_check(f, known, e) < 0 ||
	    engine_filters_bool(f, "dangling", &dangling, e) < 0)
		return -1;
	if (engine_filters_get(f, "dangling") != NULL)
		ret->dangling = dangling;
	filter_strs(f, "label", &ret->labels);
	filter_strs(f, "reference", &ret->references);
	filter_strs(f, "before", &ret->before);
	filter_strs(f, "since", &ret->since);
	return engine_filters_until(f, &ret->until_nsec, e);
}

/* Untagged images had a pair of "<none>" names until 1.42. */
static void write_names(const struct api_call *c, struct json_w *w, const struct image_info *i)
{
	bool none = c->version < API_VERSION(1, 43) && i->tags.len == 0 && i->digests.len == 0;

	if (!none) {
		api_write_strs(w, "RepoDigests", &i->digests, c->version < API_VERSION(1, 43));
		api_write_strs(w, "RepoTags", &i->tags, c->version < API_VERSION(1, 43));
		return;
	}
	jw_karr(w, "RepoDigests");
	jw_str(w, "<none>@<none>");
	jw_end(w);
	jw_karr(w, "RepoTags");
	jw_str(w, "<none>:<none>");
	jw_end(w);
}

static void write_summary(const struct api_call *c, struct json_w *w, const struct image_info *i,
			  bool counts)
{
	const struct image *img = i->image;

	jw_obj(w);
	jw_ki64(w, "Containers",
		counts ? (int64_t)engine_image_containers(c->en, img->id) : (int64_t)-1);
	jw_ki64(w, "Created", img->config->created_nsec / NSEC_PER_SEC);
	jw_kstr(w, "Id", img->id);
	api_write_strmap(w, "Labels", &img->config->config.labels);
	jw_kstr(w, "ParentId", i->parent);
	write_names(c, w, i);
	jw_ki64(w, "SharedSize", i->shared_bytes);
	jw_ki64(w, "Size", img->size_bytes);
	if (c->version < API_VERSION(1, 44))
		jw_ki64(w, "VirtualSize", img->size_bytes);
	jw_end(w);
}

int api_write_images(struct api_call *c, struct json_w *w, bool all, bool counts,
		     const struct engine_filters *f, struct err *e)
{
	CLEANUP(image_filters_clear) struct image_filters filters = IMAGE_FILTERS_INIT;
	struct image_store *store = engine_images(c->en);
	struct image_infos l = {0};
	bool shared = counts || (c->version >= API_VERSION(1, 42) && call_bool(c, "shared-size"));

	if (f != NULL && image_filters(f, &filters, e) < 0)
		return -1;
	if (image_store_list(store, all, shared, &filters, &l, e) < 0)
		return -1;
	jw_arr(w);
	for (size_t i = 0; i < l.n; i++)
		write_summary(c, w, &l.items[i], counts || c->version >= API_VERSION(1, 51));
	jw_end(w);
	image_infos_clear(store, &l);
	return 0;
}

int image_list(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (call_filters(c, &f, e) < 0)
		return -1;
	jw_init(&w, &b);
	if (api_write_images(c, &w, call_bool(c, "all"), false, &f, e) < 0)
		return -1;
	return call_json(c, 200, &b, e);
}

/* Sizes of the image's layers, lowest first; how many are known. */
static size_t layer_sizes(struct image_store *store, const struct image *img, int64_t *sizes,
			  size_t max)
{
	struct storage *st = image_store_storage(store);
	char chain[DIGEST_SIZE];
	size_t n = MIN(img->config->rootfs.diff_ids.len, max);

	str_copy(chain, img->chain_id, sizeof(chain));
	for (size_t left = n; left > 0 && chain[0] != '\0'; left--) {
		struct layer_info info = {0};
		struct err e;

		if (storage_layer_get(st, chain, &info, &e) < 0)
			break;
		sizes[left - 1] = (int64_t)info.size_bytes;
		str_copy(chain, info.parent, sizeof(chain));
	}
	return n;
}

/* i: the image whose entry it is; zeroed when that is not here */
static void write_history_entry(struct json_w *w, const struct image_history *h,
				const struct image_info *i, int64_t size)
{
	jw_obj(w);
	jw_kstr(w, "Comment", h->comment);
	jw_ki64(w, "Created", h->created_nsec / NSEC_PER_SEC);
	jw_kstr(w, "CreatedBy", h->created_by);
	jw_kstr(w, "Id", i->image != NULL ? i->image->id : "<missing>");
	jw_ki64(w, "Size", size);
	api_write_strs(w, "Tags", &i->tags, true);
	jw_end(w);
}

/* i becomes the image that it was made from; without one here, nothing */
static void to_parent(struct image_store *store, struct image_info *i)
{
	struct image_info parent = {0};
	struct err ignored;

	if (i->parent[0] != '\0' && image_store_info(store, i->parent, &parent, &ignored) < 0)
		parent = (struct image_info){0};
	image_info_clear(store, i);
	*i = parent;
}

int image_history(struct api_call *c, struct err *e)
{
	struct image_store *store = engine_images(c->en);
	CLEANUP(freep) int64_t *sizes = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const struct image_config *ic;
	struct image_info i = {0};
	struct image *top;
	struct json_w w;
	size_t layer;

	if (call_image_platform(c, "platform", API_VERSION(1, 48), e) < 0 ||
	    image_store_info(store, c->name, &i, e) < 0 ||
	    image_store_get(store, i.image->id, &top, e) < 0) {
		image_info_clear(store, &i);
		return -1;
	}
	ic = top->config;
	sizes = xcalloc(ic->rootfs.diff_ids.len + 1, sizeof(*sizes));
	layer = layer_sizes(store, top, sizes, ic->rootfs.diff_ids.len);
	jw_init(&w, &b);
	jw_arr(&w);
	for (size_t at = ic->history.len; at-- > 0;) {
		bool empty = ic->history.items[at].empty_layer || layer == 0;

		write_history_entry(&w, &ic->history.items[at], &i, empty ? 0 : sizes[--layer]);
		to_parent(store, &i);
	}
	jw_end(&w);
	image_info_clear(store, &i);
	image_unref(store, top);
	return call_json(c, 200, &b, e);
}

int image_tag(struct api_call *c, struct err *e)
{
	if (engine_image_tag(c->en, c->name, call_get(c, "repo"), call_get(c, "tag"), e) < 0)
		return -1;
	return call_empty(c, 201, e);
}

static void write_removed(struct json_w *w, const struct image_removeds *r)
{
	jw_arr(w);
	for (size_t i = 0; i < r->n; i++) {
		jw_obj(w);
		if (r->items[i].untagged != NULL)
			jw_kstr(w, "Untagged", r->items[i].untagged);
		if (r->items[i].deleted != NULL)
			jw_kstr(w, "Deleted", r->items[i].deleted);
		jw_end(w);
	}
	jw_end(w);
}

int image_remove(struct api_call *c, struct err *e)
{
	CLEANUP(image_removeds_clear) struct image_removeds r = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (call_image_platform(c, "platforms", API_VERSION(1, 50), e) < 0 ||
	    engine_image_remove(c->en, c->name, call_bool(c, "force"), call_bool(c, "noprune"), &r,
				e) < 0)
		return -1;
	jw_init(&w, &b);
	write_removed(&w, &r);
	return call_json(c, 200, &b, e);
}

int image_prune(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(image_removeds_clear) struct image_removeds r = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (call_filters(c, &f, e) < 0 || engine_image_prune(c->en, &f, &r, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_key(&w, "ImagesDeleted");
	if (r.n == 0)
		jw_null(&w);
	else
		write_removed(&w, &r);
	jw_ki64(&w, "SpaceReclaimed", r.freed_bytes);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}
