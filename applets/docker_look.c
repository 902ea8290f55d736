// SPDX-License-Identifier: MIT
/* Looking into containers: logs, top, port, diff, inspect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/host.h"
#include "client/lines.h"

/* --- logs --------------------------------------------------------------------- */

struct logs_conf {
	bool follow, timestamps, details;
	const char *since, *until, *tail;
};

static void logs_init(void *conf)
{
	((struct logs_conf *)conf)->tail = "all";
}

static const struct opt logs_opts[] = {
	{0, "details", OPT_FLAG, offsetof(struct logs_conf, details), NULL,
	 "Show extra details provided to logs", NULL},
	{'f', "follow", OPT_FLAG, offsetof(struct logs_conf, follow), NULL, "Follow log output",
	 NULL},
	{0, "since", OPT_STR, offsetof(struct logs_conf, since), "string",
	 "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\")",
	 NULL},
	{'n', "tail", OPT_STR, offsetof(struct logs_conf, tail), "string",
	 "Number of lines to show from the end of the logs", NULL},
	{'t', "timestamps", OPT_FLAG, offsetof(struct logs_conf, timestamps), NULL,
	 "Show timestamps", NULL},
	{0, "until", OPT_STR, offsetof(struct logs_conf, until), "string",
	 "Show logs before a timestamp or relative (e.g. \"42m\")", NULL},
	{0},
};

static int print_frame(void *arg UNUSED, int stream, const char *p, size_t n, struct err *e)
{
	return fd_write_all(stream >= 2 ? STDERR_FILENO : STDOUT_FILENO, p, n, e);
}

static int copy_log(struct http_body *body, bool tty, struct err *e)
{
	CLEANUP(freep) char *p = xmalloc(32768);
	struct demux d = {0};
	ssize_t n;

	while ((n = http_body_read(body, p, 32768, e)) > 0)
		if ((tty ? fd_write_all(STDOUT_FILENO, p, (size_t)n, e)
			 : demux_add(&d, p, (size_t)n, print_frame, NULL, e)) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

static int logs_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct logs_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *path = client_path("/containers/%s/logs", argv[0]);
	CLEANUP(json_freep) struct json *info = NULL;
	struct client_req rq = {.path = path, .query = &q};
	struct http_client *h;
	struct err e;

	if (docker_call(cli, "GET", client_path("/containers/%s/json", argv[0]), &info, &e) < 0)
		return docker_fail(&e);
	if (docker_query_time(&q, "since", c->since, &e) < 0) {
		err_wrap(&e, "invalid value for \"since\"");
		return docker_fail(&e);
	}
	if (docker_query_time(&q, "until", c->until, &e) < 0) {
		err_wrap(&e, "invalid value for \"until\"");
		return docker_fail(&e);
	}
	http_query_add(&q, "stdout", "1");
	http_query_add(&q, "stderr", "1");
	if (c->follow)
		http_query_add(&q, "follow", "1");
	if (c->timestamps)
		http_query_add(&q, "timestamps", "1");
	if (c->details)
		http_query_add(&q, "details", "1");
	http_query_add(&q, "tail", c->tail);
	if (client_send(cli->client, &rq, &h, &e) < 0 ||
	    copy_log(http_client_body(h), json_bool(json_path(info, "Config", "Tty", NULL), false),
		     &e) < 0)
		return docker_fail(&e);
	return 0;
}

const struct docker_cmd docker_logs_cmd = {
	.args = "[OPTIONS] CONTAINER",
	.about = "Fetch the logs of a container",
	.opts = logs_opts,
	.conf_size = sizeof(struct logs_conf),
	.min = 1,
	.max = 1,
	.run = logs_main,
	.init = logs_init,
};

/* --- top ------------------------------------------------------------------------ */

static int top_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *path = client_path("/containers/%s/top", argv[0]);
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(buf_clear) struct buf args = BUF_INIT;
	struct client_req rq = {.path = path, .query = &q};
	struct client *c;
	struct docker_table t = {.min_width = 20};
	struct err e;

	for (int i = 1; i < argc; i++)
		buf_addf(&args, "%s%s", i > 1 ? " " : "", argv[i]);
	if (args.len > 0)
		http_query_add(&q, "ps_args", buf_str(&args));
	c = docker_client(cli, &e);
	if (c == NULL || client_call(c, &rq, &v, &e) < 0)
		return docker_fail(&e);
	t.columns = json_len(json_get(v, "Titles"));
	if (t.columns == 0)
		return 0;
	json_for_each (title, json_get(v, "Titles"))
		strv_add(&t.cells, json_str(title) != NULL ? json_str(title) : "");
	json_for_each (row, json_get(v, "Processes"))
		for (size_t i = 0; i < t.columns; i++) {
			const char *cell = json_str(json_at(row, i));

			strv_add(&t.cells, cell != NULL ? cell : "");
		}
	docker_table_print(&t);
	return 0;
}

const struct docker_cmd docker_top_cmd = {
	.args = "CONTAINER [ps OPTIONS]",
	.about = "Display the running processes of a container",
	.min = 1,
	.max = -1,
	.flags = OPT_STOP_AT_OPERAND,
	.run = top_main,
};

/* --- port ----------------------------------------------------------------------- */

static void print_bindings(const char *prefix, const struct json *list)
{
	json_for_each (b, list) {
		const char *ip = json_get_str(b, "HostIp"), *port = json_get_str(b, "HostPort");
		bool six = ip != NULL && strchr(ip, ':') != NULL;

		printf("%s%s%s%s:%s\n", prefix, six ? "[" : "", ip != NULL ? ip : "",
		       six ? "]" : "", port != NULL ? port : "");
	}
}

static int port_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(freep) char *wanted = NULL;
	const struct json *ports, *list;
	struct err e;

	if (docker_call(cli, "GET", client_path("/containers/%s/json", argv[0]), &v, &e) < 0)
		return docker_fail(&e);
	ports = json_path(v, "NetworkSettings", "Ports", NULL);
	if (argc == 1) {
		CLEANUP(strv_clear) struct strv keys = STRV_INIT;

		json_for_each (m, ports)
			strv_addf(&keys, "%05ld%s", strtol(json_key(m), NULL, 10), json_key(m));
		strv_sort(&keys);
		strv_for_each (it, &keys) {
			CLEANUP(freep) char *prefix = xasprintf("%s -> ", *it + 5);

			print_bindings(prefix, json_get(ports, *it + 5));
		}
		return 0;
	}
	wanted = strchr(argv[1], '/') != NULL ? xstrdup(argv[1]) : xasprintf("%s/tcp", argv[1]);
	list = json_get(ports, wanted);
	if (json_len(list) == 0) {
		fprintf(stderr, "Error: No public port '%s' published for %s\n", argv[1], argv[0]);
		return 1;
	}
	print_bindings("", list);
	return 0;
}

const struct docker_cmd docker_port_cmd = {
	.args = "CONTAINER [PRIVATE_PORT[/PROTO]]",
	.about = "List port mappings or a specific mapping for the container",
	.min = 1,
	.max = 2,
	.run = port_main,
};

/* --- diff ----------------------------------------------------------------------- */

static int diff_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (docker_call(cli, "GET", client_path("/containers/%s/changes", argv[0]), &v, &e) < 0)
		return docker_fail(&e);
	json_for_each (m, v) {
		int64_t kind = json_get_i64(m, "Kind", 0);

		printf("%c %s\n", kind == 0 ? 'C' : (kind == 1 ? 'A' : 'D'),
		       json_get_str(m, "Path"));
	}
	return 0;
}

const struct docker_cmd docker_diff_cmd = {
	.args = "CONTAINER",
	.about = "Inspect changes to files or directories on a container's filesystem",
	.min = 1,
	.max = 1,
	.run = diff_main,
};

/* --- inspect ---------------------------------------------------------------------- */

struct inspect_conf {
	const char *format, *type, *platform;
	bool size, verbose;
};

static const struct {
	const char *type, *path;
} objects[] = {
	{"container", "/containers/%s/json"},
	{"image", "/images/%s/json"},
	{"network", "/networks/%s"},
	{"volume", "/volumes/%s"},
};

/* asks for each type in turn; the last error says that there is nothing */
static int inspect_one(struct docker_cli *cli, const struct inspect_conf *c, const char *type,
		       const char *name, struct json **ret, struct err *e)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;

	if (str_eq(type, "context"))
		return docker_context_inspect(cli, name, ret, e);
	if (docker_client(cli, e) == NULL)
		return -1;
	if (c->size)
		http_query_add(&q, "size", "1");
	if (c->verbose)
		http_query_add(&q, "verbose", "true");
	docker_query_platform(&q, c->platform);
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		CLEANUP(freep) char *path = client_path(objects[i].path, name);
		const struct client_req rq = {.path = path, .query = &q};

		if (type != NULL && strcmp(type, objects[i].type) != 0)
			continue;
		if (client_call(cli->client, &rq, ret, e) >= 0) {
			if (c->size && i > 0)
				fprintf(stderr, "WARNING: --size ignored for %s\n",
					objects[i].type);
			return 0;
		}
		if (e->kind != ERR_NOTFOUND || type != NULL)
			return -1;
	}
	return err_set(e, ERR_NOTFOUND, 0, "Error: No such object: %s", name);
}

#define TYPES                                                                                   \
	"\"config\", \"container\", \"image\", \"network\", \"node\", \"plugin\", \"secret\", " \
	"\"service\", \"task\", \"volume\""

/* what "docker TYPE inspect" or --type says; NULL any */
static int inspect_type(const struct docker_cli *cli, const struct inspect_conf *c, char **ret,
			struct err *e)
{
	size_t n = strcspn(cli->command + 7, " ");

	*ret = cli->command[7 + n] != 0 ? xstrndup(cli->command + 7, n) : xstrdup(c->type);
	if (*ret != NULL && **ret == 0)
		return err_set(e, ERR_INVALID, 0, "type is empty: must be one of " TYPES);
	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		if (*ret == NULL || str_eq(*ret, objects[i].type) || str_eq(*ret, "context"))
			return 0;
	return err_set(e, ERR_INVALID, 0, "unknown type: \"%s\": must be one of " TYPES, *ret);
}

static int inspect_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct inspect_conf *c = conf;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(buf_clear) struct buf errors = BUF_INIT;
	CLEANUP(freep) char *type = NULL;
	bool tree = c->format == NULL || str_eq(c->format, "json");
	struct docker_root root = docker_root_inspect;
	struct json_w w;
	struct err e;
	int printed = 0;

	if (docker_check_format(&docker_root_inspect, c->format) != 0)
		return DOCKER_EXIT_FORMAT;
	if (inspect_type(cli, c, &type, &e) < 0)
		return docker_fail(&e);
	if (str_eq(type, "volume"))
		root.type = "volume.Volume";
	if (str_eq(type, "context"))
		root.type = "context.contextWithTLSListing";
	if (c->format == NULL)
		jw_init_indent(&w, &out, "    ");
	else
		jw_init(&w, &out);
	jw_arr(&w);
	for (int i = 0; i < MAX(argc, 1); i++) {
		CLEANUP(json_freep) struct json *v = NULL;
		CLEANUP(freep) char *name = argc > 0 ? xstrdup(argv[i]) : host_context(&cli->conn);

		if (inspect_one(cli, c, type, name, &v, &e) < 0 ||
		    (!tree && docker_format_tree(&root, c->format, v, &e) < 0)) {
			buf_addf(&errors, "%s\n", e.msg);
			continue;
		}
		if (tree)
			jw_tree(&w, v);
		printed++;
	}
	jw_end(&w);
	if (tree || printed == 0)
		puts(tree ? buf_str(&out) : "");
	fflush(stdout);
	fputs(buf_str(&errors), stderr);
	return errors.len > 0 ? 1 : 0;
}

#define AT(member) offsetof(struct inspect_conf, member)
#define FORMAT                                                                        \
	{                                                                             \
		'f', "format", OPT_STR, AT(format), "string",                         \
			"Format output using a custom template: json, TEMPLATE", NULL \
	}

/* docker inspect has all, docker container inspect those behind the first, the rest the last */
static const struct opt inspect_opts[] = {
	{0, "type", OPT_STR, AT(type), "string", "Only inspect objects of the given type", NULL},
	{'s', "size", OPT_FLAG, AT(size), NULL, "Display total file sizes if the type is container",
	 NULL},
	FORMAT,
	{0},
};
static const struct opt image_opts[] = {
	{0, "platform", OPT_STR, AT(platform), "string",
	 "Inspect a specific platform of a multi-platform image", NULL},
	FORMAT,
	{0},
};
static const struct opt network_opts[] = {
	{'v', "verbose", OPT_FLAG, AT(verbose), NULL, "Verbose output for diagnostics", NULL},
	FORMAT,
	{0},
};

#define INSPECT(cmd, arguments, text, table, least)       \
	const struct docker_cmd cmd = {                   \
		.args = arguments,                        \
		.about = text,                            \
		.opts = table,                            \
		.conf_size = sizeof(struct inspect_conf), \
		.min = least,                             \
		.max = -1,                                \
		.run = inspect_main,                      \
	}

INSPECT(docker_inspect_cmd, "[OPTIONS] NAME|ID [NAME|ID...]",
	"Return low-level information on Docker objects", inspect_opts, 1);
INSPECT(docker_container_inspect_cmd, "[OPTIONS] CONTAINER [CONTAINER...]",
	"Display detailed information on one or more containers", inspect_opts + 1, 1);
INSPECT(docker_image_inspect_cmd, "[OPTIONS] IMAGE [IMAGE...]",
	"Display detailed information on one or more images", image_opts, 1);
INSPECT(docker_network_inspect_cmd, "[OPTIONS] NETWORK [NETWORK...]",
	"Display detailed information on one or more networks", network_opts, 1);
INSPECT(docker_volume_inspect_cmd, "[OPTIONS] VOLUME [VOLUME...]",
	"Display detailed information on one or more volumes", inspect_opts + 2, 1);
INSPECT(docker_context_inspect_cmd, "[OPTIONS] [CONTEXT] [CONTEXT...]",
	"Display detailed information on one or more contexts", inspect_opts + 2, 0);
