// SPDX-License-Identifier: MIT
/* Whole archives: docker load, save, import, export. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/reference.h"

struct archive_conf {
	const char *input, *output, *message, *platform;
	bool quiet;
	struct strv changes;
};

/* the file to read, or stdin; -1 with e */
static struct stream *open_input(const char *path, struct err *e)
{
	int fd;

	if (str_empty(path) || strcmp(path, "-") == 0) {
		if (isatty(STDIN_FILENO)) {
			err_set(e, ERR_INVALID, 0, "requested load from stdin, but stdin is empty");
			return NULL;
		}
		fd = dup(STDIN_FILENO);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		err_sys(e, "open %s", path != NULL ? path : "stdin");
		return NULL;
	}
	return stream_fd_new(fd);
}

static int load_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	const struct archive_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(stream_freep) struct stream *in = NULL;
	struct client_req rq = {
		.method = "POST", .path = "/images/load", .query = &q, .type = "application/x-tar"};
	struct client *client;
	struct http_client *h;
	struct err e;

	in = open_input(c->input, &e);
	client = in == NULL ? NULL : docker_client(cli, &e);
	if (client == NULL)
		return docker_fail(&e);
	rq.input = in;
	http_query_add(&q, "quiet", c->quiet || !isatty(STDOUT_FILENO) ? "1" : "0");
	docker_query_platform(&q, c->platform);
	if (client_send(client, &rq, &h, &e) < 0 ||
	    docker_progress(h, STDOUT_FILENO, false, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static const struct opt load_opts[] = {
	{'i', "input", OPT_STR, offsetof(struct archive_conf, input), "string",
	 "Read from tar archive file, instead of STDIN", NULL},
	{0, "platform", OPT_STR, offsetof(struct archive_conf, platform), "string",
	 "Load only the given platform variant", NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct archive_conf, quiet), NULL,
	 "Suppress the load output", NULL},
	{0},
};

const struct docker_cmd docker_load_cmd = {
	.args = "[OPTIONS]",
	.about = "Load an image from a tar archive or STDIN",
	.opts = load_opts,
	.conf_size = sizeof(struct archive_conf),
	.run = load_main,
};

static int import_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct archive_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(stream_freep) struct stream *in = NULL;
	struct client_req rq = {.method = "POST", .path = "/images/create", .query = &q};
	bool remote = strstr(argv[0], "://") != NULL;
	struct client *client = NULL;
	struct http_client *h;
	struct err e;

	http_query_add(&q, "fromSrc", remote ? argv[0] : "-");
	if (argc > 1) {
		CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
		CLEANUP(freep) char *repo = NULL;

		if (image_ref_parse(argv[1], &ref, &e) < 0)
			return docker_fail(&e);
		repo = image_ref_familiar_name(&ref);
		http_query_add(&q, "repo", repo);
		http_query_add(&q, "tag", ref.tag != NULL ? ref.tag : "");
	}
	if (c->message != NULL)
		http_query_add(&q, "message", c->message);
	if (c->platform != NULL)
		http_query_add(&q, "platform", c->platform);
	strv_for_each (it, &c->changes)
		http_query_add(&q, "changes", *it);
	if (!remote) {
		in = open_input(argv[0], &e);
		if (in == NULL)
			return docker_fail(&e);
		rq.input = in;
		rq.type = "application/x-tar";
	}
	client = docker_client(cli, &e);
	if (client == NULL || client_send(client, &rq, &h, &e) < 0 ||
	    docker_progress(h, STDOUT_FILENO, false, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static const struct opt import_opts[] = {
	{'c', "change", OPT_STRV, offsetof(struct archive_conf, changes), "list",
	 "Apply Dockerfile instruction to the created image", NULL},
	{'m', "message", OPT_STR, offsetof(struct archive_conf, message), "string",
	 "Set commit message for imported image", NULL},
	{0, "platform", OPT_STR, offsetof(struct archive_conf, platform), "string",
	 "Set platform if server is multi-platform capable", NULL},
	{0},
};

const struct docker_cmd docker_import_cmd = {
	.args = "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
	.about = "Import the contents from a tarball to create a filesystem image",
	.opts = import_opts,
	.conf_size = sizeof(struct archive_conf),
	.min = 1,
	.max = -1,
	.run = import_main,
};

/* an answer's body into a file or to stdout */
static int write_out(struct http_client *h, const char *path, struct err *e)
{
	CLEANUP(freep) char *p = xmalloc(65536);
	CLEANUP(fd_closep) int fd = -1;
	ssize_t n;

	if (path != NULL) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			return err_sys(e, "open %s", path);
	}
	while ((n = http_body_read(http_client_body(h), p, 65536, e)) > 0)
		if (fd_write_all(fd >= 0 ? fd : STDOUT_FILENO, p, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

static int check_output(const char *path, struct err *e)
{
	if (path == NULL && isatty(STDOUT_FILENO))
		return err_set(
			e, ERR_INVALID, 0,
			"cowardly refusing to save to a terminal. Use the -o flag or redirect");
	return 0;
}

static int save_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct archive_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/images/get", .query = &q};
	struct client *client = NULL;
	struct http_client *h;
	struct err e;

	for (int i = 0; i < argc; i++)
		http_query_add(&q, "names", argv[i]);
	if (check_output(c->output, &e) < 0 || (client = docker_client(cli, &e)) == NULL ||
	    client_send(client, &rq, &h, &e) < 0 || write_out(h, c->output, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static int export_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct archive_conf *c = conf;
	CLEANUP(freep) char *path = client_path("/containers/%s/export", argv[0]);
	struct client_req rq = {.path = path};
	struct client *client = NULL;
	struct http_client *h;
	struct err e;

	if (check_output(c->output, &e) < 0 || (client = docker_client(cli, &e)) == NULL ||
	    client_send(client, &rq, &h, &e) < 0 || write_out(h, c->output, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static const struct opt output_opts[] = {
	{'o', "output", OPT_STR, offsetof(struct archive_conf, output), "string",
	 "Write to a file, instead of STDOUT", NULL},
	{0},
};

const struct docker_cmd docker_save_cmd = {
	.args = "[OPTIONS] IMAGE [IMAGE...]",
	.about = "Save one or more images to a tar archive (streamed to STDOUT by default)",
	.opts = output_opts,
	.conf_size = sizeof(struct archive_conf),
	.min = 1,
	.max = -1,
	.run = save_main,
};

const struct docker_cmd docker_export_cmd = {
	.args = "[OPTIONS] CONTAINER",
	.about = "Export a container's filesystem as a tar archive",
	.opts = output_opts,
	.conf_size = sizeof(struct archive_conf),
	.min = 1,
	.max = 1,
	.run = export_main,
};
