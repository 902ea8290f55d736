// SPDX-License-Identifier: MIT
/*
 * docker: a small client of the Docker Engine API. This file holds the tables
 * of commands, the global options and what all commands share; texts and exit
 * codes are those of Docker's own CLI.
 */
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/applets.h"
#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "client/host.h"

int docker_main(int argc, char **argv);

/* the second name of a command stands behind its first */
const struct docker_command docker_commands[] = {
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
	{"builder", "prune", &docker_builder_prune_cmd},
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
	{"context", "create", &docker_context_create},
	{"context", "export", &docker_context_export},
	{"context", "import", &docker_context_import},
	{"context", "inspect", &docker_context_inspect_cmd},
	{"context", "ls", &docker_context_ls},
	{"context", "list", &docker_context_ls},
	{"context", "rm", &docker_context_rm},
	{"context", "remove", &docker_context_rm},
	{"context", "show", &docker_context_show},
	{"context", "update", &docker_context_update},
	{"context", "use", &docker_context_use},
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
	{"system", "prune", &docker_system_prune_cmd},
	{"volume", "create", &docker_volume_create_cmd},
	{"volume", "inspect", &docker_volume_inspect_cmd},
	{"volume", "ls", &docker_volume_ls_cmd},
	{"volume", "list", &docker_volume_ls_cmd},
	{"volume", "prune", &docker_volume_prune_cmd},
	{"volume", "rm", &docker_volume_rm_cmd},
	{"volume", "remove", &docker_volume_rm_cmd},
	{NULL, NULL, NULL},
};

const struct docker_group docker_groups[] = {
	{"builder", "Manage builds"},	{"container", "Manage containers"},
	{"context", "Manage contexts"}, {"image", "Manage images"},
	{"network", "Manage networks"}, {"system", "Manage Docker"},
	{"volume", "Manage volumes"},	{NULL, NULL},
};

const struct opt docker_global_opts[] = {
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
	struct err copy = *e;
	char *sys = e->sys != 0 ? strstr(copy.msg, strerror(e->sys)) : NULL;

	/* Go writes the system's errors in lower case */
	if (sys != NULL)
		*sys = (char)tolower((unsigned char)*sys);
	fflush(stdout);
	fprintf(stderr, "%s\n", copy.msg);
	return 1;
}

struct client *docker_client(struct docker_cli *cli, struct err *e)
{
	if (cli->client == NULL && client_open(&cli->conn, &cli->client, e) < 0) {
		err_wrap(e, "Failed to initialize: unable to resolve docker endpoint");
		return NULL;
	}
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

int docker_check_filter(void *conf UNUSED, const char *value, struct err *e)
{
	if (strchr(value, '=') != NULL || *value == 0)
		return 0;
	return err_set(e, ERR_INVALID, 0, "bad format of filter (expected name=value)");
}

void docker_filters(struct http_query *q, const struct strv *filters)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (filters->len == 0)
		return;
	jw_init(&w, &b);
	jw_obj(&w);
	for (size_t i = 0; i < filters->len; i++) {
		size_t n = strcspn(filters->items[i], "=");
		bool seen = *filters->items[i] == 0;

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
}

/* a day, an hour or a minute is its beginning, and without a zone it is UTC */
static int parse_when(const char *text, int64_t *ret_nsec, struct err *e)
{
	static const char rest[] = "0000-00-00T00:00:00Z";
	size_t n = strlen(text);
	char whole[32];

	if (time_parse_query(text, ret_nsec, e) == 0)
		return 0;
	if (n > 0 && n < sizeof(rest) && text[n - 1] == 'Z')
		n--;
	if (n < 10 || n >= sizeof(rest))
		return -1;
	snprintf(whole, sizeof(whole), "%.*s%s", (int)n, text, rest + n);
	return time_parse(whole, ret_nsec, e);
}

int docker_query_time(struct http_query *q, const char *key, const char *text, struct err *e)
{
	char stamp[48];
	int64_t nsec;

	if (text == NULL)
		return 0;
	if (parse_when(text, &nsec, e) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "failed to parse value as time or duration: \"%s\"", text);
	snprintf(stamp, sizeof(stamp), "%lld.%09lld", (long long)(nsec / 1000000000),
		 (long long)(nsec % 1000000000));
	http_query_add(q, key, stamp);
	return 0;
}

void docker_query_platform(struct http_query *q, const char *text)
{
	static const char *const keys[] = {"os", "architecture", "variant"};
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (text == NULL)
		return;
	strv_split(&parts, text, "/");
	jw_init(&w, &b);
	jw_obj(&w);
	for (size_t i = 0; i < parts.len && i < ARRAY_LEN(keys); i++)
		jw_kstr(&w, keys[i], parts.items[i]);
	jw_end(&w);
	http_query_add(q, "platform", buf_str(&b));
}

static const struct docker_command *find_command(const char *group, const char *name)
{
	for (const struct docker_command *c = docker_commands; c->name != NULL; c++)
		if (strcmp(c->group, group) == 0 && strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static const char *group_about(const char *name)
{
	for (const struct docker_group *g = docker_groups; g->name != NULL; g++)
		if (strcmp(g->name, name) == 0)
			return g->about;
	return NULL;
}

static void print_commands(const char *group, FILE *out)
{
	const struct docker_cmd *last = NULL;

	fputs("\nCommands:\n", out);
	for (const struct docker_command *c = docker_commands; c->name != NULL; c++) {
		if (strcmp(c->group, group) == 0 && c->cmd != last)
			fprintf(out, "  %-12s%s\n", c->name, c->cmd->about);
		last = c->cmd;
	}
}

static int print_help(void)
{
	static const struct opt_usage usage = {
		.synopsis = "docker [OPTIONS] COMMAND",
		.about = "A small client of the Docker Engine API",
		.opts = docker_global_opts,
	};

	opt_print_help(&usage, stdout);
	fputs("\nManagement Commands:\n", stdout);
	for (const struct docker_group *g = docker_groups; g->name != NULL; g++)
		printf("  %-12s%s\n", g->name, g->about);
	print_commands("", stdout);
	fputs("\nRun 'docker COMMAND --help' for more information on a command.\n", stdout);
	return 0;
}

static int print_group_help(const char *group, FILE *out)
{
	fprintf(out, "Usage:  docker %s COMMAND\n\n%s\n", group, group_about(group));
	print_commands(group, out);
	fprintf(out, "\nRun 'docker %s COMMAND --help' for more information on a command.\n",
		group);
	return 0;
}

/* --- plugins: programs docker-NAME that Docker's CLI would run (cli-plugins/manager) --- */

static void try_plugin(const struct docker_cli *cli, const char *name, char **argv)
{
	static const char *const dirs[] = {
		"/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins",
		"/usr/lib/docker/cli-plugins", "/usr/libexec/docker/cli-plugins"};
	CLEANUP(freep) char *config = host_config_dir(cli->conn.config_dir);

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] != 0)
		return;
	for (size_t i = 0; i <= ARRAY_LEN(dirs); i++) {
		CLEANUP(freep)
		char *path = i == 0 ? xasprintf("%s/cli-plugins/docker-%s", config, name)
				    : xasprintf("%s/docker-%s", dirs[i - 1], name);

		execv(path, argv);
	}
}

/* what this client leaves to plugins; does not come back when there is one */
static int run_plugin(const struct docker_cli *cli, int argc, char **argv)
{
	CLEANUP(freep) char **args = xcalloc((size_t)argc + 3, sizeof(*args));
	bool build = strcmp(argv[0], "build") == 0 || strcmp(argv[0], "bake") == 0;
	const char *name = build ? "buildx" : argv[0];

	setenv("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", "docker", 1);
	if (cli->conn.host != NULL)
		setenv("DOCKER_HOST", cli->conn.host, 1);
	if (cli->conn.context != NULL)
		setenv("DOCKER_CONTEXT", cli->conn.context, 1);
	args[0] = xasprintf("docker-%s", name);
	args[1] = xstrdup(name);
	memcpy(args + 2, argv + !build, (size_t)(argc - !build) * sizeof(*args));
	try_plugin(cli, name, args);
	if (!build && strcmp(name, "compose") != 0 && strcmp(name, "buildx") != 0)
		return -1;
	fprintf(stderr,
		"docker: '%s' needs the plugin docker-%s, which is not in ~/.docker/cli-plugins or "
		"/usr/lib/docker/cli-plugins: install docker-%s there (Debian: the package of that "
		"name)\n",
		argv[0], name, name);
	return 1;
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
	else if (cmd->min > 0 && cmd->max > cmd->min)
		msg = xasprintf("docker: '%s' requires at least %d and at most %d arguments",
				cli->command, cmd->min, cmd->max);
	else if (cmd->min == cmd->max)
		msg = xasprintf("docker: '%s' requires %d argument%s", cli->command, cmd->min,
				cmd->min == 1 ? "" : "s");
	else if (n < cmd->min)
		msg = xasprintf("docker: '%s' requires at least %d argument%s", cli->command,
				cmd->min, cmd->min == 1 ? "" : "s");
	else
		msg = xasprintf("docker: '%s' requires at most %d argument%s", cli->command,
				cmd->max, cmd->max == 1 ? "" : "s");
	return usage_error(cli, cmd, msg, n < cmd->min && cmd->max < 0 ? "See" : "Run", 1);
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

static int unknown_command(const char *group, const char *name)
{
	if (*group != 0)
		fprintf(stderr,
			"docker: unknown command: docker %s %s\n\nUsage:  docker %s COMMAND\n\n"
			"Run 'docker %s --help' for more information\n",
			group, name, group, group);
	else
		fprintf(stderr,
			"docker: unknown command: docker %s\n\nRun 'docker --help' for more "
			"information\n",
			name);
	return 1;
}

static int dispatch(struct docker_cli *cli, int argc, char **argv)
{
	const char *group = "";
	const struct docker_command *found;
	int code;

	if (group_about(argv[0]) != NULL) {
		group = argv[0];
		if (argc == 1)
			return print_group_help(group, stderr);
		if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
			return print_group_help(group, stdout);
		argc--;
		argv++;
	}
	found = find_command(group, argv[0]);
	if (found == NULL) {
		code = *group == 0 || strcmp(argv[0], "build") == 0 ? run_plugin(cli, argc, argv)
								    : -1;
		return code >= 0 ? code : unknown_command(group, argv[0]);
	}
	cli->command = xasprintf("docker %s%s%s", group, *group != 0 ? " " : "", argv[0]);
	return run_command(cli, found->cmd, argc, argv);
}

/* "docker help ps" is "docker ps --help" */
static int help(struct docker_cli *cli, int argc, char **argv)
{
	CLEANUP(freep) char **args = xcalloc((size_t)argc + 2, sizeof(*args));

	if (argc == 0)
		return print_help();
	if (group_about(argv[0]) == NULL && find_command("", argv[0]) == NULL) {
		fprintf(stderr, "unknown help topic: %s\n", argv[0]);
		return 1;
	}
	memcpy(args, argv, (size_t)argc * sizeof(*args));
	args[argc] = (char *)"--help";
	return dispatch(cli, argc + 1, args);
}

/* 0, or -1 after what is wrong with the global options has been said */
static int check_globals(const struct docker_cli *cli)
{
	static const char levels[] = " debug info warn warning error fatal panic trace ";
	CLEANUP(freep)
	char *level = xasprintf(" %s ", cli->log_level != NULL ? cli->log_level : "info");

	if (strstr(levels, level) == NULL)
		fprintf(stderr, "Unable to parse logging level: %s\n", cli->log_level);
	else if (cli->conn.host != NULL && cli->conn.context != NULL)
		fputs("conflicting options: cannot specify both --host and --context\n", stderr);
	else
		return 0;
	return -1;
}

int docker_main(int argc, char **argv)
{
	struct docker_cli *cli = &the_cli;
	struct err e;
	int first;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0)) {
		puts("Docker version 28.5.2, build thimble");
		return 0;
	}
	if (opt_wants_help(docker_global_opts, argc, argv, OPT_STOP_AT_OPERAND))
		return print_help();
	first = opt_parse(docker_global_opts, cli, argc, argv, OPT_STOP_AT_OPERAND, &e);
	if (first < 0) {
		fprintf(stderr,
			"%s\n\nUsage:  docker [OPTIONS] COMMAND [ARG...]\n\nRun 'docker --help' "
			"for "
			"more information\n",
			e.msg);
		return DOCKER_EXIT_USAGE;
	}
	if (check_globals(cli) < 0)
		return 1;
	argc -= first;
	argv += first;
	if (argc == 0)
		return print_help();
	if (strcmp(argv[0], "help") == 0)
		return help(cli, argc - 1, argv + 1);
	if (strcmp(argv[0], "completion") == 0)
		return docker_completion(argc, argv);
	if (strcmp(argv[0], "__complete") == 0 || strcmp(argv[0], "__completeNoDesc") == 0)
		return docker_suggest(cli, argc - 1, argv + 1);
	return dispatch(cli, argc, argv);
}
