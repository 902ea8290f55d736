// SPDX-License-Identifier: MIT
/*
 * pax extended headers: "LENGTH KEY=VALUE\n" records. Sources: POSIX.1-2017
 * pax "Extended Header", star(1) SCHILY.xattr, GNU tar manual "PAX Format,
 * Version 0.0 … 1.0". Global headers are ignored, as Docker ignores them.
 */
#include "archive/tar_internal.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

_Static_assert(ARCHIVE_XATTRS_MAX == ARRAY_LEN(((struct tar_ext *)0)->xattr_at),
	       "tar_ext holds ARCHIVE_XATTRS_MAX attributes");

void tar_ext_init(struct tar_ext *x)
{
	memset(x, 0, sizeof(*x));
	x->sparse_major = x->sparse_minor = -1;
}

/* keeps the buffers' memory, for most entries of an archive have the same needs */
void tar_ext_reset(struct tar_ext *x)
{
	struct tar_ext old = *x;

	tar_ext_init(x);
	x->path = old.path;
	x->link = old.link;
	x->uname = old.uname;
	x->gname = old.gname;
	x->xattrs = old.xattrs;
	x->sparse = old.sparse;
	buf_reset(&x->path);
	buf_reset(&x->link);
	buf_reset(&x->uname);
	buf_reset(&x->gname);
	buf_reset(&x->xattrs);
	x->sparse.n = 0;
	x->sparse.real_size = 0;
}

void tar_ext_clear(struct tar_ext *x)
{
	buf_clear(&x->path);
	buf_clear(&x->link);
	buf_clear(&x->uname);
	buf_clear(&x->gname);
	buf_clear(&x->xattrs);
	tar_sparse_clear(&x->sparse);
}

int tar_parse_time(const char *s, int64_t *ret_sec, uint32_t *ret_nsec)
{
	bool negative = *s == '-';
	int64_t sec = 0;
	uint32_t nsec = 0;

	s += negative;
	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (sec > INT64_MAX / 10 - 1)
			return -1;
		sec = 10 * sec + (*s - '0');
	}
	if (*s == '.') {
		uint32_t unit = 100000000;

		for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
			nsec += unit * (uint32_t)(*s - '0');
	}
	if (*s != 0)
		return -1;
	if (negative && nsec > 0) {
		sec = -sec - 1;
		nsec = 1000000000 - nsec;
	} else if (negative) {
		sec = -sec;
	}
	*ret_sec = sec;
	*ret_nsec = nsec;
	return 0;
}

static int set_text(struct buf *b, bool *has, const char *value, size_t len, struct err *e)
{
	if (memchr(value, 0, len))
		return err_set(e, ERR_INVALID, 0, "tar: NUL in a pax name");
	buf_reset(b);
	buf_add(b, value, len);
	*has = len > 0; /* an empty value takes the record back */
	return 0;
}

static int set_number(uint64_t *ret, bool *has, const char *key, const char *value, struct err *e)
{
	if (*value == 0) {
		*has = false;
		return 0;
	}
	if (str_u64(value, INT64_MAX, ret) < 0)
		return err_set(e, ERR_INVALID, 0, "tar: pax %s is not a number", key);
	*has = true;
	return 0;
}

static int set_time(int64_t *ret_sec, uint32_t *ret_nsec, bool *has, const char *value,
		    struct err *e)
{
	*has = *value != 0;
	if (*has && tar_parse_time(value, ret_sec, ret_nsec) < 0)
		return err_set(e, ERR_INVALID, 0, "tar: pax time is malformed");
	return 0;
}

static int add_xattr(struct tar_ext *x, const char *name, const char *value, size_t len,
		     struct err *e)
{
	size_t i = 0;

	if (*name == 0)
		return err_set(e, ERR_INVALID, 0, "tar: extended attribute without a name");
	for (; i < x->n_xattrs; i++)
		if (str_eq(x->xattrs.data + x->xattr_at[i].name, name))
			break;
	if (i == ARCHIVE_XATTRS_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: more than %d extended attributes",
			       ARCHIVE_XATTRS_MAX);
	x->xattr_at[i].name = x->xattrs.len;
	buf_add(&x->xattrs, name, strlen(name) + 1);
	x->xattr_at[i].value = x->xattrs.len;
	x->xattr_at[i].len = len;
	buf_add(&x->xattrs, value, len + 1); /* value is NUL-terminated by the parser */
	if (i == x->n_xattrs)
		x->n_xattrs++;
	return 0;
}

static int sparse_record(struct tar_ext *x, const char *key, const char *value, size_t len,
			 struct err *e)
{
	uint64_t v = 0;

	if (str_eq(key, "name"))
		return set_text(&x->path, &x->has_path, value, len, e);
	if (str_eq(key, "map")) {
		x->sparse_major = MAX(x->sparse_major, 0);
		return tar_sparse_add_list(&x->sparse, value, e);
	}
	if (str_u64(value, INT64_MAX, &v) < 0)
		return err_set(e, ERR_INVALID, 0, "tar: GNU.sparse.%s is not a number", key);
	if (str_eq(key, "major")) {
		x->sparse_major = (int)MIN(v, 99);
	} else if (str_eq(key, "minor")) {
		x->sparse_minor = (int)MIN(v, 99);
	} else if (str_eq(key, "size") || str_eq(key, "realsize")) {
		x->sparse_major = MAX(x->sparse_major, 0);
		x->has_sparse_size = true;
		x->sparse.real_size = v;
	} else if (str_eq(key, "offset")) {
		x->half_region = true;
		x->half_offset = v;
	} else if (str_eq(key, "numbytes")) {
		if (!x->half_region)
			return err_set(e, ERR_INVALID, 0, "tar: sparse region without an offset");
		x->half_region = false;
		return tar_sparse_add(&x->sparse, x->half_offset, v, e);
	}
	return 0;
}

static int apply(struct tar_ext *x, const char *key, const char *value, size_t len, struct err *e)
{
	const char *rest;

	if ((rest = str_skip(key, "SCHILY.xattr.")))
		return add_xattr(x, rest, value, len, e);
	if (str_eq(key, "path"))
		return set_text(&x->path, &x->has_path, value, len, e);
	if (str_eq(key, "linkpath"))
		return set_text(&x->link, &x->has_link, value, len, e);
	if (str_eq(key, "uname"))
		return set_text(&x->uname, &x->has_uname, value, len, e);
	if (str_eq(key, "gname"))
		return set_text(&x->gname, &x->has_gname, value, len, e);
	if (str_eq(key, "size"))
		return set_number(&x->size, &x->has_size, key, value, e);
	if (str_eq(key, "uid"))
		return set_number(&x->uid, &x->has_uid, key, value, e);
	if (str_eq(key, "gid"))
		return set_number(&x->gid, &x->has_gid, key, value, e);
	if (str_eq(key, "mtime"))
		return set_time(&x->mtime_sec, &x->mtime_nsec, &x->has_mtime, value, e);
	if (str_eq(key, "atime"))
		return set_time(&x->atime_sec, &x->atime_nsec, &x->has_atime, value, e);
	if ((rest = str_skip(key, "GNU.sparse.")))
		return sparse_record(x, rest, value, len, e);
	return 0;
}

/* cuts the record at p into NUL-terminated key and value; its length, or 0 when malformed */
static size_t cut_record(char *p, size_t n, char **ret_key, char **ret_value, size_t *ret_len)
{
	size_t len = 0, i = 0;
	char *eq;

	for (; i < n && p[i] >= '0' && p[i] <= '9'; i++) {
		len = 10 * len + (size_t)(p[i] - '0');
		if (len > n)
			return 0;
	}
	if (i == 0 || i >= n || p[i] != ' ' || len < i + 4 || p[len - 1] != '\n')
		return 0;
	p[len - 1] = 0;
	*ret_key = p + i + 1;
	eq = memchr(*ret_key, '=', len - i - 2);
	if (!eq || eq == *ret_key || memchr(*ret_key, 0, (size_t)(eq - *ret_key)))
		return 0;
	*eq = 0;
	*ret_value = eq + 1;
	*ret_len = (size_t)(p + len - 1 - *ret_value);
	return len;
}

int tar_pax_parse(struct tar_ext *x, const char *p, size_t n, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	size_t at = 0;

	buf_add(&text, p, n);
	while (at < n) {
		char *key = NULL, *value = NULL;
		size_t value_len = 0;
		size_t len = cut_record(text.data + at, n - at, &key, &value, &value_len);

		if (len == 0)
			return err_set(e, ERR_INVALID, 0, "tar: pax record is malformed");
		if (apply(x, key, value, value_len, e) < 0)
			return -1;
		at += len;
	}
	return 0;
}
