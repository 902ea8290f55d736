// SPDX-License-Identifier: MIT
/* Bind types that hold one value: text, numbers, booleans, times, raw JSON. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "json/bind_internal.h"

/* members of a plain type, read and written by assignment */
#define AT(type, p)  (*(type *)(p))
#define CAT(type, p) (*(const type *)(p))

static int read_signed(const struct json *v, int64_t lo, int64_t hi, int64_t *ret,
		       const struct bind_at *at, const char *go_type, struct err *e)
{
	char what[64];
	int64_t n;

	if (json_kind(v) != JSON_NUMBER)
		return bind_mismatch(at, v, NULL, go_type, e);
	if (json_i64(v, &n) < 0 || n < lo || n > hi) {
		snprintf(what, sizeof(what), "number %s", json_num(v));
		return bind_mismatch(at, v, what, go_type, e);
	}
	*ret = n;
	return 0;
}

static int read_unsigned(const struct json *v, uint64_t hi, uint64_t *ret, const struct bind_at *at,
			 const char *go_type, struct err *e)
{
	char what[64];
	uint64_t n;

	if (json_kind(v) != JSON_NUMBER)
		return bind_mismatch(at, v, NULL, go_type, e);
	if (json_u64(v, &n) < 0 || n > hi) {
		snprintf(what, sizeof(what), "number %s", json_num(v));
		return bind_mismatch(at, v, what, go_type, e);
	}
	*ret = n;
	return 0;
}

/* strings */

static int str_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		    const struct bind_at *at, struct err *e)
{
	return bind_text(v, p, at, e);
}

static void str_write(struct json_w *w, const struct json_field *f, const void *p)
{
	const char *s = CAT(char *, p);

	if (s == NULL && (f->flags & JSON_NULLABLE))
		jw_null(w);
	else
		jw_str(w, s);
}

static bool str_is_empty(const struct json_field *f, const void *p)
{
	const char *s = CAT(char *, p);

	return s == NULL || (*s == 0 && !(f->flags & JSON_NULLABLE));
}

static void str_clear(const struct json_field *f UNUSED, void *p)
{
	free(AT(char *, p));
	AT(char *, p) = NULL;
}

static void str_copy_member(const struct json_field *f UNUSED, void *dst, const void *src)
{
	AT(char *, dst) = xstrdup(CAT(char *, src));
}

const struct bind_ops bind_str_ops = {

	.read = str_read,
	.write = str_write,
	.empty = str_is_empty,
	.clear = str_clear,
	.copy = str_copy_member,
};

/* raw JSON */

static int raw_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		    const struct bind_at *at UNUSED, struct err *e UNUSED)
{
	struct buf b = BUF_INIT;

	json_print(&b, v, NULL);
	free(AT(char *, p));
	AT(char *, p) = buf_detach(&b);
	return 0;
}

static void raw_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_raw(w, CAT(char *, p));
}

const struct bind_ops bind_raw_ops = {

	.nilable = true,
	.read = raw_read,
	.write = raw_write,
	.empty = str_is_empty,
	.clear = str_clear,
	.copy = str_copy_member,
};

/* booleans */

static int bool_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		     const struct bind_at *at, struct err *e)
{
	if (json_kind(v) != JSON_TRUE && json_kind(v) != JSON_FALSE)
		return bind_mismatch(at, v, NULL, "bool", e);
	AT(bool, p) = json_kind(v) == JSON_TRUE;
	return 0;
}

static void bool_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_bool(w, CAT(bool, p));
}

static bool bool_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return !CAT(bool, p);
}

const struct bind_ops bind_bool_ops = {
	.read = bool_read,
	.write = bool_write,
	.empty = bool_is_empty,
};

static int tri_read(const struct json *v, const struct json_field *f, void *p,
		    const struct bind_at *at, struct err *e)
{
	bool b;

	if (bool_read(v, f, &b, at, e) < 0)
		return -1;
	AT(int, p) = b ? JSON_TRI_TRUE : JSON_TRI_FALSE;
	return 0;
}

static void tri_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	if (CAT(int, p) == JSON_TRI_NIL)
		jw_null(w);
	else
		jw_bool(w, CAT(int, p) == JSON_TRI_TRUE);
}

static bool int_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return CAT(int, p) == 0;
}

static void tri_clear(const struct json_field *f UNUSED, void *p)
{
	AT(int, p) = JSON_TRI_NIL;
}

const struct bind_ops bind_tri_ops = {
	.nilable = true,
	.read = tri_read,
	.write = tri_write,
	.empty = int_is_empty,
	.clear = tri_clear,
};

/* numbers */

static int int_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		    const struct bind_at *at, struct err *e)
{
	int64_t n;

	if (read_signed(v, INT_MIN, INT_MAX, &n, at, "int", e) < 0)
		return -1;
	AT(int, p) = (int)n;
	return 0;
}

static void int_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_i64(w, CAT(int, p));
}

const struct bind_ops bind_int_ops = {
	.read = int_read,
	.write = int_write,
	.empty = int_is_empty,
};

static int uint32_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		       const struct bind_at *at, struct err *e)
{
	uint64_t n;

	if (read_unsigned(v, UINT32_MAX, &n, at, "uint32", e) < 0)
		return -1;
	AT(uint32_t, p) = (uint32_t)n;
	return 0;
}

static void uint32_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_i64(w, CAT(uint32_t, p));
}

static bool uint32_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return CAT(uint32_t, p) == 0;
}

const struct bind_ops bind_uint32_ops = {
	.read = uint32_read,
	.write = uint32_write,
	.empty = uint32_is_empty,
};

static int int64_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		      const struct bind_at *at, struct err *e)
{
	return read_signed(v, INT64_MIN, INT64_MAX, p, at, "int64", e);
}

static void int64_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_i64(w, CAT(int64_t, p));
}

static bool int64_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return CAT(int64_t, p) == 0;
}

const struct bind_ops bind_int64_ops = {
	.read = int64_read,
	.write = int64_write,
	.empty = int64_is_empty,
};

static int uint64_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		       const struct bind_at *at, struct err *e)
{
	return read_unsigned(v, UINT64_MAX, p, at, "uint64", e);
}

static void uint64_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_u64(w, CAT(uint64_t, p));
}

static bool uint64_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return CAT(uint64_t, p) == 0;
}

const struct bind_ops bind_uint64_ops = {
	.read = uint64_read,
	.write = uint64_write,
	.empty = uint64_is_empty,
};

static int dbl_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		    const struct bind_at *at, struct err *e)
{
	char what[64];

	if (json_dbl(v, p) == 0)
		return 0;
	if (json_kind(v) != JSON_NUMBER)
		return bind_mismatch(at, v, NULL, "float64", e);
	snprintf(what, sizeof(what), "number %s", json_num(v));
	return bind_mismatch(at, v, what, "float64", e);
}

static void dbl_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	jw_dbl(w, CAT(double, p));
}

static bool dbl_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return CAT(double, p) == 0;
}

const struct bind_ops bind_dbl_ops = {
	.read = dbl_read,
	.write = dbl_write,
	.empty = dbl_is_empty,
};

static int opt_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		    const struct bind_at *at, struct err *e)
{
	struct json_opt_i64 *o = p;
	int64_t n;

	if (read_signed(v, INT64_MIN, INT64_MAX, &n, at, "int", e) < 0)
		return -1;
	*o = (struct json_opt_i64){.set = true, .value = n};
	return 0;
}

static void opt_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	const struct json_opt_i64 *o = p;

	if (o->set)
		jw_i64(w, o->value);
	else
		jw_null(w);
}

static bool opt_is_empty(const struct json_field *f UNUSED, const void *p)
{
	return !((const struct json_opt_i64 *)p)->set;
}

static void opt_clear(const struct json_field *f UNUSED, void *p)
{
	*(struct json_opt_i64 *)p = (struct json_opt_i64){0};
}

const struct bind_ops bind_opt_ops = {
	.nilable = true,
	.read = opt_read,
	.write = opt_write,
	.empty = opt_is_empty,
	.clear = opt_clear,
};

static int pair_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		     const struct bind_at *at, struct err *e)
{
	uint64_t n[2] = {0, 0};

	if (json_kind(v) != JSON_ARRAY)
		return bind_mismatch(at, v, NULL, "[2]uint", e);
	for (size_t i = 0; i < 2 && i < json_len(v); i++)
		if (read_unsigned(json_at(v, i), UINT64_MAX, &n[i], at, "uint", e) < 0)
			return -1;
	memcpy(p, n, sizeof(n));
	return 0;
}

static void pair_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	const uint64_t *n = p;

	jw_arr(w);
	jw_u64(w, n[0]);
	jw_u64(w, n[1]);
	jw_end(w);
}

static bool pair_is_empty(const struct json_field *f UNUSED, const void *p)
{
	const uint64_t *n = p;

	return n[0] == 0 && n[1] == 0;
}

const struct bind_ops bind_pair_ops = {
	.read = pair_read,
	.write = pair_write,
	.empty = pair_is_empty,
};

/* times */

static int time_read(const struct json *v, const struct json_field *f UNUSED, void *p,
		     const struct bind_at *at, struct err *e)
{
	const char *s = json_str(v);
	int64_t n;

	if (s == NULL)
		return bind_mismatch(at, v, NULL, "time.Time", e);
	if (*s == 0) {
		AT(int64_t, p) = 0;
		return 0;
	}
	if (time_parse(s, &n, e) < 0)
		return -1;
	AT(int64_t, p) = n;
	return 0;
}

static void time_write(struct json_w *w, const struct json_field *f UNUSED, const void *p)
{
	char text[TIME_RFC3339_SIZE];

	time_format(CAT(int64_t, p), text);
	jw_str(w, text);
}

const struct bind_ops bind_time_ops = {
	.read = time_read,
	.write = time_write,
	.empty = int64_is_empty,
};
