// SPDX-License-Identifier: MIT
/* What templates' printf writes (Go's package fmt), and its %q. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/template_internal.h"
#include "json/utf8.h"

const char *tpl_type(const struct val *v)
{
	switch (v->kind) {
	case VAL_STR:
		return "string";
	case VAL_NUM:
		return strpbrk(v->text, ".eE") != NULL ? "float64" : "int";
	case VAL_BOOL:
		return "bool";
	case VAL_JSON:
		return json_kind(v->json) == JSON_ARRAY ? "[]interface {}"
							: "map[string]interface {}";
	default:
		return "<nil>";
	}
}

void tpl_quote(struct buf *b, const char *s)
{
	static const char from[] = "\"\\\a\b\f\n\r\t\v", to[] = "\"\\abfnrtv";
	size_t left = strlen(s);
	uint32_t cp;

	buf_addch(b, '"');
	while (left > 0) {
		size_t n = utf8_decode(s, left, &cp);
		const char *hit = strchr(from, *s);

		if (hit != NULL)
			buf_addf(b, "\\%c", to[hit - from]);
		else if (n == 0 || (unsigned char)*s < 0x20 || *s == 0x7f)
			buf_addf(b, "\\x%02x", (unsigned char)*s);
		else
			buf_add(b, s, n);
		n += n == 0;
		s += n;
		left -= n;
	}
	buf_addch(b, '"');
}

void template_quote(struct buf *b, const char *s)
{
	tpl_quote(b, s);
}

struct verb {
	const char *flags; /* "-+# 0" of them */
	int width, precision;
	char name;
};

static bool has(const struct verb *v, char flag)
{
	return strchr(v->flags, flag) != NULL;
}

/* a number by its verb; NULL: not one of a number's */
static char *number(const struct verb *v, const char *text)
{
	long n = strtol(text, NULL, 10);
	unsigned long size = n < 0 ? -(unsigned long)n : (unsigned long)n;
	const char *sign = n < 0 ? "-" : has(v, '+') ? "+" : "";

	if (strpbrk(text, ".eE") != NULL)
		return v->name != 'f' ? NULL
				      : xasprintf("%.*f", v->precision < 0 ? 6 : v->precision,
						  strtod(text, NULL));
	switch (v->name) {
	case 'd':
	case 'v':
		return xasprintf("%s%lu", sign, size);
	case 'x':
		return xasprintf("%s%lx", sign, size);
	case 'X':
		return xasprintf("%s%lX", sign, size);
	case 'o':
		return xasprintf("%s%lo", sign, size);
	default:
		return NULL;
	}
}

/* the value by the verb; NULL: a verb that its type has not */
static char *by_verb(const struct verb *v, const struct val *a)
{
	struct buf b = BUF_INIT;

	if (v->name == 'T')
		return xstrdup(tpl_type(a));
	if (a->kind == VAL_NUM && (v->name != 'v' || strpbrk(a->text, ".eE") == NULL))
		return number(v, a->text);
	if (a->kind == VAL_STR && v->name == 'q') {
		tpl_quote(&b, a->text);
		return buf_detach(&b);
	}
	if (v->name != 'v' && v->name != (a->kind == VAL_BOOL ? 't' : 's'))
		return NULL;
	tpl_print(&b, a);
	if (v->precision >= 0 && (size_t)v->precision < b.len)
		b.data[b.len = (size_t)v->precision] = 0;
	return buf_detach(&b);
}

static void print_verb(struct buf *b, const struct verb *v, const struct val *a)
{
	CLEANUP(freep) char *t = by_verb(v, a);
	int pad;

	if (t == NULL) {
		buf_addf(b, "%%!%c(%s=", v->name, tpl_type(a));
		tpl_print(b, a);
		buf_addch(b, ')');
		return;
	}
	pad = MAX(v->width - (int)strlen(t), 0);
	if (has(v, '0') && !has(v, '-') && a->kind == VAL_NUM) {
		size_t sign = strspn(t, "+- ");

		buf_add(b, t, sign);
		while (pad-- > 0)
			buf_addch(b, '0');
		buf_addstr(b, t + sign);
		return;
	}
	buf_addf(b, "%*s%s%*s", has(v, '-') ? 0 : pad, "", t, has(v, '-') ? pad : 0, "");
}

void tpl_printf(struct buf *b, const char *format, const struct val *args, size_t n)
{
	size_t next = 0;

	for (const char *p = format; *p != 0; p++) {
		struct verb v = {.precision = -1};
		CLEANUP(freep) char *flags = NULL;
		size_t len;

		if (*p != '%') {
			buf_addch(b, *p);
			continue;
		}
		len = strspn(++p, "-+# 0");
		v.flags = flags = xstrndup(p, len);
		v.width = (int)strtol(p + len, (char **)&p, 10);
		v.width = MIN(v.width, 1000);
		if (*p == '.') {
			v.precision = (int)strtol(p + 1, (char **)&p, 10);
			v.precision = MIN(v.precision, 100);
		}
		v.name = *p;
		if (*p == 0) {
			buf_addstr(b, "%!(NOVERB)");
			return;
		}
		if (*p == '%')
			buf_addch(b, '%');
		else if (next < n)
			print_verb(b, &v, &args[next++]);
		else
			buf_addf(b, "%%!%c(MISSING)", *p);
	}
	for (size_t i = next; i < n; i++) {
		buf_addf(b, "%s%s=", i == next ? "%!(EXTRA " : ", ", tpl_type(&args[i]));
		tpl_print(b, &args[i]);
	}
	if (next < n)
		buf_addch(b, ')');
}
