// SPDX-License-Identifier: MIT
/* Volumes as the API changes them: the storage room's verbs, protection of what is in use, and
 * events. */
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "engine/engine_internal.h"

void volume_event(struct engine *en, const char *action, const char *name, const char *container,
		  const struct docker_mount_point *at)
{
	struct json_strmap attributes = {0};

	json_strmap_set(&attributes, "driver", "local");
	if (container != NULL)
		json_strmap_set(&attributes, "container", container);
	if (at != NULL) {
		json_strmap_set(&attributes, "destination", at->destination);
		json_strmap_set(&attributes, "read/write", at->rw ? "true" : "false");
		json_strmap_set(&attributes, "propagation",
				at->propagation != NULL ? at->propagation : "");
	}
	engine_event_emit(en, "volume", action, name, &attributes);
	json_strmap_clear(&attributes);
}

/* how many containers use it; their ids are appended unless ret_ids is NULL. With mu held */
static size_t users(struct engine *en, const char *name, struct strv *ret_ids)
{
	size_t n = 0;

	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;

		for (size_t i = 0; i < c->mounts.len; i++) {
			if (!str_eq(c->mounts.items[i].point.type, "volume") ||
			    !str_eq(c->mounts.items[i].point.name, name))
				continue;
			n++;
			if (ret_ids != NULL)
				strv_add(ret_ids, c->id);
			break;
		}
	}
	return n;
}

bool volume_in_use(struct engine *en, const char *name, struct strv *ret_ids)
{
	MUTEX_GUARD(&en->mu);

	return users(en, name, ret_ids) > 0;
}

static void complete(struct engine *en, struct engine_volume *v)
{
	v->size_bytes = -1;
	pthread_mutex_lock(&en->mu);
	v->ref_count = (int64_t)users(en, v->info.name, NULL);
	pthread_mutex_unlock(&en->mu);
}

int engine_volume_create(struct engine *en, const char *name, const char *driver,
			 const struct strv *labels, const struct strv *options,
			 struct engine_volume *ret, struct err *e)
{
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!str_empty(driver) && !str_eq(driver, "local"))
		return err_set(
			e, ERR_NOTFOUND, 0,
			"create %s: error looking up volume plugin %s: plugin \"%s\" not found",
			name != NULL ? name : "", driver, driver);
	r = volume_create(en->volumes, name, labels, options, &ret->info, e);
	if (r < 0)
		return -1;
	if (r > 0)
		volume_event(en, "create", ret->info.name, NULL, NULL);
	complete(en, ret);
	return 0;
}

int engine_volume_get(struct engine *en, const char *name, struct engine_volume *ret, struct err *e)
{
	memset(ret, 0, sizeof(*ret));
	if (volume_get(en->volumes, name, &ret->info, e) < 0)
		return -1;
	complete(en, ret);
	return 0;
}

static void labels_of(const struct engine_volume *v, struct json_strmap *ret)
{
	for (size_t i = 0; i < v->info.labels.len; i++) {
		const char *entry = v->info.labels.items[i];
		CLEANUP(freep) char *key = xstrndup(entry, strcspn(entry, "="));

		json_strmap_set(ret, key, strchr(entry, '=') != NULL ? strchr(entry, '=') + 1 : "");
	}
}

static bool label_ok(const struct engine_filters *f, const char *filter,
		     const struct engine_volume *v)
{
	struct json_strmap labels = {0};
	bool ok;

	labels_of(v, &labels);
	ok = filters_label_ok(engine_filters_get(f, filter), &labels);
	json_strmap_clear(&labels);
	return ok;
}

static bool name_ok(const struct strv *want, const char *name)
{
	for (size_t i = 0; want != NULL && i < want->len; i++)
		if (filters_match(want->items[i], name))
			return true;
	return want == NULL;
}

static bool wanted(const struct engine_filters *f, const struct engine_volume *v, int dangling)
{
	const struct strv *driver = engine_filters_get(f, "driver");
	const struct strv *not_label = engine_filters_get(f, "label!");

	if (not_label != NULL && label_ok(f, "label!", v))
		return false;
	if (dangling >= 0 && (v->ref_count == 0) != (dangling == 1))
		return false;
	return name_ok(engine_filters_get(f, "name"), v->info.name) && label_ok(f, "label", v) &&
	       (driver == NULL || strv_has(driver, "local"));
}

int engine_volume_list(struct engine *en, const struct engine_filters *f, bool size,
		       struct engine_volume **ret, size_t *ret_n, struct err *e)
{
	static const char *const known[] = {"dangling", "driver", "label", "name", NULL};
	const struct strv *want = engine_filters_get(f, "dangling");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct engine_volume *list;
	int dangling = -1;
	size_t n = 0;
	bool b;

	if (f != NULL && engine_filters_check(f, known, e) < 0)
		return -1;
	if (want != NULL) {
		if (want->len > 1 || str_bool(want->items[0], &b) < 0)
			return err_set(e, ERR_INVALID, 0, "invalid filter 'dangling=[%s%s%s]'",
				       want->items[0], want->len > 1 ? " " : "",
				       want->len > 1 ? want->items[1] : "");
		dangling = b;
	}
	if (volume_list(en->volumes, &names, e) < 0)
		return -1;
	list = xcalloc(names.len + 1, sizeof(*list));
	for (size_t i = 0; i < names.len; i++) {
		struct engine_volume v;
		uint64_t bytes;
		struct err why;

		if (engine_volume_get(en, names.items[i], &v, &why) < 0)
			continue; /* removed meanwhile */
		/* as in Docker, what is mounted from elsewhere has no size, nor is it pruned */
		if (!wanted(f, &v, dangling) || (size && v.info.options.len > 0)) {
			engine_volume_clear(&v);
			continue;
		}
		if (size && volume_size(en->volumes, v.info.name, &bytes, &why) == 0)
			v.size_bytes = (int64_t)bytes;
		list[n++] = v;
	}
	*ret = list;
	*ret_n = n;
	return 0;
}

int engine_volume_remove(struct engine *en, const char *name, bool force, struct err *e)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	CLEANUP(freep) char *joined = NULL;

	if (volume_in_use(en, name, &ids)) {
		joined = strv_join(&ids, ", ");
		return err_set(e, ERR_CONFLICT, 0, "remove %s: volume is in use - [%s]", name,
			       joined);
	}
	if (volume_remove(en->volumes, name, e) < 0)
		return force && e->kind == ERR_NOTFOUND ? 0 : -1;
	volume_event(en, "destroy", name, NULL, NULL);
	return 0;
}

int engine_volume_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_names,
			int64_t *ret_bytes, struct err *e)
{
	static const char *const known[] = {"label", "label!", "all", NULL};
	const struct strv *all_text = engine_filters_get(f, "all");
	struct engine_volume *list;
	bool all = false;
	size_t n;

	if (engine_filters_check(f, known, e) < 0)
		return -1;
	if (all_text != NULL && all_text->len > 1)
		return err_set(e, ERR_INVALID, 0,
			       "invalid filter 'all=[%s %s]': only one value is expected",
			       all_text->items[0], all_text->items[1]);
	if (all_text != NULL && str_bool(all_text->items[0], &all) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid filter 'all': strconv.ParseBool: parsing \"%s\": invalid "
			       "syntax",
			       all_text->items[0]);
	if (engine_volume_list(en, NULL, true, &list, &n, e) < 0)
		return -1;
	*ret_bytes = 0;
	for (size_t i = 0; i < n; i++) {
		const struct engine_volume *v = &list[i];
		struct err why;

		if (v->ref_count == 0 && (all || v->info.anonymous) && wanted(f, v, -1)) {
			if (engine_volume_remove(en, v->info.name, false, &why) == 0) {
				strv_add(ret_names, v->info.name);
				*ret_bytes += MAX(v->size_bytes, 0);
			} else {
				log_debug(&why, "prune volumes");
			}
		}
		engine_volume_clear(&list[i]);
	}
	free(list);
	engine_event_prune(en, "volume", *ret_bytes);
	return 0;
}

void engine_volume_clear(struct engine_volume *v)
{
	volume_info_clear(&v->info);
	memset(v, 0, sizeof(*v));
}
