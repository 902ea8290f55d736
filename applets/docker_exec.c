// SPDX-License-Identifier: MIT
/* docker exec, attach and start -a: joining a process in a container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/spec.h"
#include "config/limits.h"

/* --- exec ------------------------------------------------------------------- */

struct exec_conf {
	bool detach, interactive, tty, privileged;
	const char *detach_keys, *user, *workdir;
	struct strv env, env_file;
};

static const struct opt exec_opts[] = {
	{'d', "detach", OPT_FLAG, offsetof(struct exec_conf, detach), NULL,
	 "Detached mode: run command in the background", NULL},
	{0, "detach-keys", OPT_STR, offsetof(struct exec_conf, detach_keys), "string",
	 "Override the key sequence for detaching a container", NULL},
	{'e', "env", OPT_STRV, offsetof(struct exec_conf, env), "list", "Set environment variables",
	 NULL},
	{0, "env-file", OPT_STRV, offsetof(struct exec_conf, env_file), "list",
	 "Read in a file of environment variables", NULL},
	{'i', "interactive", OPT_FLAG, offsetof(struct exec_conf, interactive), NULL,
	 "Keep STDIN open even if not attached", NULL},
	{0, "privileged", OPT_FLAG, offsetof(struct exec_conf, privileged), NULL,
	 "Give extended privileges to the command", NULL},
	{'t', "tty", OPT_FLAG, offsetof(struct exec_conf, tty), NULL, "Allocate a pseudo-TTY",
	 NULL},
	{'u', "user", OPT_STR, offsetof(struct exec_conf, user), "string",
	 "Username or UID (format: \"<name|uid>[:<group|gid>]\")", NULL},
	{'w', "workdir", OPT_STR, offsetof(struct exec_conf, workdir), "string",
	 "Working directory inside the container", NULL},
	{0},
};

static void put_console(struct json_w *w, bool tty)
{
	unsigned rows, cols;

	if (!tty || !docker_tty_size(&rows, &cols))
		return;
	jw_karr(w, "ConsoleSize");
	jw_u64(w, rows);
	jw_u64(w, cols);
	jw_end(w);
}

static int exec_body(struct exec_conf *c, int argc, char **argv, struct buf *out, struct err *e)
{
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	struct json_w w;

	strv_for_each (it, &c->env_file)
		if (spec_env_file(*it, &env, e) < 0)
			return -1;
	strv_for_each (it, &c->env) {
		char *text = spec_env(*it);

		strv_take(&env, text != NULL ? text : xstrdup(*it));
	}
	jw_init(&w, out);
	jw_obj(&w);
	jw_kbool(&w, "AttachStdin", c->interactive && !c->detach);
	jw_kbool(&w, "AttachStdout", !c->detach);
	jw_kbool(&w, "AttachStderr", !c->detach);
	jw_kbool(&w, "Detach", c->detach);
	jw_kbool(&w, "Tty", c->tty);
	jw_kbool(&w, "Privileged", c->privileged);
	jw_kstr(&w, "User", c->user);
	jw_kstr(&w, "WorkingDir", c->workdir);
	if (c->detach_keys != NULL)
		jw_kstr(&w, "DetachKeys", c->detach_keys);
	put_console(&w, c->tty);
	jw_karr(&w, "Env");
	strv_for_each (it, &env)
		jw_str(&w, *it);
	jw_end(&w);
	jw_karr(&w, "Cmd");
	for (int i = 0; i < argc; i++)
		jw_str(&w, argv[i]);
	jw_end(&w);
	jw_end(&w);
	return 0;
}

static char *exec_create(struct docker_cli *cli, struct exec_conf *c, int argc, char **argv,
			 struct err *e)
{
	CLEANUP(freep) char *path = client_path("/containers/%s/exec", argv[0]);
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct client_req rq = {.method = "POST", .path = path};

	if (exec_body(c, argc - 1, argv + 1, &body, e) < 0)
		return NULL;
	rq.body = buf_str(&body);
	if (client_call(cli->client, &rq, &v, e) < 0)
		return NULL;
	if (str_empty(json_get_str(v, "Id"))) {
		err_set(e, ERR_SYSTEM, 0, "exec ID empty");
		return NULL;
	}
	return xstrdup(json_get_str(v, "Id"));
}

static int exec_attached(struct docker_cli *cli, const struct exec_conf *c, const char *id)
{
	CLEANUP(docker_io_clear)
	struct docker_io io = {
		.tty = c->tty,
		.multiplexed = !c->tty,
		.input = c->interactive,
		.output = true,
		.detach_keys = c->detach_keys,
	};
	CLEANUP(freep) char *path = client_path("/exec/%s/start", id);
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct client_req rq = {.method = "POST", .path = path, .upgrade = "tcp"};
	bool multiplexed;
	struct json_w w;
	struct err e;

	jw_init(&w, &body);
	jw_obj(&w);
	jw_kbool(&w, "Detach", false);
	jw_kbool(&w, "Tty", c->tty);
	put_console(&w, c->tty);
	jw_end(&w);
	rq.body = buf_str(&body);
	io.stream = client_hijack(cli->client, &rq, &io.left, &multiplexed, &e);
	if (io.stream == NULL) {
		io.input = false;
		docker_fail(&e);
		return 1;
	}
	if (c->tty)
		docker_resize_start(cli, client_path("/exec/%s/resize", id), false);
	if (docker_io_run(&io, &e) < 0 && !io.detached)
		return docker_fail(&e);
	if (io.detached) {
		fputs("read escape sequence\n", stderr);
		return 1;
	}
	if (client_get(cli->client, client_path("/exec/%s/json", id), &v, &e) < 0)
		return docker_fail(&e);
	return (int)json_get_i64(v, "ExitCode", 0);
}

static int exec_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	struct exec_conf *c = conf;
	CLEANUP(freep) char *id = NULL;
	struct err e;

	if (!c->detach && docker_io_check(c->interactive, c->tty, &e) < 0)
		return docker_fail(&e);
	if (docker_client(cli, &e) == NULL)
		return docker_fail(&e);
	id = exec_create(cli, c, argc, argv, &e);
	if (id == NULL)
		return docker_fail(&e);
	if (c->detach) {
		CLEANUP(freep) char *path = client_path("/exec/%s/start", id);
		struct client_req rq = {
			.method = "POST", .path = path, .body = "{\"Detach\":true,\"Tty\":false}"};

		return client_call(cli->client, &rq, NULL, &e) < 0 ? docker_fail(&e) : 0;
	}
	return exec_attached(cli, c, id);
}

const struct docker_cmd docker_exec_cmd = {
	.args = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.about = "Execute a command in a running container",
	.opts = exec_opts,
	.conf_size = sizeof(struct exec_conf),
	.min = 2,
	.max = -1,
	.flags = OPT_STOP_AT_OPERAND,
	.run = exec_main,
};

/* --- attach and start ------------------------------------------------------- */

struct attach_conf {
	bool no_stdin, sig_proxy; /* attach */
	bool attach, interactive; /* start */
	const char *detach_keys;
};

static void attach_init(void *conf)
{
	((struct attach_conf *)conf)->sig_proxy = true;
}

static const struct opt attach_opts[] = {
	{0, "detach-keys", OPT_STR, offsetof(struct attach_conf, detach_keys), "string",
	 "Override the key sequence for detaching a container", NULL},
	{0, "no-stdin", OPT_FLAG, offsetof(struct attach_conf, no_stdin), NULL,
	 "Do not attach STDIN", NULL},
	{0, "sig-proxy", OPT_FLAG, offsetof(struct attach_conf, sig_proxy), NULL,
	 "Proxy all received signals to the process (default true)", NULL},
	{0},
};

static const struct opt start_opts[] = {
	{'a', "attach", OPT_FLAG, offsetof(struct attach_conf, attach), NULL,
	 "Attach STDOUT/STDERR and forward signals", NULL},
	{0, "detach-keys", OPT_STR, offsetof(struct attach_conf, detach_keys), "string",
	 "Override the key sequence for detaching a container", NULL},
	{'i', "interactive", OPT_FLAG, offsetof(struct attach_conf, interactive), NULL,
	 "Attach container's STDIN", NULL},
	{0},
};

static int open_attach(struct docker_cli *cli, const struct attach_conf *c, const char *name,
		       const struct json *info, bool input, struct docker_io *io, struct err *e)
{
	CLEANUP(freep) char *path = client_path("/containers/%s/attach", name);
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.method = "POST", .path = path, .query = &q, .upgrade = "tcp"};
	bool multiplexed;

	http_query_add(&q, "stream", "1");
	if (input)
		http_query_add(&q, "stdin", "1");
	http_query_add(&q, "stdout", "1");
	http_query_add(&q, "stderr", "1");
	if (c->detach_keys != NULL)
		http_query_add(&q, "detachKeys", c->detach_keys);
	io->tty = json_bool(json_path(info, "Config", "Tty", NULL), false);
	io->multiplexed = !io->tty;
	io->output = true;
	io->detach_keys = c->detach_keys;
	if (docker_io_check(input, io->tty, e) < 0)
		return -1;
	io->stream = client_hijack(cli->client, &rq, &io->left, &multiplexed, e);
	if (io->stream == NULL)
		return -1;
	io->input = input;
	return 0;
}

static struct http_client *ask_wait(struct client *waiter, const char *name, const char *condition,
				    struct err *e)
{
	CLEANUP(freep) char *path = client_path("/containers/%s/wait", name);
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.method = "POST", .path = path, .query = &q};
	struct http_client *h;

	http_query_add(&q, "condition", condition);
	return client_send(waiter, &rq, &h, e) < 0 ? NULL : h;
}

static int wait_code(struct http_client *h)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (http_body_read_all(http_client_body(h), CLIENT_ERROR_MAX_BYTES, &b, &e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0)
		return docker_fail(&e);
	return (int)json_get_i64(v, "StatusCode", 0);
}

static int attach_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	struct attach_conf *c = conf;
	CLEANUP(docker_io_clear) struct docker_io io = {0};
	CLEANUP(client_freep) struct client *waiter = NULL;
	CLEANUP(json_freep) struct json *info = NULL;
	struct http_client *waiting;
	const struct json *state;
	struct err e;
	bool input;

	if (docker_call(cli, "GET", client_path("/containers/%s/json", argv[0]), &info, &e) < 0)
		return docker_fail(&e);
	state = json_get(info, "State");
	if (!json_get_bool(state, "Running", false))
		err_set(&e, ERR_CONFLICT, 0,
			"You cannot attach to a stopped container, start it first");
	else if (json_get_bool(state, "Paused", false))
		err_set(&e, ERR_CONFLICT, 0,
			"You cannot attach to a paused container, unpause it first");
	else if (json_get_bool(state, "Restarting", false))
		err_set(&e, ERR_CONFLICT, 0,
			"You cannot attach to a restarting container, wait until it is running");
	else
		err_clear(&e);
	if (e.kind != 0)
		return docker_fail(&e);
	input = !c->no_stdin && json_bool(json_path(info, "Config", "OpenStdin", NULL), false);
	waiter = client_clone(cli->client);
	waiting = ask_wait(waiter, argv[0], "not-running", &e);
	if (waiting == NULL || open_attach(cli, c, argv[0], info, input, &io, &e) < 0)
		return docker_fail(&e);
	if (c->sig_proxy && !io.tty)
		docker_signals_start(cli, xstrdup(argv[0]));
	if (io.tty)
		docker_resize_start(cli, client_path("/containers/%s/resize", argv[0]), true);
	if (docker_io_run(&io, &e) < 0 && !io.detached)
		return docker_fail(&e);
	if (io.detached) {
		fputs("read escape sequence\n", stderr);
		return 1;
	}
	return wait_code(waiting);
}

const struct docker_cmd docker_attach_cmd = {
	.args = "[OPTIONS] CONTAINER",
	.about = "Attach local standard input, output, and error streams to a running container",
	.opts = attach_opts,
	.conf_size = sizeof(struct attach_conf),
	.min = 1,
	.max = 1,
	.run = attach_main,
	.init = attach_init,
};

static int start_attached(struct docker_cli *cli, const struct attach_conf *c, const char *name)
{
	CLEANUP(docker_io_clear) struct docker_io io = {0};
	CLEANUP(client_freep) struct client *waiter = NULL;
	CLEANUP(json_freep) struct json *info = NULL;
	struct http_client *waiting;
	struct err e;
	bool input;

	if (client_get(cli->client, client_path("/containers/%s/json", name), &info, &e) < 0)
		return docker_fail(&e);
	input = c->interactive && json_bool(json_path(info, "Config", "OpenStdin", NULL), false);
	if (open_attach(cli, c, name, info, input, &io, &e) < 0)
		return docker_fail(&e);
	waiter = client_clone(cli->client);
	waiting = ask_wait(waiter, name,
			   json_bool(json_path(info, "HostConfig", "AutoRemove", NULL), false)
				   ? "removed"
				   : "next-exit",
			   &e);
	if (waiting == NULL ||
	    docker_call(cli, "POST", client_path("/containers/%s/start", name), NULL, &e) < 0) {
		io.input = false;
		return docker_fail(&e);
	}
	if (io.tty)
		docker_resize_start(cli, client_path("/containers/%s/resize", name), false);
	else
		docker_signals_start(cli, xstrdup(name));
	if (docker_io_run(&io, &e) < 0 && !io.detached)
		return docker_fail(&e);
	return io.detached ? 0 : wait_code(waiting);
}

static int start_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	struct attach_conf *c = conf;
	CLEANUP(strv_clear) struct strv failed = STRV_INIT;
	CLEANUP(freep) char *names = NULL;
	struct err e;

	if (docker_client(cli, &e) == NULL)
		return docker_fail(&e);
	if (c->attach || c->interactive) {
		if (argc > 1) {
			fputs("you cannot start and attach multiple containers at once\n", stderr);
			return 1;
		}
		return start_attached(cli, c, argv[0]);
	}
	for (int i = 0; i < argc; i++) {
		char *path = client_path("/containers/%s/start", argv[i]);

		if (docker_call(cli, "POST", path, NULL, &e) < 0) {
			docker_fail(&e);
			strv_add(&failed, argv[i]);
		} else {
			puts(argv[i]);
		}
	}
	if (failed.len == 0)
		return 0;
	names = strv_join(&failed, ", ");
	fflush(stdout);
	fprintf(stderr, "Error: failed to start containers: %s\n", names);
	return 1;
}

const struct docker_cmd docker_start_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Start one or more stopped containers",
	.opts = start_opts,
	.conf_size = sizeof(struct attach_conf),
	.min = 1,
	.max = -1,
	.run = start_main,
};
