// SPDX-License-Identifier: MIT
/* docker container|image|network|volume|builder|system prune: one table
 * (cli/command/system/prune.go).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/units.h"

struct prune_conf {
	bool all, force, volumes;
	struct strv filters;
};

static const struct kind {
	const char *group, *path;
	const char *key, *heading;   /* of what was removed */
	const char *plain, *all;     /* what alone would be removed, and with -a */
	const char *line, *line_all; /* the same among others */
} kinds[] = {
	{"container", "/containers/prune", "ContainersDeleted", "Containers",
	 "all stopped containers", NULL, "all stopped containers", NULL},
	{"network", "/networks/prune", "NetworksDeleted", "Networks",
	 "all custom networks not used by at least one container", NULL,
	 "all networks not used by at least one container", NULL},
	{"volume", "/volumes/prune", "VolumesDeleted", "Volumes",
	 "anonymous local volumes not used by at least one container",
	 "all local volumes not used by at least one container",
	 "all anonymous volumes not used by at least one container", NULL},
	{"image", "/images/prune", "ImagesDeleted", "Images", "all dangling images",
	 "all images without at least one container associated to them", "all dangling images",
	 "all images without at least one container associated to them"},
	{"builder", "/build/prune", "CachesDeleted", "build cache objects",
	 "all dangling build cache", "all build cache", "unused build cache", "all build cache"},
};

static bool wanted(const struct kind *k, const char *group, const struct prune_conf *c)
{
	bool system = str_eq(group, "system");

	return str_eq(group, k->group) || (system && (c->volumes || !str_eq(k->group, "volume")));
}

static bool confirmed(const struct prune_conf *c, const char *group)
{
	bool system = str_eq(group, "system");
	char answer[8];

	if (c->force)
		return true;
	fputs(system ? "WARNING! This will remove:\n" : "WARNING! This will remove ", stdout);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (!wanted(k, group, c))
			continue;
		if (system)
			printf("  - %s\n", c->all && k->line_all != NULL ? k->line_all : k->line);
		else
			printf("%s.", c->all && k->all != NULL ? k->all : k->plain);
	}
	if (system && c->filters.len > 0) {
		puts("\n  Items to be pruned will be filtered with:");
		strv_for_each (it, &c->filters)
			printf("  - %s\n", *it);
	}
	fputs("\nAre you sure you want to continue? [y/N] ", stdout);
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcasecmp(answer, "y\n") == 0;
}

static void print_removed(const struct kind *k, const struct json *list)
{
	if (json_len(list) == 0)
		return;
	printf("Deleted %s:\n", k->heading);
	json_for_each (m, list) {
		const char *untagged = json_get_str(m, "Untagged");

		if (json_kind(m) == JSON_TEXT)
			puts(json_str(m));
		else
			printf("%s: %s\n", untagged != NULL ? "untagged" : "deleted",
			       untagged != NULL ? untagged : json_get_str(m, "Deleted"));
	}
	puts("");
}

static int prune_one(struct docker_cli *cli, const struct prune_conf *c, const struct kind *k,
		     const char *group, int64_t *bytes, struct err *e)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(strv_clear) struct strv filters = STRV_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct client_req rq = {.method = "POST", .path = k->path, .query = &q};

	strv_copy(&filters, &c->filters);
	if (str_eq(k->group, "image"))
		strv_addf(&filters, "dangling=%s", c->all ? "false" : "true");
	if (str_eq(k->group, "volume") && c->all && !str_eq(group, "system"))
		strv_add(&filters, "all=true");
	if (str_eq(k->group, "builder") && c->all)
		http_query_add(&q, "all", "1");
	docker_filters(&q, &filters);
	if (docker_client(cli, e) == NULL || client_call(cli->client, &rq, &v, e) < 0)
		return -1;
	print_removed(k, json_get(v, k->key));
	*bytes += json_get_i64(v, "SpaceReclaimed", 0);
	return 0;
}

static int prune_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	const struct prune_conf *c = conf;
	/* the word after "docker" */
	CLEANUP(freep) char *group = xstrndup(cli->command + 7, strcspn(cli->command + 7, " "));
	char size[UNITS_SIZE];
	int64_t bytes = 0;
	struct err e;

	strv_for_each (it, &c->filters)
		if (c->volumes && str_starts(*it, "until=")) {
			fputs("ERROR: The \"until\" filter is not supported with \"--volumes\"\n",
			      stderr);
			return 1;
		}
	if (!confirmed(c, group))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (wanted(&kinds[i], group, c) &&
		    prune_one(cli, c, &kinds[i], group, &bytes, &e) < 0)
			return docker_fail(&e);
	if (!str_eq(group, "network"))
		printf("Total reclaimed space: %s\n", units_size((double)bytes, 4, size));
	return 0;
}

#define AT(member) offsetof(struct prune_conf, member)

/* the first is not for kinds that have no -a, the last is for docker system prune */
static const struct opt prune_opts[] = {
	{'a', "all", OPT_FLAG, AT(all), NULL,
	 "Remove all unused ones, not just dangling or anonymous ones", NULL},
	{0, "filter", OPT_STRV, AT(filters), "filter",
	 "Provide filter values (e.g. \"label=<key>=<value>\")", docker_check_filter},
	{'f', "force", OPT_FLAG, AT(force), NULL, "Do not prompt for confirmation", NULL},
	{0},
};

static const struct opt system_opts[] = {
	{'a', "all", OPT_FLAG, AT(all), NULL, "Remove all unused images not just dangling ones",
	 NULL},
	{0, "filter", OPT_STRV, AT(filters), "filter",
	 "Provide filter values (e.g. \"label=<key>=<value>\")", docker_check_filter},
	{'f', "force", OPT_FLAG, AT(force), NULL, "Do not prompt for confirmation", NULL},
	{0, "volumes", OPT_FLAG, AT(volumes), NULL, "Prune anonymous volumes", NULL},
	{0},
};

#define PRUNE(what, table, text)                        \
	const struct docker_cmd docker_##what = {       \
		.args = "[OPTIONS]",                    \
		.about = text,                          \
		.opts = table,                          \
		.conf_size = sizeof(struct prune_conf), \
		.run = prune_main,                      \
	}

PRUNE(container_prune_cmd, prune_opts + 1, "Remove all stopped containers");
PRUNE(network_prune_cmd, prune_opts + 1, "Remove all unused networks");
PRUNE(volume_prune_cmd, prune_opts, "Remove unused local volumes");
PRUNE(image_prune_cmd, prune_opts, "Remove unused images");
PRUNE(builder_prune_cmd, prune_opts, "Remove build cache");
PRUNE(system_prune_cmd, system_opts, "Remove unused data");
