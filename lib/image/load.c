// SPDX-License-Identifier: MIT
/*
 * docker load: the archive is spooled, its kind found by its files, its layers
 * unpacked by the storage's confined children, then configuration and names
 * are kept. Docker Image Specification v1.2 (manifest.json).
 */
#include "image/load.h"

#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/load_internal.h"
#include "json/json.h"
#include "storage/layer.h"

static int say(struct load *l, const struct image_progress *m, struct err *e)
{
	if (l->job != NULL && l->job->progress != NULL && l->job->progress(l->job->arg, m) < 0)
		return err_set(e, ERR_CANCELLED, 0, "context canceled");
	return 0;
}

int load_say(struct load *l, const char *fmt, const char *what, struct err *e)
{
	CLEANUP(freep) char *text = xasprintf("%s: %s\n", fmt, what);
	struct image_progress m = {.stream = text};

	return say(l, &m, e);
}

int load_check_job(struct load *l, struct err *e)
{
	if (l->job != NULL && l->job->cancelled != NULL && l->job->cancelled(l->job->arg))
		return err_set(e, ERR_CANCELLED, 0, "context canceled");
	return 0;
}

static int say_layer(struct load *l, const char *label, int64_t current, int64_t total,
		     struct err *e)
{
	struct image_progress m = {.id = label,
				   .status = "Loading layer",
				   .has_detail = true,
				   .current = current,
				   .total = total};

	return l->quiet ? 0 : say(l, &m, e);
}

int load_layer(struct load *l, struct load_layer *layer, struct err *e)
{
	struct storage *st = image_store_storage(l->s);
	CLEANUP(fd_closep) int fd = -1;
	char chain[DIGEST_SIZE], label[13] = "";
	struct layer_result r;
	struct err ignored;
	int64_t size;

	if (st == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "there is no layer storage");
	if (load_check_job(l, e) < 0)
		return -1;
	if (layer->diff_id != NULL) {
		storage_chain_id(layer->chain, layer->diff_id, chain);
		if (storage_layer_ref(st, chain, &ignored) == 0) {
			str_copy(layer->got_diff_id, layer->diff_id, DIGEST_SIZE);
			str_copy(layer->chain, chain, DIGEST_SIZE);
			return 0;
		}
		str_copy(label, layer->diff_id + strlen("sha256:"), sizeof(label));
	}
	fd = spool_fd(l->sp, layer->file, &size, e);
	if (fd < 0 || say_layer(l, label, 0, size, e) < 0)
		return -1;
	if (storage_layer_import(st, fd, layer->chain, &r, chain, e) < 0)
		return err_wrap(e, "failed to register layer");
	if ((layer->diff_id != NULL && !str_eq(r.diff_id, layer->diff_id)) ||
	    (layer->digest != NULL && !str_eq(r.digest, layer->digest))) {
		storage_layer_unref(st, chain, NULL);
		return err_set(e, ERR_INVALID, 0, "invalid diffID for layer %.80s: got \"%s\"",
			       layer->file, r.diff_id);
	}
	str_copy(layer->got_diff_id, r.diff_id, DIGEST_SIZE);
	str_copy(layer->chain, chain, DIGEST_SIZE);
	return say_layer(l, label, size, size, e);
}

static int give_names(struct load *l, const char *id, const struct strv *names, struct err *e)
{
	size_t n = 0;

	strv_for_each (it, names) {
		CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
		CLEANUP(freep) char *shown = NULL;

		if (image_ref_parse(*it, &ref, e) < 0)
			return err_wrap(e, "\"%.128s\"", *it);
		image_ref_default_tag(&ref);
		shown = image_ref_familiar(&ref);
		if (image_store_tag(l->s, &ref, id, e) < 0 ||
		    load_say(l, "Loaded image", shown, e) < 0)
			return -1;
		n++;
	}
	return n > 0 ? 0 : load_say(l, "Loaded image ID", id, e);
}

int load_image(struct load *l, const void *config, size_t n_config, const struct strv *files,
	       const struct strv *digests, const struct strv *names, char *ret_id, struct err *e)
{
	CLEANUP(image_config_freep) struct image_config *c = NULL;
	CLEANUP(strv_clear) struct strv held = STRV_INIT;
	struct load_layer layer = {0};
	char id[DIGEST_SIZE];
	int r = 0;

	if (image_config_parse(config, n_config, &c, e) < 0)
		return -1;
	if (l->only && platform_score(l->want, c) != PLATFORM_SAME)
		return 0; /* as Docker, without a word */
	if (c->rootfs.diff_ids.len != files->len)
		return err_set(e, ERR_INVALID, 0,
			       "invalid manifest, layers length mismatch: expected %zu, got %zu",
			       files->len, c->rootfs.diff_ids.len);
	for (size_t i = 0; i < files->len && r == 0; i++) {
		layer.file = files->items[i];
		layer.digest = digests != NULL ? digests->items[i] : NULL;
		layer.diff_id = c->rootfs.diff_ids.items[i];
		r = load_layer(l, &layer, e);
		if (r == 0)
			strv_add(&held, layer.chain);
	}
	if (r == 0)
		r = image_store_create(l->s, config, n_config, NULL, id, e);
	/* the image holds its layers by now; else they go again */
	for (size_t i = held.len; i > 0; i--)
		storage_layer_unref(image_store_storage(l->s), held.items[i - 1], NULL);
	if (r == 0 && l->ids != NULL)
		strv_add(l->ids, id);
	if (r == 0 && ret_id != NULL)
		str_copy(ret_id, id, DIGEST_SIZE);
	return r < 0 ? -1 : give_names(l, id, names, e);
}

static int add_strings(const struct json *list, size_t max, struct strv *out, struct err *e)
{
	json_for_each (item, list) {
		if (json_str(item) == NULL || out->len >= max)
			return err_set(e, ERR_INVALID, 0, "malformed manifest.json");
		strv_add(out, json_str(item));
	}
	return 0;
}

/* An image may say which other one of the archive it was made of: only when it is true (its layers
 * and history, but for the last step) the store keeps that. */
static void link_parents(struct load *l, const struct json *v, const struct strv *ids)
{
	size_t i = 0;

	json_for_each (entry, v) {
		const char *parent = json_get_str(entry, "Parent"), *id = ids->items[i++];

		if (parent != NULL && strv_has(ids, parent))
			image_store_set_parent(l->s, id, parent);
	}
}

static int load_entry(struct load *l, const struct json *entry, char *ret_id, struct err *e)
{
	CLEANUP(strv_clear) struct strv files = STRV_INIT;
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(buf_clear) struct buf config = BUF_INIT;
	const char *file = json_get_str(entry, "Config");

	if (file == NULL)
		return err_set(e, ERR_INVALID, 0, "malformed manifest.json: no Config");
	if (add_strings(json_get(entry, "Layers"), IMAGE_LAYERS_MAX, &files, e) < 0 ||
	    add_strings(json_get(entry, "RepoTags"), IMAGE_INDEX_ENTRIES_MAX, &names, e) < 0 ||
	    spool_read(l->sp, file, IMAGE_CONFIG_MAX_BYTES, &config, e) < 0)
		return -1;
	return load_image(l, buf_str(&config), config.len, &files, NULL, &names, ret_id, e);
}

static int load_docker_archive(struct load *l, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;

	if (spool_read(l->sp, "manifest.json", IMAGE_LOAD_JSON_MAX_BYTES, &text, e) < 0)
		return -1;
	if (json_parse(buf_str(&text), text.len, &v, e) < 0)
		return err_wrap(e, "malformed manifest.json");
	if (json_kind(v) != JSON_ARRAY || json_len(v) > IMAGE_INDEX_ENTRIES_MAX)
		return err_set(e, ERR_INVALID, 0, "malformed manifest.json: not a list of images");
	json_for_each (entry, v) {
		char id[DIGEST_SIZE];

		id[0] = '\0';
		if (load_entry(l, entry, id, e) < 0)
			return -1;
		strv_add(&ids, id);
	}
	link_parents(l, v, &ids);
	return 0;
}

int image_load(struct image_store *s, struct stream *in, bool quiet, const struct platform *want,
	       const struct image_job *job, struct strv *ret_ids, struct err *e)
{
	CLEANUP(spool_clear) struct spool sp = {.dir_fd = -1};
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;
	struct load l = {.s = s,
			 .sp = &sp,
			 .want = want,
			 .job = job,
			 .ids = ret_ids,
			 .quiet = quiet,
			 .only = want != NULL};

	if (want == NULL) {
		platform_host(&host);
		l.want = &host;
	}
	if (spool_open(&sp, image_store_root(s), in, e) < 0)
		return err_wrap(e, "load");
	if (spool_has(&sp, "manifest.json"))
		return load_docker_archive(&l, e);
	if (spool_has(&sp, "index.json"))
		return load_oci_layout(&l, e);
	if (spool_has(&sp, "repositories"))
		return load_v1(&l, e);
	return err_set(e, ERR_INVALID, 0,
		       "invalid archive: does not contain a manifest.json, index.json or "
		       "repositories file");
}
