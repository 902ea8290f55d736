// SPDX-License-Identifier: MIT
/* Tables (as Go's text/tabwriter makes them for docker) and --format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/template.h"

#define GAP	  3
#define WIDTH_MIN 10

void docker_table_row(struct docker_table *t, const char *const *cells)
{
	for (size_t i = 0; i < t->columns; i++)
		strv_add(&t->cells, cells[i] != NULL ? cells[i] : "");
}

/* characters, not bytes: continuation bytes of UTF-8 do not count */
static size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s != 0; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void docker_table_print(struct docker_table *t)
{
	size_t *widths = xcalloc(t->columns + 1, sizeof(*widths));
	size_t least = t->min_width != 0 ? t->min_width : WIDTH_MIN;

	for (size_t i = 0; i < t->columns; i++)
		widths[i] = least;
	for (size_t i = 0; i < t->cells.len; i++)
		widths[i % t->columns] =
			MAX(widths[i % t->columns], text_width(t->cells.items[i]) + GAP);
	for (size_t i = 0; i < t->cells.len; i++) {
		size_t col = i % t->columns, width = text_width(t->cells.items[i]);

		fputs(t->cells.items[i], stdout);
		if (col + 1 == t->columns)
			putchar('\n');
		else
			printf("%*s", (int)(widths[col] - width), "");
	}
	free(widths);
	strv_clear(&t->cells);
}

/* prints lines whose cells are separated by tabs as a table; lines may differ in length */
static void print_tabbed(const char *text)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct docker_table t = {.columns = 1};
	const char *p, *end;

	for (p = text; *p != 0; p = *end == 0 ? end : end + 1) {
		size_t n = 1;

		end = p + strcspn(p, "\n");
		for (const char *q = p; q < end; q++)
			n += *q == '\t';
		t.columns = MAX(t.columns, n);
		strv_addn(&lines, p, (size_t)(end - p));
	}
	strv_for_each (it, &lines) {
		const char *cell = *it;

		for (size_t i = 0; i < t.columns; i++) {
			size_t n = strcspn(cell, "\t");

			strv_addn(&t.cells, cell, n);
			cell += n + (cell[n] == '\t');
		}
	}
	docker_table_print(&t);
}

static void default_table(const struct json *rows, const struct docker_column *columns)
{
	struct docker_table t = {0};

	while (columns[t.columns].key != NULL)
		t.columns++;
	for (size_t i = 0; i < t.columns; i++)
		strv_add(&t.cells, columns[i].head);
	json_for_each (row, rows)
		for (size_t i = 0; i < t.columns; i++)
			strv_add(&t.cells, json_get_str(row, columns[i].key)
						   ? json_get_str(row, columns[i].key)
						   : "");
	docker_table_print(&t);
}

char *docker_labels(const struct json *labels)
{
	CLEANUP(strv_clear) struct strv list = STRV_INIT;

	json_for_each (m, labels)
		strv_addf(&list, "%s=%s", json_key(m), json_str(m) != NULL ? json_str(m) : "");
	strv_sort(&list);
	return list.len > 0 ? strv_join(&list, ",") : xstrdup("");
}

/* docker takes \t and \n written as two characters for what they mean */
static char *unescape(const char *format)
{
	struct buf b = BUF_INIT;

	for (const char *p = format; *p != 0; p++) {
		if (p[0] == '\\' && (p[1] == 't' || p[1] == 'n'))
			buf_addch(&b, *++p == 't' ? '\t' : '\n');
		else
			buf_addch(&b, *p);
	}
	return buf_detach(&b);
}

static struct json *headings(const struct docker_column *heads)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *v = NULL;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	jw_obj(&w);
	for (; heads->key != NULL; heads++)
		jw_kstr(&w, heads->key, heads->head);
	jw_end(&w);
	return json_parse(b.data, b.len, &v, &e) < 0 ? NULL : v;
}

int docker_format(const char *format, const char *type, const struct json *rows,
		  const struct docker_column *columns, const struct docker_column *heads,
		  struct err *e)
{
	bool ps = strcmp(type, "*formatter.ContainerContext") == 0;
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(json_freep) struct json *top = NULL;
	CLEANUP(freep) char *text = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	const char *body;
	bool table;

	if (str_empty(format) || strcmp(format, "table") == 0) {
		default_table(rows, columns);
		return 0;
	}
	text = unescape(strcmp(format, "json") == 0 ? "{{json .}}" : format);
	body = str_skip(text, "table ");
	table = body != NULL;
	if (template_parse(table ? body : text, &t, e) < 0)
		return err_wrap(e, ps ? "failed to parse template" : "template parsing error");
	template_set_html(t);
	template_set_root(t, "", type);
	template_set_typed(t);
	top = table ? headings(heads) : NULL;
	if (top != NULL) {
		if (template_run(t, top, &out, e) < 0)
			return err_wrap(e, ps ? "failed to execute template"
					      : "template parsing error");
		buf_addch(&out, '\n');
	}
	json_for_each (row, rows) {
		if (template_run(t, row, &out, e) < 0)
			return err_wrap(e, ps ? "failed to execute template"
					      : "template parsing error");
		buf_addch(&out, '\n');
	}
	if (table)
		print_tabbed(buf_str(&out));
	else
		fputs(buf_str(&out), stdout);
	return 0;
}

const struct docker_root docker_root_inspect = {
	.name = "",
	.parse = "template parsing error",
	.run = "template parsing error",
};

int docker_check_format(const struct docker_root *root, const char *format)
{
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(freep) char *text = unescape(format != NULL ? format : "");
	struct err e;

	if (template_parse(text, &t, &e) == 0)
		return 0;
	if (*root->name != 0)
		fprintf(stderr, "%s: template: %s%s\n", root->parse, root->name,
			e.msg + strlen("template: "));
	else
		fprintf(stderr, "%s: %s\n", root->parse, e.msg);
	return DOCKER_EXIT_FORMAT;
}

int docker_format_tree(const struct docker_root *root, const char *format, const struct json *value,
		       struct err *e)
{
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(freep) char *text = unescape(strcmp(format, "json") == 0 ? "{{json .}}" : format);
	CLEANUP(buf_clear) struct buf out = BUF_INIT;

	if (template_parse(text, &t, e) < 0)
		return -1;
	template_set_typed(t);
	template_set_root(t, root->name, root->type);
	if (template_run(t, value, &out, e) < 0)
		return root->run != NULL ? err_wrap(e, "%s", root->run) : -1;
	puts(buf_str(&out));
	return 0;
}
