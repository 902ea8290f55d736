// SPDX-License-Identifier: MIT
/* Vector of owned strings; see strv.h. */
#include "base/strv.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"

void strv_clear(struct strv *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv)STRV_INIT;
}

void strv_take(struct strv *v, char *s)
{
	if (v->len + 2 > v->cap) {
		v->cap = v->cap != 0 ? v->cap * 2 : 8;
		v->items = xrealloc(v->items, v->cap * sizeof(*v->items));
	}
	v->items[v->len++] = s;
	v->items[v->len] = NULL;
}

void strv_add(struct strv *v, const char *s)
{
	strv_take(v, xstrdup(s));
}

void strv_addn(struct strv *v, const char *s, size_t n)
{
	strv_take(v, xstrndup(s, n));
}

void strv_addf(struct strv *v, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	strv_take(v, buf_detach(&b));
}

void strv_copy(struct strv *v, const struct strv *src)
{
	for (size_t i = 0; i < src->len; i++)
		strv_add(v, src->items[i]);
}

void strv_copy_raw(struct strv *v, char *const *src)
{
	for (; src != NULL && *src != NULL; src++)
		strv_add(v, *src);
}

void strv_remove(struct strv *v, size_t i)
{
	free(v->items[i]);
	memmove(v->items + i, v->items + i + 1, (v->len - i) * sizeof(*v->items));
	v->len--;
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->len; i++)
		if (str_eq(v->items[i], s))
			return true;
	return false;
}

void strv_split(struct strv *v, const char *s, const char *separators)
{
	for (;;) {
		size_t n;

		s += strspn(s, separators);
		n = strcspn(s, separators);
		if (n == 0)
			return;
		strv_addn(v, s, n);
		s += n;
	}
}

char *strv_join(const struct strv *v, const char *sep)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	for (size_t i = 0; i < v->len; i++) {
		if (i > 0)
			buf_addstr(&b, sep);
		buf_addstr(&b, v->items[i]);
	}
	return buf_detach(&b);
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->len > 1)
		qsort(v->items, v->len, sizeof(*v->items), compare_items);
}

/* index of the entry NAME=..., or v->len */
static size_t env_find(const struct strv *v, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < v->len; i++)
		if (strncmp(v->items[i], name, n) == 0 && v->items[i][n] == '=')
			break;
	return i;
}

const char *strv_env_get(const struct strv *v, const char *name)
{
	size_t n = strlen(name), i = env_find(v, name, n);

	return i < v->len ? v->items[i] + n + 1 : NULL;
}

void strv_env_set(struct strv *v, const char *entry)
{
	size_t i = env_find(v, entry, strcspn(entry, "="));

	if (i < v->len)
		str_replace_ptr(&v->items[i], entry);
	else
		strv_add(v, entry);
}
