// SPDX-License-Identifier: MIT
/*
 * One row of operations per bind type. bind.c walks the tables, the rows live
 * by theme: bind_scalar.c, bind_list.c, bind_sub.c.
 */
#ifndef JSON_BIND_INTERNAL_H
#define JSON_BIND_INTERNAL_H

#include "json/bind.h"

/* Where in the tables we are, for error texts; innermost first, on the stack. */
struct bind_at {
	const struct bind_at *up;
	const struct json_struct *t;
	const char *field; /* NULL: no member chosen yet */
};

struct bind_ops {
	bool nilable; /* null clears it */
	int (*read)(const struct json *v, const struct json_field *f, void *p,
		    const struct bind_at *at, struct err *e);
	void (*write)(struct json_w *w, const struct json_field *f, const void *p);
	bool (*empty)(const struct json_field *f, const void *p);
	void (*clear)(const struct json_field *f, void *p); /* NULL: nothing is owned */
	void (*copy)(const struct json_field *f, void *dst, const void *src); /* NULL: plain bytes,
										 already copied */
};

extern const struct bind_ops bind_str_ops, bind_bool_ops, bind_int_ops, bind_uint32_ops,
	bind_int64_ops, bind_uint64_ops, bind_dbl_ops, bind_tri_ops, bind_opt_ops, bind_time_ops,
	bind_raw_ops, bind_pair_ops;
extern const struct bind_ops bind_strv_ops, bind_strv_or_str_ops, bind_strmap_ops, bind_set_ops,
	bind_strv_map_ops, bind_i64s_ops;
extern const struct bind_ops bind_struct_ops, bind_ptr_ops, bind_inline_ops, bind_arr_ops,
	bind_map_ops, bind_arr_map_ops;

/** bind_mismatch() - fills e for a value that does not fit; what names it ("number 1.5") or is NULL
 * for the value's kind */
int bind_mismatch(const struct bind_at *at, const struct json *v, const char *what,
		  const char *go_type, struct err *e);
/** bind_text() - a string member's copy, checked for NUL bytes; *ret is freed first */
int bind_text(const struct json *v, char **ret, const struct bind_at *at, struct err *e);
/** bind_object() - json_bind() with a context */
int bind_object(const struct json *v, const struct json_struct *t, void *out,
		const struct bind_at *up, struct err *e);
/** bind_is_empty() - all members of a struct are empty */
bool bind_is_empty(const struct json_struct *t, const void *obj);
/** bind_sorted() - heap array of indices 0..n-1 ordered by key; keys are the first member of items
 * that are item_size bytes apart */
size_t *bind_sorted(const void *items, size_t n, size_t item_size);
/** bind_name() - a struct's Go name without its package */
const char *bind_name(const struct json_struct *t);

#endif
