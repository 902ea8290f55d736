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

/* a number in base 2 to 16 */
static char *in_base(unsigned long long n, unsigned base)
{
	char text[65], *p = text + sizeof(text) - 1;

	*p = 0;
	do
		*--p = "0123456789abcdef"[n % base];
	while ((n /= base) > 0);
	return xstrdup(p);
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

/* an integer by its verb; NULL: not one of an integer's */
static char *integer(const struct verb *v, long long n)
{
	CLEANUP(freep) char *digits = NULL;
	unsigned long long size = n < 0 ? -(unsigned long long)n : (unsigned long long)n;
	char utf8[5] = "";

	switch (v->name) {
	case 'd':
	case 'v':
		digits = in_base(size, 10);
		break;
	case 'b':
		digits = in_base(size, 2);
		break;
	case 'o':
		digits = in_base(size, 8);
		break;
	case 'x':
	case 'X':
		digits = in_base(size, 16);
		for (char *p = digits; v->name == 'X' && *p != 0; p++)
			*p -= *p >= 'a' ? 'a' - 'A' : 0;
		break;
	case 'c':
		utf8[utf8_encode((uint32_t)size & 0x1fffff, utf8)] = 0;
		return xstrdup(utf8);
	default:
		return NULL;
	}
	return xasprintf("%s%s", n < 0 ? "-" : has(v, '+') ? "+" : has(v, ' ') ? " " : "", digits);
}

static char *floating(const struct verb *v, double d)
{
	switch (v->name) {
	case 'f':
	case 'F':
		return xasprintf("%.*f", v->precision < 0 ? 6 : v->precision, d);
	case 'g':
	case 'v':
		return xasprintf("%.*g", v->precision < 0 ? 17 : v->precision, d);
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
	if (a->kind == VAL_NUM && strpbrk(a->text, ".eE") == NULL)
		return integer(v, strtol(a->text, NULL, 10));
	if (a->kind == VAL_NUM && (v->name != 'v' || v->precision >= 0))
		return floating(v, strtod(a->text, NULL));
	if (a->kind == VAL_STR && (v->name == 'x' || v->name == 'X')) {
		for (const char *p = a->text; *p != 0; p++)
			buf_addf(&b, v->name == 'x' ? "%02x" : "%02X", (unsigned char)*p);
		return buf_detach(&b);
	}
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
