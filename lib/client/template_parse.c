// SPDX-License-Identifier: MIT
/* Parser of Go templates: text and actions, one recursive-descent pass with bounded depth. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/template_internal.h"

struct parse {
	const char *p;
	unsigned depth, ranges;
	struct err *e;
};

static int bad(struct parse *s, const char *what)
{
	return err_set(s->e, ERR_INVALID, 0, "template parsing error: template: :1: %s", what);
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

static int quoted(struct parse *s, char **ret)
{
	struct buf b = BUF_INIT;
	char quote = *s->p++;

	for (; *s->p != quote; s->p++) {
		if (*s->p == 0) {
			buf_clear(&b);
			return bad(s, "unterminated quoted string");
		}
		if (quote != '`' && *s->p == '\\' && s->p[1] != 0) {
			static const char from[] = "ntr\\\"'", to[] = "\n\t\r\\\"'";
			const char *hit = strchr(from, *++s->p);

			buf_addch(&b, hit != NULL ? to[hit - from] : *s->p);
		} else {
			buf_addch(&b, *s->p);
		}
	}
	s->p++;
	*ret = buf_detach(&b);
	return 0;
}

static int parse_pipe(struct parse *s, char closer, struct tpl_pipe **ret);

/* ".A.B" behind an operand */
static void parse_fields(struct parse *s, struct tpl_arg *a)
{
	while (*s->p == '.' && is_word(s->p[1])) {
		s->p++;
		strv_take(&a->fields, word(s));
	}
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
		return err_set(s->e, ERR_INVALID, 0,
			       "template parsing error: template: :1: function \"%s\" not defined",
			       name);
	}
	return 0;
}

static int parse_arg(struct parse *s, struct tpl_arg *a)
{
	const char *start = s->p;

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
		if (parse_pipe(s, ')', &a->pipe) < 0)
			return -1;
		s->depth--;
		s->p++;
	} else if (isdigit((unsigned char)*s->p) ||
		   (*s->p == '-' && isdigit((unsigned char)s->p[1]))) {
		s->p++;
		while (isdigit((unsigned char)*s->p) || *s->p == '.')
			s->p++;
		a->kind = ARG_NUM;
		a->text = xstrndup(start, (size_t)(s->p - start));
		return 0;
	} else if (is_word(*s->p)) {
		return parse_name(s, a);
	} else {
		return bad(s, *s->p == 0 ? "unclosed action" : "unexpected character in command");
	}
	parse_fields(s, a);
	return 0;
}

static int parse_cmd(struct parse *s, char closer, struct tpl_cmd *c)
{
	for (;;) {
		blanks(s);
		if (*s->p == '|' || (closer != 0 ? *s->p == closer : at_end(s)))
			return c->n_args == 0 ? bad(s, "missing value for command") : 0;
		if (c->n_args == TEMPLATE_ARGS_MAX)
			return bad(s, "too many arguments");
		/* counted first, so that a failure frees it */
		if (parse_arg(s, &c->args[c->n_args++]) < 0)
			return -1;
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

int template_parse(const char *text, struct template **ret, struct err *e)
{
	CLEANUP(template_freep) struct template *t = xcalloc(1, sizeof(*t));
	struct parse s = {.p = text, .e = e};
	enum ending ending;

	if (parse_list(&s, &t->nodes, &ending) < 0)
		return -1;
	if (ending != END_TEXT)
		return bad(&s, ending == END_END ? "unexpected {{end}}" : "unexpected {{else}}");
	*ret = TAKE(t);
	return 0;
}
