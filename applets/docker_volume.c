// SPDX-License-Identifier: MIT
/* docker volume create, inspect, ls, prune, rm (cli/command/volume). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/units.h"

struct volume_conf {
	const char *driver, *format, *name;
	struct strv filters, labels, options;
	bool all, force, quiet;
};

#define AT(member) offsetof(struct volume_conf, member)

static int create_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct volume_conf *c = conf;
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct client_req rq = {.method = "POST", .path = "/volumes/create"};
	struct json_w w;
	struct err e;

	jw_init(&w, &body);
	jw_obj(&w);
	if (argc > 0 && c->name != NULL) {
		fputs("conflicting options: cannot specify a volume-name through both --name and "
		      "as a "
		      "positional arg\n",
		      stderr);
		return 1;
	}
	if (argc > 0 || c->name != NULL)
		jw_kstr(&w, "Name", argc > 0 ? argv[0] : c->name);
	jw_kstr(&w, "Driver", c->driver != NULL ? c->driver : "local");
	spec_map_write(&w, "DriverOpts", &c->options);
	spec_map_write(&w, "Labels", &c->labels);
	jw_end(&w);
	rq.body = buf_str(&body);
	if (docker_client(cli, &e) == NULL || client_call(cli->client, &rq, &v, &e) < 0)
		return docker_fail(&e);
	puts(json_get_str(v, "Name") != NULL ? json_get_str(v, "Name") : "");
	return 0;
}

static const struct docker_column heads[] = {
	{"Availability", "AVAILABILITY"},
	{"Driver", "DRIVER"},
	{"Group", "GROUP"},
	{"Labels", "LABELS"},
	{"Links", "LINKS"},
	{"Mountpoint", "MOUNTPOINT"},
	{"Name", "VOLUME NAME"},
	{"Scope", "SCOPE"},
	{"Size", "SIZE"},
	{"Status", "STATUS"},
	{NULL, NULL},
};

void docker_volume_row(struct json_w *w, const struct json *v)
{
	CLEANUP(freep) char *labels = docker_labels(json_get(v, "Labels"));
	const struct json *usage = json_get(v, "UsageData");
	char size[UNITS_SIZE];

	jw_obj(w);
	for (size_t i = 0; heads[i].key != NULL; i++) {
		const char *key = heads[i].key, *value = json_get_str(v, key);

		jw_key(w, key);
		if (strcmp(key, "Labels") == 0)
			jw_str(w, labels);
		else if (strcmp(key, "Links") == 0 && usage != NULL)
			jw_strf(w, "%lld", (long long)json_get_i64(usage, "RefCount", 0));
		else if (strcmp(key, "Size") == 0 && usage != NULL)
			jw_str(w, units_size((double)json_get_i64(usage, "Size", 0), 4, size));
		else
			jw_str(w, value != NULL ? value : "N/A");
	}
	jw_key(w, "Label");
	jw_tree(w, json_get(v, "Labels"));
	jw_end(w);
}

static int ls_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"Driver", "DRIVER"}, {"Name", "VOLUME NAME"}, {NULL, NULL}};
	const struct volume_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/volumes", .query = &q};
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	docker_filters(&q, &c->filters);
	if (docker_client(cli, &e) == NULL || client_call(cli->client, &rq, &v, &e) < 0)
		return docker_fail(&e);
	jw_init(&w, &b);
	jw_arr(&w);
	json_for_each (m, json_get(v, "Volumes"))
		docker_volume_row(&w, m);
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->quiet && c->format == NULL ? "{{.Name}}" : c->format,
			  "*formatter.volumeContext", rows, columns, heads, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static int rm_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct volume_conf *c = conf;
	struct err e;
	int code = 0;

	for (int i = 0; i < argc; i++) {
		char *path = client_path(c->force ? "/volumes/%s?force=1" : "/volumes/%s", argv[i]);

		if (docker_call(cli, "DELETE", path, NULL, &e) >= 0) {
			puts(argv[i]);
			fflush(stdout);
		} else {
			code = docker_fail(&e);
		}
	}
	return code;
}

static const struct opt create_opts[] = {
	{'d', "driver", OPT_STR, AT(driver), "string",
	 "Specify volume driver name (default \"local\")", NULL},
	{0, "label", OPT_STRV, AT(labels), "list", "Set metadata for a volume", NULL},
	{0, "name", OPT_STR, AT(name), "string", NULL, NULL},
	{'o', "opt", OPT_STRV, AT(options), "map", "Set driver specific options", NULL},
	{0},
};
static const struct opt ls_opts[] = {
	{'f', "filter", OPT_STRV, AT(filters), "filter",
	 "Provide filter values (e.g. \"dangling=true\")", docker_check_filter},
	DOCKER_OPT_FORMAT(AT(format)),
	{'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Only display volume names", NULL},
	{0},
};
static const struct opt rm_opts[] = {
	{'f', "force", OPT_FLAG, AT(force), NULL, "Force the removal of one or more volumes", NULL},
	{0},
};
const struct docker_cmd docker_volume_create_cmd = {
	.args = "[OPTIONS] [VOLUME]",
	.about = "Create a volume",
	.opts = create_opts,
	.conf_size = sizeof(struct volume_conf),
	.max = 1,
	.run = create_main,
};
const struct docker_cmd docker_volume_ls_cmd = {
	.args = "[OPTIONS]",
	.about = "List volumes",
	.opts = ls_opts,
	.conf_size = sizeof(struct volume_conf),
	.run = ls_main,
};
const struct docker_cmd docker_volume_rm_cmd = {
	.args = "[OPTIONS] VOLUME [VOLUME...]",
	.about = "Remove one or more volumes",
	.opts = rm_opts,
	.conf_size = sizeof(struct volume_conf),
	.min = 1,
	.max = -1,
	.run = rm_main,
};
