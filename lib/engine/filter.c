// SPDX-License-Identifier: MIT
/* The filters parameter of list, prune and events: {"name":["a","b"]}, or the older
 * {"name":{"a":true}}. */
#include <string.h>

#include "base/str.h"
#include "engine/engine_internal.h"

int engine_filters_parse(const char *text, struct engine_filters *ret, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct engine_filters f = {0};

	if (str_empty(text)) {
		*ret = f;
		return 0;
	}
	if (json_parse(text, strlen(text), &v, e) < 0)
		return err_wrap(e, "invalid filter");
	if (json_kind(v) != JSON_OBJECT && json_kind(v) != JSON_NULL)
		return err_set(e, ERR_INVALID, 0, "invalid filter");
	json_for_each (item, v) {
		struct strv *values = json_map_add(&f.map, json_key(item), sizeof(struct strv));
		bool list = json_kind(item) == JSON_ARRAY;

		if (!list && json_kind(item) != JSON_OBJECT) {
			engine_filters_clear(&f);
			return err_set(e, ERR_INVALID, 0, "invalid filter");
		}

		json_for_each (value, item) {
			const char *s = list ? json_str(value) : json_key(value);

			if (s == NULL) {
				engine_filters_clear(&f);
				return err_set(e, ERR_INVALID, 0, "invalid filter '%s'",
					       json_key(item));
			}
			strv_add(values, s);
		}
	}
	*ret = f;
	return 0;
}

void engine_filters_clear(struct engine_filters *f)
{
	for (size_t i = 0; i < f->map.len; i++) {
		strv_clear(f->map.items[i].value);
		free(f->map.items[i].value);
		free(f->map.items[i].key);
	}
	free(f->map.items);
	memset(f, 0, sizeof(*f));
}

const struct strv *engine_filters_get(const struct engine_filters *f, const char *name)
{
	const struct strv *v = f != NULL ? json_map_get(&f->map, name) : NULL;

	return v != NULL && v->len > 0 ? v : NULL;
}

int engine_filters_check(const struct engine_filters *f, const char *const *known, struct err *e)
{
	for (size_t i = 0; i < f->map.len; i++) {
		const char *const *k = known;

		while (*k != NULL && !str_eq(*k, f->map.items[i].key))
			k++;
		if (*k == NULL)
			return err_set(e, ERR_INVALID, 0, "invalid filter '%s'",
				       f->map.items[i].key);
	}
	return 0;
}

int engine_filters_bool(const struct engine_filters *f, const char *name, bool *ret, struct err *e)
{
	const struct strv *v = engine_filters_get(f, name);
	CLEANUP(freep) char *joined = NULL;

	if (v == NULL || (v->len == 1 && str_bool(v->items[0], ret) == 0))
		return 0;
	joined = strv_join(v, " ");
	return err_set(e, ERR_INVALID, 0, "invalid filter '%s=[%s]'", name, joined);
}

int engine_filters_until(const struct engine_filters *f, int64_t *ret_nsec, struct err *e)
{
	const struct strv *v = engine_filters_get(f, "until");
	struct err ignored;

	if (v == NULL)
		return 0;
	if (v->len > 1)
		return err_set(e, ERR_INVALID, 0, "more than one until filter specified");
	if (time_parse_query(v->items[0], ret_nsec, &ignored) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "failed to parse value as time or duration: \"%s\"", v->items[0]);
	return 0;
}

bool filters_label_ok(const struct strv *want, const struct json_strmap *labels)
{
	for (size_t i = 0; want != NULL && i < want->len; i++) {
		const char *equals = strchr(want->items[i], '=');
		CLEANUP(freep)
		char *key = equals != NULL
				    ? xstrndup(want->items[i], (size_t)(equals - want->items[i]))
				    : xstrdup(want->items[i]);
		const char *value = json_strmap_get(labels, key);

		if (value == NULL || (equals != NULL && !str_eq(value, equals + 1)))
			return false;
	}
	return true;
}
