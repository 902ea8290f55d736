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
	http_query_add(&q, "stdout", "1");
	http_query_add(&q, "stderr", "1");
	if (c->follow)
		http_query_add(&q, "follow", "1");
	if (c->timestamps)
		http_query_add(&q, "timestamps", "1");
	if (c->details)
		http_query_add(&q, "details", "1");
	docker_query_time(&q, "since", c->since);
	docker_query_time(&q, "until", c->until);
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
		json_for_each (m, ports) {
			CLEANUP(freep) char *prefix = xasprintf("%s -> ", json_key(m));

			print_bindings(prefix, m);
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
	const char *format, *type;
	bool size, verbose;
};

static const struct opt inspect_opts[] = {
	{'f', "format", OPT_STR, offsetof(struct inspect_conf, format), "string",
	 "Format output using a custom template: json, TEMPLATE", NULL},
	{'s', "size", OPT_FLAG, offsetof(struct inspect_conf, size), NULL,
	 "Display total file sizes if the type is container", NULL},
	{0, "type", OPT_STR, offsetof(struct inspect_conf, type), "string",
	 "Only inspect objects of the given type", NULL},
	{0},
};

static const struct {
	const char *type, *path, *word;
} objects[] = {
	{"container", "/containers/%s/json", "container"},
	{"image", "/images/%s/json", "image"},
	{"network", "/networks/%s", "network"},
	{"volume", "/volumes/%s", "volume"},
};

/* asks for each type in turn; the last error says that there is nothing */
static int inspect_one(struct docker_cli *cli, const struct inspect_conf *c, const char *name,
		       struct json **ret, struct err *e)
{
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		char *path;

		if (c->type != NULL && strcmp(c->type, objects[i].type) != 0)
			continue;
		known = true;
		path = i == 0 && c->size ? client_path("/containers/%s/json?size=1", name)
					 : client_path(objects[i].path, name);
		if (docker_call(cli, "GET", path, ret, e) >= 0)
			return 0;
		if (e->kind != ERR_NOTFOUND || c->type != NULL)
			return -1;
	}
	if (!known)
		return err_set(e, ERR_INVALID, 0, "\"%s\" is not a valid value for --type",
			       c->type);
	return err_set(e, ERR_NOTFOUND, 0, "Error: No such object: %s", name);
}

static int inspect_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct inspect_conf *c = conf;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(buf_clear) struct buf errors = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init_indent(&w, &out, "    ");
	w.plain_html = true;
	jw_arr(&w);
	for (int i = 0; i < argc; i++) {
		CLEANUP(json_freep) struct json *v = NULL;

		if (inspect_one(cli, c, argv[i], &v, &e) < 0 ||
		    (c->format != NULL && docker_format_tree(c->format, v, &e) < 0))
			buf_addf(&errors, "%s\n", e.msg);
		else if (c->format == NULL)
			jw_tree(&w, v);
	}
	jw_end(&w);
	if (c->format == NULL)
		puts(buf_str(&out));
	fflush(stdout);
	fputs(buf_str(&errors), stderr);
	return errors.len > 0 ? 1 : 0;
}

static const struct opt network_opts[] = {
	{'f', "format", OPT_STR, offsetof(struct inspect_conf, format), "string",
	 "Format output using a custom template: json, TEMPLATE", NULL},
	{'v', "verbose", OPT_FLAG, offsetof(struct inspect_conf, verbose), NULL,
	 "Verbose output for diagnostics", NULL},
	{0},
};

static void network_init(void *conf)
{
	((struct inspect_conf *)conf)->type = "network";
}

const struct docker_cmd docker_network_inspect_cmd = {
	.args = "[OPTIONS] NETWORK [NETWORK...]",
	.about = "Display detailed information on one or more networks",
	.opts = network_opts,
	.conf_size = sizeof(struct inspect_conf),
	.min = 1,
	.max = -1,
	.run = inspect_main,
	.init = network_init,
};

static void container_init(void *conf)
{
	((struct inspect_conf *)conf)->type = "container";
}

static void image_init(void *conf)
{
	((struct inspect_conf *)conf)->type = "image";
}

const struct docker_cmd docker_inspect_cmd = {
	.args = "[OPTIONS] NAME|ID [NAME|ID...]",
	.about = "Return low-level information on Docker objects",
	.opts = inspect_opts,
	.conf_size = sizeof(struct inspect_conf),
	.min = 1,
	.max = -1,
	.run = inspect_main,
};

const struct docker_cmd docker_container_inspect_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Display detailed information on one or more containers",
	.opts = inspect_opts,
	.conf_size = sizeof(struct inspect_conf),
	.min = 1,
	.max = -1,
	.run = inspect_main,
	.init = container_init,
};

const struct docker_cmd docker_image_inspect_cmd = {
	.args = "[OPTIONS] IMAGE [IMAGE...]",
	.about = "Display detailed information on one or more images",
	.opts = inspect_opts,
	.conf_size = sizeof(struct inspect_conf),
	.min = 1,
	.max = -1,
	.run = inspect_main,
	.init = image_init,
};
