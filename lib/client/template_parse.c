// SPDX-License-Identifier: MIT
/* Parser of Go templates: text and actions, one recursive-descent pass with bounded depth. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/template_internal.h"
#include "json/utf8.h"

struct parse {
	const char *p, *text;
	const char *word; /* whose pipeline is read: "if", "command" */
	unsigned depth, ranges;
	struct err *e;
};

static int bad(struct parse *s, const char *what)
{
	unsigned line = 1;

	for (const char *q = s->text; q < s->p; q++)
		line += *q == '\n';
	return err_set(s->e, ERR_INVALID, 0, "template: :%u: %s", line, what);
}

/* what no operand or operator can begin with */
static int unexpected(struct parse *s)
{
	CLEANUP(freep) char *what = NULL;

	if (*s->p == 0)
		return bad(s, "unclosed action");
	if (*s->p == '}')
		return bad(s, "bad character U+007D '}'");
	if (*s->p == ')')
		return bad(s, "unexpected right paren");
	what = xasprintf("unexpected \"%c\" in command", *s->p);
	return bad(s, what);
}

/* --- freeing ------------------------------------------------------------------ */

static void free_pipe(struct tpl_pipe *pipe)
{
	if (pipe == NULL)
		return;
	for (struct tpl_cmd *c = pipe->cmds, *next; c != NULL; c = next) {
		next = c->next;
		for (size_t i = 0; i < c->n_args; i++) {
			free(c->args[i].text);
			strv_clear(&c->args[i].fields);
			free_pipe(c->args[i].pipe);
		}
		free(c);
	}
	free(pipe->vars[0]);
	free(pipe->vars[1]);
	free(pipe);
}

static void free_nodes(struct tpl_node *n)
{
	for (struct tpl_node *next; n != NULL; n = next) {
		next = n->next;
		free(n->text);
		free_pipe(n->pipe);
		free_nodes(n->body);
		free_nodes(n->otherwise);
		free(n);
	}
}

void template_free(struct template *t)
{
	if (t == NULL)
		return;
	free_nodes(t->nodes);
	free(t->text);
	free(t);
}

void template_freep(struct template **t)
{
	template_free(*t);
}

/* --- inside {{ }} --------------------------------------------------------------- */

static void blanks(struct parse *s)
{
	while (isspace((unsigned char)*s->p))
		s->p++;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static char *word(struct parse *s)
{
	const char *start = s->p;

	while (is_word(*s->p))
		s->p++;
	return xstrndup(start, (size_t)(s->p - start));
}

/* the end of an action: "}}" or "-}}" */
static bool at_end(const struct parse *s)
{
	return str_starts(s->p, "}}") || str_starts(s->p, "-}}");
}

/* from a backslash on to the escape's last character */
static void escaped(struct parse *s, struct buf *b)
{
	static const char from[] = "abfnrtvxuU", to[] = "\a\b\f\n\r\t\v\2\4\10";
	const char *hit = strchr(from, *++s->p);
	char digits[9] = "", out[4];
	size_t n;

	if (hit == NULL || hit - from < 7) {
		buf_addch(b, hit != NULL ? to[hit - from] : *s->p);
		return;
	}
	n = (size_t)to[hit - from];
	snprintf(digits, sizeof(digits), "%.*s", (int)n, s->p + 1);
	n = strspn(digits, "0123456789abcdefABCDEF");
	digits[n] = 0;
	s->p += n;
	if (*hit == 'x')
		buf_addch(b, (char)strtol(digits, NULL, 16));
	else
		buf_add(b, out, utf8_encode((uint32_t)strtol(digits, NULL, 16) & 0x1fffff, out));
}

static int quoted(struct parse *s, char **ret)
{
	struct buf b = BUF_INIT;
	char quote = *s->p++;

	for (; *s->p != quote; s->p++) {
		if (*s->p == 0) {
			buf_clear(&b);
			return bad(s, "unterminated quoted string");
		}
		if (quote != '`' && *s->p == '\\' && s->p[1] != 0)
			escaped(s, &b);
		else
			buf_addch(&b, *s->p);
	}
	s->p++;
	*ret = buf_detach(&b);
	return 0;
}

static int parse_pipe(struct parse *s, char closer, struct tpl_pipe **ret);

/* ".A.B" behind an operand */
static int parse_fields(struct parse *s, struct tpl_arg *a)
{
	while (*s->p == '.' && is_word(s->p[1])) {
		if (a->fields.len < 1 + (a->kind == ARG_DOT))
			a->at.pos = (size_t)(s->p - s->text);
		s->p++;
		if (isdigit((unsigned char)*s->p)) {
			CLEANUP(freep) char *digits = word(s);
			CLEANUP(freep)
			char *what = xasprintf("unexpected \".%s\" in operand", digits);

			return bad(s, what);
		}
		strv_take(&a->fields, word(s));
	}
	return 0;
}

/* 1, -2, 0x1f, 1e3, 'a': its value, as decimal text */
static void parse_number(struct parse *s, struct tpl_arg *a)
{
	char *end = NULL;
	long n;

	a->kind = ARG_NUM;
	if (*s->p == '\'') {
		a->text = xasprintf("%d", (unsigned char)s->p[1]);
		s->p += 3;
		return;
	}
	errno = 0;
	n = strtol(s->p, &end, 0);
	if (*end != '.' && *end != 'e' && *end != 'E' && errno == 0)
		a->text = xasprintf("%ld", n);
	else
		a->text = xasprintf("%.17g", strtod(s->p, &end));
	s->p = end;
}

static bool starts_number(const char *p)
{
	return isdigit((unsigned char)p[*p == '-' || *p == '+']) ||
	       (p[0] == '\'' && p[1] != 0 && p[1] != '\\' && p[2] == '\'');
}

static int parse_name(struct parse *s, struct tpl_arg *a)
{
	char *name = word(s);

	a->text = name;
	if (strcmp(name, "true") == 0 || strcmp(name, "false") == 0) {
		a->kind = ARG_BOOL;
	} else if (strcmp(name, "nil") == 0) {
		a->kind = ARG_NIL;
	} else if (tpl_known(name)) {
		a->kind = ARG_FUNC;
	} else {
		CLEANUP(freep) char *what = xasprintf("function \"%s\" not defined", name);

		return bad(s, what);
	}
	return 0;
}

static int parse_operand(struct parse *s, struct tpl_arg *a)
{
	const char *was = s->word;

	if (*s->p == '.') {
		a->kind = ARG_DOT;
		if (!is_word(s->p[1]))
			s->p++;
	} else if (*s->p == '$') {
		s->p++;
		a->kind = ARG_VAR;
		a->text = word(s);
	} else if (*s->p == '"' || *s->p == '`') {
		a->kind = ARG_STR;
		return quoted(s, &a->text);
	} else if (*s->p == '(') {
		s->p++;
		a->kind = ARG_PIPE;
		if (++s->depth > TEMPLATE_DEPTH_MAX)
			return bad(s, "nested too deeply");
		s->word = "parenthesized pipeline";
		if (parse_pipe(s, ')', &a->pipe) < 0)
			return -1;
		s->word = was;
		s->depth--;
		s->p++;
	} else if (starts_number(s->p)) {
		parse_number(s, a);
		return 0;
	} else if (is_word(*s->p)) {
		return parse_name(s, a);
	} else {
		return unexpected(s);
	}
	return parse_fields(s, a);
}

static int parse_arg(struct parse *s, struct tpl_arg *a)
{
	a->at.start = a->at.pos = (size_t)(s->p - s->text);
	if (parse_operand(s, a) < 0)
		return -1;
	a->at.end = (size_t)(s->p - s->text);
	return 0;
}

/* a command's or pipeline's end; one without operand is an error */
static int end_cmd(struct parse *s, const struct tpl_cmd *c)
{
	CLEANUP(freep) char *what = NULL;

	if (c->n_args > 0)
		return 0;
	if (*s->p == '|')
		return unexpected(s);
	what = xasprintf("missing value for %s", s->word);
	return bad(s, what);
}

static int parse_cmd(struct parse *s, char closer, struct tpl_cmd *c)
{
	for (;;) {
		blanks(s);
		if (*s->p == '|' || (closer != 0 ? *s->p == closer : at_end(s)))
			return end_cmd(s, c);
		if (closer != 0 && at_end(s))
			return bad(s, "unclosed left paren");
		if (c->n_args == TEMPLATE_ARGS_MAX)
			return bad(s, "too many arguments");
		/* counted first, so that a failure frees it */
		if (parse_arg(s, &c->args[c->n_args++]) < 0)
			return -1;
		c->at = (struct tpl_at){c->args[0].at.start, c->args[0].at.start,
					c->args[c->n_args - 1].at.end};
	}
}

/* "$x :=", "$i, $x :=" or "$x =" at the start of a pipeline; nothing else is taken */
static void parse_decl(struct parse *s, struct tpl_pipe *pipe)
{
	const char *start = s->p;
	size_t n = 0;

	while (*s->p == '$' && n < 2) {
		s->p++;
		free(pipe->vars[n]);
		pipe->vars[n++] = word(s);
		blanks(s);
		if (*s->p != ',')
			break;
		s->p++;
		blanks(s);
	}
	if (n > 0 && (str_starts(s->p, ":=") || (*s->p == '=' && n == 1))) {
		pipe->assign = *s->p == '=';
		pipe->n_vars = n;
		s->p += pipe->assign ? 1 : 2;
		return;
	}
	s->p = start;
	for (size_t i = 0; i < 2; i++)
		free(TAKE(pipe->vars[i]));
}

/* up to the closer (')' or, when 0, the action's end), which stays unread */
static int parse_pipe(struct parse *s, char closer, struct tpl_pipe **ret)
{
	struct tpl_pipe *pipe = xcalloc(1, sizeof(*pipe));
	struct tpl_cmd **tail = &pipe->cmds;

	*ret = pipe; /* the caller frees it, also after a failure */
	blanks(s);
	parse_decl(s, pipe);
	for (;;) {
		*tail = xcalloc(1, sizeof(**tail));
		if (parse_cmd(s, closer, *tail) < 0)
			return -1;
		tail = &(*tail)->next;
		if (*s->p != '|')
			return 0;
		s->p++;
	}
}

/* --- text and blocks ------------------------------------------------------------- */

/* behind "}}"; "-}}" eats the blanks that follow */
static int end_action(struct parse *s)
{
	blanks(s);
	if (str_starts(s->p, "-}}")) {
		s->p += 3;
		blanks(s);
		return 0;
	}
	if (!str_starts(s->p, "}}"))
		return bad(s, "unclosed action");
	s->p += 2;
	return 0;
}

static bool keyword(struct parse *s, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(s->p, name, n) != 0 || is_word(s->p[n]))
		return false;
	s->p += n;
	return true;
}

enum ending { END_TEXT, END_END, END_ELSE };

static int parse_list(struct parse *s, struct tpl_node **ret, enum ending *ending);

static int parse_block(struct parse *s, struct tpl_node *n)
{
	enum ending ending;

	if (++s->depth > TEMPLATE_DEPTH_MAX)
		return bad(s, "nested too deeply");
	s->ranges += n->kind == NODE_RANGE;
	s->word = n->kind == NODE_IF ? "if" : n->kind == NODE_WITH ? "with" : "range";
	if (parse_pipe(s, 0, &n->pipe) < 0 || end_action(s) < 0 ||
	    parse_list(s, &n->body, &ending) < 0)
		return -1;
	s->ranges -= n->kind == NODE_RANGE;
	if (ending == END_ELSE) {
		blanks(s);
		if (n->kind != NODE_RANGE && keyword(s, n->kind == NODE_IF ? "if" : "with")) {
			/* "else if": a block of its own that shares our end */
			n->otherwise = xcalloc(1, sizeof(*n));
			n->otherwise->kind = n->kind;
			s->depth--;
			return parse_block(s, n->otherwise);
		}
		if (end_action(s) < 0 || parse_list(s, &n->otherwise, &ending) < 0)
			return -1;
	}
	if (ending != END_END)
		return bad(s, "unexpected EOF");
	s->depth--;
	return end_action(s);
}

static int parse_action(struct parse *s, struct tpl_node *n)
{
	if (keyword(s, "if"))
		n->kind = NODE_IF;
	else if (keyword(s, "with"))
		n->kind = NODE_WITH;
	else if (keyword(s, "range"))
		n->kind = NODE_RANGE;
	else if (keyword(s, "break"))
		n->kind = NODE_BREAK;
	else if (keyword(s, "continue"))
		n->kind = NODE_CONTINUE;
	else
		n->kind = NODE_ACTION;
	if (n->kind == NODE_BREAK || n->kind == NODE_CONTINUE)
		return s->ranges > 0 ? end_action(s) : bad(s, "{{break}} outside {{range}}");
	if (n->kind != NODE_ACTION)
		return parse_block(s, n);
	s->word = "command";
	return parse_pipe(s, 0, &n->pipe) < 0 ? -1 : end_action(s);
}

static struct tpl_node *add_text(struct parse *s, const char *end, bool trim)
{
	struct tpl_node *n;

	while (trim && end > s->p && isspace((unsigned char)end[-1]))
		end--;
	n = xcalloc(1, sizeof(*n));
	n->kind = NODE_TEXT;
	n->text = xstrndup(s->p, (size_t)(end - s->p));
	return n;
}

static int skip_comment(struct parse *s)
{
	const char *end = strstr(s->p, "*/");

	if (end == NULL)
		return bad(s, "unclosed comment");
	s->p = end + 2;
	return end_action(s);
}

static int parse_list(struct parse *s, struct tpl_node **ret, enum ending *ending)
{
	struct tpl_node **tail = ret;

	for (;;) {
		const char *open = strstr(s->p, "{{");
		bool trim;

		if (open == NULL)
			open = s->p + strlen(s->p);
		trim = str_starts(open, "{{-") && isspace((unsigned char)open[3]);
		*tail = add_text(s, open, trim);
		tail = &(*tail)->next;
		s->p = open;
		*ending = END_TEXT;
		if (*open == 0)
			return 0;
		s->p += trim ? 3 : 2;
		blanks(s);
		if (str_starts(s->p, "/*")) {
			if (skip_comment(s) < 0)
				return -1;
			continue;
		}
		if (keyword(s, "end")) {
			*ending = END_END;
			return 0;
		}
		if (keyword(s, "else")) {
			*ending = END_ELSE;
			return 0;
		}
		*tail = xcalloc(1, sizeof(**tail));
		if (parse_action(s, *tail) < 0)
			return -1;
		tail = &(*tail)->next;
	}
}

void template_set_html(struct template *t)
{
	t->html = true;
}

void template_set_typed(struct template *t)
{
	t->typed = true;
}

void template_set_root(struct template *t, const char *name, const char *type)
{
	t->name = name;
	t->type = type;
}

int template_parse(const char *text, struct template **ret, struct err *e)
{
	CLEANUP(template_freep) struct template *t = xcalloc(1, sizeof(*t));
	struct parse s = {.p = text, .text = text, .e = e};
	enum ending ending;

	t->text = xstrdup(text);
	t->name = "";
	if (parse_list(&s, &t->nodes, &ending) < 0)
		return -1;
	if (ending != END_TEXT)
		return bad(&s, ending == END_END ? "unexpected {{end}}" : "unexpected {{else}}");
	*ret = TAKE(t);
	return 0;
}
