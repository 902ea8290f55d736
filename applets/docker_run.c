// SPDX-License-Identifier: MIT
/*
 * docker run and docker create. The order of run, as the API wants it:
 *
 *	1. create; when the image is missing, pull it and create again
 *	2. attach (before the start, so that no output is lost)
 *	3. wait, whose head is answered at once: the exit is recorded from here on
 *	4. start
 *	5. copy until the stream ends, then read the exit code from the wait
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/reference.h"

static int fail_run(const struct docker_cli *cli, const char *msg, int code)
{
	const char *word = strrchr(cli->command, ' ') + 1;

	CLEANUP(freep) char *text = xstrdup(msg);
	char *sys = strstr(text, ": No such file");

	if (sys != NULL)
		sys[2] = 'n';
	fflush(stdout);
	fprintf(stderr, "docker: %s\n\nRun 'docker %s --help' for more information\n", text, word);
	return code;
}

/* what a shell would exit with: not found 127, not executable 126, else 125 */
static int start_failure_code(const char *msg)
{
	if (strstr(msg, "executable file not found") != NULL ||
	    strstr(msg, "no such file or directory") != NULL ||
	    strstr(msg, "system cannot find the file specified") != NULL)
		return 127;
	if (strstr(msg, "permission denied") != NULL || strstr(msg, "is a directory") != NULL)
		return 126;
	return DOCKER_EXIT_USAGE;
}

static int create_once(struct docker_cli *cli, const struct docker_create *c, const char *body,
		       struct json **ret, struct err *e)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {
		.method = "POST", .path = "/containers/create", .query = &q, .body = body};
	struct client *client = docker_client(cli, e);

	if (client == NULL)
		return -1;
	if (c->name != NULL)
		http_query_add(&q, "name", c->name);
	if (c->platform != NULL)
		http_query_add(&q, "platform", c->platform);
	return client_call(client, &rq, ret, e);
}

/* "alpine" as "alpine:latest", the way the CLI names it */
static char *familiar(const char *image)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	struct err e;

	if (image_ref_parse(image, &ref, &e) < 0)
		return xstrdup(image);
	image_ref_default_tag(&ref);
	return image_ref_familiar(&ref);
}

static bool image_is_missing(const struct err *e)
{
	return e->kind == ERR_NOTFOUND && (strstr(e->msg, "No such image") != NULL ||
					   strstr(e->msg, "was found but its platform") != NULL);
}

static int write_cidfile(const char *path, const char *id, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, "failed to create the container ID file: open %s", path);
	return fd_write_all(fd, id, strlen(id), e);
}

/* creates the container; *ret_id is the caller's */
static int create(struct docker_cli *cli, struct docker_create *c, int argc, char **argv,
		  char **ret_id, struct err *e)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *image = argv[0];
	bool never = strcmp(c->pull, "never") == 0;

	if (c->cidfile != NULL && access(c->cidfile, F_OK) == 0)
		return err_set(e, ERR_INVALID, 0,
			       "container ID file found, make sure the other container isn't "
			       "running or delete %s",
			       c->cidfile);
	if (docker_create_body(c, image, argc - 1, argv + 1, &body, e) < 0)
		return -1;
	if (strcmp(c->pull, "always") == 0 &&
	    docker_pull_image(cli, image, c->platform, STDERR_FILENO, c->quiet, e) < 0)
		return -1;
	if (create_once(cli, c, buf_str(&body), &v, e) < 0) {
		CLEANUP(freep) char *name = familiar(image);

		if (!image_is_missing(e) || never)
			return -1;
		if (!c->quiet)
			fprintf(stderr, "Unable to find image '%s' locally\n", name);
		if (docker_pull_image(cli, image, c->platform, STDERR_FILENO, c->quiet, e) < 0 ||
		    create_once(cli, c, buf_str(&body), &v, e) < 0)
			return -1;
	}
	docker_warnings(json_get(v, "Warnings"));
	*ret_id = xstrdup(json_get_str(v, "Id"));
	if (*ret_id == NULL)
		return err_set(e, ERR_SYSTEM, 0, "the engine answered without a container's id");
	return write_cidfile(c->cidfile, *ret_id, e);
}

static int check_pull(const struct docker_create *c, struct err *e)
{
	if (strcmp(c->pull, "always") != 0 && strcmp(c->pull, "missing") != 0 &&
	    strcmp(c->pull, "never") != 0)
		return err_set(
			e, ERR_INVALID, 0,
			"invalid pull option: '%s': must be one of \"always\", \"missing\" or "
			"\"never\"",
			c->pull);
	return 0;
}

static int create_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	struct docker_create *c = conf;
	CLEANUP(freep) char *id = NULL;
	struct err e;

	if (check_pull(c, &e) < 0 || create(cli, c, argc, argv, &id, &e) < 0) {
		if (strstr(e.msg, "Error response from daemon") != NULL)
			return docker_fail(&e);
		return fail_run(cli, e.msg, DOCKER_EXIT_USAGE);
	}
	puts(id);
	return 0;
}

static int attach(struct docker_cli *cli, const struct docker_create *c, const char *id,
		  struct docker_io *io, struct err *e)
{
	CLEANUP(freep) char *path = client_path("/containers/%s/attach", id);
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.method = "POST", .path = path, .query = &q, .upgrade = "tcp"};
	bool multiplexed;

	http_query_add(&q, "stream", "1");
	if (c->attach_stdin)
		http_query_add(&q, "stdin", "1");
	if (c->attach_stdout)
		http_query_add(&q, "stdout", "1");
	if (c->attach_stderr)
		http_query_add(&q, "stderr", "1");
	if (c->detach_keys != NULL)
		http_query_add(&q, "detachKeys", c->detach_keys);
	io->stream = client_hijack(cli->client, &rq, &io->left, &multiplexed, e);
	io->tty = c->tty;
	io->multiplexed = !c->tty;
	io->input = c->attach_stdin;
	io->output = c->attach_stdout || c->attach_stderr;
	io->detach_keys = c->detach_keys;
	return io->stream == NULL ? -1 : 0;
}

/* asks for the exit code; the answer's body comes when the container ends */
static struct http_client *wait_for(struct client *waiter, const struct docker_create *c,
				    const char *id, struct err *e)
{
	CLEANUP(freep) char *path = client_path("/containers/%s/wait", id);
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.method = "POST", .path = path, .query = &q};
	struct http_client *h;

	http_query_add(&q, "condition",
		       c->rm && client_at_least(waiter, "1.30") ? "removed" : "next-exit");
	return client_send(waiter, &rq, &h, e) < 0 ? NULL : h;
}

static int read_exit_code(struct http_client *h)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *msg;
	struct err e;

	if (http_body_read_all(http_client_body(h), CLIENT_ERROR_MAX_BYTES, &b, &e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0) {
		fprintf(stderr, "Error waiting for container: %s\n", e.msg);
		return DOCKER_EXIT_USAGE;
	}
	msg = json_str(json_path(v, "Error", "Message", NULL));
	if (!str_empty(msg)) {
		fprintf(stderr, "Error waiting for container: %s\n", msg);
		return DOCKER_EXIT_USAGE;
	}
	return (int)json_get_i64(v, "StatusCode", 0);
}

static int start(struct docker_cli *cli, const char *id, struct err *e)
{
	return docker_call(cli, "POST", client_path("/containers/%s/start", id), NULL, e);
}

static int run_detached(struct docker_cli *cli, const char *id)
{
	struct err e;

	if (start(cli, id, &e) < 0)
		return fail_run(cli, e.msg, start_failure_code(e.msg));
	puts(id);
	return 0;
}

static int run_attached(struct docker_cli *cli, const struct docker_create *c, const char *id)
{
	CLEANUP(docker_io_clear) struct docker_io io = {0};
	CLEANUP(client_freep) struct client *waiter = client_clone(cli->client);
	bool attached = c->attach_stdin || c->attach_stdout || c->attach_stderr;
	struct http_client *waiting;
	struct err e;

	if (attached && attach(cli, c, id, &io, &e) < 0)
		return fail_run(cli, e.msg, DOCKER_EXIT_USAGE);
	waiting = wait_for(waiter, c, id, &e);
	if (waiting == NULL)
		return fail_run(cli, e.msg, DOCKER_EXIT_USAGE);
	if (c->sig_proxy)
		docker_signals_start(cli, xstrdup(id));
	if (start(cli, id, &e) < 0) {
		io.input = false; /* no thread of ours reads it */
		if (c->rm)
			(void)read_exit_code(waiting);
		return fail_run(cli, e.msg, start_failure_code(e.msg));
	}
	if (c->tty && attached)
		docker_resize_start(cli, client_path("/containers/%s/resize", id), false);
	if (attached && docker_io_run(&io, &e) < 0 && !io.detached)
		return fail_run(cli, e.msg, DOCKER_EXIT_USAGE);
	if (io.detached)
		return 0;
	return read_exit_code(waiting);
}

static int run_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	struct docker_create *c = conf;
	CLEANUP(freep) char *id = NULL;
	struct err e;

	if (check_pull(c, &e) < 0)
		return fail_run(cli, e.msg, DOCKER_EXIT_USAGE);
	if (c->detach && c->attach.len > 0) {
		fputs("conflicting options: cannot specify both --attach and --detach\n", stderr);
		return 1;
	}
	if (!c->detach && docker_io_check(c->interactive && c->attach.len == 0, c->tty, &e) < 0)
		return docker_fail(&e);
	if (create(cli, c, argc, argv, &id, &e) < 0)
		return fail_run(cli, e.msg, DOCKER_EXIT_USAGE);
	return c->detach ? run_detached(cli, id) : run_attached(cli, c, id);
}

const struct docker_cmd docker_run_cmd = {
	.args = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.about = "Create and run a new container from an image",
	.opts = docker_run_opts,
	.conf_size = sizeof(struct docker_create),
	.min = 1,
	.max = -1,
	.flags = OPT_STOP_AT_OPERAND,
	.run = run_main,
	.init = docker_create_init,
};

const struct docker_cmd docker_create_cmd = {
	.args = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.about = "Create a new container",
	.opts = docker_run_opts + DOCKER_RUN_ONLY,
	.conf_size = sizeof(struct docker_create),
	.min = 1,
	.max = -1,
	.flags = OPT_STOP_AT_OPERAND,
	.run = create_main,
	.init = docker_create_init,
};
