// SPDX-License-Identifier: MIT
/* docker ps: the columns and their texts (cli/command/formatter/container.go). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "client/template.h"
#include "client/units.h"

struct ps_conf {
	bool all, latest, no_trunc, quiet, size;
	int last;
	const char *format;
	struct strv filters;
};

static void ps_init(void *conf)
{
	((struct ps_conf *)conf)->last = -1;
}

static const struct opt ps_opts[] = {
	{'a', "all", OPT_FLAG, offsetof(struct ps_conf, all), NULL,
	 "Show all containers (default shows just running)", NULL},
	{'f', "filter", OPT_STRV, offsetof(struct ps_conf, filters), "filter",
	 "Filter output based on conditions provided", docker_check_filter},
	DOCKER_OPT_FORMAT(offsetof(struct ps_conf, format)),
	{'n', "last", OPT_INT, offsetof(struct ps_conf, last), "int",
	 "Show n last created containers (includes all states)", NULL},
	{'l', "latest", OPT_FLAG, offsetof(struct ps_conf, latest), NULL,
	 "Show the latest created container (includes all states)", NULL},
	{0, "no-trunc", OPT_FLAG, offsetof(struct ps_conf, no_trunc), NULL, "Don't truncate output",
	 NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct ps_conf, quiet), NULL,
	 "Only display container IDs", NULL},
	{'s', "size", OPT_FLAG, offsetof(struct ps_conf, size), NULL, "Display total file sizes",
	 NULL},
	{0},
};

static const struct docker_column ps_heads[] = {
	{"Command", "COMMAND"},	  {"CreatedAt", "CREATED AT"},
	{"ID", "CONTAINER ID"},	  {"Image", "IMAGE"},
	{"Labels", "LABELS"},	  {"LocalVolumes", "LOCAL VOLUMES"},
	{"Mounts", "MOUNTS"},	  {"Names", "NAMES"},
	{"Networks", "NETWORKS"}, {"Platform", "PLATFORM"},
	{"Ports", "PORTS"},	  {"RunningFor", "CREATED"},
	{"Size", "SIZE"},	  {"State", "STATE"},
	{"Status", "STATUS"},	  {NULL, NULL},
};

/* at most n characters, the last one being an ellipsis */
static char *ellipsis(const char *s, size_t n)
{
	size_t chars = 0, cut = 0;

	for (size_t i = 0; s[i] != 0; i++) {
		if (((unsigned char)s[i] & 0xc0) == 0x80)
			continue;
		if (++chars == n)
			cut = i;
		if (chars > n)
			return xasprintf("%.*s…", (int)cut, s);
	}
	return xstrdup(s);
}

static const char *ip_of(const struct json *port)
{
	return json_get_str(port, "IP") != NULL ? json_get_str(port, "IP") : "";
}

static const char *type_of(const struct json *port)
{
	return json_get_str(port, "Type") != NULL ? json_get_str(port, "Type") : "tcp";
}

static int cmp_port(const void *a, const void *b)
{
	const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
	int64_t d = json_get_i64(x, "PrivatePort", 0) - json_get_i64(y, "PrivatePort", 0);
	int c = strcmp(ip_of(x), ip_of(y));

	if (d == 0 && c != 0)
		return c;
	if (d == 0)
		d = json_get_i64(x, "PublicPort", 0) - json_get_i64(y, "PublicPort", 0);
	return d != 0 ? (d > 0) - (d < 0) : strcmp(type_of(x), type_of(y));
}

/* ports of one address and protocol that follow each other, and are published as themselves */
struct port_group {
	const char *ip, *type;
	int64_t first, last;
};

static void add_group(struct strv *out, const struct port_group *g)
{
	char range[48];
	bool six = strchr(g->ip, ':') != NULL;

	if (g->first == g->last)
		snprintf(range, sizeof(range), "%lld", (long long)g->first);
	else
		snprintf(range, sizeof(range), "%lld-%lld", (long long)g->first,
			 (long long)g->last);
	if (*g->ip == 0)
		strv_addf(out, "%s/%s", range, g->type);
	else
		strv_addf(out, "%s%s%s:%s->%s/%s", six ? "[" : "", g->ip, six ? "]" : "", range,
			  range, g->type);
}

/* puts a port into its group; one that does not follow ends what the group was */
static void group_port(struct port_group *groups, size_t *n_groups, const struct json *p,
		       struct strv *out)
{
	int64_t port = json_get_i64(p, "PrivatePort", 0);
	struct port_group *g = NULL;

	for (size_t i = 0; i < *n_groups && g == NULL; i++)
		if (strcmp(groups[i].ip, ip_of(p)) == 0 && strcmp(groups[i].type, type_of(p)) == 0)
			g = &groups[i];
	if (g != NULL && port == g->last + 1) {
		g->last = port;
		return;
	}
	if (g != NULL)
		add_group(out, g);
	else
		g = &groups[(*n_groups)++];
	*g = (struct port_group){ip_of(p), type_of(p), port, port};
}

/* formatter.DisplayablePorts: "0.0.0.0:80-81->80-81/tcp, 443/tcp, 0.0.0.0:8080->80/tcp" */
static char *ports_text(const struct json *ports)
{
	size_t n = json_len(ports), i = 0, n_groups = 0;
	const struct json **sorted = xcalloc(n + 1, sizeof(struct json *));
	struct port_group *groups = xcalloc(n + 1, sizeof(*groups));
	CLEANUP(strv_clear) struct strv out = STRV_INIT;
	CLEANUP(strv_clear) struct strv moved = STRV_INIT;

	json_for_each (p, ports)
		sorted[i++] = p;
	if (n > 0)
		qsort(sorted, n, sizeof(struct json *), cmp_port);
	for (i = 0; i < n; i++) {
		long long port = json_get_i64(sorted[i], "PrivatePort", 0);
		long long public = json_get_i64(sorted[i], "PublicPort", 0);
		bool six = strchr(ip_of(sorted[i]), ':') != NULL;

		if (*ip_of(sorted[i]) != 0 && public != port)
			strv_addf(&moved, "%s%s%s:%lld->%lld/%s", six ? "[" : "", ip_of(sorted[i]),
				  six ? "]" : "", public, port, type_of(sorted[i]));
		else
			group_port(groups, &n_groups, sorted[i], &out);
	}
	for (i = 0; i < n_groups; i++)
		add_group(&out, &groups[i]);
	strv_copy(&out, &moved);
	free(sorted);
	free(groups);
	return out.len > 0 ? strv_join(&out, ", ") : xstrdup("");
}

/* names without their slash, links of others left out unless all is shown */
static char *names_text(const struct json *names, bool all)
{
	struct buf b = BUF_INIT;

	json_for_each (item, names) {
		const char *name = json_str(item);

		if (name == NULL)
			continue;
		name += *name == '/';
		if (!all && strchr(name, '/') != NULL)
			continue;
		buf_addf(&b, "%s%s", b.len > 0 ? "," : "", name);
	}
	return buf_detach(&b);
}

static char *mounts_text(const struct json *mounts, bool no_trunc, unsigned *ret_local)
{
	struct buf b = BUF_INIT;

	*ret_local = 0;
	json_for_each (m, mounts) {
		const char *name = json_get_str(m, "Name");
		CLEANUP(freep) char *cut = NULL;

		*ret_local += str_eq(json_get_str(m, "Driver"), "local");
		if (str_empty(name))
			name = json_get_str(m, "Source");
		if (name == NULL)
			continue;
		cut = no_trunc ? xstrdup(name) : ellipsis(name, 15);
		buf_addf(&b, "%s%s", b.len > 0 ? "," : "", cut);
	}
	return buf_detach(&b);
}

static char *networks_text(const struct json *networks)
{
	CLEANUP(strv_clear) struct strv list = STRV_INIT;

	json_for_each (m, networks)
		strv_add(&list, json_key(m));
	strv_sort(&list);
	return list.len > 0 ? strv_join(&list, ",") : xstrdup("");
}

/* "2024-05-06 07:08:09 +0000 UTC" */
static void add_created(struct json_w *w, int64_t sec)
{
	int year, month, day, hour, min, s;

	time_parts(sec, &year, &month, &day, &hour, &min, &s);
	jw_key(w, "CreatedAt");
	jw_strf(w, "%04d-%02d-%02d %02d:%02d:%02d +0000 UTC", year, month, day, hour, min, s);
}

static char *size_text(const struct json *c, bool total)
{
	char rw[UNITS_SIZE], all[UNITS_SIZE];
	int64_t root = total ? json_get_i64(c, "SizeRootFs", 0) : 0;

	units_size((double)json_get_i64(c, "SizeRw", 0), 3, rw);
	if (root <= 0)
		return xstrdup(rw);
	return xasprintf("%s (virtual %s)", rw, units_size((double)root, 3, all));
}

static char *image_text(const struct json *c, bool no_trunc)
{
	const char *image = json_get_str(c, "Image"), *id = json_get_str(c, "ImageID");
	const char *hex = image == NULL ? NULL : str_skip(image, "sha256:");

	if (str_empty(image))
		return xstrdup("<no image>");
	if (no_trunc)
		return xstrdup(image);
	if (hex != NULL || str_eq(image, id))
		return xstrndup(hex != NULL ? hex : image, 12);
	return xstrndup(image, strcspn(image, "@"));
}

void docker_ps_row(struct json_w *w, const struct json *c, bool no_trunc, bool total)
{
	const char *id = json_get_str(c, "Id"), *command = json_get_str(c, "Command");
	int64_t created = json_get_i64(c, "Created", 0);
	CLEANUP(freep)
	char *cut = no_trunc ? xstrdup(command != NULL ? command : "")
			     : ellipsis(command != NULL ? command : "", 20);
	CLEANUP(freep) char *image = image_text(c, no_trunc);
	CLEANUP(freep) char *labels = docker_labels(json_get(c, "Labels"));
	CLEANUP(freep) char *names = names_text(json_get(c, "Names"), no_trunc);
	CLEANUP(freep)
	char *networks = networks_text(json_path(c, "NetworkSettings", "Networks", NULL));
	CLEANUP(freep) char *ports = ports_text(json_get(c, "Ports"));
	CLEANUP(freep) char *size = size_text(c, total);
	CLEANUP(freep) char *mounts = NULL;
	CLEANUP(buf_clear) struct buf quoted = BUF_INIT;
	char ago[UNITS_SIZE];
	unsigned local;

	mounts = mounts_text(json_get(c, "Mounts"), no_trunc, &local);
	jw_obj(w);
	jw_key(w, "Command");
	template_quote(&quoted, cut);
	jw_str(w, buf_str(&quoted));
	add_created(w, created);
	jw_key(w, "ID");
	jw_strn(w, id != NULL ? id : "",
		id == NULL ? 0 : (no_trunc ? strlen(id) : strnlen(id, 12)));
	jw_kstr(w, "Image", image);
	jw_kstr(w, "Labels", labels);
	jw_key(w, "LocalVolumes");
	jw_strf(w, "%u", local);
	jw_kstr(w, "Mounts", mounts);
	jw_kstr(w, "Names", names);
	jw_kstr(w, "Networks", networks);
	jw_knull(w, "Platform");
	jw_kstr(w, "Ports", ports);
	jw_kstr(w, "RunningFor", units_ago(created * 1000000000, time_now_nsec(), ago));
	jw_kstr(w, "Size", size);
	jw_kstr(w, "State", json_get_str(c, "State"));
	jw_kstr(w, "Status", json_get_str(c, "Status"));
	jw_key(w, "Label");
	jw_tree(w, json_get(c, "Labels"));
	jw_end(w);
}

static int fetch(struct docker_cli *cli, const struct ps_conf *c, struct json **ret, struct err *e)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/containers/json", .query = &q};
	struct client *client = docker_client(cli, e);
	char last[16];

	if (client == NULL)
		return -1;
	if (c->all)
		http_query_add(&q, "all", "1");
	if (c->latest || c->last > 0) {
		snprintf(last, sizeof(last), "%d", c->latest ? 1 : c->last);
		http_query_add(&q, "limit", last);
	}
	if (c->size || (c->format != NULL && (strstr(c->format, ".Size") != NULL ||
					      strstr(c->format, "json .}}") != NULL)))
		http_query_add(&q, "size", "1");
	docker_filters(&q, &c->filters);
	return client_call(client, &rq, ret, e);
}

static int ps_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"ID", "CONTAINER ID"},	   {"Image", "IMAGE"},	 {"Command", "COMMAND"},
		{"RunningFor", "CREATED"}, {"Status", "STATUS"}, {"Ports", "PORTS"},
		{"Names", "NAMES"},	   {NULL, NULL},
	};
	static const struct docker_column columns_size[] = {
		{"ID", "CONTAINER ID"},	   {"Image", "IMAGE"},	 {"Command", "COMMAND"},
		{"RunningFor", "CREATED"}, {"Status", "STATUS"}, {"Ports", "PORTS"},
		{"Names", "NAMES"},	   {"Size", "SIZE"},	 {NULL, NULL},
	};
	const struct ps_conf *c = conf;
	CLEANUP(json_freep) struct json *list = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	if (c->quiet && !str_empty(c->format))
		fputs("WARNING: Ignoring custom format, because both --format and --quiet are "
		      "set.\n",
		      stderr);
	if (fetch(cli, c, &list, &e) < 0)
		return docker_fail(&e);
	jw_init(&w, &b);
	jw_arr(&w);
	json_for_each (item, list)
		docker_ps_row(&w, item, c->no_trunc, true);
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->quiet ? "{{.ID}}" : c->format, "*formatter.ContainerContext", rows,
			  c->size ? columns_size : columns, ps_heads, &e) < 0)
		return docker_fail(&e);
	return 0;
}

const struct docker_cmd docker_ps_cmd = {
	.args = "[OPTIONS]",
	.about = "List containers",
	.opts = ps_opts,
	.conf_size = sizeof(struct ps_conf),
	.run = ps_main,
	.init = ps_init,
};
