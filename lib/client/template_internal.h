// SPDX-License-Identifier: MIT
/* Tree of a parsed template, and values while it runs. */
#ifndef CLIENT_TEMPLATE_INTERNAL_H
#define CLIENT_TEMPLATE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "client/template.h"
#include "json/json.h"

#define TEMPLATE_ARGS_MAX  16
#define TEMPLATE_DEPTH_MAX 32 /* nested blocks and parentheses */

enum arg_kind { ARG_DOT, ARG_VAR, ARG_FUNC, ARG_STR, ARG_NUM, ARG_BOOL, ARG_NIL, ARG_PIPE };

struct tpl_pipe;

/* where something stands in the template's text, for errors */
struct tpl_at {
	size_t pos;	   /* that Go names: of a chain of fields the second one's */
	size_t start, end; /* of the text shown */
};

/* an operand with the fields that follow it: $x.A.B, .A, (index . 0).C */
struct tpl_arg {
	enum arg_kind kind;
	char *text; /* name, string, number */
	struct tpl_pipe *pipe;
	struct strv fields;
	struct tpl_at at;
};

struct tpl_cmd {
	struct tpl_arg args[TEMPLATE_ARGS_MAX];
	size_t n_args;
	struct tpl_at at;
	struct tpl_cmd *next; /* gets this one's value as its last argument */
};

struct tpl_pipe {
	char *vars[2]; /* declared or assigned: $x := …, $i, $x := … */
	size_t n_vars;
	bool assign; /* = instead of := */
	struct tpl_cmd *cmds;
};

enum node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_WITH,
	NODE_RANGE,
	NODE_BREAK,
	NODE_CONTINUE
};

struct tpl_node {
	enum node_kind kind;
	char *text;
	struct tpl_pipe *pipe;
	struct tpl_node *body, *otherwise;
	struct tpl_node *next;
};

struct template
{
	struct tpl_node *nodes;
	char *text;
	const char *name, *type; /* for errors, borrowed; type NULL: the value is a map */
	bool html;		 /* escaped JSON of objects */
	bool typed;		 /* null prints as the Go type behind the key would */
};

enum val_kind { VAL_NIL, VAL_STR, VAL_NUM, VAL_BOOL, VAL_JSON };

struct val {
	enum val_kind kind;
	const char *text; /* VAL_STR, VAL_NUM; borrowed from the document or the run; VAL_NIL:
			     the key of a typed null */
	bool flag;	  /* VAL_BOOL */
	const struct json *json; /* VAL_JSON: array or object */
};

/* What one run allocates lives until its end. */
struct run {
	struct strv texts;
	struct json **docs;
	size_t n_docs;
	struct buf *out;
	const struct json *root;
	const struct template *template;
	bool html, typed;
	enum node_kind leave; /* NODE_BREAK or NODE_CONTINUE on the way out to its range, else 0 */
	struct {
		const char *name;
		struct val value;
	} vars[64];
	size_t n_vars;
	unsigned depth;
};

/** tpl_text() - a string value owning text */
struct val tpl_text(struct run *r, char *text);
/** tpl_number() - a number value */
struct val tpl_number(struct run *r, int64_t n);
/** tpl_value() - a JSON value as a template's */
struct val tpl_value(const struct json *v);
/** tpl_truth() - what {{if}} thinks of a value */
bool tpl_truth(const struct val *v);
/** tpl_type() - the name of its type in Go */
const char *tpl_type(const struct val *v);
/** tpl_doc() - makes JSON text a value of the run's */
int tpl_doc(struct run *r, const struct buf *text, struct val *ret, struct err *e) WARN_UNUSED;
/** tpl_printf() - appends what printf makes of a format and values */
void tpl_printf(struct buf *b, const char *format, const struct val *args, size_t n);
/** tpl_quote() - appends a string as strconv.Quote writes it */
void tpl_quote(struct buf *b, const char *s);
/** tpl_print() - appends a value as Go prints it */
void tpl_print(struct buf *b, const struct val *v);
/** tpl_call() - calls a function by name; ERR_INVALID for an unknown one */
int tpl_call(struct run *r, const char *name, const struct val *args, size_t n, struct val *ret,
	     struct err *e) WARN_UNUSED;
/** tpl_known() - there is such a function */
bool tpl_known(const char *name);

#endif
