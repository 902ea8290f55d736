// SPDX-License-Identifier: MIT
/*
 * Words of Dockerfile instructions (BuildKit's shell.Lex): quotes and
 * backslashes are resolved, $NAME, ${NAME}, ${NAME:-word}, ${NAME:+word} (and
 * both without the colon) are replaced. Nothing else of a shell is there.
 */
#include "image/shellword.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define DEPTH_MAX 16 /* ${a:-${b:-…}} */

struct lex {
	const char *p;
	const char *whole; /* for messages */
	const struct strv *env;
	unsigned depth;
};

char *shellword_next(const char **s)
{
	const char *start = *s + strspn(*s, " \t\r\n"), *p = start;
	char quote = '\0';

	if (*p == '\0')
		return NULL;
	for (; *p != '\0'; p++) {
		if (quote == '\0' && isspace((unsigned char)*p))
			break;
		if (*p == '\\' && quote != '\'' && p[1] != '\0')
			p++;
		else if (quote != '\0' ? *p == quote : (*p == '"' || *p == '\''))
			quote = quote != '\0' ? '\0' : *p;
	}
	*s = p;
	return xstrndup(start, (size_t)(p - start));
}

static int fail(const struct lex *l, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "failed to process \"%.128s\": %s", l->whole, what);
}

static int add(const struct lex *l, struct buf *out, const char *p, size_t n, struct err *e)
{
	if (out->len + n > IMAGE_CHANGE_MAX_BYTES)
		return fail(l, "the result is too long", e);
	buf_add(out, p, n);
	return 0;
}

static const char *lookup(const struct lex *l, const char *name, size_t n)
{
	CLEANUP(freep) char *key = xstrndup(name, n);

	return strv_env_get(l->env, key);
}

static size_t name_len(const char *p)
{
	size_t n = 0;

	if (isalpha((unsigned char)*p) || *p == '_') {
		while (isalnum((unsigned char)p[n]) || p[n] == '_')
			n++;
		return n;
	}
	while (isdigit((unsigned char)p[n]))
		n++;
	if (n == 0 && *p != '\0' && strchr("@*#?-$!", *p) != NULL)
		return 1;
	return n;
}

static int expand_to(struct lex *l, char stop, struct buf *out, struct err *e);

/* behind "${" */
static int braced(struct lex *l, struct buf *out, struct err *e)
{
	CLEANUP(buf_clear) struct buf word = BUF_INIT;
	size_t n = name_len(l->p);
	const char *value = lookup(l, l->p, n);
	bool colon, set;
	char modifier;

	if (n == 0)
		return fail(l, "bad substitution", e);
	l->p += n;
	if (*l->p == '}') {
		l->p++;
		return value != NULL ? add(l, out, value, strlen(value), e) : 0;
	}
	colon = *l->p == ':';
	modifier = l->p[colon ? 1 : 0];
	if (modifier != '-' && modifier != '+')
		return fail(l, "unsupported modifier in substitution", e);
	l->p += colon ? 2 : 1;
	if (++l->depth > DEPTH_MAX)
		return fail(l, "substitutions are nested too deep", e);
	if (expand_to(l, '}', &word, e) < 0)
		return -1;
	l->depth--;
	if (*l->p++ != '}')
		return fail(l, "syntax error: missing '}'", e);
	set = colon ? !str_empty(value) : value != NULL;
	if (modifier == '+')
		return set ? add(l, out, buf_str(&word), word.len, e) : 0;
	return set ? add(l, out, value, strlen(value), e)
		   : add(l, out, buf_str(&word), word.len, e);
}

/* at '$' */
static int dollar(struct lex *l, struct buf *out, struct err *e)
{
	const char *value;
	size_t n;

	l->p++;
	if (*l->p == '{') {
		l->p++;
		return braced(l, out, e);
	}
	n = name_len(l->p);
	if (n == 0)
		return add(l, out, "$", 1, e);
	value = lookup(l, l->p, n);
	l->p += n;
	return value != NULL ? add(l, out, value, strlen(value), e) : 0;
}

static int single_quoted(struct lex *l, struct buf *out, struct err *e)
{
	const char *end = strchr(l->p + 1, '\'');

	if (end == NULL)
		return fail(l,
			    "unexpected end of statement while looking for matching single-quote",
			    e);
	if (add(l, out, l->p + 1, (size_t)(end - l->p - 1), e) < 0)
		return -1;
	l->p = end + 1;
	return 0;
}

static int double_quoted(struct lex *l, struct buf *out, struct err *e)
{
	l->p++;
	while (*l->p != '"') {
		int r;

		if (*l->p == '\0')
			return fail(l,
				    "unexpected end of statement while looking for matching "
				    "double-quote",
				    e);
		if (*l->p == '$') {
			r = dollar(l, out, e);
		} else {
			if (*l->p == '\\' && l->p[1] != '\0' && strchr("\"$\\", l->p[1]) != NULL)
				l->p++;
			r = add(l, out, l->p++, 1, e);
		}
		if (r < 0)
			return -1;
	}
	l->p++;
	return 0;
}

/* up to stop, which stays; or to the end */
static int expand_to(struct lex *l, char stop, struct buf *out, struct err *e)
{
	while (*l->p != '\0' && *l->p != stop) {
		int r;

		if (*l->p == '\'') {
			r = single_quoted(l, out, e);
		} else if (*l->p == '"') {
			r = double_quoted(l, out, e);
		} else if (*l->p == '$') {
			r = dollar(l, out, e);
		} else {
			if (*l->p == '\\' && l->p[1] != '\0')
				l->p++;
			r = add(l, out, l->p++, 1, e);
		}
		if (r < 0)
			return -1;
	}
	return 0;
}

char *shellword_expand(const char *word, const struct strv *env, struct err *e)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct lex l = {.p = word, .whole = word, .env = env};

	if (expand_to(&l, '\0', &out, e) < 0)
		return NULL;
	return out.len > 0 ? buf_detach(&out) : xstrdup("");
}
