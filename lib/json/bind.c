// SPDX-License-Identifier: MIT
/*
 * Walks binding tables, reading, writing, clearing and copying structs.
 * Behaviour and error texts follow Go's encoding/json (decode.go, encode.go),
 * which Docker's clients and its state files rely on. Recursion is bounded by
 * the depth of the document (JSON_DEPTH_MAX) or of the tables.
 */
#include "json/bind.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "json/bind_internal.h"

static const struct bind_ops *const all_ops[] = {
	[JSON_B_STR] = &bind_str_ops,		[JSON_B_BOOL] = &bind_bool_ops,
	[JSON_B_INT] = &bind_int_ops,		[JSON_B_UINT32] = &bind_uint32_ops,
	[JSON_B_INT64] = &bind_int64_ops,	[JSON_B_UINT64] = &bind_uint64_ops,
	[JSON_B_DBL] = &bind_dbl_ops,		[JSON_B_TRI] = &bind_tri_ops,
	[JSON_B_OPT_INT64] = &bind_opt_ops,	[JSON_B_TIME] = &bind_time_ops,
	[JSON_B_STRV] = &bind_strv_ops,		[JSON_B_STRV_OR_STR] = &bind_strv_or_str_ops,
	[JSON_B_STRMAP] = &bind_strmap_ops,	[JSON_B_SET] = &bind_set_ops,
	[JSON_B_STRV_MAP] = &bind_strv_map_ops, [JSON_B_I64_ARR] = &bind_i64s_ops,
	[JSON_B_U64_PAIR] = &bind_pair_ops,	[JSON_B_STRUCT] = &bind_struct_ops,
	[JSON_B_STRUCT_PTR] = &bind_ptr_ops,	[JSON_B_INLINE] = &bind_inline_ops,
	[JSON_B_STRUCT_ARR] = &bind_arr_ops,	[JSON_B_STRUCT_MAP] = &bind_map_ops,
	[JSON_B_ARR_MAP] = &bind_arr_map_ops,	[JSON_B_RAW] = &bind_raw_ops,
};

#define for_each_field(f, t) \
	for (const struct json_field *f = (t)->fields; f->type != JSON_B_END; f++)

static void *member(void *obj, const struct json_field *f)
{
	return (char *)obj + f->offset;
}

static const void *const_member(const void *obj, const struct json_field *f)
{
	return (const char *)obj + f->offset;
}

const char *bind_name(const struct json_struct *t)
{
	const char *dot = strrchr(t->name, '.');

	return dot == NULL ? t->name : dot + 1;
}

/* outermost member first: "HostConfig.LogConfig.Type" */
static void add_path(struct buf *b, const struct bind_at *at)
{
	if (at == NULL)
		return;
	add_path(b, at->up);
	if (at->field == NULL)
		return;
	if (b->len > 0)
		buf_addch(b, '.');
	buf_addstr(b, at->field);
}

int bind_mismatch(const struct bind_at *at, const struct json *v, const char *what,
		  const char *go_type, struct err *e)
{
	CLEANUP(buf_clear) struct buf path = BUF_INIT;

	if (what == NULL)
		what = json_kind_name(v);
	add_path(&path, at);
	if (path.len == 0)
		return err_set(e, ERR_INVALID, 0,
			       "json: cannot unmarshal %s into Go value of type %s", what, go_type);
	return err_set(e, ERR_INVALID, 0,
		       "json: cannot unmarshal %s into Go struct field %s.%s of type %s", what,
		       bind_name(at->t), buf_str(&path), go_type);
}

int bind_text(const struct json *v, char **ret, const struct bind_at *at, struct err *e)
{
	const char *s = json_str(v);

	if (s == NULL)
		return bind_mismatch(at, v, NULL, "string", e);
	if (memchr(s, 0, json_str_len(v)) != NULL)
		return bind_mismatch(at, v, "string with a NUL character", "string", e);
	str_replace_ptr(ret, s);
	return 0;
}

/* own members before embedded ones, exact names before folded ones */
static const struct json_field *find_field(const struct json_struct *t, void *obj, const char *key,
					   int (*cmp)(const char *, const char *), void **ret)
{
	for_each_field(f, t) if (f->name != NULL && !(f->flags & JSON_WRITE_ONLY) &&
				 cmp(f->name, key) == 0)
	{
		*ret = member(obj, f);
		return f;
	}
	for_each_field(f, t)
	{
		const struct json_field *inner;

		if (f->type != JSON_B_INLINE)
			continue;
		inner = find_field(f->sub, member(obj, f), key, cmp, ret);
		if (inner != NULL)
			return inner;
	}
	return NULL;
}

static int read_member(const struct json *v, const struct json_field *f, void *p,
		       const struct bind_at *at, struct err *e)
{
	const struct bind_ops *ops = all_ops[f->type];

	if (json_kind(v) == JSON_NULL) {
		if ((ops->nilable || (f->flags & JSON_NULLABLE)) && ops->clear != NULL)
			ops->clear(f, p);
		return 0;
	}
	return ops->read(v, f, p, at, e);
}

int bind_object(const struct json *v, const struct json_struct *t, void *out,
		const struct bind_at *up, struct err *e)
{
	struct bind_at at = {.up = up, .t = t};

	if (json_kind(v) == JSON_NONE || json_kind(v) == JSON_NULL)
		return 0;
	if (json_kind(v) != JSON_OBJECT)
		return bind_mismatch(up, v, NULL, t->name, e);
	json_for_each (m, v) {
		const struct json_field *f;
		void *p = NULL;

		f = find_field(t, out, json_key(m), strcmp, &p);
		if (f == NULL)
			f = find_field(t, out, json_key(m), strcasecmp, &p);
		if (f == NULL)
			continue;
		at.field = f->name;
		if (read_member(m, f, p, &at, e) < 0)
			return -1;
	}
	return 0;
}

int json_bind(const struct json *v, const struct json_struct *t, void *out, struct err *e)
{
	return bind_object(v, t, out, NULL, e);
}

int json_bind_text(const char *text, size_t len, const struct json_struct *t, void *out,
		   struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;

	if (json_parse(text, len, &v, e) < 0)
		return -1;
	return json_bind(v, t, out, e);
}

static bool is_left_out(const struct json_field *f, const void *p)
{
	if (f->flags & JSON_READ_ONLY)
		return true;
	if (f->type == JSON_B_STRUCT)
		return (f->flags & JSON_OMITZERO) && bind_is_empty(f->sub, p);
	return (f->flags & JSON_OMITEMPTY) && all_ops[f->type]->empty(f, p);
}

void json_unbind_fields(struct json_w *w, const struct json_struct *t, const void *obj)
{
	for_each_field(f, t)
	{
		const void *p = const_member(obj, f);

		if (f->type == JSON_B_INLINE) {
			json_unbind_fields(w, f->sub, p);
			continue;
		}
		if (is_left_out(f, p))
			continue;
		jw_key(w, f->name);
		all_ops[f->type]->write(w, f, p);
	}
}

void json_unbind(struct json_w *w, const struct json_struct *t, const void *obj)
{
	jw_obj(w);
	json_unbind_fields(w, t, obj);
	jw_end(w);
}

bool bind_is_empty(const struct json_struct *t, const void *obj)
{
	for_each_field(f, t) if (!all_ops[f->type]->empty(f, const_member(obj, f))) return false;
	return true;
}

void json_struct_clear(const struct json_struct *t, void *obj)
{
	for_each_field(f, t) if (all_ops[f->type]->clear != NULL) all_ops[f->type]->clear(
		f, member(obj, f));
	memset(obj, 0, t->size);
}

void json_struct_copy(const struct json_struct *t, void *dst, const void *src)
{
	memcpy(dst, src, t->size);
	for_each_field(f, t) if (all_ops[f->type]->copy != NULL) all_ops[f->type]->copy(
		f, member(dst, f), const_member(src, f));
}

struct sort_item {
	const char *key;
	size_t index;
};

static int cmp_sort_item(const void *a, const void *b)
{
	return strcmp(((const struct sort_item *)a)->key, ((const struct sort_item *)b)->key);
}

size_t *bind_sorted(const void *items, size_t n, size_t item_size)
{
	struct sort_item *s = xcalloc(n + 1, sizeof(*s));
	size_t *order = xcalloc(n + 1, sizeof(*order));

	for (size_t i = 0; i < n; i++) {
		char *key;

		memcpy(&key, (const char *)items + i * item_size, sizeof(key));
		s[i] = (struct sort_item){.key = key == NULL ? "" : key, .index = i};
	}
	qsort(s, n, sizeof(*s), cmp_sort_item);
	for (size_t i = 0; i < n; i++)
		order[i] = s[i].index;
	free(s);
	return order;
}
