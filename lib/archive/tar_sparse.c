// SPDX-License-Identifier: MIT
/*
 * Maps of sparse files: which regions of the file the stored bytes fill.
 * Source: GNU tar manual, "Storing Sparse Files".
 */
#include "archive/tar_internal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "config/limits.h"

void tar_sparse_clear(struct tar_sparse *s)
{
	free(s->map);
	*s = (struct tar_sparse){0};
}

int tar_sparse_add(struct tar_sparse *s, uint64_t offset, uint64_t len, struct err *e)
{
	if (s->n >= ARCHIVE_SPARSE_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: sparse file with more than %d regions",
			       ARCHIVE_SPARSE_MAX);
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->map = xrealloc(s->map, s->cap * sizeof(*s->map));
	}
	s->map[s->n++] = (struct tar_region){offset, len};
	return 0;
}

int tar_sparse_add_old(struct tar_sparse *s, const unsigned char *p, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++, p += 24) {
		int64_t offset, len;

		if (p[0] == 0)
			return 0;
		if (tar_parse_number(p, 12, &offset) < 0 ||
		    tar_parse_number(p + 12, 12, &len) < 0 || offset < 0 || len < 0)
			return err_set(e, ERR_INVALID, 0, "tar: sparse map is malformed");
		if (tar_sparse_add(s, (uint64_t)offset, (uint64_t)len, e) < 0)
			return -1;
	}
	return 0;
}

/* one number up to the separator or the end; -1 when there is none */
static int list_number(const char **p, uint64_t *ret)
{
	uint64_t v = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (v > (UINT64_MAX - 9) / 10)
			return -1;
		v = 10 * v + (uint64_t)(*s - '0');
	}
	if (*s == ',')
		s++;
	else if (*s != 0)
		return -1;
	*p = s;
	*ret = v;
	return 0;
}

int tar_sparse_add_list(struct tar_sparse *s, const char *p, struct err *e)
{
	while (*p != 0) {
		uint64_t offset, len;

		if (list_number(&p, &offset) < 0 || list_number(&p, &len) < 0)
			return err_set(e, ERR_INVALID, 0, "tar: sparse map is malformed");
		if (tar_sparse_add(s, offset, len, e) < 0)
			return -1;
	}
	return 0;
}

int tar_sparse_check(const struct tar_sparse *s, uint64_t stored, struct err *e)
{
	uint64_t end = 0, sum = 0;

	if (s->real_size > ARCHIVE_FILE_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: sparse file is larger than the limit");
	for (size_t i = 0; i < s->n; i++) {
		const struct tar_region *r = &s->map[i];

		if (r->offset < end || r->offset > s->real_size ||
		    r->len > s->real_size - r->offset)
			return err_set(e, ERR_INVALID, 0,
				       "tar: sparse regions overlap or leave the file");
		end = r->offset + r->len;
		sum += r->len;
	}
	if (sum > stored)
		return err_set(e, ERR_INVALID, 0, "tar: sparse map claims more than is stored");
	return 0;
}
