// SPDX-License-Identifier: MIT
/*
 * docker stats: a reading of each container once a second. The columns and
 * their arithmetic are those of docker's cli/command/container/stats_helpers.go
 * and formatter_stats.go; the rate of the processors comes from two readings
 * of ours, so that the engine answers each at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/units.h"

struct stats_conf {
	bool all, no_stream, no_trunc;
	const char *format;
};

/* One reading of each of the containers. */
struct readings {
	struct json **items;
	struct strv names; /* as they were given */
	size_t n;
};

static void readings_clear(struct readings *r)
{
	for (size_t i = 0; i < r->n; i++)
		json_free(r->items[i]);
	free(r->items);
	strv_clear(&r->names);
	*r = (struct readings){0};
}

static double number(const struct json *v, const char *a, const char *b)
{
	uint64_t n = 0;

	/* absent: 0 */
	(void)!json_u64(b != NULL ? json_path(v, a, b, NULL) : json_get(v, a), &n);
	return (double)n;
}

static double cpu_percent(const struct json *now, const struct json *before)
{
	const struct json *cpu = json_get(now, "cpu_stats"), *old = json_get(before, "cpu_stats");
	double used =
		number(cpu, "cpu_usage", "total_usage") - number(old, "cpu_usage", "total_usage");
	double all = number(cpu, "system_cpu_usage", NULL) - number(old, "system_cpu_usage", NULL);

	if (old == NULL || used <= 0 || all <= 0)
		return 0;
	return used / all * number(cpu, "online_cpus", NULL) * 100;
}

/* What could be given back at once does not count. */
static double memory_used(const struct json *v)
{
	double usage = number(v, "memory_stats", "usage");
	double cache = number(json_get(v, "memory_stats"), "stats", "inactive_file");

	return cache < usage ? usage - cache : usage;
}

static void write_pair(struct json_w *w, const char *key, double a, double b)
{
	char first[UNITS_SIZE], second[UNITS_SIZE];

	jw_key(w, key);
	jw_strf(w, "%s / %s", units_size(a, 3, first), units_size(b, 3, second));
}

static void write_net(struct json_w *w, const struct json *v)
{
	double in = 0, out = 0;

	json_for_each (net, json_get(v, "networks")) {
		in += number(net, "rx_bytes", NULL);
		out += number(net, "tx_bytes", NULL);
	}
	write_pair(w, "NetIO", in, out);
}

static void write_block(struct json_w *w, const struct json *v)
{
	double in = 0, out = 0;

	json_for_each (d, json_path(v, "blkio_stats", "io_service_bytes_recursive", NULL)) {
		const char *op = json_get_str(d, "op");

		if (str_eq(op, "read"))
			in += number(d, "value", NULL);
		else if (str_eq(op, "write"))
			out += number(d, "value", NULL);
	}
	write_pair(w, "BlockIO", in, out);
}

static void write_row(struct json_w *w, const struct stats_conf *c, const char *given,
		      const struct json *v, const struct json *before)
{
	const char *id = json_get_str(v, "id"), *name = json_get_str(v, "name");
	double used = memory_used(v), limit = number(v, "memory_stats", "limit");
	char used_text[UNITS_SIZE], limit_text[UNITS_SIZE];
	int id_len = c->no_trunc ? 64 : 12;

	jw_obj(w);
	write_block(w, v);
	jw_key(w, "CPUPerc");
	jw_strf(w, "%.2f%%", cpu_percent(v, before));
	jw_kstr(w, "Container", given);
	jw_key(w, "ID");
	jw_strf(w, "%.*s", id_len, id != NULL ? id : "");
	jw_key(w, "MemPerc");
	jw_strf(w, "%.2f%%", limit > 0 ? used / limit * 100 : 0);
	jw_key(w, "MemUsage");
	jw_strf(w, "%s / %s", units_bytes(used, used_text), units_bytes(limit, limit_text));
	jw_kstr(w, "Name", name != NULL ? name + (*name == '/') : "");
	write_net(w, v);
	jw_key(w, "PIDs");
	jw_strf(w, "%.0f", number(v, "pids_stats", "current"));
	jw_end(w);
}

static const struct docker_column columns[] = {
	{"ID", "CONTAINER ID"},
	{"Name", "NAME"},
	{"CPUPerc", "CPU %"},
	{"MemUsage", "MEM USAGE / LIMIT"},
	{"MemPerc", "MEM %"},
	{"NetIO", "NET I/O"},
	{"BlockIO", "BLOCK I/O"},
	{"PIDs", "PIDS"},
	{"Container", "CONTAINER"}, /* for templates only */
	{NULL, NULL},
};

static int print(const struct stats_conf *c, const struct readings *now,
		 const struct readings *before, struct err *e)
{
	struct docker_column shown[ARRAY_LEN(columns) - 1] = {{NULL, NULL}};
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *rows = NULL;
	struct json_w w;

	memcpy(shown, columns, sizeof(shown) - sizeof(shown[0]));
	jw_init(&w, &text);
	jw_arr(&w);
	for (size_t i = 0; i < now->n; i++) {
		const struct json *old = NULL;

		for (size_t k = 0; k < before->n && old == NULL; k++)
			if (str_eq(json_get_str(before->items[k], "id"),
				   json_get_str(now->items[i], "id")))
				old = before->items[k];
		write_row(&w, c, now->names.items[i], now->items[i], old);
	}
	jw_end(&w);
	if (json_parse(buf_str(&text), text.len, &rows, e) < 0)
		return -1;
	if (!c->no_stream)
		fputs("\033[H\033[J", stdout); /* to the upper left, and clear */
	if (docker_format(c->format, "*container.statsContext", rows, shown, columns, e) < 0)
		return -1;
	fflush(stdout);
	return 0;
}

static int list_names(struct docker_cli *cli, bool all, struct strv *out, struct err *e)
{
	CLEANUP(json_freep) struct json *list = NULL;
	char *path = client_path(all ? "/containers/json?all=1" : "/containers/json");

	if (docker_call(cli, "GET", path, &list, e) < 0)
		return -1;
	json_for_each (c, list)
		strv_addf(out, "%.12s", json_get_str(c, "Id") != NULL ? json_get_str(c, "Id") : "");
	return 0;
}

static int read_all(struct docker_cli *cli, const struct stats_conf *c, int argc, char **argv,
		    struct readings *ret, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	for (int i = 0; i < argc; i++)
		strv_add(&names, argv[i]);
	if (argc == 0 && list_names(cli, c->all, &names, e) < 0)
		return -1;
	ret->items = xcalloc(names.len + 1, sizeof(*ret->items));
	strv_for_each (name, &names) {
		char *path = client_path("/containers/%s/stats?stream=false&one-shot=true", *name);
		struct json *v = NULL;

		if (docker_call(cli, "GET", path, &v, e) >= 0 && v != NULL) {
			strv_add(&ret->names, *name);
			ret->items[ret->n++] = v;
		} else if (argc > 0 || e->kind != ERR_NOTFOUND) {
			return -1;
		}
	}
	return 0;
}

static int stats_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	CLEANUP(readings_clear) struct readings before = {0};
	const struct stats_conf *c = conf;
	struct err e;

	for (bool first = true;; first = false) {
		struct readings now = {0};

		if (read_all(cli, c, argc, argv, &now, &e) < 0 ||
		    (!first && print(c, &now, &before, &e) < 0)) {
			readings_clear(&now);
			return docker_fail(&e);
		}
		readings_clear(&before);
		before = now;
		if (!first && c->no_stream)
			return 0;
		sleep(1);
	}
}

static const struct opt stats_opts[] = {
	{'a', "all", OPT_FLAG, offsetof(struct stats_conf, all), NULL,
	 "Show all containers (default shows just running)", NULL},
	DOCKER_OPT_FORMAT(offsetof(struct stats_conf, format)),
	{0, "no-stream", OPT_FLAG, offsetof(struct stats_conf, no_stream), NULL,
	 "Disable streaming stats and only pull the first result", NULL},
	{0, "no-trunc", OPT_FLAG, offsetof(struct stats_conf, no_trunc), NULL,
	 "Do not truncate output", NULL},
	{0},
};

const struct docker_cmd docker_stats_cmd = {
	.args = "[OPTIONS] [CONTAINER...]",
	.about = "Display a live stream of container(s) resource usage statistics",
	.opts = stats_opts,
	.conf_size = sizeof(struct stats_conf),
	.max = -1,
	.run = stats_main,
};
