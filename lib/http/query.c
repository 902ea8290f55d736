// SPDX-License-Identifier: MIT
/*
 * Query strings, as Go's net/url.ParseQuery reads them: pairs split at '&', '+'
 * is a blank, ';' is refused (it once was a separator), a key without '=' has an
 * empty value, keys may repeat.
 */
#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "http/url.h"

void http_query_clear(struct http_query *q)
{
	for (size_t i = 0; i < q->len; i++) {
		free(q->items[i].key);
		free(q->items[i].value);
	}
	free(q->items);
	*q = (struct http_query)HTTP_QUERY_INIT;
}

static void push(struct http_query *q, char *key, char *value)
{
	if (q->len == q->cap) {
		q->cap = q->cap != 0 ? q->cap * 2 : 8;
		q->items = xrealloc(q->items, q->cap * sizeof(*q->items));
	}
	q->items[q->len++] = (struct http_pair){key, value};
}

void http_query_add(struct http_query *q, const char *key, const char *value)
{
	push(q, xstrdup(key), xstrdup(value));
}

static int parse_pair(struct http_query *q, const char *s, size_t n, struct err *e)
{
	CLEANUP(buf_clear) struct buf key = BUF_INIT, value = BUF_INIT;
	const char *eq = memchr(s, '=', n);
	size_t key_len = eq != NULL ? (size_t)(eq - s) : n;

	if (q->len >= HTTP_QUERY_PAIRS_MAX)
		return err_set(e, ERR_INVALID, 0, "more than %d query parameters",
			       HTTP_QUERY_PAIRS_MAX);
	if (memchr(s, ';', n) != NULL)
		return err_set(e, ERR_INVALID, 0, "invalid semicolon separator in query");
	if (url_decode(&key, s, key_len, true) < 0 ||
	    (eq != NULL && url_decode(&value, eq + 1, n - key_len - 1, true) < 0))
		return err_set(e, ERR_INVALID, 0, "invalid URL escape in query");
	push(q, buf_detach(&key), buf_detach(&value));
	return 0;
}

int http_query_parse(struct http_query *q, const char *text, struct err *e)
{
	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, "&");

		if (n > 0 && parse_pair(q, text, n, e) < 0)
			return -1;
		text += n;
		if (*text == '&')
			text++;
	}
	return 0;
}

const char *http_query_get_nth(const struct http_query *q, const char *key, size_t nth)
{
	for (size_t i = 0; i < q->len; i++)
		if (strcmp(q->items[i].key, key) == 0 && nth-- == 0)
			return q->items[i].value;
	return NULL;
}

const char *http_query_get(const struct http_query *q, const char *key)
{
	return http_query_get_nth(q, key, 0);
}

void http_query_encode(struct buf *b, const struct http_query *q)
{
	for (size_t i = 0; i < q->len; i++) {
		if (i > 0)
			buf_addch(b, '&');
		url_encode(b, q->items[i].key, "");
		buf_addch(b, '=');
		url_encode(b, q->items[i].value, "");
	}
}
