// SPDX-License-Identifier: MIT
/* Bind types that hold several plain values: lists and maps of strings, lists of numbers. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "json/bind_internal.h"

void json_strv_empty(struct strv *v)
{
	strv_clear(v);
	strv_add(v, "");
	strv_remove(v, 0);
}

/* writes null, [] or {} for a list or map that has nothing in it */
static bool write_nothing(struct json_w *w, const struct json_field *f, bool nil, size_t len,
			  const char *empty)
{
	if (len > 0)
		return false;
	jw_raw(w, nil && !(f->flags & JSON_EMPTY_LIST) ? NULL : empty);
	return true;
}

/* []string */

static int read_strings(const struct json *v, struct strv *out, const struct bind_at *at,
			struct err *e)
{
	CLEANUP(strv_clear) struct strv list = STRV_INIT;

	json_strv_empty(&list);
	json_for_each (item, v) {
		char *s = NULL;

		if (json_kind(item) == JSON_NULL)
			s = xstrdup("");
		else if (bind_text(item, &s, at, e) < 0)
			return -1;
		strv_take(&list, s);
	}
	strv_clear(out);
	*out = list;
	list = (struct strv)STRV_INIT;
	return 0;
}

static int strv_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		     const struct bind_at *at, struct err *e)
{
	if (json_kind(v) != JSON_ARRAY)
		return bind_mismatch(at, v, NULL, "[]string", e);
	return read_strings(v, p, at, e);
}

static int strv_or_str_read(const struct json *v, const struct json_field *f, void *p,
			    const struct bind_at *at, struct err *e)
{
	struct strv *list = p;
	char *s = NULL;

	if (json_kind(v) != JSON_TEXT)
		return strv_read(v, f, p, at, e);
	if (bind_text(v, &s, at, e) < 0)
		return -1;
	strv_clear(list);
	strv_take(list, s);
	return 0;
}

static void strv_write(struct json_w *w, const struct json_field *f, const void *p)
{
	const struct strv *list = p;

	if (write_nothing(w, f, list->items == NULL, list->len, "[]"))
		return;
	jw_arr(w);
	strv_for_each (it, list)
		jw_str(w, *it);
	jw_end(w);
}

static bool strv_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return ((const struct strv *)p)->len == 0;
}

static void strv_clear_member(const struct json_field *f UNUSED, void *p)
{
	strv_clear(p);
}

static void copy_strv(struct strv *dst, const struct strv *src)
{
	*dst = (struct strv)STRV_INIT;
	if (src->items != NULL)
		json_strv_empty(dst);
	strv_copy(dst, src);
}

static void strv_copy_member(const struct json_field *f UNUSED, void *dst, const void *src)
{
	copy_strv(dst, src);
}

const struct bind_ops bind_strv_ops = {
	.nilable = true,
	.read = strv_read,
	.write = strv_write,
	.empty = strv_is_empty,
	.clear = strv_clear_member,
	.copy = strv_copy_member,
};

const struct bind_ops bind_strv_or_str_ops = {
	.nilable = true,
	.read = strv_or_str_read,
	.write = strv_write,
	.empty = strv_is_empty,
	.clear = strv_clear_member,
	.copy = strv_copy_member,
};

/* map[string]struct{} */

static int set_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		    const struct bind_at *at, struct err *e)
{
	struct strv *set = p;

	if (json_kind(v) != JSON_OBJECT)
		return bind_mismatch(at, v, NULL, "map[string]struct {}", e);
	json_for_each (m, v)
		if (json_kind(m) != JSON_OBJECT && json_kind(m) != JSON_NULL)
			return bind_mismatch(at, m, NULL, "struct {}", e);
	json_strv_empty(set);
	json_for_each (m, v)
		strv_add(set, json_key(m));
	return 0;
}

static void set_write(struct json_w *w, const struct json_field *f, const void *p)
{
	const struct strv *set = p;
	size_t *order;

	if (write_nothing(w, f, set->items == NULL, set->len, "{}"))
		return;
	order = bind_sorted(set->items, set->len, sizeof(char *));
	jw_obj(w);
	for (size_t i = 0; i < set->len; i++) {
		jw_kobj(w, set->items[order[i]]);
		jw_end(w);
	}
	jw_end(w);
	free(order);
}

const struct bind_ops bind_set_ops = {
	.nilable = true,
	.read = set_read,
	.write = set_write,
	.empty = strv_is_empty,
	.clear = strv_clear_member,
	.copy = strv_copy_member,
};

/* map[string]string */

static struct json_pair *strmap_find(const struct json_strmap *m, const char *key)
{
	for (size_t i = 0; i < m->len; i++)
		if (strcmp(m->items[i].key, key) == 0)
			return &m->items[i];
	return NULL;
}

const char *json_strmap_get(const struct json_strmap *m, const char *key)
{
	const struct json_pair *pair = strmap_find(m, key);

	return pair == NULL ? NULL : pair->value;
}

/* one more pair, without a look at those that are there */
static void strmap_append(struct json_strmap *m, char *key, char *value)
{
	if (m->len == m->cap) {
		m->cap = m->cap == 0 ? 4 : m->cap * 2;
		m->items = xrealloc(m->items, m->cap * sizeof(*m->items));
	}
	m->items[m->len++] = (struct json_pair){.key = key, .value = value};
}

void json_strmap_set(struct json_strmap *m, const char *key, const char *value)
{
	struct json_pair *pair = strmap_find(m, key);

	if (pair != NULL && value != NULL) {
		str_replace_ptr(&pair->value, value);
	} else if (pair != NULL) {
		free(pair->key);
		free(pair->value);
		m->len--;
		memmove(pair, pair + 1, (size_t)(m->items + m->len - pair) * sizeof(*pair));
	} else if (value != NULL) {
		strmap_append(m, xstrdup(key), xstrdup(value));
	}
}

void json_strmap_clear(struct json_strmap *m)
{
	for (size_t i = 0; i < m->len; i++) {
		free(m->items[i].key);
		free(m->items[i].value);
	}
	free(m->items);
	*m = (struct json_strmap){0};
}

void json_strmap_copy(struct json_strmap *dst, const struct json_strmap *src)
{
	for (size_t i = 0; i < src->len; i++)
		json_strmap_set(dst, src->items[i].key, src->items[i].value);
}

static void strmap_not_nil(struct json_strmap *m)
{
	if (m->items != NULL)
		return;
	m->cap = 4;
	m->items = xcalloc(m->cap, sizeof(*m->items));
}

static int strmap_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		       const struct bind_at *at, struct err *e)
{
	struct json_strmap *m = p;

	if (json_kind(v) != JSON_OBJECT)
		return bind_mismatch(at, v, NULL, "map[string]string", e);
	json_strmap_clear(m);
	strmap_not_nil(m);
	json_for_each (item, v) {
		char *s = NULL;

		if (json_kind(item) == JSON_NULL)
			s = xstrdup("");
		else if (bind_text(item, &s, at, e) < 0)
			return -1;
		strmap_append(m, xstrdup(json_key(item)), s);
	}
	return 0;
}

static void strmap_write(struct json_w *w, const struct json_field *f, const void *p)
{
	const struct json_strmap *m = p;
	size_t *order;

	if (write_nothing(w, f, m->items == NULL, m->len, "{}"))
		return;
	order = bind_sorted(m->items, m->len, sizeof(*m->items));
	jw_obj(w);
	for (size_t i = 0; i < m->len; i++)
		jw_kstr(w, m->items[order[i]].key, m->items[order[i]].value);
	jw_end(w);
	free(order);
}

static bool strmap_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return ((const struct json_strmap *)p)->len == 0;
}

static void strmap_clear_member(const struct json_field *f UNUSED, void *p)
{
	json_strmap_clear(p);
}

static void strmap_copy_member(const struct json_field *f UNUSED, void *dst, const void *src)
{
	const struct json_strmap *from = src;
	struct json_strmap *to = dst;

	*to = (struct json_strmap){0};
	if (from->items != NULL)
		strmap_not_nil(to);
	for (size_t i = 0; i < from->len; i++)
		strmap_append(to, xstrdup(from->items[i].key), xstrdup(from->items[i].value));
}

const struct bind_ops bind_strmap_ops = {
	.nilable = true,
	.read = strmap_read,
	.write = strmap_write,
	.empty = strmap_is_empty,
	.clear = strmap_clear_member,
	.copy = strmap_copy_member,
};

/* []int64 */

static int i64s_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		     const struct bind_at *at, struct err *e)
{
	struct json_i64s *out = p;
	int64_t *items;
	size_t n = 0;

	if (json_kind(v) != JSON_ARRAY)
		return bind_mismatch(at, v, NULL, "[]int64", e);
	items = xcalloc(json_len(v) + 1, sizeof(*items));
	json_for_each (item, v) {
		if (json_kind(item) != JSON_NULL && json_i64(item, &items[n]) < 0) {
			free(items);
			return bind_mismatch(at, item, NULL, "int64", e);
		}
		n++;
	}
	free(out->items);
	*out = (struct json_i64s){.items = items, .len = n, .cap = json_len(v) + 1};
	return 0;
}

static void i64s_write(struct json_w *w, const struct json_field *f, const void *p)
{
	const struct json_i64s *list = p;

	if (write_nothing(w, f, list->items == NULL, list->len, "[]"))
		return;
	jw_arr(w);
	for (size_t i = 0; i < list->len; i++)
		jw_i64(w, list->items[i]);
	jw_end(w);
}

static bool i64s_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return ((const struct json_i64s *)p)->len == 0;
}

static void i64s_clear(const struct json_field *f UNUSED, void *p)
{
	struct json_i64s *list = p;

	free(list->items);
	*list = (struct json_i64s){0};
}

static void i64s_copy(const struct json_field *f UNUSED, void *dst, const void *src)
{
	const struct json_i64s *from = src;
	struct json_i64s *to = dst;

	if (from->items == NULL)
		return;
	to->cap = from->len + 1;
	to->items = xcalloc(to->cap, sizeof(*to->items));
	memcpy(to->items, from->items, from->len * sizeof(*to->items));
}

const struct bind_ops bind_i64s_ops = {
	.nilable = true,
	.read = i64s_read,
	.write = i64s_write,
	.empty = i64s_is_empty,
	.clear = i64s_clear,
	.copy = i64s_copy,
};
