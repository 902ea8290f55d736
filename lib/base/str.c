// SPDX-License-Identifier: MIT
/* String helpers; see str.h. */
#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

bool str_eq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_empty(const char *s)
{
	return s == NULL || *s == '\0';
}

bool str_starts(const char *s, const char *prefix)
{
	return str_skip(s, prefix) != NULL;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

const char *str_skip(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return s[n] == '\0';
}

size_t str_copy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	if (size > 0) {
		size_t m = n < size ? n : size - 1;

		memcpy(dst, src, m);
		dst[m] = '\0';
	}
	return n;
}

int str_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (str_empty(s))
		return -1;
	for (; *s != '\0'; s++) {
		unsigned digit = (unsigned)(*s - '0');

		if (digit > 9 || v > (max - digit) / 10 || digit > max)
			return -1;
		v = v * 10 + digit;
	}
	*ret = v;
	return 0;
}

int str_i64(const char *s, int64_t *ret)
{
	bool negative = s != NULL && *s == '-';
	uint64_t v;

	if (s == NULL || str_u64(s + negative, (uint64_t)INT64_MAX + negative, &v) < 0)
		return -1;
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int str_size(const char *s, uint64_t *ret_bytes)
{
	static const char units[] = "bkmgtp";
	uint64_t whole = 0, scale = 1, fraction = 0, fraction_scale = 1;
	const char *p = s, *unit;

	if (s == NULL || !isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		if (whole > (UINT64_MAX - 9) / 10)
			return -1;
		whole = whole * 10 + (uint64_t)(*p - '0');
	}
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++) {
			if (fraction_scale < 1000000) {
				fraction = fraction * 10 + (uint64_t)(*p - '0');
				fraction_scale *= 10;
			}
		}
	}
	while (*p == ' ')
		p++;
	if (*p != '\0') {
		unit = strchr(units, tolower((unsigned char)*p));
		if (unit == NULL)
			return -1;
		scale = 1ULL << (10 * (unsigned)(unit - units));
		p++;
		if (unit != units && (strcasecmp(p, "b") == 0 || strcasecmp(p, "ib") == 0))
			p += strlen(p);
	}
	if (*p != '\0' || whole > UINT64_MAX / scale - 1)
		return -1;
	*ret_bytes = whole * scale +
		     (uint64_t)((double)fraction / (double)fraction_scale * (double)scale);
	return 0;
}

int str_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

	for (size_t i = 0; i < 6; i++) {
		if (str_eq(s, yes[i]) || str_eq(s, no[i])) {
			*ret = str_eq(s, yes[i]);
			return 0;
		}
	}
	return -1;
}

/* one bracket expression at p (behind '['); *end is behind ']'; NULL when it is not closed */
static bool glob_class(const char *p, char c, const char **end)
{
	bool negate = *p == '^' || *p == '!', hit = false, first = true;

	p += negate;
	for (; *p != '\0' && (first || *p != ']'); first = false) {
		char lo = *p++;

		if (lo == '\\' && *p != '\0')
			lo = *p++;
		if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
			hit |= c >= lo && c <= p[1];
			p += 2;
		} else {
			hit |= c == lo;
		}
	}
	*end = *p == ']' ? p + 1 : NULL;
	return hit != negate;
}

bool str_glob(const char *pattern, const char *s)
{
	const char *star = NULL, *retry = NULL, *end;

	while (*s != '\0') {
		bool ok = false;

		if (*pattern == '*') {
			star = ++pattern;
			retry = s;
			continue;
		}
		end = pattern + 1;
		if (*pattern == '?') {
			ok = true;
		} else if (*pattern == '[') {
			ok = glob_class(pattern + 1, *s, &end) && end != NULL;
		} else if (*pattern == '\\' && pattern[1] != '\0') {
			ok = pattern[1] == *s;
			end = pattern + 2;
		} else {
			ok = *pattern == *s;
		}
		if (ok) {
			pattern = end;
			s++;
		} else if (star != NULL) {
			pattern = star;
			s = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
