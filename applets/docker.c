// SPDX-License-Identifier: MIT
/*
 * docker: a small client of the Docker Engine API. This file holds the tables
 * of commands, the global options and what all commands share; texts and exit
 * codes are those of Docker's own CLI.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/applets.h"
#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "client/host.h"

int docker_main(int argc, char **argv);

struct command {
	const char *group; /* "" at top level */
	const char *name;
	const struct docker_cmd *cmd;
};

static const struct command commands[] = {
	{"", "run", &docker_run_cmd},
	{"", "exec", &docker_exec_cmd},
	{"", "ps", &docker_ps_cmd},
	{"", "pull", &docker_pull_cmd},
	{"", "images", &docker_images_cmd},
	{"", "login", &docker_login_cmd},
	{"", "logout", &docker_logout_cmd},
	{"", "version", &docker_version_cmd},
	{"", "info", &docker_info_cmd},
	{"", "attach", &docker_attach_cmd},
	{"", "commit", &docker_commit_cmd},
	{"", "cp", &docker_cp_cmd},
	{"", "create", &docker_create_cmd},
	{"", "diff", &docker_diff_cmd},
	{"", "events", &docker_events_cmd},
	{"", "export", &docker_export_cmd},
	{"", "history", &docker_history_cmd},
	{"", "import", &docker_import_cmd},
	{"", "inspect", &docker_inspect_cmd},
	{"", "kill", &docker_kill_cmd},
	{"", "load", &docker_load_cmd},
	{"", "logs", &docker_logs_cmd},
	{"", "pause", &docker_pause_cmd},
	{"", "ping", &docker_ping_cmd},
	{"", "port", &docker_port_cmd},
	{"", "push", &docker_push_cmd},
	{"", "rename", &docker_rename_cmd},
	{"", "restart", &docker_restart_cmd},
	{"", "rm", &docker_rm_cmd},
	{"", "rmi", &docker_rmi_cmd},
	{"", "save", &docker_save_cmd},
	{"", "search", &docker_search_cmd},
	{"", "start", &docker_start_cmd},
	{"", "stats", &docker_stats_cmd},
	{"", "stop", &docker_stop_cmd},
	{"", "tag", &docker_tag_cmd},
	{"", "top", &docker_top_cmd},
	{"", "unpause", &docker_unpause_cmd},
	{"", "update", &docker_update_cmd},
	{"", "wait", &docker_wait_cmd},
	{"container", "attach", &docker_attach_cmd},
	{"container", "commit", &docker_commit_cmd},
	{"container", "cp", &docker_cp_cmd},
	{"container", "create", &docker_create_cmd},
	{"container", "diff", &docker_diff_cmd},
	{"container", "exec", &docker_exec_cmd},
	{"container", "export", &docker_export_cmd},
	{"container", "inspect", &docker_container_inspect_cmd},
	{"container", "kill", &docker_kill_cmd},
	{"container", "logs", &docker_logs_cmd},
	{"container", "ls", &docker_ps_cmd},
	{"container", "list", &docker_ps_cmd},
	{"container", "ps", &docker_ps_cmd},
	{"container", "pause", &docker_pause_cmd},
	{"container", "port", &docker_port_cmd},
	{"container", "prune", &docker_container_prune_cmd},
	{"container", "rename", &docker_rename_cmd},
	{"container", "restart", &docker_restart_cmd},
	{"container", "rm", &docker_rm_cmd},
	{"container", "remove", &docker_rm_cmd},
	{"container", "run", &docker_run_cmd},
	{"container", "start", &docker_start_cmd},
	{"container", "stats", &docker_stats_cmd},
	{"container", "stop", &docker_stop_cmd},
	{"container", "top", &docker_top_cmd},
	{"container", "unpause", &docker_unpause_cmd},
	{"container", "update", &docker_update_cmd},
	{"container", "wait", &docker_wait_cmd},
	{"image", "history", &docker_history_cmd},
	{"image", "import", &docker_import_cmd},
	{"image", "inspect", &docker_image_inspect_cmd},
	{"image", "load", &docker_load_cmd},
	{"image", "ls", &docker_images_cmd},
	{"image", "list", &docker_images_cmd},
	{"image", "prune", &docker_image_prune_cmd},
	{"image", "pull", &docker_pull_cmd},
	{"image", "push", &docker_push_cmd},
	{"image", "rm", &docker_rmi_cmd},
	{"image", "remove", &docker_rmi_cmd},
	{"image", "save", &docker_save_cmd},
	{"image", "tag", &docker_tag_cmd},
	{"network", "connect", &docker_network_connect_cmd},
	{"network", "create", &docker_network_create_cmd},
	{"network", "disconnect", &docker_network_disconnect_cmd},
	{"network", "inspect", &docker_network_inspect_cmd},
	{"network", "ls", &docker_network_ls_cmd},
	{"network", "list", &docker_network_ls_cmd},
	{"network", "prune", &docker_network_prune_cmd},
	{"network", "rm", &docker_network_rm_cmd},
	{"network", "remove", &docker_network_rm_cmd},
	{"system", "df", &docker_df_cmd},
	{"system", "dial-stdio", &docker_dial_stdio_cmd},
	{"system", "events", &docker_events_cmd},
	{"system", "info", &docker_info_cmd},
	{"volume", "create", &docker_volume_create_cmd},
	{"volume", "inspect", &docker_volume_inspect_cmd},
	{"volume", "ls", &docker_volume_ls_cmd},
	{"volume", "list", &docker_volume_ls_cmd},
	{"volume", "prune", &docker_volume_prune_cmd},
	{"volume", "rm", &docker_volume_rm_cmd},
	{"volume", "remove", &docker_volume_rm_cmd},
};

static const struct {
	const char *name, *about;
} groups[] = {
	{"container", "Manage containers"}, {"image", "Manage images"},
	{"network", "Manage networks"},	    {"system", "Manage Docker"},
	{"volume", "Manage volumes"},
};

static const struct opt global_opts[] = {
	{0, "config", OPT_STR, offsetof(struct docker_cli, conn.config_dir), "DIR",
	 "Location of client config files (default ~/.docker)", NULL},
	{'c', "context", OPT_STR, offsetof(struct docker_cli, conn.context), "NAME",
	 "Name of the context to use to connect to the daemon", NULL},
	{'D', "debug", OPT_FLAG, offsetof(struct docker_cli, debug), NULL, "Enable debug mode",
	 NULL},
	{'H', "host", OPT_STR, offsetof(struct docker_cli, conn.host), "URL",
	 "Daemon socket to connect to", NULL},
	{'l', "log-level", OPT_STR, offsetof(struct docker_cli, log_level), "LEVEL",
	 "Set the logging level", NULL},
	{0, "tls", OPT_FLAG, offsetof(struct docker_cli, conn.tls), NULL, "Use TLS", NULL},
	{0, "tlscacert", OPT_STR, offsetof(struct docker_cli, conn.tls_ca), "FILE",
	 "Trust certs signed only by this CA", NULL},
	{0, "tlscert", OPT_STR, offsetof(struct docker_cli, conn.tls_cert), "FILE",
	 "Path to TLS certificate file", NULL},
	{0, "tlskey", OPT_STR, offsetof(struct docker_cli, conn.tls_key), "FILE",
	 "Path to TLS key file", NULL},
	{0, "tlsverify", OPT_FLAG, offsetof(struct docker_cli, conn.tls_verify), NULL,
	 "Use TLS and verify the remote", NULL},
	{0},
};

/* options and the command's struct stay reachable until the end */
static struct docker_cli the_cli;

int docker_fail(const struct err *e)
{
	fflush(stdout);
	fprintf(stderr, "%s\n", e->msg);
	return 1;
}

struct client *docker_client(struct docker_cli *cli, struct err *e)
{
	if (cli->client == NULL && client_open(&cli->conn, &cli->client, e) < 0)
		return NULL;
	return cli->client;
}

int docker_call(struct docker_cli *cli, const char *method, char *path, struct json **ret,
		struct err *e)
{
	CLEANUP(freep) char *owned = path;
	const struct client_req rq = {.method = method, .path = owned};
	struct client *c = docker_client(cli, e);

	return c == NULL ? -1 : client_call(c, &rq, ret, e);
}

void docker_warnings(const struct json *list)
{
	json_for_each (item, list)
		fprintf(stderr, "WARNING: %s\n", json_str(item));
}

char *docker_config_file(const struct docker_cli *cli)
{
	CLEANUP(freep) char *dir = host_config_dir(cli->conn.config_dir);

	return path_join(dir, "config.json");
}

int docker_filters(struct http_query *q, const struct strv *filters, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (filters->len == 0)
		return 0;
	jw_init(&w, &b);
	jw_obj(&w);
	for (size_t i = 0; i < filters->len; i++) {
		size_t n = strcspn(filters->items[i], "=");
		bool seen = false;

		if (filters->items[i][n] == 0)
			return err_set(e, ERR_INVALID, 0,
				       "bad format of filter (expected name=value)");
		for (size_t k = 0; k < i && !seen; k++)
			seen = strncmp(filters->items[k], filters->items[i], n + 1) == 0;
		if (seen)
			continue;
		CLEANUP(freep) char *name = xstrndup(filters->items[i], n);

		jw_kobj(&w, name);
		for (size_t k = i; k < filters->len; k++) {
			if (strncmp(filters->items[k], filters->items[i], n + 1) != 0)
				continue;
			jw_kbool(&w, filters->items[k] + n + 1, true);
		}
		jw_end(&w);
	}
	jw_end(&w);
	http_query_add(q, "filters", buf_str(&b));
	return 0;
}

void docker_query_time(struct http_query *q, const char *key, const char *text)
{
	char stamp[48];
	int64_t nsec;
	struct err e;

	if (text == NULL)
		return;
	if (time_parse_duration(text, &nsec, &e) == 0)
		nsec = time_now_nsec() - nsec;
	else if (time_parse(text, &nsec, &e) < 0)
		nsec = -1;
	snprintf(stamp, sizeof(stamp), "%lld.%09lld", (long long)(nsec / 1000000000),
		 (long long)(nsec % 1000000000));
	http_query_add(q, key, nsec < 0 ? text : stamp);
}

static const struct command *find_command(const char *group, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].group, group) == 0 && strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static const char *group_about(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return groups[i].about;
	return NULL;
}

static void print_commands(const char *group)
{
	fputs("\nCommands:\n", stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].group, group) == 0)
			printf("  %-12s%s\n", commands[i].name, commands[i].cmd->about);
}

static int print_help(void)
{
	static const struct opt_usage usage = {
		.synopsis = "docker [OPTIONS] COMMAND",
		.about = "A small client of the Docker Engine API",
		.opts = global_opts,
	};

	opt_print_help(&usage, stdout);
	fputs("\nManagement Commands:\n", stdout);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		printf("  %-12s%s\n", groups[i].name, groups[i].about);
	print_commands("");
	fputs("\nRun 'docker COMMAND --help' for more information on a command.\n", stdout);
	return 0;
}

static int print_group_help(const char *group)
{
	printf("Usage:  docker %s COMMAND\n\n%s\n", group, group_about(group));
	print_commands(group);
	printf("\nRun 'docker %s COMMAND --help' for more information on a command.\n", group);
	return 0;
}

static int usage_error(const struct docker_cli *cli, const struct docker_cmd *cmd, const char *msg,
		       const char *see, int code)
{
	fprintf(stderr, "%s\n\nUsage:  %s %s\n\n%s '%s --help' for more information\n", msg,
		cli->command, cmd->args, see, cli->command);
	return code;
}

static int check_operands(const struct docker_cli *cli, const struct docker_cmd *cmd, int n)
{
	CLEANUP(freep) char *msg = NULL;

	if (n >= cmd->min && (cmd->max < 0 || n <= cmd->max))
		return 0;
	if (cmd->max == 0)
		msg = xasprintf("docker: '%s' accepts no arguments", cli->command);
	else if (cmd->min == cmd->max)
		msg = xasprintf("docker: '%s' requires %d argument%s", cli->command, cmd->min,
				cmd->min == 1 ? "" : "s");
	else if (n < cmd->min)
		msg = xasprintf("docker: '%s' requires at least %d argument%s", cli->command,
				cmd->min, cmd->min == 1 ? "" : "s");
	else
		msg = xasprintf("docker: '%s' requires at most %d argument%s", cli->command,
				cmd->max, cmd->max == 1 ? "" : "s");
	return usage_error(cli, cmd, msg, n < cmd->min && cmd->min != cmd->max ? "See" : "Run", 1);
}

static int run_command(struct docker_cli *cli, const struct docker_cmd *cmd, int argc, char **argv)
{
	static const struct opt no_opts[] = {{0}};
	const struct opt *opts = cmd->opts != NULL ? cmd->opts : no_opts;
	CLEANUP(freep) char *synopsis = xasprintf("%s %s", cli->command, cmd->args);
	const struct opt_usage usage = {synopsis, cmd->about, opts};
	struct err e;
	int first, code;

	if (opt_wants_help(opts, argc, argv, cmd->flags)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	cli->conf = xcalloc(1, cmd->conf_size + 1);
	if (cmd->init != NULL)
		cmd->init(cli->conf);
	first = opt_parse(opts, cli->conf, argc, argv, cmd->flags, &e);
	if (first < 0)
		return usage_error(cli, cmd, e.msg, "Run", DOCKER_EXIT_USAGE);
	code = check_operands(cli, cmd, argc - first);
	if (code != 0)
		return code;
	code = cmd->run(cli, cli->conf, argc - first, argv + first);
	if (fflush(stdout) != 0 && code == 0)
		code = 1;
	return code;
}

static int dispatch(struct docker_cli *cli, int argc, char **argv)
{
	const char *group = "";
	const struct command *found;

	if (group_about(argv[0]) != NULL) {
		group = argv[0];
		if (argc == 1 || strcmp(argv[1], "--help") == 0)
			return print_group_help(group);
		argc--;
		argv++;
	}
	found = find_command(group, argv[0]);
	if (found == NULL) {
		if (*group != 0)
			fprintf(stderr,
				"docker: unknown command: docker %s %s\n\nUsage:  docker %s\n\n"
				"Run 'docker %s --help' for more information\n",
				group, argv[0], group, group);
		else
			fprintf(stderr,
				"docker: unknown command: docker %s\n\nRun 'docker --help' for "
				"more "
				"information\n",
				argv[0]);
		return 1;
	}
	cli->command = xasprintf("docker %s%s%s", group, *group != 0 ? " " : "", argv[0]);
	return run_command(cli, found->cmd, argc, argv);
}

int docker_main(int argc, char **argv)
{
	struct docker_cli *cli = &the_cli;
	struct err e;
	int first;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)) {
		puts("Docker version 28.5.2 (thimble)");
		return 0;
	}
	if (opt_wants_help(global_opts, argc, argv, OPT_STOP_AT_OPERAND))
		return print_help();
	first = opt_parse(global_opts, cli, argc, argv, OPT_STOP_AT_OPERAND, &e);
	if (first < 0) {
		fprintf(stderr,
			"%s\n\nUsage:  docker [OPTIONS] COMMAND\n\nRun 'docker --help' for more "
			"information\n",
			e.msg);
		return DOCKER_EXIT_USAGE;
	}
	if (first == argc || strcmp(argv[first], "help") == 0)
		return print_help();
	return dispatch(cli, argc - first, argv + first);
}
