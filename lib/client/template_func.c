// SPDX-License-Identifier: MIT
/* Functions of templates: text/template's own and those of docker's templates package. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/template_internal.h"
#include "json/write.h"

typedef int fn(struct run *r, const struct val *a, size_t n, struct val *ret, struct err *e);

static int fail(const char *name, const char *why, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "error calling %s: %s", name, why);
}

static int fail_type(const char *name, const char *why, const struct val *v, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "error calling %s: %s%s", name, why, tpl_type(v));
}

static int fail_range(const char *name, int64_t at, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "error calling %s: index out of range: %lld", name,
		       (long long)at);
}

static char *text_of(const struct val *v)
{
	struct buf b = BUF_INIT;

	tpl_print(&b, v);
	return buf_detach(&b);
}

/* a row, or an object of lists of rows, without what is there for .Label alone */
static void json_row(struct json_w *w, const struct json *row)
{
	if (json_kind(row) == JSON_OBJECT)
		jw_obj(w);
	else
		jw_arr(w);
	json_for_each (m, row) {
		if (str_eq(json_key(m), "Label"))
			continue;
		if (json_key(m) != NULL)
			jw_key(w, json_key(m));
		if (json_kind(m) == JSON_ARRAY || json_kind(m) == JSON_OBJECT)
			json_row(w, m);
		else
			jw_tree(w, m);
	}
	jw_end(w);
}

static int f_json(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		  struct err *e UNUSED)
{
	struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	w.plain_html = !(r->html && a->kind == VAL_JSON);
	if (a->kind == VAL_STR)
		jw_str(&w, a->text);
	else if (a->kind == VAL_NUM)
		jw_raw(&w, a->text);
	else if (a->kind == VAL_BOOL)
		jw_bool(&w, a->flag);
	else if (r->html && a->kind == VAL_JSON && a->json == r->root)
		json_row(&w, a->json);
	else
		jw_tree(&w, a->kind == VAL_JSON ? a->json : NULL);
	*ret = tpl_text(r, buf_detach(&b));
	return 0;
}

static int f_join(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		  struct err *e)
{
	struct buf b = BUF_INIT;

	if (a[0].kind == VAL_NIL) {
		*ret = tpl_text(r, xstrdup(""));
		return 0;
	}
	if (a[0].kind != VAL_JSON || json_kind(a[0].json) != JSON_ARRAY || a[1].kind != VAL_STR)
		return err_set(e, ERR_INVALID, 0, "wrong type for value; expected []string; got %s",
			       tpl_type(a));
	json_for_each (item, a[0].json) {
		struct val v = tpl_value(item);

		if (item != json_first(a[0].json))
			buf_addstr(&b, a[1].text);
		tpl_print(&b, &v);
	}
	*ret = tpl_text(r, buf_detach(&b));
	return 0;
}

/* makes a list by way of a document of its own */
static int f_split(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		   struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *p, *hit;
	struct json_w w;

	if (a[0].kind != VAL_STR || a[1].kind != VAL_STR || *a[1].text == 0)
		return fail("split", "expected two strings", e);
	jw_init(&w, &b);
	jw_arr(&w);
	for (p = a[0].text; (hit = strstr(p, a[1].text)) != NULL; p = hit + strlen(a[1].text))
		jw_strn(&w, p, (size_t)(hit - p));
	jw_str(&w, p);
	jw_end(&w);
	return tpl_doc(r, &b, ret, e);
}

static int change_case(struct run *r, const struct val *a, struct val *ret, int (*change)(int),
		       bool words, struct err *e)
{
	char *t;

	if (a->kind != VAL_STR && a->kind != VAL_NIL)
		return err_set(e, ERR_INVALID, 0, "wrong type for value; expected string; got %s",
			       tpl_type(a));
	t = text_of(a);
	for (char *p = t; *p != 0; p++)
		if ((unsigned char)*p < 0x80 && (!words || p == t || isspace((unsigned char)p[-1])))
			*p = (char)change((unsigned char)*p);
	*ret = tpl_text(r, t);
	return 0;
}

static int f_lower(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		   struct err *e)
{
	return change_case(r, a, ret, tolower, false, e);
}

static int f_upper(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		   struct err *e)
{
	return change_case(r, a, ret, toupper, false, e);
}

static int f_title(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		   struct err *e)
{
	return change_case(r, a, ret, toupper, true, e);
}

static int int_of(const struct val *v, int64_t *ret)
{
	return v->kind != VAL_NUM ? -1 : str_i64(v->text, ret);
}

static int f_truncate(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		      struct err *e)
{
	int64_t len;
	char *t;

	if (int_of(&a[1], &len) < 0 || len < 0)
		return fail("truncate", "expected a length", e);
	t = text_of(&a[0]);
	if ((uint64_t)len < strlen(t))
		t[len] = 0;
	*ret = tpl_text(r, t);
	return 0;
}

static int f_pad(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		 struct err *e)
{
	CLEANUP(freep) char *t = text_of(&a[0]);
	int64_t before, after;

	if (int_of(&a[1], &before) < 0 || int_of(&a[2], &after) < 0 || before < 0 || after < 0 ||
	    before > 1000 || after > 1000)
		return fail("pad", "expected two widths", e);
	*ret = tpl_text(r, *t == 0 ? xstrdup("")
				   : xasprintf("%*s%s%*s", (int)before, "", t, (int)after, ""));
	return 0;
}

static int f_print(struct run *r, const struct val *a, size_t n, struct val *ret,
		   struct err *e UNUSED)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && a[i].kind != VAL_STR && a[i - 1].kind != VAL_STR)
			buf_addch(&b, ' ');
		tpl_print(&b, &a[i]);
	}
	*ret = tpl_text(r, buf_detach(&b));
	return 0;
}

static int f_println(struct run *r, const struct val *a, size_t n, struct val *ret,
		     struct err *e UNUSED)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_addch(&b, ' ');
		tpl_print(&b, &a[i]);
	}
	buf_addch(&b, '\n');
	*ret = tpl_text(r, buf_detach(&b));
	return 0;
}

static int f_printf(struct run *r, const struct val *a, size_t n, struct val *ret, struct err *e)
{
	struct buf b = BUF_INIT;

	if (a[0].kind != VAL_STR)
		return fail("printf", "expected a format", e);
	tpl_printf(&b, a[0].text, a + 1, n - 1);
	*ret = tpl_text(r, buf_detach(&b));
	return 0;
}

static int f_len(struct run *r, const struct val *a, size_t n UNUSED, struct val *ret,
		 struct err *e)
{
	if (a->kind == VAL_STR)
		*ret = tpl_number(r, (int64_t)strlen(a->text));
	else if (a->kind == VAL_JSON || a->kind == VAL_NIL)
		*ret = tpl_number(r, a->kind == VAL_NIL ? 0 : (int64_t)json_len(a->json));
	else
		return fail_type("len", "len of type ", a, e);
	return 0;
}

static int f_index(struct run *r, const struct val *a, size_t n, struct val *ret, struct err *e)
{
	struct val v = a[0];

	for (size_t i = 1; i < n; i++) {
		int64_t at;
		const struct json *item;

		if (v.kind == VAL_NIL || (v.kind == VAL_STR && v.flag))
			return fail("index", "index of untyped nil", e);
		if (v.kind != VAL_JSON)
			return fail_type("index", "can't index item of type ", &v, e);
		if (json_kind(v.json) == JSON_OBJECT) {
			if (a[i].kind != VAL_STR)
				return fail("index", "value has a type that is no key", e);
			item = json_get(v.json, a[i].text);
			v = item == NULL ? tpl_text(r, xstrdup("")) : tpl_value(item);
			v.flag |= item == NULL; /* of what has no elements */
			continue;
		}
		if (int_of(&a[i], &at) < 0)
			return fail("index", "cannot index slice/array with this type", e);
		item = at < 0 ? NULL : json_at(v.json, (size_t)at);
		if (item == NULL)
			return fail_range("index", at, e);
		v = tpl_value(item);
	}
	*ret = v;
	return 0;
}

static int f_slice(struct run *r, const struct val *a, size_t n, struct val *ret, struct err *e)
{
	int64_t from = 0, to, len;

	if (a->kind != VAL_STR)
		return fail_type("slice", "can't slice item of type ", a, e);
	len = (int64_t)strlen(a->text);
	to = len;
	if ((n > 1 && int_of(&a[1], &from) < 0) || (n > 2 && int_of(&a[2], &to) < 0))
		return fail("slice", "cannot index slice/array with this type", e);
	if (from < 0 || from > len || to < 0 || to > len)
		return fail_range("slice", from < 0 || from > len ? from : to, e);
	if (to < from)
		return err_set(e, ERR_INVALID, 0,
			       "error calling slice: invalid slice index: %lld > %lld",
			       (long long)from, (long long)to);
	*ret = tpl_text(r, xstrndup(a->text + from, (size_t)(to - from)));
	return 0;
}

/* --- comparing ------------------------------------------------------------------ */

/* -1, 0 or 1; different kinds are unequal */
static int compare(const struct val *a, const struct val *b, bool *same_kind)
{
	double x, y;

	*same_kind = a->kind == b->kind;
	if (!*same_kind)
		return 1;
	switch (a->kind) {
	case VAL_STR:
		return strcmp(a->text, b->text);
	case VAL_NUM:
		x = strtod(a->text, NULL);
		y = strtod(b->text, NULL);
		return (x > y) - (x < y);
	case VAL_BOOL:
		return a->flag - b->flag;
	case VAL_JSON:
		return a->json != b->json;
	default:
		return 0;
	}
}

static int incompatible(const char *name, const struct val *a, const struct val *b, struct err *e)
{
	return err_set(e, ERR_INVALID, 0,
		       "error calling %s: incompatible types for comparison: %s and %s", name,
		       tpl_type(a), tpl_type(b));
}

static int f_eq(struct run *r UNUSED, const struct val *a, size_t n, struct val *ret, struct err *e)
{
	bool same, hit = false;

	for (size_t i = 1; i < n && !hit; i++) {
		hit = compare(&a[0], &a[i], &same) == 0 && same;
		if (!same && a[0].kind < VAL_JSON && a[i].kind < VAL_JSON && a[0].kind != VAL_NIL &&
		    a[i].kind != VAL_NIL)
			return incompatible("eq", &a[0], &a[i], e);
	}
	*ret = (struct val){.kind = VAL_BOOL, .flag = hit};
	return 0;
}

static int f_ne(struct run *r, const struct val *a, size_t n, struct val *ret, struct err *e)
{
	if (f_eq(r, a, n, ret, e) < 0)
		return -1;
	ret->flag = !ret->flag;
	return 0;
}

static int order(const struct val *a, struct val *ret, int low, int high, struct err *e)
{
	bool same;
	int c = compare(&a[0], &a[1], &same);

	if (!same)
		return incompatible("lt", &a[0], &a[1], e);
	c = (c > 0) - (c < 0);
	*ret = (struct val){.kind = VAL_BOOL, .flag = c >= low && c <= high};
	return 0;
}

static int f_lt(struct run *r UNUSED, const struct val *a, size_t n UNUSED, struct val *ret,
		struct err *e)
{
	return order(a, ret, -1, -1, e);
}

static int f_le(struct run *r UNUSED, const struct val *a, size_t n UNUSED, struct val *ret,
		struct err *e)
{
	return order(a, ret, -1, 0, e);
}

static int f_gt(struct run *r UNUSED, const struct val *a, size_t n UNUSED, struct val *ret,
		struct err *e)
{
	return order(a, ret, 1, 1, e);
}

static int f_ge(struct run *r UNUSED, const struct val *a, size_t n UNUSED, struct val *ret,
		struct err *e)
{
	return order(a, ret, 0, 1, e);
}

static int f_not(struct run *r UNUSED, const struct val *a, size_t n UNUSED, struct val *ret,
		 struct err *e UNUSED)
{
	*ret = (struct val){.kind = VAL_BOOL, .flag = !tpl_truth(a)};
	return 0;
}

static int f_and(struct run *r UNUSED, const struct val *a, size_t n, struct val *ret,
		 struct err *e UNUSED)
{
	size_t i = 0;

	while (i + 1 < n && tpl_truth(&a[i]))
		i++;
	*ret = a[i];
	return 0;
}

static int f_or(struct run *r UNUSED, const struct val *a, size_t n, struct val *ret,
		struct err *e UNUSED)
{
	size_t i = 0;

	while (i + 1 < n && !tpl_truth(&a[i]))
		i++;
	*ret = a[i];
	return 0;
}

static const struct {
	const char *name;
	fn *call;
	size_t min, max;
} functions[] = {
	{"and", f_and, 1, TEMPLATE_ARGS_MAX},
	{"eq", f_eq, 2, TEMPLATE_ARGS_MAX},
	{"ge", f_ge, 2, 2},
	{"gt", f_gt, 2, 2},
	{"index", f_index, 1, TEMPLATE_ARGS_MAX},
	{"join", f_join, 2, 2},
	{"json", f_json, 1, 1},
	{"le", f_le, 2, 2},
	{"len", f_len, 1, 1},
	{"lower", f_lower, 1, 1},
	{"lt", f_lt, 2, 2},
	{"ne", f_ne, 2, 2},
	{"not", f_not, 1, 1},
	{"or", f_or, 1, TEMPLATE_ARGS_MAX},
	{"pad", f_pad, 3, 3},
	{"print", f_print, 0, TEMPLATE_ARGS_MAX},
	{"printf", f_printf, 1, TEMPLATE_ARGS_MAX},
	{"println", f_println, 0, TEMPLATE_ARGS_MAX},
	{"slice", f_slice, 1, 3},
	{"split", f_split, 2, 2},
	{"title", f_title, 1, 1},
	{"truncate", f_truncate, 2, 2},
	{"upper", f_upper, 1, 1},
};

bool tpl_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (strcmp(functions[i].name, name) == 0)
			return true;
	return false;
}

int tpl_call(struct run *r, const char *name, const struct val *args, size_t n, struct val *ret,
	     struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
		if (strcmp(functions[i].name, name) != 0)
			continue;
		if (n < functions[i].min ||
		    (n > functions[i].max && functions[i].max < TEMPLATE_ARGS_MAX))
			return err_set(e, ERR_INVALID, 0,
				       "wrong number of args for %s: want %s%zu got %zu", name,
				       functions[i].max == functions[i].min ? "" : "at least ",
				       functions[i].min, n);
		return functions[i].call(r, args, n, ret, e);
	}
	return err_set(e, ERR_INVALID, 0, "function \"%s\" not defined", name);
}
