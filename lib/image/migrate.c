// SPDX-License-Identifier: MIT
/* Images and containers of one storage driver brought to another; see migrate.h. */
#include "image/migrate.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/store_internal.h"
#include "json/json.h"
#include "storage/bring.h"
#include "storage/layer.h"
#include "storage/rw.h"

static void note(struct image_migration *m, const char *what, const char *name, int r,
		 const struct err *e)
{
	if (r != 0)
		m->tell(what, name, r < 0 ? e : NULL);
	m->n_brought += r > 0;
	m->n_failed += r < 0;
}

static int bring_names(struct image_store *to, const struct strv *names, const char *id,
		       struct err *e)
{
	strv_for_each (name, names) {
		CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
		char there[DIGEST_SIZE];

		if (image_ref_parse(*name, &ref, e) < 0)
			return -1;
		/* a name that has gone on here stays */
		if (image_store_resolve(to, &ref, there, e) < 0 &&
		    image_store_tag(to, &ref, id, e) < 0)
			return -1;
	}
	return 0;
}

/* 1 brought, 0 it was there */
static int bring_image(struct image_store *to, struct image_store *from,
		       const struct image_info *info, struct err *e)
{
	const struct image *img = info->image;
	const char *parent = *info->parent ? info->parent : NULL;
	char id[DIGEST_SIZE];
	struct image *there;

	if (image_store_get(to, img->id, &there, e) == 0) {
		image_unref(to, there);
		return bring_names(to, &info->tags, img->id, e);
	}
	if ((*img->chain_id && storage_bring_layer(to->st, from->st, img->chain_id, e) < 0) ||
	    image_store_create(to, img->json, img->n_json, parent, id, e) < 0 ||
	    bring_names(to, &info->tags, id, e) < 0 || bring_names(to, &info->digests, id, e) < 0)
		return -1;
	return 1;
}

/* what pulls have learned; hints that can be done without */
static void bring_hints(const struct image_store *to, const struct image_store *from,
			const char *kind)
{
	CLEANUP(freep) char *src = xasprintf("%s/distribution/%s/sha256", from->dir, kind);
	CLEANUP(freep) char *dst = xasprintf("%s/distribution/%s/sha256", to->dir, kind);
	CLEANUP(fd_closep) int src_fd = open(src, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep) int dst_fd = open(dst, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err ignored;

	if (src_fd >= 0 && dst_fd >= 0 && walk_names(src_fd, &names, &ignored) == 0)
		strv_for_each (name, &names)
			(void)!linkat(src_fd, *name, dst_fd, *name, 0);
}

/* 1 brought, 0 it is none of the other driver's; its configuration names its driver */
static int bring_container(struct image_store *to, struct image_store *from, const char *id,
			   struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/containers/%s/config.v2.json", to->root, id);
	CLEANUP(freep) char *mark = xasprintf("\"Driver\":\"%s\"", storage_driver(from->st));
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(buf_clear) struct buf changed = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *at;

	if (file_read(AT_FDCWD, path, STORAGE_CONTAINER_FILE_MAX, &text, e) < 0)
		return e->kind == ERR_NOTFOUND ? 0 : -1;
	if (json_parse(buf_str(&text), text.len, &v, e) < 0)
		return -1;
	at = strstr(buf_str(&text), mark);
	if (!at || !str_eq(json_get_str(v, "Driver"), storage_driver(from->st)))
		return 0;
	if (json_get_bool(json_get(v, "State"), "Running", false))
		return err_set(
			e, ERR_CONFLICT, 0,
			"it ran when the engine ended: start the engine with its driver, stop "
			"the container, then the engine");
	if (storage_bring_rw(to->st, from->st, id, e) < 0)
		return -1;
	buf_add(&changed, text.data, (size_t)(at - text.data));
	buf_addf(&changed, "\"Driver\":\"%s\"%s", storage_driver(to->st), at + strlen(mark));
	return file_write(AT_FDCWD, path, changed.data, changed.len, 0600, FILE_SYNC, e) < 0 ? -1
											     : 1;
}

static int bring_all(struct image_store *to, struct image_store *from, struct image_migration *m,
		     struct err *e)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	struct image_infos list = {0};
	struct err why;

	if (image_store_list(from, true, false, NULL, &list, e) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++)
		note(m, "image", list.items[i].image->id,
		     bring_image(to, from, &list.items[i], &why), &why);
	image_infos_clear(from, &list);
	bring_hints(to, from, "diffid-by-digest");
	bring_hints(to, from, "v2metadata-by-diffid");
	storage_rw_list(from->st, &ids);
	strv_for_each (id, &ids)
		note(m, "container", *id, bring_container(to, from, *id, &why), &why);
	return 0;
}

int image_migrate(struct image_store *to, const char *driver, struct image_migration *m,
		  struct err *e)
{
	CLEANUP(storage_freep) struct storage *st = storage_other(to->st, driver);
	struct image_store *from = NULL;
	int r;

	if (!st || image_store_open(to->root, st, &from, e) < 0)
		return st ? -1
			  : err_set(e, ERR_NOTFOUND, 0, "the storage driver %s has nothing in %s",
				    driver, to->root);
	r = bring_all(to, from, m, e);
	image_store_close(from);
	return r;
}
