// SPDX-License-Identifier: MIT
/*
 * Parser for hostile JSON text, RFC 8259; replacements as Go's encoding/json.
 *
 * No recursion: open containers are frames on a fixed stack of JSON_DEPTH_MAX.
 * Finished values wait on one growing stack; when a container closes, its
 * values are copied from there into the arena as one contiguous run and the
 * container takes their place. So arrays are indexed in constant time, and a
 * document costs one allocation per chunk, not per value.
 */
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config/limits.h"
#include "json/utf8.h"

#define CHUNK_MIN 1024
#define CHUNK_MAX (64 * KIB)

struct chunk {
	struct chunk *next;
	size_t used, size;
	char data[] __attribute__((aligned(16)));
};

struct doc {
	struct json root; /* first: json_free() gets its address */
	struct chunk *chunks;
};

struct frame {
	size_t start; /* index of the first value on the stack */
	const char *key;
	bool object;
};

struct parser {
	const char *text, *p, *end;
	struct doc *doc;
	struct json *values; /* finished, not yet in a container */
	size_t n_values, cap, total;
	struct frame frames[JSON_DEPTH_MAX];
	unsigned depth;
	const char *key; /* of the value that comes next */
	struct buf scratch;
	struct err *e;
};

static void *arena_alloc(struct parser *p, size_t size)
{
	struct chunk *c = p->doc->chunks;

	size = (size + 7) & ~(size_t)7;
	if (c == NULL || c->size - c->used < size) {
		size_t want = c == NULL ? CHUNK_MIN : MIN(c->size * 2, (size_t)CHUNK_MAX);

		want = MAX(want, size);
		c = try_malloc(sizeof(*c) + want);
		if (c == NULL) {
			err_set(p->e, ERR_SYSTEM, 0, "json: out of memory");
			return NULL;
		}
		c->used = 0;
		c->size = want;
		c->next = p->doc->chunks;
		p->doc->chunks = c;
	}
	c->used += size;
	return c->data + c->used - size;
}

static const char *arena_text(struct parser *p, const char *s, size_t n)
{
	char *d = arena_alloc(p, n + 1);

	if (d == NULL)
		return NULL;
	memcpy(d, s, n);
	d[n] = 0;
	return d;
}

static int bad(struct parser *p, const char *where)
{
	size_t at = (size_t)(p->p - p->text);
	unsigned char c;

	if (p->p >= p->end)
		return err_set(p->e, ERR_INVALID, 0, "unexpected end of JSON input (offset %zu)",
			       at);
	c = (unsigned char)*p->p;
	if (c < 0x20 || c >= 0x7f)
		return err_set(p->e, ERR_INVALID, 0, "invalid character '\\x%02x' %s (offset %zu)",
			       c, where, at);
	return err_set(p->e, ERR_INVALID, 0, "invalid character '%c' %s (offset %zu)", c, where,
		       at);
}

static void skip_space(struct parser *p)
{
	while (p->p < p->end && (*p->p == ' ' || *p->p == '\t' || *p->p == '\n' || *p->p == '\r'))
		p->p++;
}

static struct json *push_value(struct parser *p, enum json_kind kind)
{
	struct json *v;

	if (++p->total > JSON_VALUES_MAX) {
		err_set(p->e, ERR_INVALID, 0, "json: more than %d values", JSON_VALUES_MAX);
		return NULL;
	}
	if (p->n_values == p->cap) {
		p->cap = p->cap == 0 ? 32 : p->cap * 2;
		p->values = xrealloc(p->values, p->cap * sizeof(*p->values));
	}
	v = &p->values[p->n_values++];
	*v = (struct json){.kind = kind, .key = TAKE(p->key)};
	return v;
}

/* four digits behind \u; p->p stands on the first */
static int hex4(struct parser *p, uint32_t *ret)
{
	uint32_t n = 0;

	for (int i = 0; i < 4; i++, p->p++) {
		char c = p->p < p->end ? *p->p : 0;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			n = n << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return bad(p, "in \\u hexadecimal character escape");
	}
	*ret = n;
	return 0;
}

static int unicode_escape(struct parser *p)
{
	uint32_t cp, low;
	char out[4];

	if (hex4(p, &cp) < 0)
		return -1;
	if (cp >= 0xd800 && cp <= 0xdbff && p->end - p->p >= 6 && p->p[0] == '\\' &&
	    p->p[1] == 'u') {
		const char *mark = p->p;

		p->p += 2;
		if (hex4(p, &low) < 0)
			return -1;
		if (low >= 0xdc00 && low <= 0xdfff)
			cp = 0x10000 + ((cp - 0xd800) << 10 | (low - 0xdc00));
		else
			p->p = mark; /* read on its own next */
	}
	if (cp >= 0xd800 && cp <= 0xdfff)
		cp = UTF8_BAD;
	buf_add(&p->scratch, out, utf8_encode(cp, out));
	return 0;
}

static int escape(struct parser *p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *hit;

	p->p++; /* the backslash */
	if (p->p < p->end && *p->p == 'u') {
		p->p++;
		return unicode_escape(p);
	}
	hit = p->p < p->end && *p->p != 0 ? strchr(from, *p->p) : NULL;
	if (hit == NULL)
		return bad(p, "in string escape code");
	buf_addch(&p->scratch, to[hit - from]);
	p->p++;
	return 0;
}

/* the text between quotes, decoded into scratch; p->p ends behind the closing quote */
static int string_slow(struct parser *p)
{
	for (;;) {
		const char *run = p->p;
		uint32_t cp;
		size_t n;

		while (p->p < p->end && (unsigned char)*p->p >= 0x20 &&
		       (unsigned char)*p->p < 0x80 && *p->p != '"' && *p->p != '\\')
			p->p++;
		buf_add(&p->scratch, run, (size_t)(p->p - run));
		if (p->p >= p->end)
			return bad(p, "");
		if (*p->p == '"') {
			p->p++;
			return 0;
		}
		if (*p->p == '\\') {
			if (escape(p) < 0)
				return -1;
			continue;
		}
		if ((unsigned char)*p->p < 0x20)
			return bad(p, "in string literal");
		n = utf8_decode(p->p, (size_t)(p->end - p->p), &cp);
		if (n == 0)
			buf_addstr(&p->scratch, UTF8_BAD_TEXT);
		else
			buf_add(&p->scratch, p->p, n);
		p->p += n == 0 ? 1 : n;
	}
}

/* a string whose opening quote is at p->p */
static const char *parse_string(struct parser *p, size_t *ret_len)
{
	const char *s = ++p->p;

	while (p->p < p->end && (unsigned char)*p->p >= 0x20 && (unsigned char)*p->p < 0x80 &&
	       *p->p != '"' && *p->p != '\\')
		p->p++;
	if (p->p < p->end && *p->p == '"') { /* nearly all: nothing to decode */
		*ret_len = (size_t)(p->p - s);
		p->p++;
		return arena_text(p, s, *ret_len);
	}
	buf_reset(&p->scratch);
	buf_add(&p->scratch, s, (size_t)(p->p - s));
	if (string_slow(p) < 0)
		return NULL;
	*ret_len = p->scratch.len;
	return arena_text(p, buf_str(&p->scratch), p->scratch.len);
}

static size_t digits(struct parser *p)
{
	const char *s = p->p;

	while (p->p < p->end && *p->p >= '0' && *p->p <= '9')
		p->p++;
	return (size_t)(p->p - s);
}

static int parse_number(struct parser *p)
{
	const char *s = p->p;
	struct json *v;

	if (*p->p == '-')
		p->p++;
	if (p->p < p->end && *p->p == '0')
		p->p++;
	else if (digits(p) == 0)
		return bad(p, "in numeric literal");
	if (p->p < p->end && *p->p == '.') {
		p->p++;
		if (digits(p) == 0)
			return bad(p, "after decimal point in numeric literal");
	}
	if (p->p < p->end && (*p->p == 'e' || *p->p == 'E')) {
		p->p++;
		if (p->p < p->end && (*p->p == '+' || *p->p == '-'))
			p->p++;
		if (digits(p) == 0)
			return bad(p, "in exponent of numeric literal");
	}
	v = push_value(p, JSON_NUMBER);
	if (v == NULL)
		return -1;
	v->len = (uint32_t)(p->p - s);
	v->u.text = arena_text(p, s, v->len);
	return v->u.text == NULL ? -1 : 0;
}

static int parse_word(struct parser *p, const char *word, enum json_kind kind)
{
	for (const char *w = word; *w != 0; w++, p->p++)
		if (p->p >= p->end || *p->p != *w)
			return bad(p, "in literal (expecting true, false or null)");
	return push_value(p, kind) == NULL ? -1 : 0;
}

/* "name": in front of a member's value; leaves p->key set */
static int parse_key(struct parser *p)
{
	size_t len;
	char *key;

	skip_space(p);
	if (p->p >= p->end || *p->p != '"')
		return bad(p, "looking for beginning of object key string");
	key = (char *)parse_string(p, &len);
	if (key == NULL)
		return -1;
	/* names are C strings: a NUL must not cut one short */
	for (char *nul; (nul = memchr(key, 0, len)) != NULL;)
		*nul = '?';
	p->key = key;
	skip_space(p);
	if (p->p >= p->end || *p->p != ':')
		return bad(p, "after object key");
	p->p++;
	return 0;
}

static int cmp_member(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
	int r = strcmp(x->key, y->key);

	return r != 0 ? r : (x > y) - (x < y);
}

/* drops members that a later one of the same name replaces; returns how many stay */
static size_t drop_duplicates(struct json *m, size_t n)
{
	struct json **sorted;
	size_t kept = 0;

	if (n < 2)
		return n;
	sorted = xmalloc(n * sizeof(struct json *));
	for (size_t i = 0; i < n; i++)
		sorted[i] = &m[i];
	qsort(sorted, n, sizeof(struct json *), cmp_member);
	for (size_t i = 0; i + 1 < n; i++)
		if (strcmp(sorted[i]->key, sorted[i + 1]->key) == 0)
			sorted[i]->kind = JSON_NONE;
	free(sorted);
	for (size_t i = 0; i < n; i++)
		if (m[i].kind != JSON_NONE)
			m[kept++] = m[i];
	return kept;
}

static int open_container(struct parser *p, bool object)
{
	if (p->depth == JSON_DEPTH_MAX)
		return err_set(p->e, ERR_INVALID, 0, "json: nested deeper than %d (offset %zu)",
			       JSON_DEPTH_MAX, (size_t)(p->p - p->text));
	p->p++;
	p->frames[p->depth++] = (struct frame){
		.start = p->n_values,
		.key = TAKE(p->key),
		.object = object,
	};
	return 0;
}

static int close_container(struct parser *p)
{
	struct frame *f = &p->frames[--p->depth];
	struct json *from = p->values == NULL ? NULL : p->values + f->start, *to = NULL, *v;
	size_t n = p->n_values - f->start;

	p->p++;
	if (f->object)
		n = drop_duplicates(from, n);
	if (n > 0) {
		to = arena_alloc(p, n * sizeof(*to));
		if (to == NULL)
			return -1;
		memcpy(to, from, n * sizeof(*to));
	}
	p->n_values = f->start;
	p->key = f->key;
	v = push_value(p, f->object ? JSON_OBJECT : JSON_ARRAY);
	if (v == NULL)
		return -1;
	v->len = (uint32_t)n;
	v->u.items = to;
	return 0;
}

static int parse_text(struct parser *p)
{
	size_t len;
	const char *s = parse_string(p, &len);
	struct json *v = s == NULL ? NULL : push_value(p, JSON_TEXT);

	if (v == NULL)
		return -1;
	v->u.text = s;
	v->len = (uint32_t)len;
	return 0;
}

/* a scalar: 0; a container that holds something: 1, its first value comes next */
static int parse_value(struct parser *p)
{
	bool object;

	skip_space(p);
	switch (p->p < p->end ? *p->p : 0) {
	case '{':
	case '[':
		object = *p->p == '{';
		if (open_container(p, object) < 0)
			return -1;
		skip_space(p);
		if (p->p < p->end && *p->p == (object ? '}' : ']'))
			return close_container(p);
		if (object && parse_key(p) < 0)
			return -1;
		return 1;
	case '"':
		return parse_text(p);
	case 't':
		return parse_word(p, "true", JSON_TRUE);
	case 'f':
		return parse_word(p, "false", JSON_FALSE);
	case 'n':
		return parse_word(p, "null", JSON_NULL);
	case '-':
	case '0' ... '9':
		return parse_number(p);
	default:
		return bad(p, "looking for beginning of value");
	}
}

/* behind a value: closes what ends here; 1 another value follows, 0 the document is whole */
static int after_value(struct parser *p)
{
	while (p->depth > 0) {
		bool object = p->frames[p->depth - 1].object;

		skip_space(p);
		if (p->p < p->end && *p->p == ',') {
			p->p++;
			return object && parse_key(p) < 0 ? -1 : 1;
		}
		if (p->p >= p->end || *p->p != (object ? '}' : ']'))
			return bad(p,
				   object ? "after object key:value pair" : "after array element");
		if (close_container(p) < 0)
			return -1;
	}
	return 0;
}

static int parse_document(struct parser *p)
{
	int more = 1;

	while (more) {
		more = parse_value(p);
		if (more == 0)
			more = after_value(p);
		if (more < 0)
			return -1;
	}
	skip_space(p);
	if (p->p < p->end)
		return bad(p, "after top-level value");
	return 0;
}

int json_parse(const char *text, size_t len, struct json **ret, struct err *e)
{
	CLEANUP(json_freep) struct json *root = NULL;
	struct parser *p;
	struct doc *doc;
	int r;

	if (len > JSON_TEXT_MAX)
		return err_set(e, ERR_INVALID, 0, "json: document of %zu bytes is too long", len);
	doc = xcalloc(1, sizeof(*doc));
	root = &doc->root;
	p = xcalloc(1, sizeof(*p));
	p->text = p->p = text;
	p->end = text + len;
	p->doc = doc;
	p->e = e;
	r = parse_document(p);
	if (r == 0)
		doc->root = p->values[0];
	free(p->values);
	buf_clear(&p->scratch);
	free(p);
	if (r < 0)
		return -1;
	*ret = TAKE(root);
	return 0;
}

void json_free(struct json *root)
{
	struct doc *doc = (struct doc *)root;

	if (doc == NULL)
		return;
	for (struct chunk *c = doc->chunks, *next; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	free(doc);
}

void json_freep(struct json **root)
{
	json_free(*root);
}
