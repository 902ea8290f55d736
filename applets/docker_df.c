// SPDX-License-Identifier: MIT
/* docker system df (cli/command/formatter/disk_usage.go). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/units.h"

struct df_conf {
	const char *format;
	bool verbose;
};

static const char *text(const struct json *v, const char *key)
{
	return json_get_str(v, key) != NULL ? json_get_str(v, key) : "";
}

struct usage {
	const char *type;
	size_t total, active;
	int64_t bytes, reclaimable;
};

static void count_containers(const struct json *list, struct usage *u)
{
	json_for_each (m, list) {
		int64_t size = json_get_i64(m, "SizeRw", 0);
		bool running = strcmp(text(m, "State"), "running") == 0 ||
			       strcmp(text(m, "State"), "paused") == 0 ||
			       strcmp(text(m, "State"), "restarting") == 0;

		u->total++;
		u->active += running;
		u->bytes += size;
		u->reclaimable += running ? 0 : size;
	}
}

static void count_images(const struct json *v, struct usage *u)
{
	int64_t used = 0;

	json_for_each (m, json_get(v, "Images")) {
		int64_t size = json_get_i64(m, "Size", 0),
			shared = json_get_i64(m, "SharedSize", 0);

		u->total++;
		if (json_get_i64(m, "Containers", 0) <= 0)
			continue;
		u->active++;
		if (size >= 0 && shared >= 0)
			used += size - shared;
	}
	u->bytes = json_get_i64(v, "LayersSize", 0);
	u->reclaimable = u->bytes - used;
}

static void count_volumes(const struct json *list, struct usage *u)
{
	json_for_each (m, list) {
		int64_t size = json_get_i64(json_get(m, "UsageData"), "Size", 0);
		bool used = json_get_i64(json_get(m, "UsageData"), "RefCount", 0) > 0;

		size = MAX(size, 0);
		u->total++;
		u->active += used;
		u->bytes += size;
		u->reclaimable += used ? 0 : size;
	}
}

static void count_cache(const struct json *list, struct usage *u)
{
	json_for_each (m, list) {
		int64_t size = json_get_i64(m, "Size", 0);
		bool used = json_get_bool(m, "InUse", false);

		u->total++;
		u->active += used;
		u->bytes += size;
		u->reclaimable += used ? 0 : size;
	}
}

static void usage_row(struct json_w *w, const struct usage *u)
{
	char size[UNITS_SIZE], free_size[UNITS_SIZE];

	units_size((double)u->bytes, 4, size);
	units_size((double)u->reclaimable, 4, free_size);
	jw_obj(w);
	jw_key(w, "Active");
	jw_strf(w, "%zu", u->active);
	jw_key(w, "Reclaimable");
	if (u->bytes > 0)
		jw_strf(w, "%s (%lld%%)", free_size, (long long)(u->reclaimable * 100 / u->bytes));
	else
		jw_str(w, free_size);
	jw_kstr(w, "Size", size);
	jw_key(w, "TotalCount");
	jw_strf(w, "%zu", u->total);
	jw_kstr(w, "Type", u->type);
	jw_end(w);
}

/* how much a kind takes, one row each */
static void summary(struct json_w *w, const struct json *v)
{
	struct usage kinds[] = {{.type = "Images"},
				{.type = "Containers"},
				{.type = "Local Volumes"},
				{.type = "Build Cache"}};

	count_images(v, &kinds[0]);
	count_containers(json_get(v, "Containers"), &kinds[1]);
	count_volumes(json_get(v, "Volumes"), &kinds[2]);
	count_cache(json_get(v, "BuildCache"), &kinds[3]);
	jw_arr(w);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		usage_row(w, &kinds[i]);
	jw_end(w);
}

/* one object with the rows of each kind; whole: nothing is cut */
static void details(struct json_w *w, const struct json *v, bool whole)
{
	jw_arr(w);
	jw_obj(w);
	jw_karr(w, "Images");
	json_for_each (m, json_get(v, "Images"))
		docker_image_row(w, m, whole);
	jw_end(w);
	jw_karr(w, "Containers");
	json_for_each (m, json_get(v, "Containers"))
		docker_ps_row(w, m, whole, false);
	jw_end(w);
	jw_karr(w, "Volumes");
	json_for_each (m, json_get(v, "Volumes"))
		docker_volume_row(w, m);
	jw_end(w);
	jw_karr(w, "BuildCache"); /* an engine without BuildKit has none */
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static const struct docker_column images[] = {
	{"Repository", "REPOSITORY"},
	{"Tag", "TAG"},
	{"ID", "IMAGE ID"},
	{"CreatedSince", "CREATED"},
	{"Size", "SIZE"},
	{"SharedSize", "SHARED SIZE"},
	{"UniqueSize", "UNIQUE SIZE"},
	{"Containers", "CONTAINERS"},
	{NULL, NULL},
};
static const struct docker_column containers[] = {
	{"ID", "CONTAINER ID"}, {"Image", "IMAGE"},
	{"Command", "COMMAND"}, {"LocalVolumes", "LOCAL VOLUMES"},
	{"Size", "SIZE"},	{"RunningFor", "CREATED"},
	{"Status", "STATUS"},	{"Names", "NAMES"},
	{NULL, NULL},
};
static const struct docker_column volumes[] = {
	{"Name", "VOLUME NAME"}, {"Links", "LINKS"}, {"Size", "SIZE"}, {NULL, NULL}};
static int print_details(const struct json *v, const struct json *all, struct err *e)
{
	static const struct {
		const char *key, *head;
		const struct docker_column *columns;
	} parts[] = {{"Images", "Images space usage:", images},
		     {"Containers", "\nContainers space usage:", containers},
		     {"Volumes", "\nLocal Volumes space usage:", volumes}};
	struct usage u = {0};
	char size[UNITS_SIZE];

	count_cache(json_get(v, "BuildCache"), &u);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		printf("%s\n\n", parts[i].head);
		if (docker_format(NULL, "", json_get(json_first(all), parts[i].key),
				  parts[i].columns, parts[i].columns, e) < 0)
			return -1;
	}
	/* an engine that builds would have lines here */
	printf("\nBuild cache usage: %s\n\nCACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   "
	       "USAGE     SHARED\n",
	       units_size((double)u.bytes, 4, size));
	return 0;
}

static int df_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"Type", "TYPE"}, {"TotalCount", "TOTAL"},	  {"Active", "ACTIVE"},
		{"Size", "SIZE"}, {"Reclaimable", "RECLAIMABLE"}, {NULL, NULL},
	};
	const struct df_conf *c = conf;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	bool plain = str_empty(c->format) || strcmp(c->format, "table") == 0;
	struct json_w w;
	struct err e;
	int r;

	if (docker_call(cli, "GET", xstrdup("/system/df"), &v, &e) < 0)
		return docker_fail(&e);
	jw_init(&w, &b);
	if (c->verbose)
		details(&w, v, !plain);
	else
		summary(&w, v);
	if (json_parse(b.data, b.len, &rows, &e) < 0)
		return docker_fail(&e);
	if (c->verbose && plain)
		r = print_details(v, rows, &e);
	else
		r = docker_format(c->format,
				  c->verbose ? "*formatter.diskUsageContext"
					     : "*formatter.diskUsageImagesContext",
				  rows, columns, columns, &e);
	return r < 0 ? docker_fail(&e) : 0;
}

static const struct opt df_opts[] = {
	DOCKER_OPT_FORMAT(offsetof(struct df_conf, format)),
	{'v', "verbose", OPT_FLAG, offsetof(struct df_conf, verbose), NULL,
	 "Show detailed information on space usage", NULL},
	{0},
};

const struct docker_cmd docker_df_cmd = {
	.args = "[OPTIONS]",
	.about = "Show docker disk usage",
	.opts = df_opts,
	.conf_size = sizeof(struct df_conf),
	.run = df_main,
};
