// SPDX-License-Identifier: MIT
/*
 * repositories.json (moby reference/store.go): names and digests of images,
 * {"Repositories":{"alpine":{"alpine:3.20":"sha256:…","alpine@sha256:…":…}}}.
 * Keys are familiar names, sorted.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "config/limits.h"
#include "image/store_internal.h"
#include "json/json.h"
#include "json/write.h"

bool name_is_digest(const char *name)
{
	return strchr(name, '@') != NULL;
}

static void load_repository(struct image_store *s, const struct json *repo)
{
	json_for_each (item, repo) {
		CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
		CLEANUP(freep) char *name = NULL;
		const char *id = json_str(item);
		struct err e;

		if (id == NULL || store_node(s, id) == NULL ||
		    image_ref_parse(json_key(item), &ref, &e) < 0)
			continue;
		name = image_ref_familiar(&ref);
		map_put(&s->names, name, xstrdup(id));
	}
}

void names_load(struct image_store *s)
{
	CLEANUP(freep) char *path = path_join(s->dir, "repositories.json");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (file_read(AT_FDCWD, path, IMAGE_REPOSITORIES_MAX_BYTES, &b, &e) < 0) {
		if (e.kind != ERR_NOTFOUND)
			log_debug(&e, "image store: names left out");
		return;
	}
	if (json_parse(buf_str(&b), b.len, &v, &e) < 0) {
		log_debug(&e, "image store: %s", path);
		return;
	}
	json_for_each (repo, json_get(v, "Repositories"))
		load_repository(s, repo);
}

/* The repository's part of "host:5000/a/b:tag" or "a@sha256:…"; on the heap. */
static char *repository_of(const char *name)
{
	const char *at = strchr(name, '@');
	const char *slash = strrchr(name, '/');
	const char *colon = strchr(slash != NULL ? slash : name, ':');

	if (at != NULL)
		return xstrndup(name, (size_t)(at - name));
	return colon != NULL ? xstrndup(name, (size_t)(colon - name)) : xstrdup(name);
}

int names_save(struct image_store *s, struct err *e)
{
	CLEANUP(freep) char *path = path_join(s->dir, "repositories.json");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	pthread_mutex_lock(&s->mu);
	/* sorted names of one repository need not stand together ("a-b:x" is between "a:x" and
	 * "a@…"), so repositories are collected first */
	CLEANUP(strv_clear) struct strv repos = STRV_INIT;
	const char **keys = map_keys_sorted(&s->names);

	for (size_t i = 0; i < s->names.n; i++)
		strv_take(&repos, repository_of(keys[i]));
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kobj(&w, "Repositories");
	for (size_t i = 0; i < s->names.n; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = str_eq(repos.items[k], repos.items[i]);
		if (seen)
			continue;
		jw_kobj(&w, repos.items[i]);
		for (size_t k = i; k < s->names.n; k++)
			if (str_eq(repos.items[k], repos.items[i]))
				jw_kstr(&w, keys[k], map_get(&s->names, keys[k]));
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	free(keys);
	pthread_mutex_unlock(&s->mu);
	return file_write(AT_FDCWD, path, b.data, b.len, 0600, FILE_SYNC, e);
}

/* what a familiar name leaves out; the order of names is that of full ones */
static const char *left_out(const char *name)
{
	size_t n = strcspn(name, "/");

	if (name[n] == '\0')
		return "docker.io/library/";
	return strcspn(name, ".:") < n || (n == 9 && str_starts(name, "localhost")) ? ""
										    : "docker.io/";
}

static int by_full_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	CLEANUP(freep) char *full_x = xasprintf("%s%s", left_out(*x), *x);
	CLEANUP(freep) char *full_y = xasprintf("%s%s", left_out(*y), *y);

	return strcmp(full_x, full_y);
}

void names_of(struct image_store *s, const char *id, struct strv *ret)
{
	map_for_each (slot, &s->names)
		if (str_eq(slot->value, id))
			strv_add(ret, slot->key);
	if (ret->len > 1)
		qsort(ret->items, ret->len, sizeof(*ret->items), by_full_name);
}

int names_remove(struct image_store *s, const char *name, struct err *e)
{
	MUTEX_GUARD(&s->write_mu);
	pthread_mutex_lock(&s->mu);
	map_del(&s->names, name);
	pthread_mutex_unlock(&s->mu);
	return names_save(s, e);
}
