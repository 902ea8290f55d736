// SPDX-License-Identifier: MIT
/* Looking things up in a parsed document. Everything here accepts NULL. */
#include "json/json.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum json_kind json_kind(const struct json *v)
{
	return v == NULL ? JSON_NONE : v->kind;
}

const char *json_kind_name(const struct json *v)
{
	static const char *const names[] = {
		[JSON_NONE] = "nothing", [JSON_NULL] = "null",	   [JSON_FALSE] = "bool",
		[JSON_TRUE] = "bool",	 [JSON_NUMBER] = "number", [JSON_TEXT] = "string",
		[JSON_ARRAY] = "array",	 [JSON_OBJECT] = "object",
	};

	return names[json_kind(v)];
}

static bool is_container(const struct json *v)
{
	return v != NULL && (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT);
}

const struct json *json_first(const struct json *v)
{
	return is_container(v) && v->len > 0 ? v->u.items : NULL;
}

const struct json *json_next(const struct json *v, const struct json *item)
{
	return (size_t)(item - v->u.items) + 1 < v->len ? item + 1 : NULL;
}

const struct json *json_get(const struct json *obj, const char *key)
{
	if (json_kind(obj) != JSON_OBJECT)
		return NULL;
	json_for_each (m, obj)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

const struct json *json_get_fold(const struct json *obj, const char *key)
{
	const struct json *exact = json_get(obj, key);

	if (exact != NULL || json_kind(obj) != JSON_OBJECT)
		return exact;
	json_for_each (m, obj)
		if (strcasecmp(m->key, key) == 0)
			return m;
	return NULL;
}

const struct json *json_at(const struct json *v, size_t i)
{
	return is_container(v) && i < v->len ? &v->u.items[i] : NULL;
}

size_t json_len(const struct json *v)
{
	return is_container(v) ? v->len : 0;
}

const char *json_key_at(const struct json *obj, size_t i)
{
	return json_key(json_at(obj, i));
}

const char *json_key(const struct json *v)
{
	return v == NULL ? NULL : v->key;
}

const char *json_str(const struct json *v)
{
	return json_kind(v) == JSON_TEXT ? v->u.text : NULL;
}

size_t json_str_len(const struct json *v)
{
	return json_kind(v) == JSON_TEXT ? v->len : 0;
}

const char *json_num(const struct json *v)
{
	return json_kind(v) == JSON_NUMBER ? v->u.text : NULL;
}

int json_i64(const struct json *v, int64_t *ret)
{
	const char *s = json_num(v);

	return s == NULL ? -1 : str_i64(s, ret);
}

int json_u64(const struct json *v, uint64_t *ret)
{
	const char *s = json_num(v);

	return s == NULL ? -1 : str_u64(s, UINT64_MAX, ret);
}

int json_dbl(const struct json *v, double *ret)
{
	const char *s = json_num(v);
	double d;

	if (s == NULL)
		return -1;
	d = strtod(s, NULL);
	if (!isfinite(d))
		return -1;
	*ret = d;
	return 0;
}

bool json_bool(const struct json *v, bool def)
{
	switch (json_kind(v)) {
	case JSON_TRUE:
		return true;
	case JSON_FALSE:
		return false;
	default:
		return def;
	}
}

const char *json_get_str(const struct json *obj, const char *key)
{
	return json_str(json_get(obj, key));
}

int64_t json_get_i64(const struct json *obj, const char *key, int64_t def)
{
	int64_t n = def;

	return json_i64(json_get(obj, key), &n) < 0 ? def : n;
}

bool json_get_bool(const struct json *obj, const char *key, bool def)
{
	return json_bool(json_get(obj, key), def);
}

const struct json *json_path(const struct json *v, ...)
{
	va_list ap;
	const char *key;

	va_start(ap, v);
	while ((key = va_arg(ap, const char *)) != NULL)
		v = json_get(v, key);
	va_end(ap);
	return v;
}
