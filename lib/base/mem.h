// SPDX-License-Identifier: MIT
/*
 * Allocation and ownership. Sizes from our own code: x* functions, which abort
 * when memory is out (containers live under their shims and survive). Sizes
 * from input: checked against config/limits.h, then try_malloc().
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

#include "base/err.h"

/* A scope owns: the named function gets the variable's address at scope exit. */
#define CLEANUP(func) __attribute__((cleanup(func)))

/* Moves ownership out of a variable, which becomes NULL. */
#define TAKE(ptr)                               \
	({                                      \
		__typeof__(ptr) taken_ = (ptr); \
		(ptr) = NULL;                   \
		taken_;                         \
	})

#define ARRAY_LEN(array)		(sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b)			((a) < (b) ? (a) : (b))
#define MAX(a, b)			((a) > (b) ? (a) : (b))
#define UNUSED				__attribute__((unused))

/** xmalloc() - malloc() that aborts when memory is out */
void *xmalloc(size_t size) __attribute__((malloc, alloc_size(1)));
/** xcalloc() - calloc() that aborts when memory is out */
void *xcalloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/** xrealloc() - realloc() that aborts when memory is out */
void *xrealloc(void *p, size_t size) __attribute__((alloc_size(2)));
/** xstrdup() - copy of a string; NULL gives NULL */
char *xstrdup(const char *s);
/** xstrndup() - copy of at most n bytes of a string, terminated */
char *xstrndup(const char *s, size_t n);
/** xmemdup() - copy of n bytes */
void *xmemdup(const void *p, size_t n);
/** xasprintf() - formatted string on the heap */
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);
/** try_malloc() - malloc() whose failure the caller handles; for sizes from input */
void *try_malloc(size_t size) WARN_UNUSED;
/** freep() - CLEANUP(freep): frees what the variable points to */
void freep(void *ptr_to_pointer);
/** str_replace_ptr() - frees *dst and stores a copy of src (may be NULL) there */
void str_replace_ptr(char **dst, const char *src);

#endif
