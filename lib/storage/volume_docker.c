// SPDX-License-Identifier: MIT
/*
 * Labels and options of volumes between Docker's volumes/metadata.db and ours,
 * meta.json in each volume's directory. Docker takes volumes that its database
 * does not have from the directory, and drops entries whose volume is gone.
 * Source: moby volume/service/db.go, restore.go.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "config/limits.h"
#include "json/bind.h"
#include "json/json.h"
#include "storage/bolt.h"
#include "storage/volume_internal.h"

#define DATABASE "metadata.db"
#define BUCKET	 "volumes"

static void keep_pair(void *arg, const char *key, size_t n_key, const char *value, size_t n_value)
{
	CLEANUP(freep) char *name = xstrndup(key, n_key);
	CLEANUP(freep) char *text = xstrndup(value, n_value);

	json_strmap_set(arg, name, text);
}

/* name -> JSON; empty without a database */
static int read_database(const struct volumes *vs, struct json_strmap *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf db = BUF_INIT;
	struct stat st;

	if (fstatat(vs->dir_fd, DATABASE, &st, 0) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat %s/" DATABASE, vs->dir);
	if (file_read(vs->dir_fd, DATABASE, STORAGE_DATABASE_MAX, &db, e) < 0)
		return -1;
	if (bolt_each(db.data, db.len, BUCKET, keep_pair, ret, e) < 0)
		return err_wrap(e, "%s/" DATABASE, vs->dir);
	return 0;
}

static bool is_local(const struct json *v)
{
	const char *driver = json_get_str(v, "Driver");

	return str_empty(driver) || str_eq(driver, "local");
}

static int take_one(struct volumes *vs, const char *name, const struct json *v, struct err *e)
{
	CLEANUP(strv_clear) struct strv labels = STRV_INIT;
	CLEANUP(strv_clear) struct strv options = STRV_INIT;
	CLEANUP(fd_closep) int fd = -1;
	struct timespec times[2];
	struct stat st;

	volume_pairs_read(json_get(v, "Labels"), &labels);
	volume_pairs_read(json_get(v, "Options"), &options);
	if (labels.len + options.len == 0 || volume_name_ok(name, e) < 0)
		return 0;
	fd = openat(vs->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || faccessat(fd, "meta.json", F_OK, 0) == 0)
		return 0;
	if (volume_write_meta(fd, name, &labels, &options,
			      (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec, e) < 0)
		return -1;
	/* it is the time of creation that Docker shows */
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	(void)futimens(fd, times);
	return 0;
}

int volumes_take_over(struct volumes *vs, struct err *e)
{
	struct json_strmap all = {0};
	int r = read_database(vs, &all, e);

	for (size_t i = 0; r == 0 && i < all.len; i++) {
		CLEANUP(json_freep) struct json *v = NULL;
		struct err ignored;

		if (json_parse(all.items[i].value, strlen(all.items[i].value), &v, &ignored) == 0 &&
		    is_local(v))
			r = take_one(vs, all.items[i].key, v, e);
	}
	json_strmap_clear(&all);
	return r;
}

static char *entry_of(const struct volume_info *v)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "Name", v->name);
	jw_kstr(&w, "Driver", "local");
	if (v->labels.len > 0)
		volume_pairs_write(&w, "Labels", &v->labels);
	else
		jw_knull(&w, "Labels");
	if (v->options.len > 0)
		volume_pairs_write(&w, "Options", &v->options);
	else
		jw_knull(&w, "Options");
	jw_end(&w);
	return buf_detach(&b);
}

/* what the database should have, from what it has; true when it differs */
static bool bring_up_to_date(struct volumes *vs, const struct strv *names,
			     const struct json_strmap *old, struct json_strmap *new)
{
	bool changed = false;

	for (size_t i = 0; i < old->len; i++) {
		CLEANUP(json_freep) struct json *v = NULL;
		const char *name = old->items[i].key, *text = old->items[i].value;
		struct err ignored;

		if (json_parse(text, strlen(text), &v, &ignored) == 0 && is_local(v) &&
		    !strv_has(names, name))
			changed = true;
		else
			json_strmap_set(new, name, text);
	}
	for (size_t i = 0; i < names->len; i++) {
		const char *text = json_strmap_get(old, names->items[i]);
		CLEANUP(freep) char *now = NULL;
		struct volume_info info;
		struct err ignored;

		if (volume_get(vs, names->items[i], &info, &ignored) < 0)
			continue;
		if (text != NULL || info.labels.len + info.options.len > 0)
			now = entry_of(&info);
		volume_info_clear(&info);
		if (now == NULL || str_eq(text, now))
			continue;
		json_strmap_set(new, names->items[i], now);
		changed = true;
	}
	return changed;
}

static int write_database(struct volumes *vs, const struct json_strmap *map, struct err *e)
{
	CLEANUP(freep) struct bolt_pair *pairs = xcalloc(map->len + 1, sizeof(*pairs));
	CLEANUP(strv_clear) struct strv keys = STRV_INIT;
	CLEANUP(buf_clear) struct buf db = BUF_INIT;

	for (size_t i = 0; i < map->len; i++)
		strv_add(&keys, map->items[i].key);
	strv_sort(&keys);
	for (size_t i = 0; i < keys.len; i++)
		pairs[i] = (struct bolt_pair){keys.items[i],
					      (char *)json_strmap_get(map, keys.items[i])};
	if (bolt_write(&db, BUCKET, pairs, keys.len, e) < 0)
		return -1;
	return file_write(vs->dir_fd, DATABASE, db.data, db.len, 0600, FILE_SYNC, e);
}

int volumes_give_back(struct volumes *vs, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct json_strmap old = {0}, new = {0};
	int r = -1;

	if (volume_list(vs, &names, e) == 0 && read_database(vs, &old, e) == 0)
		r = bring_up_to_date(vs, &names, &old, &new) ? write_database(vs, &new, e) : 0;
	json_strmap_clear(&old);
	json_strmap_clear(&new);
	return r;
}
