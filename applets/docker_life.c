// SPDX-License-Identifier: MIT
/* Life of containers: stop, restart, kill, rm, pause, unpause, rename, wait, prune. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/units.h"

struct life_conf {
	const char *signal, *time;
	bool force, link, volumes;
	struct strv filters;
};

/* one request for each container, names printed, errors collected; with force one that is not there
 * is told, but fails nothing */
static int for_each(struct docker_cli *cli, int argc, char **argv, const char *method,
		    const char *path_fmt, const struct http_query *q)
{
	bool force = q != NULL && http_query_get(q, "force") != NULL;
	struct err e;
	int code = 0;

	if (docker_client(cli, &e) == NULL)
		return docker_fail(&e);
	for (int i = 0; i < argc; i++) {
		/* "docker rm /name" is the name */
		CLEANUP(freep) char *path = client_path(path_fmt, argv[i] + (argv[i][0] == '/'));
		struct client_req rq = {.method = method, .path = path, .query = q};

		if (client_call(cli->client, &rq, NULL, &e) < 0) {
			docker_fail(&e);
			if (!force || e.kind != ERR_NOTFOUND)
				code = 1;
			continue;
		}
		puts(argv[i]);
		fflush(stdout);
	}
	return code;
}

static int stop_or_restart(struct docker_cli *cli, const struct life_conf *c, int argc, char **argv,
			   const char *path_fmt)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;

	if (c->signal != NULL)
		http_query_add(&q, "signal", c->signal);
	if (c->time != NULL)
		http_query_add(&q, "t", c->time);
	return for_each(cli, argc, argv, "POST", path_fmt, &q);
}

static int stop_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	return stop_or_restart(cli, conf, argc, argv, "/containers/%s/stop");
}

static int restart_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	return stop_or_restart(cli, conf, argc, argv, "/containers/%s/restart");
}

static const struct opt stop_opts[] = {
	{'s', "signal", OPT_STR, offsetof(struct life_conf, signal), "string",
	 "Signal to send to the container", NULL},
	{'t', "timeout", OPT_STR, offsetof(struct life_conf, time), "int",
	 "Seconds to wait before killing the container", opt_check_int},
	{0, "time", OPT_STR, offsetof(struct life_conf, time), "int", NULL, opt_check_int},
	{0},
};

const struct docker_cmd docker_stop_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Stop one or more running containers",
	.opts = stop_opts,
	.conf_size = sizeof(struct life_conf),
	.min = 1,
	.max = -1,
	.run = stop_main,
};

const struct docker_cmd docker_restart_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Restart one or more containers",
	.opts = stop_opts,
	.conf_size = sizeof(struct life_conf),
	.min = 1,
	.max = -1,
	.run = restart_main,
};

static int kill_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct life_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;

	if (c->signal != NULL)
		http_query_add(&q, "signal", c->signal);
	return for_each(cli, argc, argv, "POST", "/containers/%s/kill", &q);
}

static const struct opt kill_opts[] = {
	{'s', "signal", OPT_STR, offsetof(struct life_conf, signal), "string",
	 "Signal to send to the container", NULL},
	{0},
};

const struct docker_cmd docker_kill_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Kill one or more running containers",
	.opts = kill_opts,
	.conf_size = sizeof(struct life_conf),
	.min = 1,
	.max = -1,
	.run = kill_main,
};

static int rm_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct life_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;

	if (c->volumes)
		http_query_add(&q, "v", "1");
	if (c->link)
		http_query_add(&q, "link", "1");
	if (c->force)
		http_query_add(&q, "force", "1");
	return for_each(cli, argc, argv, "DELETE", "/containers/%s", &q);
}

static const struct opt rm_opts[] = {
	{'f', "force", OPT_FLAG, offsetof(struct life_conf, force), NULL,
	 "Force the removal of a running container (uses SIGKILL)", NULL},
	{'l', "link", OPT_FLAG, offsetof(struct life_conf, link), NULL, "Remove the specified link",
	 NULL},
	{'v', "volumes", OPT_FLAG, offsetof(struct life_conf, volumes), NULL,
	 "Remove anonymous volumes associated with the container", NULL},
	{0},
};

const struct docker_cmd docker_rm_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Remove one or more containers",
	.opts = rm_opts,
	.conf_size = sizeof(struct life_conf),
	.min = 1,
	.max = -1,
	.run = rm_main,
};

static int pause_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	return for_each(cli, argc, argv, "POST", "/containers/%s/pause", NULL);
}

static int unpause_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	return for_each(cli, argc, argv, "POST", "/containers/%s/unpause", NULL);
}

const struct docker_cmd docker_pause_cmd = {
	.args = "CONTAINER [CONTAINER...]",
	.about = "Pause all processes within one or more containers",
	.min = 1,
	.max = -1,
	.run = pause_main,
};

const struct docker_cmd docker_unpause_cmd = {
	.args = "CONTAINER [CONTAINER...]",
	.about = "Unpause all processes within one or more containers",
	.min = 1,
	.max = -1,
	.run = unpause_main,
};

static int rename_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *path = client_path("/containers/%s/rename", argv[0]);
	struct client_req rq = {.method = "POST", .path = path, .query = &q};
	struct client *c;
	struct err e;

	if (*argv[1] == 0) {
		fputs("Error: Neither old nor new names may be empty\n", stderr);
		return 1;
	}
	http_query_add(&q, "name", argv[1]);
	c = docker_client(cli, &e);
	if (c != NULL && client_call(c, &rq, NULL, &e) >= 0)
		return 0;
	docker_fail(&e);
	fprintf(stderr, "Error: failed to rename container named %s\n", argv[0]);
	return 1;
}

const struct docker_cmd docker_rename_cmd = {
	.args = "CONTAINER NEW_NAME",
	.about = "Rename a container",
	.min = 2,
	.max = 2,
	.run = rename_main,
};

static int wait_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	int code = 0;
	struct err e;

	for (int i = 0; i < argc; i++) {
		CLEANUP(json_freep) struct json *v = NULL;

		if (docker_call(cli, "POST", client_path("/containers/%s/wait", argv[i]), &v, &e) <
		    0)
			code = docker_fail(&e);
		else
			printf("%lld\n", (long long)json_get_i64(v, "StatusCode", 0));
		fflush(stdout);
	}
	return code;
}

const struct docker_cmd docker_wait_cmd = {
	.args = "CONTAINER [CONTAINER...]",
	.about = "Block until one or more containers stop, then print their exit codes",
	.min = 1,
	.max = -1,
	.run = wait_main,
};
