// SPDX-License-Identifier: MIT
/*
 * Checking the image store: configurations by their digests and layers, names
 * by the images, hints by their form. An image that is damaged is moved away;
 * its names are told, for they are what has to be pulled again.
 */
#include "image/fsck.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/config.h"
#include "image/store_internal.h"
#include "json/json.h"
#include "storage/layer.h"

static char *sub(const struct fsck *f, const char *name)
{
	return xasprintf("image/%s/%s", storage_driver(f->st), name);
}

/* 0, or what is wrong */
static int check_config(struct fsck *f, const char *path, const char *hex, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(image_config_freep) struct image_config *c = NULL;
	char id[SHA256_HEX_SIZE], chain[DIGEST_SIZE];
	struct layer_info info;

	if (file_read(f->root_fd, path, IMAGE_CONFIG_MAX_BYTES, &b, e) < 0)
		return -1;
	sha256_hex(b.data, b.len, id);
	if (!str_eq(id, hex))
		return err_set(e, ERR_INVALID, 0, "its digest is another, sha256:%s", id);
	if (image_config_parse(buf_str(&b), b.len, &c, e) < 0)
		return -1;
	image_chain_id(c, chain);
	if (*chain && storage_layer_get(f->st, chain, &info, e) < 0)
		return err_set(e, ERR_NOTFOUND, 0, "its layer %s is missing or damaged", chain);
	return 0;
}

static void check_images(struct fsck *f, struct map *good)
{
	CLEANUP(freep) char *dir = sub(f, "imagedb/content/sha256");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	fsck_names(f, dir, &names);
	strv_for_each (hex, &names) {
		CLEANUP(freep) char *path = path_join(dir, *hex);
		struct err e;

		if (str_starts(*hex, "."))
			continue;
		if (check_config(f, path, *hex, &e) == 0)
			map_put(good, *hex, f);
		else
			fsck_found(f, FSCK_MOVE, "image", path, NULL, "%s", e.msg);
	}
}

static void check_metadata(struct fsck *f, const struct map *good)
{
	CLEANUP(freep) char *dir = sub(f, "imagedb/metadata/sha256");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	fsck_names(f, dir, &names);
	strv_for_each (hex, &names) {
		CLEANUP(freep) char *path = path_join(dir, *hex);
		CLEANUP(freep) char *parent = path_join(path, "parent");
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		struct err e;

		if (!map_get(good, *hex))
			fsck_found(f, FSCK_REMOVE, "leftover", path, NULL, "of no image");
		else if (file_read(f->root_fd, parent, DIGEST_SIZE, &b, &e) == 0 &&
			 (!digest_ok(buf_str(&b)) ||
			  !map_get(good, str_skip(buf_str(&b), "sha256:"))))
			fsck_found(f, FSCK_REMOVE, "parent", parent, NULL,
				   "the image it was made of is missing");
	}
}

/* repositories.json again, without what points at no image */
static int drop_names(struct fsck *f, const struct json *v, const struct map *good,
		      const char *path, struct err *e)
{
	struct image_store s = {.dir = path_join(f->root, path)};
	int r;

	*strrchr(s.dir, '/') = 0;
	map_init(&s.names, free);
	pthread_mutex_init(&s.mu, NULL);
	json_for_each (repo, json_get(v, "Repositories"))
		json_for_each (item, repo) {
			const char *hex = str_skip(json_str(item), "sha256:");

			if (hex && map_get(good, hex))
				map_put(&s.names, json_key(item), xstrdup(json_str(item)));
		}
	r = names_save(&s, e);
	map_clear(&s.names);
	pthread_mutex_destroy(&s.mu);
	free(s.dir);
	return r;
}

static void check_names(struct fsck *f, const struct map *good)
{
	CLEANUP(freep) char *path = sub(f, "repositories.json");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(strv_clear) struct strv lost = STRV_INIT;
	struct err e;
	int r = 0;

	if (file_read(f->root_fd, path, IMAGE_REPOSITORIES_MAX_BYTES, &b, &e) < 0 &&
	    e.kind == ERR_NOTFOUND)
		return;
	if (json_parse(buf_str(&b), b.len, &v, &e) < 0) {
		fsck_found(f, FSCK_MOVE, "tag", path, NULL,
			   "%s: the names of all images are lost, docker tag gives them names",
			   e.msg);
		return;
	}
	json_for_each (repo, json_get(v, "Repositories"))
		json_for_each (item, repo) {
			const char *hex = str_skip(json_str(item), "sha256:");

			if (!hex || !map_get(good, hex))
				strv_add(&lost, json_key(item));
		}
	if (lost.len > 0 && f->repair)
		r = drop_names(f, v, good, path, &e);
	strv_for_each (name, &lost)
		fsck_found(f, FSCK_FIX, "tag", path, r < 0 ? &e : NULL,
			   "%s names an image that is missing: pull or load it again", *name);
}

/* hints: pulls and pushes do without */
static void check_hints(struct fsck *f, const char *kind, bool json)
{
	CLEANUP(freep) char *dir = sub(f, kind);
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	fsck_names(f, dir, &names);
	strv_for_each (hex, &names) {
		CLEANUP(freep) char *path = path_join(dir, *hex);
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		CLEANUP(json_freep) struct json *v = NULL;
		struct err e;

		if (**hex != '.' &&
		    (file_read(f->root_fd, path, STORAGE_META_MAX, &b, &e) < 0 ||
		     (json ? json_parse(buf_str(&b), b.len, &v, &e) < 0 : !digest_ok(buf_str(&b)))))
			fsck_found(f, FSCK_REMOVE, "hint", path, NULL,
				   "where a layer came from cannot be read");
	}
}

void image_fsck(struct fsck *f)
{
	struct map good; /* hex of each image that is whole */

	map_init(&good, NULL);
	check_images(f, &good);
	check_metadata(f, &good);
	check_names(f, &good);
	check_hints(f, "distribution/diffid-by-digest/sha256", false);
	check_hints(f, "distribution/v2metadata-by-diffid/sha256", true);
	map_clear(&good);
}
