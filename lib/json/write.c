// SPDX-License-Identifier: MIT
/* JSON writer; the output is byte for byte what Go's encoding/json prints. */
#include "json/write.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "json/utf8.h"

void jw_init(struct json_w *w, struct buf *buf)
{
	*w = (struct json_w){.buf = buf, .first = true};
}

void jw_init_indent(struct json_w *w, struct buf *buf, const char *indent)
{
	jw_init(w, buf);
	w->indent = indent;
}

static void newline(struct json_w *w)
{
	if (w->indent == NULL)
		return;
	buf_addch(w->buf, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		buf_addstr(w->buf, w->indent);
}

static void separate(struct json_w *w)
{
	if (!w->first)
		buf_addch(w->buf, ',');
	w->first = false;
	newline(w);
}

/* in front of every value */
static void begin_value(struct json_w *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->depth == 0)
		return;
	if (w->closers[w->depth - 1] == '}')
		abort(); /* a member needs jw_key() first */
	separate(w);
}

static void open_container(struct json_w *w, char opener, char closer)
{
	begin_value(w);
	if (w->depth == JSON_WRITE_DEPTH)
		abort();
	buf_addch(w->buf, opener);
	w->closers[w->depth++] = closer;
	w->first = true;
}

void jw_obj(struct json_w *w)
{
	open_container(w, '{', '}');
}

void jw_arr(struct json_w *w)
{
	open_container(w, '[', ']');
}

void jw_end(struct json_w *w)
{
	if (w->depth == 0 || w->after_key)
		abort();
	w->depth--;
	if (!w->first)
		newline(w);
	buf_addch(w->buf, w->closers[w->depth]);
	w->first = false;
}

#define EACH(byte) (0x0101010101010101 * (uint64_t)(byte))

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x80 && c != '"' && c != '\\' && c != '&' && c != '<' && c != '>';
}

/* of eight bytes; a zero byte of v leaves its uppermost bit in (v - EACH(1)) & ~v */
static bool all_plain(uint64_t x)
{
	uint64_t backslash = x ^ EACH('\\');
	uint64_t angle = (x | EACH('<' ^ '>')) ^ EACH('>');
	uint64_t quote_amp = (x | EACH('"' ^ '&')) ^ EACH('&');
	uint64_t hit = ((backslash - EACH(1)) & ~backslash) | ((angle - EACH(1)) & ~angle) |
		       ((quote_amp - EACH(1)) & ~quote_amp) | ((x - EACH(' ')) & ~x) | x;

	return (hit & EACH(0x80)) == 0;
}

size_t json_plain(const char *s, size_t n)
{
	size_t i = 0;
	uint64_t x;

	for (; i + 8 <= n; i += 8) {
		memcpy(&x, s + i, 8);
		if (!all_plain(x))
			break;
	}
	while (i < n && is_plain((unsigned char)s[i]))
		i++;
	return i;
}

/* the escape of an ASCII byte, or NULL when it stands for itself */
static const char *escape_of(const struct json_w *w, unsigned char c, char tmp[8])
{
	static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *hit = c == 0 ? NULL : strchr(named, c);

	if (hit != NULL) {
		tmp[0] = '\\';
		tmp[1] = letters[hit - named];
		tmp[2] = 0;
		return tmp;
	}
	if (c >= 0x20 && (w->plain_html || (c != '<' && c != '>' && c != '&')))
		return NULL;
	snprintf(tmp, 8, "\\u%04x", c);
	return tmp;
}

static void add_string(struct json_w *w, const char *s, size_t n)
{
	size_t run = 0; /* start of what is not yet copied */
	char tmp[8];

	buf_addch(w->buf, '"');
	for (size_t i = json_plain(s, n); i < n; i += json_plain(s + i, n - i)) {
		size_t len = 1;
		const char *esc = NULL;
		uint32_t cp;

		if ((unsigned char)s[i] < 0x80) {
			esc = escape_of(w, (unsigned char)s[i], tmp);
		} else {
			len = utf8_decode(s + i, n - i, &cp);
			if (len == 0)
				len = 1, esc = "\\ufffd";
			else if (cp == 0x2028 || cp == 0x2029)
				esc = cp == 0x2028 ? "\\u2028" : "\\u2029";
		}
		if (esc != NULL) {
			buf_add(w->buf, s + run, i - run);
			buf_addstr(w->buf, esc);
			run = i + len;
		}
		i += len;
	}
	if (n > run)
		buf_add(w->buf, s + run, n - run);
	buf_addch(w->buf, '"');
}

void jw_key(struct json_w *w, const char *key)
{
	if (w->depth == 0 || w->closers[w->depth - 1] != '}' || w->after_key)
		abort();
	separate(w);
	add_string(w, key, strlen(key));
	buf_addstr(w->buf, w->indent != NULL ? ": " : ":");
	w->after_key = true;
}

void jw_strn(struct json_w *w, const char *s, size_t n)
{
	begin_value(w);
	add_string(w, s, n);
}

void jw_str(struct json_w *w, const char *s)
{
	jw_strn(w, s == NULL ? "" : s, s == NULL ? 0 : strlen(s));
}

void jw_strf(struct json_w *w, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	jw_strn(w, buf_str(&b), b.len);
}

static void scalar(struct json_w *w, const char *text)
{
	begin_value(w);
	buf_addstr(w->buf, text);
}

static void number(struct json_w *w, bool negative, uint64_t n)
{
	char t[24], *p = t + sizeof(t) - 1;

	*p = '\0';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	if (negative)
		*--p = '-';
	scalar(w, p);
}

void jw_i64(struct json_w *w, int64_t n)
{
	number(w, n < 0, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void jw_u64(struct json_w *w, uint64_t n)
{
	number(w, false, n);
}

/* Go: shortest digits that read back the same; exponents below -6 and from 21 in e form */
void jw_dbl(struct json_w *w, double d)
{
	char t[64], *exp;
	int digits = 1, e10;

	if (!isfinite(d)) {
		scalar(w, "null");
		return;
	}
	do
		snprintf(t, sizeof(t), "%.*e", digits - 1, d);
	while (digits++ < 17 && strtod(t, NULL) != d);
	digits--;
	exp = strchr(t, 'e');
	e10 = (int)strtol(exp + 1, NULL, 10);
	if (d == 0 || (e10 >= -6 && e10 < 21))
		snprintf(t, sizeof(t), "%.*f", MAX(digits - 1 - e10, 0), d);
	else if (e10 < 0 && e10 > -10)
		exp[2] = exp[3], exp[3] = 0; /* Go cuts e-09 to e-9 */
	scalar(w, t);
}

void jw_bool(struct json_w *w, bool b)
{
	scalar(w, b ? "true" : "false");
}

void jw_null(struct json_w *w)
{
	scalar(w, "null");
}

void jw_raw(struct json_w *w, const char *text)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (text == NULL || *text == 0)
		jw_null(w);
	else if (w->indent != NULL && json_parse(text, strlen(text), &v, &e) == 0)
		jw_tree(w, v);
	else
		scalar(w, text);
}

/* recursion is bounded: the parser allows JSON_DEPTH_MAX levels */
void jw_tree(struct json_w *w, const struct json *v)
{
	switch (json_kind(v)) {
	case JSON_NONE:
	case JSON_NULL:
		jw_null(w);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		jw_bool(w, v->kind == JSON_TRUE);
		break;
	case JSON_NUMBER:
		scalar(w, v->u.text);
		break;
	case JSON_TEXT:
		jw_strn(w, v->u.text, v->len);
		break;
	case JSON_ARRAY:
		jw_arr(w);
		json_for_each (item, v)
			jw_tree(w, item);
		jw_end(w);
		break;
	case JSON_OBJECT:
		jw_obj(w);
		json_for_each (member, v) {
			jw_key(w, member->key);
			jw_tree(w, member);
		}
		jw_end(w);
		break;
	}
}

void jw_kstr(struct json_w *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_str(w, s);
}

void jw_ki64(struct json_w *w, const char *key, int64_t n)
{
	jw_key(w, key);
	jw_i64(w, n);
}

void jw_ku64(struct json_w *w, const char *key, uint64_t n)
{
	jw_key(w, key);
	jw_u64(w, n);
}

void jw_kdbl(struct json_w *w, const char *key, double d)
{
	jw_key(w, key);
	jw_dbl(w, d);
}

void jw_kbool(struct json_w *w, const char *key, bool b)
{
	jw_key(w, key);
	jw_bool(w, b);
}

void jw_knull(struct json_w *w, const char *key)
{
	jw_key(w, key);
	jw_null(w);
}

void jw_kraw(struct json_w *w, const char *key, const char *text)
{
	jw_key(w, key);
	jw_raw(w, text);
}

void jw_kobj(struct json_w *w, const char *key)
{
	jw_key(w, key);
	jw_obj(w);
}

void jw_karr(struct json_w *w, const char *key)
{
	jw_key(w, key);
	jw_arr(w);
}

void json_print(struct buf *b, const struct json *v, const char *indent)
{
	struct json_w w;

	jw_init_indent(&w, b, indent);
	jw_tree(&w, v);
}
