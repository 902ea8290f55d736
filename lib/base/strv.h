// SPDX-License-Identifier: MIT
/*
 * Growing vector of owned strings, NULL-terminated for execve(2). items is
 * NULL while the vector was never added to.
 */
#ifndef BASE_STRV_H
#define BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

struct strv {
	char **items;
	size_t len;
	size_t cap;
};

#define STRV_INIT \
	{         \
		0 \
	}

/* for (each item) with `it` a char ** into the vector */
#define strv_for_each(it, v) \
	for (char **it = (v)->items; it != NULL && it < (v)->items + (v)->len; it++)

/** strv_clear() - frees all */
void strv_clear(struct strv *v);
/** strv_add() - appends a copy */
void strv_add(struct strv *v, const char *s);
/** strv_addn() - appends a copy of n bytes */
void strv_addn(struct strv *v, const char *s, size_t n);
/** strv_addf() - appends formatted text */
void strv_addf(struct strv *v, const char *fmt, ...) PRINTF(2, 3);
/** strv_take() - appends s itself, which the vector now owns */
void strv_take(struct strv *v, char *s);
/** strv_copy() - appends copies of all of src */
void strv_copy(struct strv *v, const struct strv *src);
/** strv_copy_raw() - appends copies of a NULL-terminated array (may be NULL) */
void strv_copy_raw(struct strv *v, char *const *src);
/** strv_remove() - frees and removes item i, order kept */
void strv_remove(struct strv *v, size_t i);
/** strv_has() - contains s */
bool strv_has(const struct strv *v, const char *s);
/** strv_split() - appends the parts of s between separators; empty parts are left out */
void strv_split(struct strv *v, const char *s, const char *separators);
/** strv_join() - the items with sep between, on the heap */
char *strv_join(const struct strv *v, const char *sep);
/** strv_sort() - by strcmp */
void strv_sort(struct strv *v);
/** strv_env_get() - the value of NAME in a vector of NAME=value, or NULL; borrowed */
const char *strv_env_get(const struct strv *v, const char *name);
/** strv_env_set() - sets NAME=value, replacing an older one; entry has the form NAME=value */
void strv_env_set(struct strv *v, const char *entry);

#endif
