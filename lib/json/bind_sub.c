// SPDX-License-Identifier: MIT
/*
 * Bind types made of others: nested structs, pointers to them, lists and maps.
 * All maps are struct json_map; what a value points to differs, and value_ops()
 * names the row of operations for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "json/bind_internal.h"

/* A struct value inside the outer one. */

static int struct_read(const struct json *v, const struct json_field *f, void *p,
		       const struct bind_at *at, struct err *e)
{
	return bind_object(v, f->sub, p, at, e);
}

static void struct_write(struct json_w *w, const struct json_field *f, const void *p)
{
	json_unbind(w, f->sub, p);
}

static bool struct_is_empty(const struct json_field *f, const void *p)
{
	return bind_is_empty(f->sub, p);
}

static void struct_clear(const struct json_field *f, void *p)
{
	json_struct_clear(f->sub, p);
}

static void struct_copy(const struct json_field *f, void *dst, const void *src)
{
	json_struct_copy(f->sub, dst, src);
}

const struct bind_ops bind_struct_ops = {
	.read = struct_read,
	.write = struct_write,
	.empty = struct_is_empty,
	.clear = struct_clear,
	.copy = struct_copy,
};

const struct bind_ops bind_inline_ops = {
	.read = struct_read,
	.write = struct_write,
	.empty = struct_is_empty,
	.clear = struct_clear,
	.copy = struct_copy,
};

/* An owned pointer to a struct. Pointers are moved by memcpy: their declared types differ. */

static void *load(const void *p)
{
	void *obj;

	memcpy(&obj, p, sizeof(obj));
	return obj;
}

static void store(void *p, void *obj)
{
	memcpy(p, &obj, sizeof(obj));
}

static void *copy_of(const struct json_struct *t, const void *src)
{
	void *dst;

	if (src == NULL)
		return NULL;
	dst = xcalloc(1, t->size);
	json_struct_copy(t, dst, src);
	return dst;
}

static void free_struct(const struct json_struct *t, void *obj)
{
	if (obj != NULL)
		json_struct_clear(t, obj);
	free(obj);
}

static int ptr_read(const struct json *v, const struct json_field *f, void *p,
		    const struct bind_at *at, struct err *e)
{
	if (load(p) == NULL)
		store(p, xcalloc(1, f->sub->size));
	return bind_object(v, f->sub, load(p), at, e);
}

static void ptr_write(struct json_w *w, const struct json_field *f, const void *p)
{
	if (load(p) == NULL)
		jw_null(w);
	else
		json_unbind(w, f->sub, load(p));
}

static bool ptr_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return load(p) == NULL;
}

static void ptr_clear(const struct json_field *f, void *p)
{
	free_struct(f->sub, load(p));
	store(p, NULL);
}

static void ptr_copy(const struct json_field *f, void *dst, const void *src)
{
	store(dst, copy_of(f->sub, load(src)));
}

const struct bind_ops bind_ptr_ops = {
	.nilable = true,
	.read = ptr_read,
	.write = ptr_write,
	.empty = ptr_is_empty,
	.clear = ptr_clear,
	.copy = ptr_copy,
};

/* Lists of structs. */

static void *array_item(const struct json_array *a, size_t i, size_t size)
{
	return (char *)a->items + i * size;
}

void *json_array_add(void *array, const struct json_struct *t)
{
	struct json_array a;
	void *item;

	memcpy(&a, array, sizeof(a));
	if (a.len == a.cap) {
		a.cap = a.cap == 0 ? 4 : a.cap * 2;
		a.items = xrealloc(a.items, a.cap * t->size);
	}
	item = array_item(&a, a.len++, t->size);
	memset(item, 0, t->size);
	memcpy(array, &a, sizeof(a));
	return item;
}

void json_array_clear(void *array, const struct json_struct *t)
{
	struct json_array a;

	memcpy(&a, array, sizeof(a));
	for (size_t i = 0; i < a.len; i++)
		json_struct_clear(t, array_item(&a, i, t->size));
	free(a.items);
	memset(array, 0, sizeof(a));
}

static int array_read(const struct json *v, const struct json_struct *t, void *p,
		      const struct bind_at *at, struct err *e)
{
	struct json_array a = {0};
	char type[128];

	if (json_kind(v) != JSON_ARRAY) {
		snprintf(type, sizeof(type), "[]%s", t->name);
		return bind_mismatch(at, v, NULL, type, e);
	}
	if (json_len(v) > JSON_BIND_ITEMS_MAX)
		return err_set(e, ERR_INVALID, 0, "json: list of more than %d items",
			       JSON_BIND_ITEMS_MAX);
	json_array_clear(p, t);
	a.cap = json_len(v) + 1;
	a.items = xcalloc(a.cap, t->size);
	memcpy(p, &a, sizeof(a));
	json_for_each (item, v)
		if (bind_object(item, t, json_array_add(p, t), at, e) < 0)
			return -1;
	return 0;
}

static void array_write(struct json_w *w, const struct json_struct *t, const void *p,
			unsigned flags)
{
	struct json_array a;

	memcpy(&a, p, sizeof(a));
	if (a.items == NULL && !(flags & JSON_EMPTY_LIST)) {
		jw_null(w);
		return;
	}
	jw_arr(w);
	for (size_t i = 0; i < a.len; i++)
		json_unbind(w, t, array_item(&a, i, t->size));
	jw_end(w);
}

static void array_copy(const struct json_struct *t, void *dst, const void *src)
{
	struct json_array from, to = {0};

	memcpy(&from, src, sizeof(from));
	if (from.items != NULL) {
		to.cap = from.len + 1;
		to.len = from.len;
		to.items = xcalloc(to.cap, t->size);
		for (size_t i = 0; i < from.len; i++)
			json_struct_copy(t, array_item(&to, i, t->size),
					 array_item(&from, i, t->size));
	}
	memcpy(dst, &to, sizeof(to));
}

static int arr_read(const struct json *v, const struct json_field *f, void *p,
		    const struct bind_at *at, struct err *e)
{
	return array_read(v, f->sub, p, at, e);
}

static void arr_write(struct json_w *w, const struct json_field *f, const void *p)
{
	array_write(w, f->sub, p, f->flags);
}

static bool arr_is_empty(const struct json_field *f UNUSED, const void *p)
{
	struct json_array a;

	memcpy(&a, p, sizeof(a));
	return a.len == 0;
}

static void arr_clear(const struct json_field *f, void *p)
{
	json_array_clear(p, f->sub);
}

static void arr_copy(const struct json_field *f, void *dst, const void *src)
{
	array_copy(f->sub, dst, src);
}

const struct bind_ops bind_arr_ops = {
	.nilable = true,
	.read = arr_read,
	.write = arr_write,
	.empty = arr_is_empty,
	.clear = arr_clear,
	.copy = arr_copy,
};

/* Maps. */

void *json_map_get(const struct json_map *m, const char *key)
{
	for (size_t i = 0; i < m->len; i++)
		if (strcmp(m->items[i].key, key) == 0)
			return m->items[i].value;
	return NULL;
}

static struct json_map_entry *map_append(struct json_map *m, const char *key)
{
	if (m->len == m->cap) {
		m->cap = m->cap == 0 ? 4 : m->cap * 2;
		m->items = xrealloc(m->items, m->cap * sizeof(*m->items));
	}
	m->items[m->len] = (struct json_map_entry){.key = xstrdup(key)};
	return &m->items[m->len++];
}

void *json_map_add(struct json_map *m, const char *key, size_t size)
{
	struct json_map_entry *entry = NULL;

	for (size_t i = 0; i < m->len && entry == NULL; i++)
		if (strcmp(m->items[i].key, key) == 0)
			entry = &m->items[i];
	if (entry == NULL)
		entry = map_append(m, key);
	if (entry->value == NULL)
		entry->value = xcalloc(1, size);
	return entry->value;
}

static size_t value_size(const struct json_field *f)
{
	switch (f->type) {
	case JSON_B_STRV_MAP:
		return sizeof(struct strv);
	case JSON_B_ARR_MAP:
		return sizeof(struct json_array);
	default:
		return f->sub->size;
	}
}

/* the row for what a map's values point to */
static const struct bind_ops *value_ops(const struct json_field *f)
{
	switch (f->type) {
	case JSON_B_STRV_MAP:
		return &bind_strv_ops;
	case JSON_B_ARR_MAP:
		return &bind_arr_ops;
	default:
		return &bind_struct_ops;
	}
}

static void free_value(const struct json_field *f, void *value)
{
	if (value != NULL)
		value_ops(f)->clear(f, value);
	free(value);
}

static void map_clear_member(const struct json_field *f, void *p)
{
	struct json_map *m = p;

	for (size_t i = 0; i < m->len; i++) {
		free(m->items[i].key);
		free_value(f, m->items[i].value);
	}
	free(m->items);
	*m = (struct json_map){0};
}

static void map_not_nil(struct json_map *m)
{
	m->cap = 4;
	m->items = xcalloc(m->cap, sizeof(*m->items));
}

static int map_read(const struct json *v, const struct json_field *f, void *p,
		    const struct bind_at *at, struct err *e)
{
	struct json_map *m = p;
	char type[128];

	if (json_kind(v) != JSON_OBJECT) {
		snprintf(type, sizeof(type), "map[string]%s%s",
			 f->type == JSON_B_STRUCT_MAP ? "" : "[]",
			 f->sub == NULL ? "string" : f->sub->name);
		return bind_mismatch(at, v, NULL, type, e);
	}
	if (json_len(v) > JSON_BIND_ITEMS_MAX)
		return err_set(e, ERR_INVALID, 0, "json: map of more than %d members",
			       JSON_BIND_ITEMS_MAX);
	map_clear_member(f, m);
	map_not_nil(m);
	json_for_each (item, v) {
		struct json_map_entry *entry = map_append(m, json_key(item));

		if (json_kind(item) == JSON_NULL)
			continue;
		entry->value = xcalloc(1, value_size(f));
		if (value_ops(f)->read(item, f, entry->value, at, e) < 0)
			return -1;
	}
	return 0;
}

static void map_write(struct json_w *w, const struct json_field *f, const void *p)
{
	const struct json_map *m = p;
	size_t *order;

	if (m->items == NULL && !(f->flags & JSON_EMPTY_LIST)) {
		jw_null(w);
		return;
	}
	order = bind_sorted(m->items, m->len, sizeof(*m->items));
	jw_obj(w);
	for (size_t i = 0; i < m->len; i++) {
		const struct json_map_entry *entry = &m->items[order[i]];

		jw_key(w, entry->key);
		if (entry->value == NULL)
			jw_null(w);
		else
			value_ops(f)->write(w, f, entry->value);
	}
	jw_end(w);
	free(order);
}

static bool map_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return ((const struct json_map *)p)->len == 0;
}

static void map_copy(const struct json_field *f, void *dst, const void *src)
{
	const struct json_map *from = src;
	struct json_map *to = dst;

	*to = (struct json_map){0};
	if (from->items == NULL)
		return;
	map_not_nil(to);
	for (size_t i = 0; i < from->len; i++) {
		struct json_map_entry *entry = map_append(to, from->items[i].key);

		if (from->items[i].value == NULL)
			continue;
		entry->value = xmemdup(from->items[i].value, value_size(f));
		value_ops(f)->copy(f, entry->value, from->items[i].value);
	}
}

const struct bind_ops bind_strv_map_ops = {
	.nilable = true,
	.read = map_read,
	.write = map_write,
	.empty = map_is_empty,
	.clear = map_clear_member,
	.copy = map_copy,
};

const struct bind_ops bind_map_ops = {
	.nilable = true,
	.read = map_read,
	.write = map_write,
	.empty = map_is_empty,
	.clear = map_clear_member,
	.copy = map_copy,
};

const struct bind_ops bind_arr_map_ops = {
	.nilable = true,
	.read = map_read,
	.write = map_write,
	.empty = map_is_empty,
	.clear = map_clear_member,
	.copy = map_copy,
};
