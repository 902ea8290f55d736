// SPDX-License-Identifier: MIT
/* Runs a parsed template over a JSON value. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/template_internal.h"

struct val tpl_text(struct run *r, char *text)
{
	strv_take(&r->texts, text);
	return (struct val){.kind = VAL_STR, .text = text};
}

struct val tpl_number(struct run *r, int64_t n)
{
	struct val v = tpl_text(r, xasprintf("%" PRId64, n));

	v.kind = VAL_NUM;
	return v;
}

struct val tpl_value(const struct json *v)
{
	switch (json_kind(v)) {
	case JSON_TEXT:
		return (struct val){.kind = VAL_STR, .text = json_str(v)};
	case JSON_NUMBER:
		return (struct val){.kind = VAL_NUM, .text = json_num(v)};
	case JSON_TRUE:
	case JSON_FALSE:
		return (struct val){.kind = VAL_BOOL, .flag = json_bool(v, false)};
	case JSON_ARRAY:
	case JSON_OBJECT:
		return (struct val){.kind = VAL_JSON, .json = v};
	default:
		return (struct val){.kind = VAL_NIL};
	}
}

bool tpl_truth(const struct val *v)
{
	switch (v->kind) {
	case VAL_STR:
		return *v->text != 0;
	case VAL_NUM:
		return strtod(v->text, NULL) != 0;
	case VAL_BOOL:
		return v->flag;
	case VAL_JSON:
		return json_len(v->json) > 0;
	default:
		return false;
	}
}

static int cmp_key(const void *a, const void *b)
{
	return strcmp(json_key(*(const struct json *const *)a),
		      json_key(*(const struct json *const *)b));
}

static void print_json(struct buf *b, const struct json *v)
{
	size_t n = json_len(v), i = 0;
	const struct json **sorted = xcalloc(n + 1, sizeof(struct json *));
	bool map = json_kind(v) == JSON_OBJECT;

	json_for_each (item, v)
		sorted[i++] = item;
	if (map && n > 0)
		qsort(sorted, n, sizeof(struct json *), cmp_key);
	buf_addstr(b, map ? "map[" : "[");
	for (i = 0; i < n; i++) {
		struct val item = tpl_value(sorted[i]);

		if (i > 0)
			buf_addch(b, ' ');
		if (map)
			buf_addf(b, "%s:", json_key(sorted[i]));
		tpl_print(b, &item);
	}
	buf_addch(b, ']');
	free(sorted);
}

/* null of the API: most keys are lists */
static const char *null_text(const char *key)
{
	static const char maps[] =
		" DriverOpts ExposedPorts Labels Options PortBindings Ports Sysctls"
		" Tmpfs Volumes ";
	static const char pointers[] =
		" Health Healthcheck IPAMConfig MemorySwappiness OomKillDisable"
		" PidsLimit Platform StopTimeout ";
	CLEANUP(freep) char *word = xasprintf(" %s ", key);

	return strstr(maps, word) != NULL	? "map[]"
	       : strstr(pointers, word) != NULL ? "<nil>"
						: "[]";
}

/* recursion is bounded by the document's depth */
void tpl_print(struct buf *b, const struct val *v)
{
	switch (v->kind) {
	case VAL_NIL:
		buf_addstr(b, v->text != NULL ? null_text(v->text) : "<no value>");
		break;
	case VAL_STR:
	case VAL_NUM:
		buf_addstr(b, v->text);
		break;
	case VAL_BOOL:
		buf_addstr(b, v->flag ? "true" : "false");
		break;
	case VAL_JSON:
		print_json(b, v->json);
		break;
	}
}

static int no_entry(const char *name, struct err *e)
{
	return err_set(e, ERR_INVALID, 0,
		       "template: :1:2: executing \"\" at <.%s>: map has no entry for key \"%s\"",
		       name, name);
}

/* a field of a value; what is absent below the top is nil, for Go's types have it as zero */
static int get_field(struct run *r, const struct val *v, const char *name, struct val *ret,
		     struct err *e)
{
	const struct json *member;
	bool missing;

	if (v->kind == VAL_NIL && v->flag) {
		*ret = *v;
		return 0;
	}
	if (v->kind == VAL_NIL)
		return no_entry(name, e);
	if (v->kind != VAL_JSON || json_kind(v->json) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0,
			       "template: :1: executing \"\" at <.%s>: can't evaluate field %s",
			       name, name);
	member = json_get(v->json, name);
	/* Go's names differ from JSON's in case: ID is Id, APIVersion is ApiVersion */
	for (const struct json *m = member == NULL ? json_first(v->json) : NULL;
	     m != NULL && member == NULL; m = json_next(v->json, m))
		member = strcasecmp(json_key(m), name) == 0 ? m : NULL;
	if (member == NULL && v->json == r->root)
		return no_entry(name, e);
	/* a map's missing element has every field, and they have no value; v may be ret */
	missing = r->typed && member == NULL && str_eq(json_key(v->json), "Networks");
	*ret = tpl_value(member);
	ret->flag |= missing;
	if (r->typed && json_kind(member) == JSON_NULL && member != NULL)
		ret->text = name;
	return 0;
}

static int eval_pipe(struct run *r, const struct tpl_pipe *pipe, const struct val *dot,
		     struct val *ret, struct err *e);

static int find_var(struct run *r, const char *name, size_t *ret, struct err *e)
{
	for (size_t i = r->n_vars; i-- > 0;)
		if (strcmp(r->vars[i].name, name) == 0) {
			*ret = i;
			return 0;
		}
	return err_set(e, ERR_INVALID, 0,
		       "template parsing error: template: :1: undefined variable \"$%s\"", name);
}

static int eval_arg(struct run *r, const struct tpl_arg *a, const struct val *dot, struct val *ret,
		    struct err *e)
{
	struct val v = {.kind = VAL_NIL};
	size_t var = 0;

	switch (a->kind) {
	case ARG_DOT:
		v = *dot;
		break;
	case ARG_VAR:
		if (find_var(r, a->text, &var, e) < 0)
			return -1;
		v = r->vars[var].value;
		break;
	case ARG_STR:
	case ARG_NUM:
		v = (struct val){.kind = a->kind == ARG_STR ? VAL_STR : VAL_NUM, .text = a->text};
		break;
	case ARG_BOOL:
		v = (struct val){.kind = VAL_BOOL, .flag = strcmp(a->text, "true") == 0};
		break;
	case ARG_PIPE:
		if (eval_pipe(r, a->pipe, dot, &v, e) < 0)
			return -1;
		break;
	case ARG_FUNC:
		if (tpl_call(r, a->text, NULL, 0, &v, e) < 0)
			return -1;
		break;
	case ARG_NIL:
		break;
	}
	strv_for_each (name, &a->fields)
		if (get_field(r, &v, *name, &v, e) < 0)
			return -1;
	*ret = v;
	return 0;
}

/* "and" and "or" stop at the argument that decides */
static int eval_logic(struct run *r, const struct tpl_cmd *c, const struct val *dot,
		      struct val *ret, struct err *e)
{
	bool stop_at = strcmp(c->args[0].text, "or") == 0;

	for (size_t i = 1; i < c->n_args; i++) {
		if (eval_arg(r, &c->args[i], dot, ret, e) < 0)
			return -1;
		if (tpl_truth(ret) == stop_at)
			break;
	}
	return 0;
}

/* .Label "a.b-c" of a row: that label; of the row of headings: "b c" (formatter/custom.go) */
static int eval_label(struct run *r, const struct tpl_cmd *c, const struct val *dot,
		      struct val *ret, struct err *e)
{
	const struct json *labels = dot->kind == VAL_JSON ? json_get(dot->json, "Label") : NULL;
	const char *dash;
	struct val name;
	char *text;

	if (eval_arg(r, &c->args[1], dot, &name, e) < 0)
		return -1;
	if (name.kind != VAL_STR)
		return err_set(e, ERR_INVALID, 0,
			       "template: :1: executing \"\": wrong type for value");
	if (labels != NULL) {
		*ret = tpl_value(json_get(labels, name.text));
		if (ret->kind != VAL_STR)
			*ret = tpl_text(r, xstrdup(""));
		return 0;
	}
	dash = strrchr(name.text, '.');
	text = xstrdup(dash != NULL ? dash + 1 : name.text);
	for (char *p = text; *p != 0; p++)
		if (*p == '-' || *p == '_')
			*p = ' ';
	*ret = tpl_text(r, text);
	return 0;
}

static int eval_cmd(struct run *r, const struct tpl_cmd *c, const struct val *dot,
		    const struct val *piped, struct val *ret, struct err *e)
{
	struct val args[TEMPLATE_ARGS_MAX + 1];
	const struct tpl_arg *first = &c->args[0];
	size_t n = 0;

	if (first->kind == ARG_DOT && c->n_args == 2 && first->fields.len == 1 &&
	    str_eq(first->fields.items[0], "Label"))
		return eval_label(r, c, dot, ret, e);
	if (first->kind != ARG_FUNC) {
		if (c->n_args > 1 || piped != NULL)
			return err_set(e, ERR_INVALID, 0,
				       "template: :1: executing \"\": can't give argument to "
				       "non-function");
		return eval_arg(r, first, dot, ret, e);
	}
	if (piped == NULL && c->n_args > 1 &&
	    (strcmp(first->text, "and") == 0 || strcmp(first->text, "or") == 0))
		return eval_logic(r, c, dot, ret, e);
	for (size_t i = 1; i < c->n_args; i++)
		if (eval_arg(r, &c->args[i], dot, &args[n++], e) < 0)
			return -1;
	if (piped != NULL)
		args[n++] = *piped;
	return tpl_call(r, first->text, args, n, ret, e);
}

static int declare(struct run *r, const char *name, const struct val *v, struct err *e)
{
	if (r->n_vars == ARRAY_LEN(r->vars))
		return err_set(e, ERR_INVALID, 0, "template: :1: too many variables");
	r->vars[r->n_vars].name = name;
	r->vars[r->n_vars++].value = *v;
	return 0;
}

static int eval_cmds(struct run *r, const struct tpl_pipe *pipe, const struct val *dot,
		     struct val *ret, struct err *e)
{
	struct val v = {.kind = VAL_NIL};

	for (const struct tpl_cmd *c = pipe->cmds; c != NULL; c = c->next) {
		struct val piped = v;

		if (eval_cmd(r, c, dot, c == pipe->cmds ? NULL : &piped, &v, e) < 0)
			return -1;
	}
	*ret = v;
	return 0;
}

static int eval_pipe(struct run *r, const struct tpl_pipe *pipe, const struct val *dot,
		     struct val *ret, struct err *e)
{
	size_t var = 0;

	if (eval_cmds(r, pipe, dot, ret, e) < 0)
		return -1;
	if (pipe->n_vars == 0)
		return 0;
	if (!pipe->assign)
		return declare(r, pipe->vars[0], ret, e);
	if (find_var(r, pipe->vars[0], &var, e) < 0)
		return -1;
	r->vars[var].value = *ret;
	return 0;
}

static int run_nodes(struct run *r, const struct tpl_node *n, const struct val *dot, struct err *e);

static int run_item(struct run *r, const struct tpl_node *n, const struct val *key,
		    const struct val *item, struct err *e)
{
	size_t mark = r->n_vars;
	int code = 0;

	if (n->pipe->n_vars == 2 && declare(r, n->pipe->vars[0], key, e) < 0)
		return -1;
	if (n->pipe->n_vars > 0 && declare(r, n->pipe->vars[n->pipe->n_vars - 1], item, e) < 0)
		return -1;
	code = run_nodes(r, n->body, item, e);
	r->n_vars = mark;
	return code;
}

static int run_range(struct run *r, const struct tpl_node *n, const struct val *dot, struct err *e)
{
	struct val list;
	int64_t i = 0;

	if (eval_cmds(r, n->pipe, dot, &list, e) < 0)
		return -1;
	if (list.kind != VAL_JSON && list.kind != VAL_NIL)
		return err_set(e, ERR_INVALID, 0,
			       "template: :1: executing \"\": range can't iterate over it");
	if (list.kind == VAL_NIL || json_len(list.json) == 0)
		return run_nodes(r, n->otherwise, dot, e);
	json_for_each (m, list.json) {
		struct val item = tpl_value(m), key;

		if (json_key(m) != NULL)
			key = (struct val){.kind = VAL_STR, .text = json_key(m)};
		else
			key = tpl_number(r, i++);
		if (run_item(r, n, &key, &item, e) < 0)
			return -1;
		if (r->leave == NODE_BREAK)
			break;
		r->leave = 0;
	}
	r->leave = 0;
	return 0;
}

static int run_choice(struct run *r, const struct tpl_node *n, const struct val *dot, struct err *e)
{
	size_t mark = r->n_vars;
	struct val v;
	int code;

	if (eval_pipe(r, n->pipe, dot, &v, e) < 0)
		return -1;
	if (tpl_truth(&v))
		code = run_nodes(r, n->body, n->kind == NODE_WITH ? &v : dot, e);
	else
		code = run_nodes(r, n->otherwise, dot, e);
	r->n_vars = mark;
	return code;
}

static int run_nodes(struct run *r, const struct tpl_node *n, const struct val *dot, struct err *e)
{
	size_t mark = r->n_vars;

	for (; n != NULL && r->leave == 0; n = n->next) {
		struct val v;
		int code = 0;

		switch (n->kind) {
		case NODE_TEXT:
			buf_addstr(r->out, n->text);
			break;
		case NODE_ACTION:
			code = eval_pipe(r, n->pipe, dot, &v, e);
			if (code == 0 && n->pipe->n_vars == 0)
				tpl_print(r->out, &v);
			break;
		case NODE_RANGE:
			code = run_range(r, n, dot, e);
			break;
		case NODE_IF:
		case NODE_WITH:
			code = run_choice(r, n, dot, e);
			break;
		case NODE_BREAK:
		case NODE_CONTINUE:
			r->leave = n->kind;
			break;
		}
		if (code < 0)
			return -1;
	}
	r->n_vars = mark;
	return 0;
}

int template_run(const struct template *t, const struct json *value, struct buf *out, struct err *e)
{
	struct run *r = xcalloc(1, sizeof(*r));
	struct val dot = tpl_value(value);
	int code;

	r->out = out;
	r->root = value;
	r->html = t->html;
	r->typed = t->typed;
	code = declare(r, "", &dot, e); /* $ */
	if (code == 0)
		code = run_nodes(r, t->nodes, &dot, e);
	strv_clear(&r->texts);
	for (size_t i = 0; i < r->n_docs; i++)
		json_free(r->docs[i]);
	free(r->docs);
	free(r);
	return code;
}
