// SPDX-License-Identifier: MIT
/*
 * Finding the engine as the docker CLI does (cli/command/cli.go,
 * resolveContextName; cli/context/store: contexts/meta/<sha256 of the
 * name>/meta.json). Without any hint the CLI takes /var/run/docker.sock; we
 * prefer a rootless engine's socket where that one exists.
 */
#include "client/host.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "client/context.h"
#include "client/ssh.h"
#include "config/limits.h"

#define SYSTEM_SOCKET "unix:///var/run/docker.sock"

void host_clear(struct host *h)
{
	free(h->text);
	free(h->path);
	free(h->name);
	free(h->context);
	free(h->tls_dir);
	*h = (struct host){0};
}

static int parse_tcp(const char *rest, struct host *h, struct err *e)
{
	CLEANUP(freep) char *url = xasprintf("//%s", rest);
	struct url u = URL_INIT;
	bool has_port;

	if (url_parse(url, &u, e) < 0)
		return err_wrap(e, "unable to parse docker host `%s`", h->text);
	h->kind = HOST_TCP;
	h->name = xstrdup(str_empty(u.host) ? "127.0.0.1" : u.host);
	has_port = u.port != 0;
	h->port = has_port ? u.port : (h->tls ? 2376 : 2375);
	url_clear(&u);
	return 0;
}

int host_parse(const char *text, struct host *ret, struct err *e)
{
	struct host h = {.text = xstrdup(text)};
	const char *rest;
	int r = 0;

	if ((rest = str_skip(text, "unix://")) != NULL) {
		h.kind = HOST_UNIX;
		h.path = xstrdup(*rest != 0 ? rest : &SYSTEM_SOCKET[strlen("unix://")]);
	} else if ((rest = str_skip(text, "https://")) != NULL) {
		h.tls = true;
		r = parse_tcp(rest, &h, e);
	} else if ((rest = str_skip(text, "tcp://")) != NULL ||
		   (rest = str_skip(text, "http://")) != NULL) {
		r = parse_tcp(rest, &h, e);
	} else if (str_starts(text, "ssh://")) {
		CLEANUP(strv_clear) struct strv args = STRV_INIT;

		h.kind = HOST_SSH;
		r = ssh_command(text, &args, e);
	} else if (strstr(text, "://") == NULL) {
		r = err_set(e, ERR_INVALID, 0, "unable to parse docker host `%s`", text);
	} else {
		r = err_set(e, ERR_INVALID, 0, "invalid bind address format: %s", text);
	}
	if (r < 0) {
		host_clear(&h);
		return -1;
	}
	*ret = h;
	return 0;
}

char *host_config_dir(const char *given)
{
	const char *dir = !str_empty(given) ? given : getenv("DOCKER_CONFIG");
	const char *home = getenv("HOME");

	if (!str_empty(dir))
		return xstrdup(dir);
	if (str_empty(home)) {
		const struct passwd *pw = getpwuid(getuid());

		home = pw != NULL ? pw->pw_dir : "/";
	}
	return path_join(home, ".docker");
}

static struct json *read_json(const char *path)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *v = NULL;
	struct err e;

	if (file_read(AT_FDCWD, path, CLIENT_CONFIG_MAX_BYTES, &b, &e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0)
		return NULL;
	return v;
}

static char *current_context(const char *config_dir)
{
	CLEANUP(freep) char *path = path_join(config_dir, "config.json");
	CLEANUP(json_freep) struct json *v = read_json(path);

	return xstrdup(json_get_str(v, "currentContext"));
}

static int from_context(const char *config_dir, const char *name, struct host *ret, struct err *e)
{
	CLEANUP(json_freep) struct json *meta = NULL;
	CLEANUP(freep) char *tls = NULL;
	const struct json *endpoint;
	const char *host;

	if (context_read(config_dir, name, &meta, e) < 0)
		return -1;
	endpoint = json_path(meta, "Endpoints", "docker", NULL);
	host = json_get_str(endpoint, "Host");
	if (host_parse(host != NULL ? host : "", ret, e) < 0)
		return -1;
	ret->skip_verify = json_get_bool(endpoint, "SkipTLSVerify", false);
	ret->tls |= ret->skip_verify;
	ret->context = xstrdup(name);
	tls = context_path(config_dir, "tls", name);
	ret->tls_dir = path_join(tls, "docker");
	if (path_exists(ret->tls_dir))
		ret->tls = true;
	else
		free(TAKE(ret->tls_dir));
	return 0;
}

/* the rootless engine's socket, when it is there and the system's is not ours to use */
static char *default_socket(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	CLEANUP(freep) char *path = NULL;

	if (!str_empty(dir)) {
		path = path_join(dir, "docker.sock");
		if (path_exists(path))
			return xasprintf("unix://%s", path);
	}
	return xstrdup(SYSTEM_SOCKET);
}

char *host_context(const struct client_options *o)
{
	CLEANUP(freep) char *config_dir = host_config_dir(o->config_dir);
	CLEANUP(freep) char *context = NULL;

	if (!str_empty(o->host))
		return xstrdup("default");
	if (!str_empty(o->context))
		return xstrdup(o->context);
	if (!str_empty(getenv("DOCKER_HOST")))
		return xstrdup("default");
	if (!str_empty(getenv("DOCKER_CONTEXT")))
		return xstrdup(getenv("DOCKER_CONTEXT"));
	context = current_context(config_dir);
	return str_empty(context) ? xstrdup("default") : TAKE(context);
}

int host_find(const struct client_options *o, struct host *ret, struct err *e)
{
	CLEANUP(freep) char *config_dir = host_config_dir(o->config_dir);
	CLEANUP(freep) char *context = host_context(o);
	CLEANUP(freep) char *text = NULL;

	if (!str_eq(context, "default"))
		return from_context(config_dir, context, ret, e);
	text = xstrdup(!str_empty(o->host) ? o->host : getenv("DOCKER_HOST"));
	if (str_empty(text))
		str_replace_ptr(&text, NULL);
	if (text == NULL)
		text = default_socket();
	if (strstr(text, "://") == NULL) {
		CLEANUP(freep)
		char *tcp = xasprintf("tcp://%s%s", text, strchr(text, ':') ? "" : ":2375");

		str_replace_ptr(&text, tcp);
	}
	if (host_parse(text, ret, e) < 0)
		return -1;
	ret->context = TAKE(context);
	return 0;
}
