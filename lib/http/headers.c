// SPDX-License-Identifier: MIT
/* Header field lists (RFC 9110 section 5). A list is short, so lookups walk it. */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "http/message_internal.h"

void http_headers_clear(struct http_headers *h)
{
	for (size_t i = 0; i < h->len; i++) {
		free(h->items[i].name);
		free(h->items[i].value);
	}
	free(h->items);
	*h = (struct http_headers)HTTP_HEADERS_INIT;
}

void http_headers_push(struct http_headers *h, char *name, char *value)
{
	if (h->len == h->cap) {
		h->cap = h->cap != 0 ? h->cap * 2 : 16;
		h->items = xrealloc(h->items, h->cap * sizeof(*h->items));
	}
	h->items[h->len++] = (struct http_header){name, value};
}

const char *http_headers_get(const struct http_headers *h, const char *name)
{
	for (size_t i = 0; i < h->len; i++)
		if (strcasecmp(h->items[i].name, name) == 0)
			return h->items[i].value;
	return NULL;
}

void http_headers_add(struct http_headers *h, const char *name, const char *value)
{
	char *copy = xstrdup(value);

	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\r' || *p == '\n')
			*p = ' ';
	http_headers_push(h, xstrdup(name), copy);
}

void http_headers_addf(struct http_headers *h, const char *name, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	http_headers_add(h, name, buf_str(&b));
}

void http_headers_del(struct http_headers *h, const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->len; i++) {
		if (strcasecmp(h->items[i].name, name) == 0) {
			free(h->items[i].name);
			free(h->items[i].value);
		} else {
			h->items[kept++] = h->items[i];
		}
	}
	h->len = kept;
}

void http_headers_set(struct http_headers *h, const char *name, const char *value)
{
	http_headers_del(h, name);
	http_headers_add(h, name, value);
}

static bool list_has(const char *s, const char *word)
{
	size_t want = strlen(word);

	while (*s != '\0') {
		size_t n;

		s += strspn(s, " \t,");
		n = strcspn(s, ",");
		while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
			n--;
		if (n == want && strncasecmp(s, word, n) == 0)
			return true;
		s += strcspn(s, ",");
	}
	return false;
}

bool http_headers_has_token(const struct http_headers *h, const char *name, const char *word)
{
	for (size_t i = 0; i < h->len; i++)
		if (strcasecmp(h->items[i].name, name) == 0 && list_has(h->items[i].value, word))
			return true;
	return false;
}

void http_headers_write(struct buf *b, const struct http_headers *h)
{
	for (size_t i = 0; i < h->len; i++) {
		buf_addstr(b, h->items[i].name);
		buf_addstr(b, ": ");
		buf_addstr(b, h->items[i].value);
		buf_addstr(b, "\r\n");
	}
}
