// SPDX-License-Identifier: MIT
/*
 * Go templates (text/template) as far as docker's --format needs them, over
 * JSON values. Known: fields, variables, pipelines, parentheses, comments,
 * {{- -}}, if / else if / else, with, range with index and value; the functions
 * json join split lower upper title truncate pad print println printf len index
 * slice eq ne lt le gt ge and or not; break and continue; .Label "name" of a row.
 * Not known: define, template, block, call, html, js, urlquery.
 */
#ifndef CLIENT_TEMPLATE_H
#define CLIENT_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

struct template;

/**
 * template_parse() - compile a template
 * @text: the template
 * @ret:  to be freed by template_free(); may be used by several threads
 * @e:    ERR_INVALID "template: :1: …"
 */
int template_parse(const char *text, struct template **ret, struct err *e) WARN_UNUSED;
/** template_free() - NULL is fine */
void template_free(struct template *t);
/** template_freep() - CLEANUP(template_freep) */
void template_freep(struct template **t);
/** template_set_html() - {{json .}} escapes < > & as Go's json.Marshal does */
void template_set_html(struct template *t);
/** template_set_typed() - null prints as "[]", "map[]" or "<nil>", as the Engine API's Go types do
 */
void template_set_typed(struct template *t);
/** template_set_root() - for errors: the template's name ("" unless set) and the Go type of the
 * value it is run over, both borrowed; type NULL: a map */
void template_set_root(struct template *t, const char *name, const char *type);
/** template_quote() - appends a string in quotes as strconv.Quote writes it */
void template_quote(struct buf *b, const char *s);
/** template_run() - appends the template's output for one value; ERR_INVALID "template: :1: …" */
int template_run(const struct template *t, const struct json *value, struct buf *out,
		 struct err *e) WARN_UNUSED;

#endif
