// SPDX-License-Identifier: MIT
/* Allocation that aborts, and ownership helpers; see mem.h. */
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *checked(void *p)
{
	static const char text[] = "level=error msg=\"out of memory\"\n";

	if (p == NULL) {
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
			/* nothing left to do */
		}
		abort();
	}
	return p;
}

void *xmalloc(size_t size)
{
	return checked(malloc(size != 0 ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n != 0 ? n : 1, size != 0 ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
	return checked(realloc(p, size != 0 ? size : 1));
}

char *xstrdup(const char *s)
{
	return s == NULL ? NULL : xmemdup(s, strlen(s) + 1);
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void *xmemdup(const void *p, size_t n)
{
	void *copy = xmalloc(n);

	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : s);
}

void *try_malloc(size_t size)
{
	return malloc(size != 0 ? size : 1);
}

void freep(void *ptr_to_pointer)
{
	void **p = ptr_to_pointer;

	free(*p);
	*p = NULL;
}

void str_replace_ptr(char **dst, const char *src)
{
	char *copy = xstrdup(src); /* src may point into *dst */

	free(*dst);
	*dst = copy;
}
