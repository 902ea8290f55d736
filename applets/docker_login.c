// SPDX-License-Identifier: MIT
/*
 * Credentials: docker login and logout, and the X-Registry-Auth header. They
 * are kept in ~/.docker/config.json as Docker does ("auths", base64 of
 * user:password). Credential helpers are not asked.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/reference.h"

#define HUB_KEY "https://index.docker.io/v1/"

struct login_conf {
	const char *user, *password;
	bool password_stdin;
};

static struct json *read_config(const struct docker_cli *cli)
{
	CLEANUP(freep) char *path = docker_config_file(cli);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *v = NULL;
	struct err e;

	if (file_read(AT_FDCWD, path, CLIENT_CONFIG_MAX_BYTES, &b, &e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0)
		return NULL;
	return v;
}

/* writes config.json anew with this registry's entry replaced; auth NULL removes it */
static int write_config(const struct docker_cli *cli, const char *key, const char *auth,
			struct err *e)
{
	CLEANUP(json_freep) struct json *old = read_config(cli);
	CLEANUP(freep) char *path = docker_config_file(cli);
	CLEANUP(freep) char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	jw_init_indent(&w, &b, "\t");
	jw_obj(&w);
	jw_kobj(&w, "auths");
	json_for_each (m, json_get(old, "auths"))
		if (strcmp(json_key(m), key) != 0) {
			jw_key(&w, json_key(m));
			jw_tree(&w, m);
		}
	if (auth != NULL) {
		jw_kobj(&w, key);
		jw_kstr(&w, "auth", auth);
		jw_end(&w);
	}
	jw_end(&w);
	json_for_each (m, old)
		if (strcmp(json_key(m), "auths") != 0) {
			jw_key(&w, json_key(m));
			jw_tree(&w, m);
		}
	jw_end(&w);
	return file_write(AT_FDCWD, path, b.data, b.len, 0600, FILE_SYNC, e);
}

/* "user:password" of a registry's entry, on the heap; NULL none */
static char *stored_auth(const struct json *config, const char *key)
{
	const struct json *entry = json_get(json_get(config, "auths"), key);
	const char *auth = json_get_str(entry, "auth");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (!str_empty(auth)) {
		if (base64_decode(&b, auth, strlen(auth)) < 0)
			return NULL;
		return xstrdup(buf_str(&b));
	}
	if (json_get_str(entry, "username") == NULL || json_get_str(entry, "password") == NULL)
		return NULL;
	return xasprintf("%s:%s", json_get_str(entry, "username"), json_get_str(entry, "password"));
}

static char *auth_header(const char *user, const char *password, const char *token,
			 const char *server)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct buf out = BUF_INIT;
	struct json_w w;

	jw_init(&w, &text);
	jw_obj(&w);
	if (token != NULL) {
		jw_kstr(&w, "identitytoken", token);
	} else {
		jw_kstr(&w, "username", user);
		jw_kstr(&w, "password", password);
	}
	jw_kstr(&w, "serveraddress", server);
	jw_end(&w);
	base64_encode_url(&out, text.data, text.len);
	return buf_detach(&out);
}

char *docker_auth_header(struct docker_cli *cli, const char *text)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(json_freep) struct json *config = NULL;
	CLEANUP(freep) char *auth = NULL;
	const char *key, *token;
	char *colon;
	struct err e;

	if (image_ref_parse(text, &ref, &e) < 0)
		return NULL;
	config = read_config(cli);
	key = strcmp(ref.domain, "docker.io") == 0 ? HUB_KEY : ref.domain;
	token = json_str(json_path(config, "auths", key, "identitytoken", NULL));
	auth = stored_auth(config, key);
	if (auth == NULL && strcmp(key, HUB_KEY) != 0) {
		CLEANUP(freep) char *url = xasprintf("https://%s", key);

		auth = stored_auth(config, url);
	}
	if (!str_empty(token))
		return auth_header(NULL, NULL, token, key);
	colon = auth == NULL ? NULL : strchr(auth, ':');
	if (colon == NULL)
		return NULL;
	*colon = 0;
	return auth_header(auth, colon + 1, NULL, key);
}

/* one line of the terminal or of stdin, without its end; NULL at end of file */
static char *read_line(bool echo)
{
	struct termios old, quiet;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	bool hide = !echo && tcgetattr(STDIN_FILENO, &old) == 0;

	if (hide) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	n = getline(&line, &cap, stdin);
	if (hide) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
		puts("");
	}
	if (n < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = 0;
	return line;
}

static int ask(const struct login_conf *c, char **user, char **password, struct err *e)
{
	*user = xstrdup(c->user);
	if (c->password_stdin && c->password != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "--password and --password-stdin are mutually exclusive");
	if (c->password_stdin && str_empty(c->user))
		return err_set(e, ERR_INVALID, 0, "Must provide --username with --password-stdin");
	if (!c->password_stdin && (c->user == NULL || c->password == NULL) && !isatty(STDIN_FILENO))
		return err_set(e, ERR_INVALID, 0,
			       "Error: Cannot perform an interactive login from a non TTY device");
	if (*user == NULL) {
		fputs("Username: ", stdout);
		fflush(stdout);
		*user = read_line(true);
	}
	if (c->password != NULL) {
		fputs("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n",
		      stderr);
		*password = xstrdup(c->password);
	} else {
		if (!c->password_stdin)
			fputs("Password: ", stdout);
		fflush(stdout);
		*password = read_line(c->password_stdin);
	}
	if (str_empty(*user) || str_empty(*password))
		return err_set(e, ERR_INVALID, 0, "Error: Password Required");
	return 0;
}

static int check_login(struct docker_cli *cli, const char *user, const char *password,
		       const char *server, struct json **ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct client_req rq = {.method = "POST", .path = "/auth"};
	struct client *c = docker_client(cli, e);
	struct json_w w;

	if (c == NULL)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "username", user);
	jw_kstr(&w, "password", password);
	jw_kstr(&w, "serveraddress", server);
	jw_end(&w);
	rq.body = buf_str(&b);
	return client_call(c, &rq, ret, e);
}

static const char *registry_key(int argc, char **argv)
{
	const char *server = argc > 0 ? argv[0] : HUB_KEY;

	if (strcmp(server, "docker.io") == 0 || strcmp(server, "index.docker.io") == 0)
		return HUB_KEY;
	if (strcmp(server, HUB_KEY) == 0)
		return server;
	if (str_skip(server, "https://") != NULL)
		return str_skip(server, "https://");
	return str_skip(server, "http://") != NULL ? str_skip(server, "http://") : server;
}

static int login_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct login_conf *c = conf;
	const char *key = registry_key(argc, argv);
	CLEANUP(freep) char *user = NULL;
	CLEANUP(freep) char *password = NULL;
	CLEANUP(freep) char *path = docker_config_file(cli);
	CLEANUP(freep) char *pair = NULL;
	CLEANUP(buf_clear) struct buf auth = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (ask(c, &user, &password, &e) < 0 || check_login(cli, user, password, key, &v, &e) < 0)
		return docker_fail(&e);
	pair = xasprintf("%s:%s", user, password);
	base64_encode(&auth, pair, strlen(pair));
	if (write_config(cli, key, buf_str(&auth), &e) < 0)
		return docker_fail(&e);
	fprintf(stderr,
		"\nWARNING! Your credentials are stored unencrypted in '%s'.\n"
		"Configure a credential helper to remove this warning. See\n"
		"https://docs.docker.com/go/credential-store/\n\n",
		path);
	puts(json_get_str(v, "Status") != NULL ? json_get_str(v, "Status") : "Login Succeeded");
	return 0;
}

static int logout_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	const char *key = registry_key(argc, argv);
	struct err e;

	printf("Removing login credentials for %s\n", key);
	return write_config(cli, key, NULL, &e) < 0 ? docker_fail(&e) : 0;
}

static const struct opt login_opts[] = {
	{'p', "password", OPT_STR, offsetof(struct login_conf, password), "string",
	 "Password or Personal Access Token (PAT)", NULL},
	{0, "password-stdin", OPT_FLAG, offsetof(struct login_conf, password_stdin), NULL,
	 "Take the Password or Personal Access Token (PAT) from stdin", NULL},
	{'u', "username", OPT_STR, offsetof(struct login_conf, user), "string", "Username", NULL},
	{0},
};

const struct docker_cmd docker_login_cmd = {
	.args = "[OPTIONS] [SERVER]",
	.about = "Authenticate to a registry",
	.opts = login_opts,
	.conf_size = sizeof(struct login_conf),
	.max = 1,
	.run = login_main,
};

const struct docker_cmd docker_logout_cmd = {
	.args = "[SERVER]",
	.about = "Log out from a registry",
	.max = 1,
	.run = logout_main,
};
