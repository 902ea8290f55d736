// SPDX-License-Identifier: MIT
/* docker context create, inspect, ls, rm, show, update, use (cli/command/context). */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "client/context.h"
#include "client/host.h"
#include "config/limits.h"

#define DEFAULT_TEXT "Current DOCKER_HOST based configuration"

struct context_conf {
	const char *description, *from, *endpoint, *format;
	bool quiet, force;
};

static char *config_dir(const struct docker_cli *cli)
{
	return host_config_dir(cli->conn.config_dir);
}

/* what the default context means now */
static char *default_host(const struct docker_cli *cli)
{
	struct client_options o = {.host = cli->conn.host, .context = "default"};
	struct host h = {0};
	struct err e;
	char *text;

	if (host_find(&o, &h, &e) < 0)
		return xstrdup("");
	text = xstrdup(h.text);
	host_clear(&h);
	return text;
}

static int check_name(const char *name, struct err *e)
{
	size_t n = strlen(name);

	if (str_eq(name, "default"))
		return err_set(e, ERR_INVALID, 0, "\"default\" is a reserved context name");
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && (i == 0 || strchr("_.+-", name[i]) == NULL))
			n = 0;
	if (n < 2)
		return err_set(e, ERR_INVALID, 0,
			       "context name \"%s\" is invalid, names are validated against regexp "
			       "\"^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$\"",
			       name);
	return 0;
}

/* --- create, update ------------------------------------------------------------------- */

static int copy_file(const char *from, const char *to_dir, const char *name, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *to = path_join(to_dir, name);

	if (path_mkdirs(to_dir, 0700, e) < 0 ||
	    file_read(AT_FDCWD, from, CLIENT_CONFIG_MAX_BYTES, &b, e) < 0)
		return -1;
	return file_write(AT_FDCWD, to, b.data, b.len, 0600, FILE_SYNC, e);
}

/* "host=tcp://x,ca=FILE,cert=FILE,key=FILE,skip-tls-verify=BOOL" */
static int read_endpoint(const char *text, const char *tls_dir, char **ret_host, struct err *e)
{
	static const char *const files[] = {"ca", "cert", "key"};
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;

	strv_split(&parts, text, ",");
	strv_for_each (it, &parts) {
		const char *value = strchr(*it, '=') + 1;
		bool known = str_starts(*it, "skip-tls-verify=");

		if (str_starts(*it, "host=")) {
			str_replace_ptr(ret_host, value);
			known = true;
		}
		for (size_t i = 0; i < ARRAY_LEN(files); i++) {
			CLEANUP(freep) char *name = xasprintf("%s.pem", files[i]);

			if (strncmp(*it, files[i], strcspn(*it, "=")) != 0)
				continue;
			known = true;
			if (copy_file(value, tls_dir, name, e) < 0)
				return -1;
		}
		if (!known)
			return err_set(e, ERR_INVALID, 0, "unrecognized config key: %.*s",
				       (int)strcspn(*it, "="), *it);
	}
	return 0;
}

/* writes a context anew: what base says, and over it what the options say */
static int write_context(struct docker_cli *cli, const struct context_conf *c, const char *name,
			 const char *base, struct err *e)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(freep) char *tls = context_path(dir, "tls", name);
	CLEANUP(freep) char *tls_dir = path_join(tls, "docker");
	CLEANUP(json_freep) struct json *old = NULL;
	CLEANUP(freep) char *host = NULL;
	const char *description = c->description;

	if (base != NULL && context_read(dir, base, &old, e) < 0)
		return -1;
	if (description == NULL)
		description = json_str(json_path(old, "Metadata", "Description", NULL));
	host = xstrdup(json_str(json_path(old, "Endpoints", "docker", "Host", NULL)));
	if (c->endpoint != NULL && read_endpoint(c->endpoint, tls_dir, &host, e) < 0)
		return err_wrap(e, "unable to create docker endpoint config");
	if (host == NULL) {
		host = default_host(cli);
		description = description != NULL ? description : DEFAULT_TEXT;
	}
	return context_create(dir, name, host, description, e);
}

static int create_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct context_conf *c = conf;
	CLEANUP(freep) char *dir = config_dir(cli);
	struct err e;

	if (check_name(argv[0], &e) < 0)
		return docker_fail(&e);
	if (context_exists(dir, argv[0])) {
		fprintf(stderr, "context \"%s\" already exists\n", argv[0]);
		return 1;
	}
	if (write_context(cli, c, argv[0], c->from, &e) < 0)
		return docker_fail(&e);
	puts(argv[0]);
	fflush(stdout);
	fprintf(stderr, "Successfully created context \"%s\"\n", argv[0]);
	return 0;
}

static int update_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	struct err e;

	if (check_name(argv[0], &e) < 0 || write_context(cli, conf, argv[0], argv[0], &e) < 0)
		return docker_fail(&e);
	puts(argv[0]);
	fflush(stdout);
	fprintf(stderr, "Successfully updated context \"%s\"\n", argv[0]);
	return 0;
}

/* --- use, show, rm ----------------------------------------------------------------------- */

static int use_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(json_freep) struct json *v = NULL;
	const char *host = getenv("DOCKER_HOST");
	struct err e;

	if ((!str_eq(argv[0], "default") &&
	     (check_name(argv[0], &e) < 0 || context_read(dir, argv[0], &v, &e) < 0)) ||
	    context_use(dir, argv[0], &e) < 0)
		return docker_fail(&e);
	puts(argv[0]);
	fflush(stdout);
	fprintf(stderr, "Current context is now \"%s\"\n", argv[0]);
	if (!str_empty(host) && !str_eq(argv[0], "default"))
		fprintf(stderr,
			"Warning: DOCKER_HOST environment variable overrides the active context. "
			"To "
			"use \"%s\", either set the global --context flag, or unset DOCKER_HOST "
			"environment variable.\n",
			argv[0]);
	return 0;
}

static int show_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv UNUSED)
{
	CLEANUP(freep) char *name = host_context(&cli->conn);

	puts(name);
	return 0;
}

static int remove_one(struct docker_cli *cli, const struct context_conf *c, const char *name,
		      struct err *e)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(freep) char *current = host_context(&cli->conn);
	bool in_use = str_eq(current, name);

	if (str_eq(name, "default"))
		return err_set(e, ERR_INVALID, 0, "context \"default\" cannot be removed");
	if (!c->force && !context_exists(dir, name))
		return err_set(e, ERR_NOTFOUND, 0, "context \"%s\" does not exist", name);
	if (in_use && !c->force)
		return err_set(e, ERR_CONFLICT, 0,
			       "context \"%s\" is in use, set -f flag to force remove", name);
	if (in_use && context_use(dir, "default", e) < 0)
		return -1;
	return context_remove(dir, name, e);
}

static int rm_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	struct err e;
	int code = 0;

	for (int i = 0; i < argc; i++)
		if (remove_one(cli, conf, argv[i], &e) < 0)
			code = docker_fail(&e);
		else
			puts(argv[i]);
	return code;
}

/* --- ls, inspect --------------------------------------------------------------------------- */

static void write_row(struct json_w *w, const char *name, const char *current, const char *host,
		      const char *description)
{
	jw_obj(w);
	jw_kbool(w, "Current", str_eq(name, current));
	jw_kstr(w, "Description", description != NULL ? description : "");
	jw_kstr(w, "DockerEndpoint", host != NULL ? host : "");
	jw_kstr(w, "Error", "");
	jw_kstr(w, "Name", name);
	jw_end(w);
}

/* names of the contexts in files, "default" among them, in order */
static void list_names(const char *dir, struct strv *names)
{
	CLEANUP(freep) char *store = xasprintf("%s/contexts/meta", dir);
	DIR *d = opendir(store);
	struct dirent *entry;

	strv_add(names, "default");
	while (d != NULL && (entry = readdir(d)) != NULL) {
		CLEANUP(freep) char *file = xasprintf("%s/%s/meta.json", store, entry->d_name);
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		CLEANUP(json_freep) struct json *v = NULL;
		struct err e;

		if (file_read(AT_FDCWD, file, CLIENT_CONFIG_MAX_BYTES, &b, &e) == 0 &&
		    json_parse(buf_str(&b), b.len, &v, &e) == 0 && json_get_str(v, "Name") != NULL)
			strv_add(names, json_get_str(v, "Name"));
	}
	if (d != NULL)
		closedir(d);
	strv_sort(names);
}

/* the table marks the current one at its name */
static struct json *list_rows(const struct docker_cli *cli, bool mark, struct err *e)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(freep) char *current = host_context(&cli->conn);
	CLEANUP(freep) char *host = default_host(cli);
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *rows = NULL;
	struct json_w w;

	list_names(dir, &names);
	jw_init(&w, &b);
	jw_arr(&w);
	strv_for_each (it, &names) {
		CLEANUP(json_freep) struct json *v = NULL;
		CLEANUP(freep)
		char *marked = xasprintf("%s%s", *it, mark && str_eq(*it, current) ? " *" : "");

		if (str_eq(*it, "default"))
			write_row(&w, marked, current, host, DEFAULT_TEXT);
		else if (context_read(dir, *it, &v, e) == 0)
			write_row(&w, marked, current,
				  json_str(json_path(v, "Endpoints", "docker", "Host", NULL)),
				  json_str(json_path(v, "Metadata", "Description", NULL)));
	}
	jw_end(&w);
	return json_parse(b.data, b.len, &rows, e) < 0 ? NULL : rows;
}

static int ls_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"Name", "NAME"},
		{"Description", "DESCRIPTION"},
		{"DockerEndpoint", "DOCKER ENDPOINT"},
		{"Error", "ERROR"},
		{NULL, NULL},
	};
	const struct context_conf *c = conf;
	const char *format = c->quiet ? "{{.Name}}" : c->format;
	CLEANUP(json_freep) struct json *rows = NULL;
	struct err e;

	rows = list_rows(cli, str_empty(format) || str_eq(format, "table"), &e);
	if (rows == NULL || docker_format(format, rows, columns, columns, &e) < 0)
		return docker_fail(&e);
	fflush(stdout);
	if (!str_empty(getenv("DOCKER_HOST")) && cli->conn.context == NULL)
		fputs("Warning: DOCKER_HOST environment variable overrides the active context. To "
		      "use a context, either set the global --context flag, or unset DOCKER_HOST "
		      "environment variable.\n",
		      stderr);
	return 0;
}

static void write_storage(struct json_w *w, const char *dir, const char *name)
{
	bool plain = str_eq(name, "default");
	CLEANUP(freep) char *meta = context_path(dir, "meta", name);
	CLEANUP(freep) char *tls = context_path(dir, "tls", name);

	jw_kraw(w, "TLSMaterial", "{}");
	jw_kobj(w, "Storage");
	jw_kstr(w, "MetadataPath", plain ? "<IN MEMORY>" : meta);
	jw_kstr(w, "TLSPath", plain ? "<IN MEMORY>" : tls);
	jw_end(w);
}

int docker_context_inspect(struct docker_cli *cli, const char *name, struct json **ret,
			   struct err *e)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(freep) char *host = default_host(cli);
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	if (str_eq(name, "default")) {
		jw_kstr(&w, "Name", name);
		jw_kraw(&w, "Metadata", "{}");
		jw_kobj(&w, "Endpoints");
		jw_kobj(&w, "docker");
		jw_kstr(&w, "Host", host);
		jw_kbool(&w, "SkipTLSVerify", false);
		jw_end(&w);
		jw_end(&w);
	} else if (context_read(dir, name, &v, e) < 0) {
		return -1;
	}
	json_for_each (m, v) {
		jw_key(&w, json_key(m));
		jw_tree(&w, m);
	}
	write_storage(&w, dir, name);
	jw_end(&w);
	return json_parse(b.data, b.len, ret, e);
}

#define AT(member) offsetof(struct context_conf, member)

static int check_pairs(void *conf UNUSED, const char *value, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;

	strv_split(&parts, value, ",");
	if (parts.len == 0)
		strv_add(&parts, "");
	strv_for_each (it, &parts)
		if (strchr(*it, '=') == NULL)
			return err_set(e, ERR_INVALID, 0, "%s must be formatted as key=value", *it);
	return 0;
}

/* the first is docker context create's alone */
static const struct opt create_opts[] = {
	{0, "from", OPT_STR, AT(from), "string", "create context from a named context", NULL},
	{0, "description", OPT_STR, AT(description), "string", "Description of the context", NULL},
	{0, "docker", OPT_STR, AT(endpoint), "stringToString",
	 "set the docker endpoint: host=, ca=, cert=, key=", check_pairs},
	{0},
};
static const struct opt ls_opts[] = {
	{0, "format", OPT_STR, AT(format), "string",
	 "Format output using a custom template: table, table TEMPLATE, json, TEMPLATE", NULL},
	{'q', "quiet", OPT_FLAG, AT(quiet), NULL, "Only show context names", NULL},
	{0},
};
static const struct opt rm_opts[] = {
	{'f', "force", OPT_FLAG, AT(force), NULL, "Force the removal of a context in use", NULL},
	{0},
};

#define CONTEXT(name, arguments, text, table, least, most) \
	const struct docker_cmd docker_context_##name = {  \
		.args = arguments,                         \
		.about = text,                             \
		.opts = table,                             \
		.conf_size = sizeof(struct context_conf),  \
		.min = least,                              \
		.max = most,                               \
		.run = name##_main,                        \
	}

CONTEXT(create, "[OPTIONS] CONTEXT", "Create a context", create_opts, 1, 1);
CONTEXT(update, "[OPTIONS] CONTEXT", "Update a context", create_opts + 1, 1, 1);
CONTEXT(use, "CONTEXT", "Set the current docker context", NULL, 1, 1);
CONTEXT(show, "", "Print the name of the current context", NULL, 0, 0);
CONTEXT(rm, "CONTEXT [CONTEXT...]", "Remove one or more contexts", rm_opts, 1, -1);
CONTEXT(ls, "[OPTIONS]", "List contexts", ls_opts, 0, 0);
