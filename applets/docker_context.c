// SPDX-License-Identifier: MIT
/* docker context create, export, import, inspect, ls, rm, show, update, use (cli/command/context).
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "archive/tar.h"
#include "base/fd.h"
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

static int check_new(const struct docker_cli *cli, const char *name, struct err *e)
{
	CLEANUP(freep) char *dir = config_dir(cli);

	if (check_name(name, e) < 0)
		return -1;
	if (context_exists(dir, name))
		return err_set(e, ERR_CONFLICT, 0, "context \"%s\" already exists", name);
	return 0;
}

static int succeed(const char *what, const char *name)
{
	puts(name);
	fflush(stdout);
	fprintf(stderr, "Successfully %s context \"%s\"\n", what, name);
	return 0;
}

/* --- create, update ------------------------------------------------------------------- */

static const char *const tls_files[] = {"ca.pem", "cert.pem", "key.pem"};

static char *tls_dir_of(const char *dir, const char *name)
{
	CLEANUP(freep) char *tls = context_path(dir, "tls", name);

	return path_join(tls, "docker");
}

static int put_tls(const char *tls_dir, const char *name, const struct buf *b, struct err *e)
{
	CLEANUP(freep) char *to = path_join(tls_dir, name);

	if (path_mkdirs(tls_dir, 0700, e) < 0)
		return -1;
	return file_write(AT_FDCWD, to, b->data, b->len, 0600, FILE_SYNC, e);
}

/* one of "host=tcp://x", "ca=FILE", "cert=FILE", "key=FILE", "skip-tls-verify=BOOL" */
static int read_pair(const char *pair, const char *tls_dir, char **ret_host, bool *ret_skip,
		     struct err *e)
{
	int n = (int)strcspn(pair, "=");
	CLEANUP(freep) char *file = xasprintf("%.*s.pem", n, pair);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct host h = {0};

	if (str_starts(pair, "host=")) {
		str_replace_ptr(ret_host, pair + n + 1);
		if (host_parse(*ret_host, &h, e) < 0)
			return err_wrap(e, "invalid docker endpoint options");
		host_clear(&h);
		return 0;
	}
	if (str_starts(pair, "skip-tls-verify=")) {
		if (str_bool(pair + n + 1, ret_skip) < 0)
			return err_set(e, ERR_INVALID, 0,
				       "skip-tls-verify: parsing \"%s\": invalid syntax",
				       pair + n + 1);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(tls_files); i++)
		if (str_eq(file, tls_files[i]))
			return file_read(AT_FDCWD, pair + n + 1, CLIENT_CONFIG_MAX_BYTES, &b, e) < 0
				       ? -1
				       : put_tls(tls_dir, file, &b, e);
	return err_set(e, ERR_INVALID, 0, "unrecognized config key: %.*s", n, pair);
}

/* writes a context anew: what base says, and over it what the options say */
static int write_context(struct docker_cli *cli, const struct context_conf *c, const char *name,
			 const char *base, struct err *e)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(freep) char *tls_dir = tls_dir_of(dir, name);
	CLEANUP(json_freep) struct json *old = NULL;
	CLEANUP(strv_clear) struct strv pairs = STRV_INIT;
	CLEANUP(freep) char *host = NULL;
	struct context x = {.name = name, .description = c->description};
	const struct json *endpoint;

	if (base != NULL && context_read(dir, base, &old, e) < 0)
		return -1;
	if (x.description == NULL)
		x.description = json_str(json_path(old, "Metadata", "Description", NULL));
	endpoint = json_path(old, "Endpoints", "docker", NULL);
	host = xstrdup(json_get_str(endpoint, "Host"));
	x.skip_verify = json_get_bool(endpoint, "SkipTLSVerify", false);
	if (c->endpoint != NULL)
		strv_split(&pairs, c->endpoint, ",");
	strv_for_each (it, &pairs)
		if (read_pair(*it, tls_dir, &host, &x.skip_verify, e) < 0)
			return err_wrap(e, "unable to create docker endpoint config");
	if (host == NULL) {
		host = default_host(cli);
		x.description = x.description != NULL ? x.description : DEFAULT_TEXT;
	}
	x.host = host;
	return context_create(dir, &x, e);
}

static int create_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct context_conf *c = conf;
	struct err e;

	if (check_new(cli, argv[0], &e) < 0 || write_context(cli, c, argv[0], c->from, &e) < 0)
		return docker_fail(&e);
	return succeed("created", argv[0]);
}

static int update_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	struct err e;

	if (check_name(argv[0], &e) < 0 || write_context(cli, conf, argv[0], argv[0], &e) < 0)
		return docker_fail(&e);
	return succeed("updated", argv[0]);
}

/* --- export, import ---------------------------------------------------------------------- */

/* a context as a tar: meta.json and tls/docker/ca.pem and so on */
static int export_tar(const char *dir, const char *name, const struct json *meta,
		      struct tar_writer *t, struct err *e)
{
	CLEANUP(freep) char *tls_dir = tls_dir_of(dir, name);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct json_w w;

	jw_init(&w, &text);
	jw_obj(&w);
	json_for_each (m, meta) {
		if (str_eq(json_key(m), "TLSMaterial"))
			break; /* that and what follows is where it is kept here */
		jw_key(&w, json_key(m));
		jw_tree(&w, m);
	}
	jw_end(&w);
	if (tar_write_file(t, "meta.json", 0644, 0, text.data, text.len, e) < 0)
		return -1;
	json_for_each (item, json_path(meta, "TLSMaterial", "docker", NULL)) {
		CLEANUP(freep) char *file = path_join(tls_dir, json_str(item));
		CLEANUP(freep) char *inside = path_join("tls/docker", json_str(item));

		buf_reset(&text);
		if (file_read(AT_FDCWD, file, CLIENT_CONFIG_MAX_BYTES, &text, e) < 0 ||
		    tar_write_file(t, inside, 0600, 0, text.data, text.len, e) < 0)
			return -1;
	}
	return tar_writer_end(t, e);
}

static int export_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(freep)
	char *to = argc > 1 ? xstrdup(argv[1]) : xasprintf("%s.dockercontext", argv[0]);
	CLEANUP(json_freep) struct json *meta = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(stream_freep) struct stream *s = stream_mem_new("", 0, &out);
	CLEANUP(tar_writer_freep) struct tar_writer *t = tar_writer_new(s);
	CLEANUP(fd_closep) int fd = -1;
	bool plain = str_eq(to, "-");
	struct err e;

	if (docker_context_inspect(cli, argv[0], &meta, &e) < 0)
		return docker_fail(&e);
	if (plain && isatty(STDOUT_FILENO)) {
		err_set(&e, ERR_INVALID, 0,
			"cowardly refusing to export to a terminal, specify a file path");
		return docker_fail(&e);
	}
	fd = plain ? dup(STDOUT_FILENO) : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		err_sys(&e, "open %s", to);
	if (fd < 0 || export_tar(dir, argv[0], meta, t, &e) < 0 ||
	    fd_write_all(fd, out.data, out.len, &e) < 0)
		return docker_fail(&e);
	if (!plain)
		fprintf(stderr, "Written file \"%s\"\n", to);
	return 0;
}

/* one file of such a tar; *ret_found: it was meta.json */
static int import_entry(const char *dir, const char *name, const struct tar_entry *ent,
			const struct buf *b, bool *ret_found, struct err *e)
{
	CLEANUP(freep) char *tls_dir = tls_dir_of(dir, name);
	CLEANUP(json_freep) struct json *meta = NULL;
	const char *file = str_skip(ent->name, "tls/docker/");
	struct context x = {.name = name};
	const struct json *endpoint;

	if (file != NULL && *file != 0 && strchr(file, '/') == NULL)
		return put_tls(tls_dir, file, b, e);
	if (!str_eq(ent->name, "meta.json"))
		return 0;
	if (json_parse(b->data, b->len, &meta, e) < 0)
		return -1;
	endpoint = json_path(meta, "Endpoints", "docker", NULL);
	x.description = json_str(json_path(meta, "Metadata", "Description", NULL));
	x.host = json_get_str(endpoint, "Host");
	x.skip_verify = json_get_bool(endpoint, "SkipTLSVerify", false);
	*ret_found = true;
	return context_create(dir, &x, e);
}

static int import_tar(const char *dir, const char *name, struct stream *in, struct err *e)
{
	CLEANUP(tar_reader_freep) struct tar_reader *t = tar_reader_new(in);
	const struct tar_entry *ent;
	bool found = false;
	int r;

	while ((r = tar_next(t, &ent, e)) == 1) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		size_t n = (size_t)MIN(ent->size, CLIENT_CONFIG_MAX_BYTES);

		while (b.len < n && (r = (int)tar_read(t, buf_reserve(&b, n), n - b.len, e)) > 0)
			b.len += (size_t)r;
		buf_str(&b);
		if (r < 0 || import_entry(dir, name, ent, &b, &found, e) < 0)
			return -1;
	}
	if (r == 0 && !found)
		return err_set(e, ERR_INVALID, 0, "invalid context: no metadata found");
	return r;
}

static int import_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv)
{
	static const char zeros[2 * 512];
	CLEANUP(freep) char *dir = config_dir(cli);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(stream_freep) struct stream *in = NULL;
	struct err e, ignored;

	if (check_new(cli, argv[0], &e) < 0 ||
	    file_read(AT_FDCWD, str_eq(argv[1], "-") ? "/dev/stdin" : argv[1],
		      CLIENT_CONFIG_MAX_BYTES, &b, &e) < 0)
		return docker_fail(&e);
	/* Docker writes no end, and not the padding before it */
	if (b.len % 512 != 0)
		buf_add(&b, zeros, 512 - b.len % 512);
	buf_add(&b, zeros, sizeof(zeros));
	in = stream_mem_new(b.data, b.len, NULL);
	if (import_tar(dir, argv[0], in, &e) == 0)
		return succeed("imported", argv[0]);
	(void)!context_remove(dir, argv[0], &ignored);
	return docker_fail(&e);
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
	if (rows == NULL || docker_format(format, "*formatter.clientContextContext", rows, columns,
					  columns, &e) < 0)
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
	CLEANUP(freep) char *tls_dir = path_join(tls, "docker");

	jw_kobj(w, "TLSMaterial");
	if (!plain && path_exists(tls_dir)) {
		jw_karr(w, "docker");
		for (size_t i = 0; i < ARRAY_LEN(tls_files); i++) {
			CLEANUP(freep) char *file = path_join(tls_dir, tls_files[i]);

			if (path_exists(file))
				jw_str(w, tls_files[i]);
		}
		jw_end(w);
	}
	jw_end(w);
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
	const struct context plain = {.name = name, .host = host};
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	if (str_eq(name, "default"))
		context_write(&w, &plain);
	else if (context_read(dir, name, &v, e) < 0)
		return -1;
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
	DOCKER_OPT_FORMAT(AT(format)),
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
CONTEXT(export, "CONTEXT [FILE|-]",
	"Export a context to a tar archive FILE or a tar stream on STDOUT.", NULL, 1, 2);
CONTEXT(import, "CONTEXT FILE|-", "Import a context from a tar file", NULL, 2, 2);
CONTEXT(use, "CONTEXT", "Set the current docker context", NULL, 1, 1);
CONTEXT(show, "", "Print the name of the current context", NULL, 0, 0);
CONTEXT(rm, "CONTEXT [CONTEXT...]", "Remove one or more contexts", rm_opts, 1, -1);
CONTEXT(ls, "[OPTIONS]", "List contexts", ls_opts, 0, 0);
