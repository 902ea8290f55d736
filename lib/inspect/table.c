// SPDX-License-Identifier: MIT
/* Columns are data: a title and the member it shows. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "inspect/look.h"

#define COLUMNS_MAX 12
#define BLANKS	    "   "

struct column {
	const char *title, *key;
};

static const struct column columns[LOOK_SECTIONS][COLUMNS_MAX] = {
	[LOOK_CONTAINERS] = {{"CONTAINER", "name"},
			     {"ID", "id"},
			     {"STATUS", "status"},
			     {"PID", "pid"},
			     {"NETWORK", "network"},
			     {"INTERFACE", "interface"},
			     {"IPV4", "ipv4"},
			     {"IPV6", "ipv6"},
			     {"MAC", "mac"},
			     {"GATEWAY", "gateway"},
			     {"GATEWAY6", "gateway6"}},
	[LOOK_INTERFACES] = {{"NAMESPACE", "namespace"},
			     {"NAME", "name"},
			     {"KIND", "kind"},
			     {"STATE", "state"},
			     {"MTU", "mtu"},
			     {"MASTER", "master"},
			     {"PEER", "peer"},
			     {"ADDRESSES", "addresses"},
			     {"RX-BYTES", "rx_bytes"},
			     {"RX-DROP", "rx_dropped"},
			     {"TX-BYTES", "tx_bytes"},
			     {"TX-DROP", "tx_dropped"}},
	[LOOK_ROUTES] = {{"NAMESPACE", "namespace"},
			 {"TABLE", "table"},
			 {"TYPE", "type"},
			 {"DESTINATION", "destination"},
			 {"GATEWAY", "gateway"},
			 {"INTERFACE", "interface"},
			 {"SOURCE", "source"},
			 {"FAMILY", "family"}},
	[LOOK_RULES] = {{"NAMESPACE", "namespace"},
			{"FAMILY", "family"},
			{"PRIORITY", "priority"},
			{"SELECTOR", "selector"},
			{"ACTION", "action"},
			{"TABLE", "table"},
			{"GOTO", "goto"}},
	[LOOK_SOCKETS] = {{"NAMESPACE", "namespace"},
			  {"PROTOCOL", "protocol"},
			  {"ADDRESS", "address"},
			  {"PORT", "port"},
			  {"PID", "pid"},
			  {"PROCESS", "process"},
			  {"CONTAINER", "container"}},
	[LOOK_PORTS] = {{"CONTAINER", "container"},
			{"PROTOCOL", "protocol"},
			{"HOST", "host_address"},
			{"HOST-PORT", "host_port"},
			{"ADDRESS", "address"},
			{"PORT", "port"},
			{"ID", "id"}},
	[LOOK_COUNTERS] = {{"KIND", "kind"},
			   {"NAME", "name"},
			   {"VALUE", "value"},
			   {"ABOUT", "about"}},
};

/* names come from containers: no control bytes to a terminal */
static void add_clean(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		buf_addch(b, iscntrl((unsigned char)*text) ? '?' : *text);
}

static void add_value(struct buf *b, const struct json *v)
{
	const char *sep = "";

	switch (json_kind(v)) {
	case JSON_TEXT:
		add_clean(b, json_str(v));
		break;
	case JSON_NUMBER:
		buf_addstr(b, json_num(v));
		break;
	case JSON_ARRAY:
		json_for_each (item, v) {
			buf_addstr(b, sep);
			add_value(b, item);
			sep = ",";
		}
		break;
	default:
		break;
	}
}

static void add_cell(struct strv *cells, const struct json *row, const char *key)
{
	struct buf b = BUF_INIT;

	add_value(&b, json_get(row, key));
	if (b.len == 0)
		buf_addch(&b, '-');
	strv_take(cells, buf_detach(&b));
}

static void print_cells(const struct strv *cells, size_t n_columns, struct buf *out)
{
	size_t width[COLUMNS_MAX] = {0};

	for (size_t i = 0; i < cells->len; i++)
		width[i % n_columns] = MAX(width[i % n_columns], strlen(cells->items[i]));
	for (size_t i = 0; i < cells->len; i++) {
		if ((i + 1) % n_columns == 0)
			buf_addf(out, "%s\n", cells->items[i]);
		else
			buf_addf(out, "%-*s" BLANKS, (int)width[i % n_columns], cells->items[i]);
	}
}

static void print_section(const struct json *rows, const struct column *c, struct buf *out)
{
	CLEANUP(strv_clear) struct strv cells = STRV_INIT;
	size_t n = 0;

	while (n < COLUMNS_MAX && c[n].title != NULL)
		strv_add(&cells, c[n++].title);
	json_for_each (row, rows) {
		for (size_t i = 0; i < n; i++)
			add_cell(&cells, row, c[i].key);
	}
	print_cells(&cells, n, out);
}

void look_tables(const struct json *doc, struct buf *out)
{
	const char *sep = "";
	int shown = 0;

	for (int s = 0; s < LOOK_SECTIONS; s++)
		shown += json_get(doc, look_section_name((enum look_section)s)) != NULL;
	for (int s = 0; s < LOOK_SECTIONS; s++) {
		const char *name = look_section_name((enum look_section)s);
		const struct json *rows = json_get(doc, name);

		if (rows == NULL)
			continue;
		if (shown > 1)
			buf_addf(out, "%s%s\n", sep, name);
		print_section(rows, columns[s], out);
		sep = "\n";
	}
}
