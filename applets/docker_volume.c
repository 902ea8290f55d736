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
	const char *driver, *format;
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
	if (argc > 0)
		jw_kstr(&w, "Name", argv[0]);
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

static int inspect_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct volume_conf *c = conf;
	CLEANUP(buf_clear) struct buf all = BUF_INIT;
	struct json_w w;
	struct err e;
	int code = 0;

	jw_init_indent(&w, &all, "    ");
	jw_arr(&w);
	for (int i = 0; i < argc; i++) {
		CLEANUP(json_freep) struct json *v = NULL;

		if (docker_call(cli, "GET", client_path("/volumes/%s", argv[i]), &v, &e) < 0 ||
		    (c->format != NULL && docker_format_tree(c->format, v, &e) < 0))
			code = docker_fail(&e);
		else if (c->format == NULL)
			jw_tree(&w, v);
	}
	jw_end(&w);
	if (c->format == NULL)
		puts(buf_str(&all));
	return code;
}

static void labels_text(const struct json *labels, struct buf *b)
{
	json_for_each (m, labels)
		buf_addf(b, "%s%s=%s", b->len > 0 ? "," : "", json_key(m),
			 json_str(m) != NULL ? json_str(m) : "");
}

static int ls_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"Driver", "DRIVER"}, {"Name", "VOLUME NAME"}, {NULL, NULL}};
	static const char *const same[] = {"Driver", "Mountpoint", "Name", "Scope"};
	const struct volume_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/volumes", .query = &q};
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	if (docker_filters(&q, &c->filters, &e) < 0 || docker_client(cli, &e) == NULL ||
	    client_call(cli->client, &rq, &v, &e) < 0)
		return docker_fail(&e);
	jw_init(&w, &b);
	jw_arr(&w);
	json_for_each (m, json_get(v, "Volumes")) {
		CLEANUP(buf_clear) struct buf labels = BUF_INIT;

		labels_text(json_get(m, "Labels"), &labels);
		jw_obj(&w);
		for (size_t i = 0; i < ARRAY_LEN(same); i++)
			jw_kstr(&w, same[i], json_get_str(m, same[i]));
		jw_kstr(&w, "Labels", buf_str(&labels));
		jw_end(&w);
	}
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->quiet && c->format == NULL ? "{{.Name}}" : c->format, rows, columns,
			  columns, &e) < 0)
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

static int prune_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	struct volume_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.method = "POST", .path = "/volumes/prune", .query = &q};
	CLEANUP(json_freep) struct json *v = NULL;
	char size[UNITS_SIZE];
	struct err e;

	if (!docker_confirmed(c->force,
			      c->all ? "WARNING! This will remove all local volumes not used by at "
				       "least one container."
				     : "WARNING! This will remove anonymous local volumes not used "
				       "by at least one container."))
		return 0;
	if (c->all)
		strv_add(&c->filters, "all=true");
	if (docker_filters(&q, &c->filters, &e) < 0 || docker_client(cli, &e) == NULL ||
	    client_call(cli->client, &rq, &v, &e) < 0)
		return docker_fail(&e);
	if (json_len(json_get(v, "VolumesDeleted")) > 0) {
		puts("Deleted Volumes:");
		json_for_each (name, json_get(v, "VolumesDeleted"))
			puts(json_str(name));
		puts("");
	}
	units_size((double)json_get_i64(v, "SpaceReclaimed", 0), 4, size);
	printf("Total reclaimed space: %s\n", size);
	return 0;
}

static const struct opt create_opts[] = {
	{'d', "driver", OPT_STR, AT(driver), "string",
	 "Specify volume driver name (default \"local\")", NULL},
	{0, "label", OPT_STRV, AT(labels), "list", "Set metadata for a volume", NULL},
	{'o', "opt", OPT_STRV, AT(options), "map", "Set driver specific options", NULL},
	{0},
};
static const struct opt inspect_opts[] = {
	{'f', "format", OPT_STR, AT(format), "string",
	 "Format output using a custom template: json, TEMPLATE", NULL},
	{0},
};
static const struct opt ls_opts[] = {
	{'f', "filter", OPT_STRV, AT(filters), "filter",
	 "Provide filter values (e.g. \"dangling=true\")", NULL},
	{0, "format", OPT_STR, AT(format), "string",
	 "Format output using a custom template: table, table TEMPLATE, json, TEMPLATE", NULL},
	{'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Only display volume names", NULL},
	{0},
};
static const struct opt rm_opts[] = {
	{'f', "force", OPT_FLAG, AT(force), NULL, "Force the removal of one or more volumes", NULL},
	{0},
};
static const struct opt prune_opts[] = {
	{'a', "all", OPT_FLAG, AT(all), NULL, "Remove all unused volumes, not just anonymous ones",
	 NULL},
	{0, "filter", OPT_STRV, AT(filters), "filter",
	 "Provide filter values (e.g. \"label=<label>\")", NULL},
	{'f', "force", OPT_FLAG, AT(force), NULL, "Do not prompt for confirmation", NULL},
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
const struct docker_cmd docker_volume_inspect_cmd = {
	.args = "[OPTIONS] VOLUME [VOLUME...]",
	.about = "Display detailed information on one or more volumes",
	.opts = inspect_opts,
	.conf_size = sizeof(struct volume_conf),
	.min = 1,
	.max = -1,
	.run = inspect_main,
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
const struct docker_cmd docker_volume_prune_cmd = {
	.args = "[OPTIONS]",
	.about = "Remove unused local volumes",
	.opts = prune_opts,
	.conf_size = sizeof(struct volume_conf),
	.run = prune_main,
};
