// SPDX-License-Identifier: MIT
/*
 * A pattern becomes a program of sets of bytes, forks and conditions, whose
 * jumps are relative: a repeated part is copied as it is. The text is walked
 * once with the set of all places where the program can be (Thompson 1968;
 * Cox, "Regular Expression Matching: the Virtual Machine Approach"), so that
 * the time is at most text x program. Syntax and words of errors: RE2, Go's
 * regexp/syntax.
 */
#include "base/regex.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

enum op {
	OP_SET,	  /* one byte of the set, then the next */
	OP_FORK,  /* on at x and at y */
	OP_MATCH, /* the end of the pattern */
	OP_TEXT_START,
	OP_TEXT_END,
	OP_LINE_START,
	OP_LINE_END,
	OP_WORD_EDGE,
	OP_NO_WORD_EDGE,
};

#define SET_WORDS 8

struct step {
	uint8_t op;
	int16_t x, y; /* relative to this step */
	uint32_t set[SET_WORDS];
};

struct regex {
	struct step *steps;
	int n, cap;
};

enum flag { FOLD = 1, MULTI = 2, DOT_ALL = 4, LAZY = 8 };

struct parser {
	struct regex *re;
	const char *all, *p; /* the pattern and where we are in it */
	unsigned flags;
	int depth;
	struct err *e;
};

/* pairs of the first and the last byte */
static const char digits[] = "09", words[] = "09AZ__az", spaces[] = "\t\n\f\r  ";

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static int fail(struct parser *ps, const char *what, const char *from, const char *to)
{
	return err_set(ps->e, ERR_INVALID, 0, "error parsing regexp: %s: `%.*s`", what,
		       (int)(to - from), from);
}

static int fail_rest(struct parser *ps, const char *what, const char *from)
{
	return fail(ps, what, from, from + strlen(from));
}

static void set_add(uint32_t set[SET_WORDS], unsigned first, unsigned last)
{
	for (; first <= last; first++)
		set[first / 32] |= 1U << first % 32;
}

static bool set_has(const uint32_t set[SET_WORDS], unsigned char c)
{
	return (set[c / 32] >> c % 32 & 1) != 0;
}

static void set_add_ranges(uint32_t set[SET_WORDS], const char *ranges, bool others)
{
	uint32_t all[SET_WORDS] = {0};

	for (; *ranges != '\0'; ranges += 2)
		set_add(all, (unsigned char)ranges[0], (unsigned char)ranges[1]);
	for (int i = 0; i < SET_WORDS; i++)
		set[i] |= others ? ~all[i] : all[i];
}

/* room for n steps at "at", whose rest moves; NULL with the error when the program is too large */
static struct step *insert(struct parser *ps, int at, int n)
{
	struct regex *re = ps->re;
	struct step *s;

	if (re->n + n > REGEX_STEPS_MAX) {
		fail_rest(ps, "expression too large", ps->all);
		return NULL;
	}
	if (re->n + n > re->cap) {
		re->cap = 2 * (re->n + n);
		re->steps = xrealloc(re->steps, (size_t)re->cap * sizeof(*re->steps));
	}
	s = re->steps + at;
	memmove(s + n, s, (size_t)(re->n - at) * sizeof(*s));
	memset(s, 0, (size_t)n * sizeof(*s));
	re->n += n;
	return s;
}

static int fork_at(struct parser *ps, int at, int x, int y)
{
	struct step *s = insert(ps, at, 1);

	if (s == NULL)
		return -1;
	*s = (struct step){.op = OP_FORK, .x = (int16_t)x, .y = (int16_t)y};
	return 0;
}

static int add_op(struct parser *ps, enum op op)
{
	struct step *s = insert(ps, ps->re->n, 1);

	if (s != NULL)
		s->op = (uint8_t)op;
	return s != NULL ? 0 : -1;
}

static void fold(uint32_t set[SET_WORDS])
{
	for (unsigned c = 'a'; c <= 'z'; c++)
		if (set_has(set, (unsigned char)c) || set_has(set, (unsigned char)(c - 32))) {
			set_add(set, c, c);
			set_add(set, c - 32, c - 32);
		}
}

static int add_set(struct parser *ps, const uint32_t set[SET_WORDS])
{
	struct step *s = insert(ps, ps->re->n, 1);

	if (s == NULL)
		return -1;
	memcpy(s->set, set, sizeof(s->set));
	return 0;
}

static int add_byte(struct parser *ps, unsigned char c)
{
	uint32_t set[SET_WORDS] = {0};

	set_add(set, c, c);
	if (ps->flags & FOLD)
		fold(set);
	return add_set(ps, set);
}

/* what stands at a backslash: \d and its like go into the set, and 256 is returned; else it is the
 * byte, or -1 */
static int escape(struct parser *ps, uint32_t set[SET_WORDS])
{
	static const char names[] = "aftnrv", values[] = "\a\f\t\n\r\v";
	const char *start = ps->p++, *at;
	char c = *ps->p;

	if (c == '\0')
		return fail(ps, "trailing backslash at end of expression", start, start);
	ps->p++;
	switch (c) {
	case 'd':
	case 'D':
		set_add_ranges(set, digits, c == 'D');
		return 256;
	case 'w':
	case 'W':
		set_add_ranges(set, words, c == 'W');
		return 256;
	case 's':
	case 'S':
		set_add_ranges(set, spaces, c == 'S');
		return 256;
	}
	at = strchr(names, c);
	if (at != NULL)
		return values[at - names];
	if ((unsigned char)c >= 0x80 || (is_word(c) && c != '_'))
		return fail(ps, "invalid escape sequence", start, ps->p);
	return (unsigned char)c;
}

/* one byte of a class, or 256 when escape() has added several, or -1 */
static int class_byte(struct parser *ps, uint32_t set[SET_WORDS], const char *start)
{
	unsigned char c = (unsigned char)*ps->p;

	if (c == '\0')
		return fail_rest(ps, "missing closing ]", start);
	if (c == '\\')
		return escape(ps, set);
	if (c >= 0x80)
		return fail_rest(ps, "character class outside ASCII", start);
	ps->p++;
	return c;
}

static int class(struct parser *ps)
{
	const char *start = ps->p++, *item;
	uint32_t set[SET_WORDS] = {0};
	bool others = *ps->p == '^';
	int first, last;

	ps->p += others;
	do {
		if (ps->p[0] == '[' && ps->p[1] == ':')
			return fail_rest(ps, "class names are not supported", ps->p);
		item = ps->p;
		first = last = class_byte(ps, set, start);
		if (first >= 0 && first < 256 && ps->p[0] == '-' && ps->p[1] != ']') {
			ps->p++;
			last = class_byte(ps, set, start);
			if (last == 256 || (last >= 0 && last < first))
				return fail(ps, "invalid character class range", item, ps->p);
		}
		if (first < 0 || last < 0)
			return -1;
		if (first < 256)
			set_add(set, (unsigned)first, (unsigned)last);
	} while (*ps->p != ']');
	ps->p++;
	if (ps->flags & FOLD)
		fold(set);
	for (int i = 0; others && i < SET_WORDS; i++)
		set[i] = ~set[i];
	return add_set(ps, set);
}

static int alternatives(struct parser *ps);

/* (?flags) or (?flags: or (?P<name>, p being behind the "?"; 1 the group ends here */
static int group_head(struct parser *ps, const char *start)
{
	static const char letters[] = "imsU";
	bool off = false;
	const char *at;

	if (*ps->p == '<' || (ps->p[0] == 'P' && ps->p[1] == '<')) {
		ps->p = strchr(ps->p, '>');
		if (ps->p == NULL)
			return fail_rest(ps, "invalid named capture", start);
		ps->p++;
		return 0;
	}
	for (;; ps->p++) {
		if (*ps->p == '-' && !off)
			off = true;
		else if (*ps->p != '\0' && (at = strchr(letters, *ps->p)) != NULL)
			ps->flags = (ps->flags & ~(1U << (at - letters))) |
				    (off ? 0 : 1U << (at - letters));
		else
			break;
	}
	if (*ps->p != ':' && *ps->p != ')')
		return fail(ps, "invalid or unsupported Perl syntax", start,
			    ps->p + (*ps->p != '\0'));
	return *ps->p++ == ')';
}

static int group(struct parser *ps)
{
	const char *start = ps->p++;
	unsigned outer = ps->flags;
	int r = 0;

	if (*ps->p == '?') {
		ps->p++;
		r = group_head(ps, start);
		if (r != 0)
			return r < 0 ? -1 : 0; /* flags alone last to the end of the group around */
	}
	if (++ps->depth > REGEX_DEPTH_MAX)
		return fail_rest(ps, "expression nests too deeply", ps->all);
	if (alternatives(ps) < 0)
		return -1;
	ps->depth--;
	if (*ps->p != ')')
		return fail_rest(ps, "missing closing )", ps->all);
	ps->p++;
	ps->flags = outer;
	return 0;
}

static int backslash(struct parser *ps)
{
	static const char names[] = "AzbB";
	static const uint8_t ops[] = {OP_TEXT_START, OP_TEXT_END, OP_WORD_EDGE, OP_NO_WORD_EDGE};
	const char *at = ps->p[1] != '\0' ? strchr(names, ps->p[1]) : NULL;
	uint32_t set[SET_WORDS] = {0};
	int c;

	if (at != NULL) {
		ps->p += 2;
		return add_op(ps, ops[at - names]);
	}
	c = escape(ps, set);
	if (c < 0)
		return -1;
	return c == 256 ? add_set(ps, set) : add_byte(ps, (unsigned char)c);
}

static int atom(struct parser *ps)
{
	uint32_t set[SET_WORDS] = {0};

	switch (*ps->p) {
	case '(':
		return group(ps);
	case '[':
		return class(ps);
	case '\\':
		return backslash(ps);
	case '^':
		ps->p++;
		return add_op(ps, ps->flags & MULTI ? OP_LINE_START : OP_TEXT_START);
	case '$':
		ps->p++;
		return add_op(ps, ps->flags & MULTI ? OP_LINE_END : OP_TEXT_END);
	case '.':
		ps->p++;
		set_add_ranges(set, ps->flags & DOT_ALL ? "" : "\n\n", true);
		return add_set(ps, set);
	}
	do /* a character of UTF-8 is one thing to repeat */
		if (add_byte(ps, (unsigned char)*ps->p++) < 0)
			return -1;
	while (((unsigned char)*ps->p & 0xc0) == 0x80);
	return 0;
}

#define ENDLESS (-1)

/* a copy of the n steps at "from" goes behind all */
static int again(struct parser *ps, int from, int n)
{
	struct step *to = insert(ps, ps->re->n, n);

	if (to == NULL)
		return -1;
	memcpy(to, ps->re->steps + from, (size_t)n * sizeof(*to));
	return 0;
}

/* makes what begins at "from" happen min to max times */
static int repeat(struct parser *ps, int from, int min, int max)
{
	int n = ps->re->n - from;

	if (max == 0 || n == 0) {
		ps->re->n = from;
		return 0;
	}
	if (min == 0) { /* the first one may be left out */
		if (fork_at(ps, from++, 1, n + 1 + (max == ENDLESS)) < 0)
			return -1;
		if (max == ENDLESS)
			return fork_at(ps, ps->re->n, -n - 1, -n - 1);
	}
	for (int i = 1; i < min; i++)
		if (again(ps, from, n) < 0)
			return -1;
	if (max == ENDLESS)
		return fork_at(ps, ps->re->n, -n, 1);
	for (int i = MAX(min, 1); i < max; i++)
		if (fork_at(ps, ps->re->n, 1, n + 1) < 0 || again(ps, from, n) < 0)
			return -1;
	return 0;
}

static int number(const char **p)
{
	int v = 0;

	if (**p < '0' || **p > '9')
		return -1;
	for (; **p >= '0' && **p <= '9'; ++*p)
		v = MIN(v * 10 + **p - '0', REGEX_REPEAT_MAX + 1);
	return v;
}

/* an operator of repetition at p, which moves behind it; false: there is none */
static bool repetition(const char **p, int *min, int *max)
{
	const char *at = *p + 1;

	*min = **p == '+';
	*max = **p == '?' ? 1 : ENDLESS;
	if (**p == '{') {
		*max = *min = number(&at);
		if (*min < 0)
			return false;
		if (*at == ',' && *++at == '}')
			*max = ENDLESS;
		else if (at[-1] == ',' && (*max = number(&at)) < 0)
			return false;
		if (*at++ != '}')
			return false;
	} else if (**p != '*' && **p != '+' && **p != '?') {
		return false;
	}
	*p = at;
	return true;
}

static int sequence(struct parser *ps)
{
	while (*ps->p != '\0' && *ps->p != '|' && *ps->p != ')') {
		const char *op = ps->p, *second;
		int from = ps->re->n, min, max;

		if (repetition(&ps->p, &min, &max))
			return fail(ps, "missing argument to repetition operator", op, ps->p);
		if (atom(ps) < 0)
			return -1;
		op = ps->p;
		if (!repetition(&ps->p, &min, &max))
			continue;
		if (min > REGEX_REPEAT_MAX || max > REGEX_REPEAT_MAX || (max >= 0 && max < min))
			return fail(ps, "invalid repeat count", op, ps->p);
		ps->p += *ps->p == '?'; /* lazy: where a match ends does not matter here */
		second = ps->p;
		if (repetition(&second, &(int){0}, &(int){0}))
			return fail(ps, "invalid nested repetition operator", op, second);
		if (repeat(ps, from, min, max) < 0)
			return -1;
	}
	return 0;
}

static int alternatives(struct parser *ps)
{
	int from = ps->re->n, n;

	if (sequence(ps) < 0)
		return -1;
	while (*ps->p == '|') {
		int jump;

		ps->p++;
		n = ps->re->n - from;
		jump = ps->re->n + 1;
		if (fork_at(ps, from, 1, n + 2) < 0 || fork_at(ps, jump, 0, 0) < 0 ||
		    sequence(ps) < 0)
			return -1;
		ps->re->steps[jump].x = ps->re->steps[jump].y = (int16_t)(ps->re->n - jump);
	}
	return 0;
}

int regex_new(const char *pattern, struct regex **ret, struct err *e)
{
	CLEANUP(regex_freep) struct regex *re = xcalloc(1, sizeof(*re));
	struct parser ps = {.re = re, .all = pattern, .p = pattern, .e = e};

	if (strlen(pattern) > REGEX_PATTERN_MAX)
		return err_set(e, ERR_INVALID, 0, "error parsing regexp: expression too large");
	if (alternatives(&ps) < 0)
		return -1;
	if (*ps.p != '\0')
		return fail_rest(&ps, "unexpected )", pattern);
	if (add_op(&ps, OP_MATCH) < 0)
		return -1;
	*ret = TAKE(re);
	return 0;
}

void regex_free(struct regex *re)
{
	if (re != NULL)
		free(re->steps);
	free(re);
}

void regex_freep(struct regex **re)
{
	regex_free(*re);
}

/* the places of the program where it can be; each is entered once for a byte of the text */
struct places {
	const struct regex *re;
	const char *text;
	int *seen;    /* by step: the byte of the text for which it was entered last, and 1 */
	int16_t *now; /* steps entered, the ones still to be looked at last */
	int n;
};

static bool holds(const struct places *pl, int op, int at)
{
	char before = at > 0 ? pl->text[at - 1] : '\0', c = pl->text[at];

	switch (op) {
	case OP_TEXT_START:
		return at == 0;
	case OP_TEXT_END:
		return c == '\0';
	case OP_LINE_START:
		return at == 0 || before == '\n';
	case OP_LINE_END:
		return c == '\0' || c == '\n';
	}
	return (is_word(before) != is_word(c)) == (op == OP_WORD_EDGE);
}

static void enter(struct places *pl, int i, int at)
{
	if (pl->seen[i] == at + 1)
		return;
	pl->seen[i] = at + 1;
	pl->now[pl->n++] = (int16_t)i;
}

/* all that is reached from now[] without a byte; true: the end of the pattern is. The list grows
 * while it is walked */
static bool spread(struct places *pl, int at)
{
	for (int k = 0; k < pl->n; k++) {
		int i = pl->now[k];
		const struct step *s = &pl->re->steps[i];

		if (s->op == OP_MATCH)
			return true;
		if (s->op == OP_FORK) {
			enter(pl, i + s->x, at);
			enter(pl, i + s->y, at);
		} else if (s->op != OP_SET && holds(pl, s->op, at)) {
			enter(pl, i + 1, at);
		}
	}
	return false;
}

bool regex_match(const struct regex *re, const char *text)
{
	size_t n = (size_t)re->n;
	CLEANUP(freep) int *seen = xcalloc(n, sizeof(*seen));
	CLEANUP(freep) int16_t *old = xcalloc(2 * n, sizeof(*old));
	struct places pl = {.re = re, .text = text, .seen = seen, .now = old};
	int n_old;

	for (int at = 0;; at++) {
		enter(&pl, 0, at); /* a match may begin at each byte */
		if (spread(&pl, at))
			return true;
		if (text[at] == '\0')
			return false;
		n_old = pl.n;
		memcpy(old + n, pl.now, pl.n * sizeof(*old));
		pl.n = 0;
		for (int k = 0; k < n_old; k++) {
			const struct step *s = &re->steps[old[(int)n + k]];

			if (s->op == OP_SET && set_has(s->set, (unsigned char)text[at]))
				enter(&pl, old[(int)n + k] + 1, at + 1);
		}
	}
}
