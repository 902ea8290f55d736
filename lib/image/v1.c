// SPDX-License-Identifier: MIT
/*
 * The oldest docker save format (Docker Image Specification v1.0): a file
 * repositories {"name":{"tag":"id"}} and, for each id, json (with "parent") and
 * layer.tar. A configuration is made from the topmost json.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/load_internal.h"
#include "json/json.h"
#include "storage/layer.h"

static int read_json(struct load *l, const char *id, struct buf *text, struct json **ret,
		     struct err *e)
{
	CLEANUP(freep) char *path = NULL;

	if (!str_is_hex(id, 64))
		return err_set(e, ERR_INVALID, 0, "malformed image id in the archive");
	path = xasprintf("%s/json", id);
	if (spool_read(l->sp, path, IMAGE_CONFIG_MAX_BYTES, text, e) < 0 ||
	    json_parse(buf_str(text), text->len, ret, e) < 0)
		return err_wrap(e, "image %.12s", id);
	return 0;
}

/* Ids from the topmost down to the base. */
static int collect(struct load *l, const char *top, struct strv *ids, struct err *e)
{
	CLEANUP(freep) char *id = xstrdup(top);

	while (id != NULL) {
		CLEANUP(buf_clear) struct buf text = BUF_INIT;
		CLEANUP(json_freep) struct json *v = NULL;
		const char *parent;

		if (ids->len >= IMAGE_LAYERS_MAX)
			return err_set(e, ERR_INVALID, 0, "image has too many layers");
		if (read_json(l, id, &text, &v, e) < 0)
			return -1;
		strv_add(ids, id);
		parent = json_get_str(v, "parent");
		free(id);
		id = str_empty(parent) ? NULL : xstrdup(parent);
	}
	return 0;
}

static int add_layer(struct load *l, const char *id, struct load_layer *layer,
		     struct image_config *c, struct strv *files, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(image_config_freep) struct image_config *own = image_config_new();
	CLEANUP(freep) char *file = xasprintf("%s/layer.tar", id);

	if (read_json(l, id, &text, &v, e) < 0 || json_bind(v, &image_config_json, own, e) < 0)
		return -1;
	layer->file = file;
	if (load_layer(l, layer, e) < 0)
		return -1;
	layer->file = NULL;
	strv_add(&c->rootfs.diff_ids, layer->got_diff_id);
	strv_add(files, file);
	image_config_add_history(c, own->created_nsec, NULL, own->comment, false);
	return 0;
}

static int load_chain(struct load *l, const char *top, const char *name, struct err *e)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	CLEANUP(strv_clear) struct strv files = STRV_INIT;
	CLEANUP(strv_clear) struct strv held = STRV_INIT;
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(buf_clear) struct buf config = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(image_config_freep) struct image_config *c = image_config_new();
	struct load_layer layer = {0};
	int r = 0;

	if (collect(l, top, &ids, e) < 0 || read_json(l, top, &text, &v, e) < 0 ||
	    json_bind(v, &image_config_json, c, e) < 0)
		return -1;
	str_replace_ptr(&c->rootfs.type, "layers");
	strv_clear(&c->rootfs.diff_ids);
	for (size_t i = ids.len; i > 0 && r == 0; i--) {
		r = add_layer(l, ids.items[i - 1], &layer, c, &files, e);
		if (r == 0)
			strv_add(&held, layer.chain);
	}
	if (r == 0) {
		strv_add(&names, name);
		image_config_write(c, &config);
		r = load_image(l, buf_str(&config), config.len, &files, NULL, &names, NULL, e);
	}
	for (size_t i = held.len; i > 0; i--)
		storage_layer_unref(image_store_storage(l->s), held.items[i - 1], NULL);
	return r;
}

int load_v1(struct load *l, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;

	if (spool_read(l->sp, "repositories", IMAGE_LOAD_JSON_MAX_BYTES, &text, e) < 0 ||
	    json_parse(buf_str(&text), text.len, &v, e) < 0)
		return err_wrap(e, "repositories");
	json_for_each (repo, v) {
		json_for_each (tag, repo) {
			CLEANUP(freep)
			char *name = xasprintf("%s:%s", json_key(repo), json_key(tag));

			if (json_str(tag) == NULL)
				return err_set(e, ERR_INVALID, 0, "malformed repositories file");
			if (load_chain(l, json_str(tag), name, e) < 0)
				return -1;
		}
	}
	return 0;
}
