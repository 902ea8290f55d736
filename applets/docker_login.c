// SPDX-License-Identifier: MIT
/*
 * Credentials: docker login and logout, and the X-Registry-Auth header. They
 * are kept in ~/.docker/config.json as Docker does ("auths", base64 of
 * user:password), or by credential helpers (docker-credential-helpers: programs
 * that read a server's name or JSON on stdin) where "credHelpers" or "credsStore" name one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/reference.h"
#include "image/registry.h"

#define HUB_KEY	   "https://index.docker.io/v1/"
#define TOKEN_USER "<token>" /* whose password is an identity token */

struct login_conf {
	const char *user, *password;
	bool password_stdin;
};

/* What a registry is called in config.json. */
static const char *registry_key(const char *server)
{
	const char *host = str_skip(server, "https://");

	if (host == NULL)
		host = str_skip(server, "http://");
	if (host == NULL)
		host = server;
	return str_eq(host, "docker.io") || str_starts(host, "index.docker.io") ? HUB_KEY : host;
}

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

/* writes config.json anew with this registry's entry (JSON) replaced; NULL removes it */
static int write_config(const struct docker_cli *cli, const char *key, const char *entry,
			struct err *e)
{
	CLEANUP(json_freep) struct json *old = read_config(cli);
	CLEANUP(freep) char *name = docker_config_file(cli);
	CLEANUP(freep) char *dir = xstrndup(name, (size_t)(strrchr(name, '/') - name));
	CLEANUP(freep) char *target = realpath(name, NULL); /* a link stays one */
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
	if (entry != NULL)
		jw_kraw(&w, key, entry);
	jw_end(&w);
	json_for_each (m, old)
		if (strcmp(json_key(m), "auths") != 0) {
			jw_key(&w, json_key(m));
			jw_tree(&w, m);
		}
	jw_end(&w);
	return file_write(AT_FDCWD, target != NULL ? target : name, b.data, b.len, 0600, FILE_SYNC,
			  e);
}

/* --- credential helpers: docker-credential-NAME get, store, erase --- */

static char *helper_of(const struct docker_cli *cli, const char *key)
{
	CLEANUP(json_freep) struct json *config = read_config(cli);
	const char *name = json_get_str(json_get(config, "credHelpers"), key);

	if (name == NULL)
		name = json_get_str(config, "credsStore");
	return str_empty(name) ? NULL : xasprintf("docker-credential-%s", name);
}

static int ask_helper(const char *program, const char *verb, const char *input, struct buf *out,
		      struct err *e)
{
	const char *const argv[] = {program, verb, NULL};
	CLEANUP(fd_closep) int fd = fd_memfile("credentials", input, strlen(input), e);
	struct proc_fd in = {.fd = fd, .child_fd = STDIN_FILENO};
	struct proc_spec spec = {.path = program, .argv = argv, .fds = &in, .n_fds = 1};

	return fd < 0 ? -1 : proc_run(&spec, -1, out, e);
}

static void get_from_helper(const char *program, const char *key, struct registry_auth *a)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *user;
	struct err e;

	if (ask_helper(program, "get", key, &b, &e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0)
		return;
	user = json_get_str(v, "Username");
	if (str_eq(user, TOKEN_USER)) {
		a->identity_token = xstrdup(json_get_str(v, "Secret"));
	} else {
		a->username = xstrdup(user);
		a->password = xstrdup(json_get_str(v, "Secret"));
	}
	explicit_bzero(b.data, b.len);
}

static int save(const struct docker_cli *cli, const char *key, const struct registry_auth *a,
		struct err *e)
{
	CLEANUP(freep) char *program = helper_of(cli, key);
	CLEANUP(freep) char *pair = NULL;
	CLEANUP(buf_clear) struct buf code = BUF_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	bool token = a->identity_token != NULL;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	if (program != NULL) {
		jw_kstr(&w, "ServerURL", key);
		jw_kstr(&w, "Username", token ? TOKEN_USER : a->username);
		jw_kstr(&w, "Secret", token ? a->identity_token : a->password);
	} else {
		pair = xasprintf("%s:%s", a->username != NULL ? a->username : "",
				 token ? "" : a->password);
		base64_encode(&code, pair, strlen(pair));
		jw_kstr(&w, "auth", buf_str(&code));
		if (token)
			jw_kstr(&w, "identitytoken", a->identity_token);
	}
	jw_end(&w);
	if (program == NULL)
		return write_config(cli, key, buf_str(&b), e);
	if (ask_helper(program, "store", buf_str(&b), NULL, e) < 0)
		return err_wrap(e, "Error saving credentials: error storing credentials");
	return write_config(cli, key, "{}", e);
}

/* What is known of a registry; an entry may have the URL that older clients wrote. */
static void load(const struct docker_cli *cli, const char *key, struct registry_auth *a)
{
	CLEANUP(freep) char *program = helper_of(cli, key);
	CLEANUP(json_freep) struct json *config = read_config(cli);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(buf_clear) struct buf code = BUF_INIT;
	const struct json *found = json_get(json_get(config, "auths"), key);
	struct json_w w;
	struct err e;

	if (program != NULL) {
		get_from_helper(program, key, a);
		return;
	}
	json_for_each (m, json_get(config, "auths")) {
		const char *host = registry_key(json_key(m));
		size_t n = strcspn(host, "/");

		if (found == NULL && strncmp(host, key, n) == 0 && key[n] == '\0')
			found = m;
	}
	if (found == NULL)
		return;
	jw_init(&w, &text);
	jw_tree(&w, found);
	base64_encode(&code, text.data, text.len);
	if (registry_auth_parse(buf_str(&code), a, &e) < 0)
		registry_auth_clear(a);
	/* its place is where its password would be */
	if (a->identity_token != NULL)
		str_replace_ptr(&a->password, NULL);
}

static bool is_known(const struct registry_auth *a)
{
	return a->identity_token != NULL || (a->username != NULL && a->password != NULL);
}

static void write_auth(struct buf *b, const struct registry_auth *a, const char *server)
{
	const struct {
		const char *key, *value;
	} parts[] = {{"username", a->username},
		     {"password", a->password},
		     {"identitytoken", a->identity_token},
		     {"serveraddress", server}};
	struct json_w w;

	jw_init(&w, b);
	jw_obj(&w);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].value != NULL)
			jw_kstr(&w, parts[i].key, parts[i].value);
	jw_end(&w);
}

char *docker_auth_header(struct docker_cli *cli, const char *text)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(registry_auth_clear) struct registry_auth a = REGISTRY_AUTH_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct buf out = BUF_INIT;
	const char *key;
	struct err e;

	if (image_ref_parse(text, &ref, &e) < 0)
		return NULL;
	key = registry_key(ref.domain);
	load(cli, key, &a);
	if (!is_known(&a))
		return NULL;
	write_auth(&b, &a, key);
	base64_encode_url(&out, b.data, b.len);
	return buf_detach(&out);
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
		return err_set(
			e, ERR_INVALID, 0,
			"conflicting options: cannot specify both --password and --password-stdin");
	if (c->password_stdin && str_empty(c->user))
		return err_set(e, ERR_INVALID, 0,
			       "the --password-stdin option requires --username to be set");
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

static int check_login(struct docker_cli *cli, const char *key, struct registry_auth *a,
		       struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct client_req rq = {.method = "POST", .path = "/auth"};
	struct client *c = docker_client(cli, e);

	if (c == NULL)
		return -1;
	write_auth(&b, a, key);
	rq.body = buf_str(&b);
	if (client_call(c, &rq, &v, e) < 0)
		return -1;
	if (!str_empty(json_get_str(v, "IdentityToken")))
		str_replace_ptr(&a->identity_token, json_get_str(v, "IdentityToken"));
	if (save(cli, key, a, e) < 0)
		return -1;
	puts(json_get_str(v, "Status") != NULL ? json_get_str(v, "Status") : "Login Succeeded");
	return 0;
}

/* 1 done, 0 nothing known that helps */
static int login_as_before(struct docker_cli *cli, const struct login_conf *c, const char *key)
{
	CLEANUP(registry_auth_clear) struct registry_auth a = REGISTRY_AUTH_INIT;
	struct err e;

	if (c->password != NULL || c->password_stdin)
		return 0;
	load(cli, key, &a);
	if (!is_known(&a) || (c->user != NULL && !str_eq(c->user, a.username)))
		return 0;
	fprintf(stderr,
		"Authenticating with existing credentials... [Username: %s]\n\n Info -> To login "
		"with a different account, run 'docker logout' followed by 'docker login'\n\n\n",
		a.username != NULL ? a.username : TOKEN_USER);
	if (check_login(cli, key, &a, &e) == 0)
		return 1;
	fprintf(stderr, "Login did not succeed, error: %s\n", e.msg);
	return 0;
}

static int login_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct login_conf *c = conf;
	const char *key = registry_key(argc > 0 ? argv[0] : HUB_KEY);
	CLEANUP(registry_auth_clear) struct registry_auth a = REGISTRY_AUTH_INIT;
	CLEANUP(freep) char *path = docker_config_file(cli);
	CLEANUP(freep) char *program = helper_of(cli, key);
	struct err e;

	if (login_as_before(cli, c, key))
		return 0;
	if (ask(c, &a.username, &a.password, &e) < 0 || check_login(cli, key, &a, &e) < 0)
		return docker_fail(&e);
	if (program == NULL && a.identity_token == NULL)
		fprintf(stderr,
			"\nWARNING! Your credentials are stored unencrypted in '%s'.\n"
			"Configure a credential helper to remove this warning. See\n"
			"https://docs.docker.com/go/credential-store/\n\n",
			path);
	return 0;
}

static int logout_main(struct docker_cli *cli, void *conf UNUSED, int argc, char **argv)
{
	const char *key = registry_key(argc > 0 ? argv[0] : HUB_KEY);
	CLEANUP(freep) char *program = helper_of(cli, key);
	struct err e;

	printf("Removing login credentials for %s\n", key);
	if (program != NULL && ask_helper(program, "erase", key, NULL, &e) < 0)
		fprintf(stderr, "WARNING: could not erase credentials: %s\n", e.msg);
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
