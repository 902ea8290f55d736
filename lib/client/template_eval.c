// SPDX-License-Identifier: MIT
/* Runs a parsed template over a JSON value. */
#include <ctype.h>
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

int tpl_doc(struct run *r, const struct buf *text, struct val *ret, struct err *e)
{
	struct json *doc;

	if (json_parse(text->data, text->len, &doc, e) < 0)
		return -1;
	r->docs = xrealloc(r->docs, (r->n_docs + 1) * sizeof(struct json *));
	r->docs[r->n_docs++] = doc;
	*ret = tpl_value(doc);
	return 0;
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

static bool in_list(const char *list, const char *word)
{
	const char *hit = list;
	size_t n = strlen(word);

	while ((hit = strstr(hit, word)) != NULL && (hit[-1] != ' ' || hit[n] != ' '))
		hit++;
	return n > 0 && hit != NULL;
}

static const char maps[] =
	" Annotations Attributes AuxiliaryAddresses DriverOpts ExposedPorts Labels Networks Options"
	" PortBindings Ports Status StorageOpt Sysctls Tmpfs Volumes ";

/* An object was a struct of Go's when its members' names begin with capitals, unless it is known to
 * be a map. */
static bool is_struct(const struct json *v)
{
	const char *own = json_key(v), *first = json_key(json_first(v));

	if (own != NULL && in_list(maps, own))
		return false;
	return first != NULL ? isupper((unsigned char)*first) != 0
			     : own != NULL && !isalpha((unsigned char)*own);
}

static void print_json(struct buf *b, const struct json *v)
{
	size_t n = json_len(v), i = 0;
	const struct json **sorted = xcalloc(n + 1, sizeof(struct json *));
	bool object = json_kind(v) == JSON_OBJECT, map = object && !is_struct(v);

	json_for_each (item, v)
		sorted[i++] = item;
	if (map && n > 0)
		qsort(sorted, n, sizeof(struct json *), cmp_key);
	buf_addstr(b, map ? "map[" : object ? "{" : "[");
	for (i = 0; i < n; i++) {
		struct val item = tpl_value(sorted[i]);

		if (item.kind == VAL_NIL)
			item.text = json_key(sorted[i]);
		if (i > 0)
			buf_addch(b, ' ');
		if (map)
			buf_addf(b, "%s:", json_key(sorted[i]));
		tpl_print(b, &item);
	}
	buf_addch(b, object && !map ? '}' : ']');
	free(sorted);
}

static const char pointers[] =
	" Descriptor Health Healthcheck ImageManifestDescriptor Init IPAMConfig MemorySwappiness"
	" OomKillDisable PidsLimit Platform SizeRootFs SizeRw StopTimeout UsageData ";

/* null of the API: most keys are lists */
static const char *null_text(const char *key)
{
	return in_list(maps, key) ? "map[]" : in_list(pointers, key) ? "<nil>" : "[]";
}

/* what the API leaves out when it is empty; false: there is no such field */
static bool left_out(const char *name, struct val *ret)
{
	static const char lists[] =
		" Cmd DefaultAddressPools Entrypoint Env Manifests Mounts OnBuild"
		" Peers RepoDigests Shell Warnings ";
	static const char texts[] =
		" BuildTime from From GitCommit GoVersion id MacAddress OsVersion"
		" ProductLicense Runtime status StopSignal User Variant WorkingDir ";

	*ret = (struct val){.kind = VAL_NIL, .text = name};
	if (in_list(texts, name))
		*ret = (struct val){.kind = VAL_STR, .text = ""};
	else if (in_list(" KernelMemory KernelMemoryTCP VirtualSize ", name))
		*ret = (struct val){.kind = VAL_NUM, .text = "0"};
	else if (in_list(" ArgsEscaped Experimental NetworkDisabled ", name))
		*ret = (struct val){.kind = VAL_BOOL};
	else
		return in_list(maps, name) || in_list(pointers, name) || in_list(lists, name);
	return true;
}

/* puts in front of a message where it happened */
static int fail_at(struct run *r, const struct tpl_at *at, struct err *e)
{
	const struct template *t = r->template;
	const char *line = t->text;
	unsigned lines = 1;

	for (const char *p = t->text; p < t->text + at->pos; p++)
		if (*p == '\n') {
			lines++;
			line = p + 1;
		}
	return err_wrap(e, "template: %s:%u:%u: executing \"%s\" at <%.*s>", t->name, lines,
			(unsigned)(t->text + at->pos - line), t->name, (int)(at->end - at->start),
			t->text + at->start);
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
	return err_set(e, ERR_INVALID, 0, "map has no entry for key \"%s\"", name);
}

/* a field of a value; a map's missing element has every field, and they have no value */
static int get_field(struct run *r, const struct val *v, const char *name, struct val *ret,
		     struct err *e)
{
	const struct json *member;
	const char *own;

	if (v->kind == VAL_NIL && v->flag) {
		*ret = *v;
		return 0;
	}
	if (v->kind == VAL_NIL)
		return no_entry(v->text != NULL ? v->text : name, e);
	if (v->kind != VAL_JSON || json_kind(v->json) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0, "can't evaluate field %s in type %s", name,
			       tpl_type(v));
	member = json_get(v->json, name);
	/* Go's names differ from JSON's in case: ID is Id, APIVersion is ApiVersion */
	for (const struct json *m = member == NULL ? json_first(v->json) : NULL;
	     m != NULL && member == NULL; m = json_next(v->json, m))
		member = strcasecmp(json_key(m), name) == 0 ? m : NULL;
	own = json_key(v->json);
	if (member == NULL && v->json == r->root && r->template->type != NULL &&
	    !left_out(name, ret))
		return err_set(e, ERR_INVALID, 0, "can't evaluate field %s in type %s", name,
			       r->template->type);
	if (member == NULL && r->typed && own != NULL && in_list(maps, own)) {
		*ret = (struct val){.kind = VAL_NIL, .flag = true};
		return 0;
	}
	if (member == NULL)
		return r->typed && left_out(name, ret) ? 0 : no_entry(name, e);
	*ret = tpl_value(member);
	if (r->typed && json_kind(member) == JSON_NULL)
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
	return err_set(e, ERR_INVALID, 0, "undefined variable \"$%s\"", name);
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
			return fail_at(r, &a->at, e);
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
			return fail_at(r, &a->at, e);
		break;
	case ARG_NIL:
		break;
	}
	strv_for_each (name, &a->fields)
		if (get_field(r, &v, *name, &v, e) < 0)
			return fail_at(r, &a->at, e);
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
	if (name.kind != VAL_STR) {
		err_set(e, ERR_INVALID, 0, "expected string; found %s",
			name.text != NULL ? name.text : "nil");
		return fail_at(r, &c->args[1].at, e);
	}
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

static int not_called(struct run *r, const struct tpl_arg *a, struct err *e)
{
	size_t n = a->fields.len;

	if (n > 0)
		err_set(e, ERR_INVALID, 0, "%s is not a method but has arguments",
			a->fields.items[n - 1]);
	else
		err_set(e, ERR_INVALID, 0, "can't give argument to non-function %.*s",
			(int)(a->at.end - a->at.start), r->template->text + a->at.start);
	return fail_at(r, &a->at, e);
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
			return not_called(r, first, e);
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
	return tpl_call(r, first->text, args, n, ret, e) < 0 ? fail_at(r, &c->at, e) : 0;
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
	if (list.kind != VAL_JSON && list.kind != VAL_NIL) {
		CLEANUP(buf_clear) struct buf text = BUF_INIT;

		tpl_print(&text, &list);
		err_set(e, ERR_INVALID, 0, "range can't iterate over %s", buf_str(&text));
		return fail_at(r, &n->pipe->cmds->at, e);
	}
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
	r->template = t;
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
