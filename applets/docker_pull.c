// SPDX-License-Identifier: MIT
/*
 * Progress streams (pull, load, import) and docker pull. On a terminal each
 * layer has one line that is rewritten in place; elsewhere each new status is
 * one line, without the byte counts (jsonmessage.DisplayJSONMessagesStream).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/lines.h"
#include "client/units.h"
#include "image/reference.h"

struct progress {
	int fd;
	bool terminal, quiet;
	unsigned cols;
	struct strv ids; /* one line each, in order of their first message */
};

/* "[====>     ]  1.2MB/3.4MB" as jsonmessage.JSONProgress prints it */
static void add_bar(struct buf *b, const struct json *detail, unsigned cols)
{
	int64_t current = json_get_i64(detail, "current", 0);
	int64_t total = json_get_i64(detail, "total", 0);
	char now[UNITS_SIZE], all[UNITS_SIZE];
	int percent;

	if (current <= 0 && total <= 0)
		return;
	units_size((double)current, 4, now);
	if (total <= 0 || current > total) {
		buf_addf(b, "%8s", now);
		return;
	}
	units_size((double)total, 4, all);
	percent = (int)((double)current / (double)total * 100 / 2);
	if (cols > 110) {
		buf_addch(b, '[');
		for (int i = 0; i < percent; i++)
			buf_addch(b, '=');
		buf_addch(b, '>');
		for (int i = percent; i < 50; i++)
			buf_addch(b, ' ');
		buf_addstr(b, "] ");
	}
	buf_addf(b, "%8s/%s", now, all);
}

static void add_status(struct buf *b, const struct progress *p, const struct json *m)
{
	const char *id = json_get_str(m, "id"), *status = json_get_str(m, "status");

	if (!str_empty(id))
		buf_addf(b, "%s: ", id);
	buf_addstr(b, status != NULL ? status : "");
	if (p->terminal && json_get(m, "progressDetail") != NULL) {
		buf_addch(b, ' ');
		add_bar(b, json_get(m, "progressDetail"), p->cols);
	}
}

/* rewrites the line of this id, or begins one */
static void show_line(struct progress *p, const char *id, const struct json *m)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	size_t at = 0, up;
	struct err e;

	while (at < p->ids.len && strcmp(p->ids.items[at], id) != 0)
		at++;
	if (at == p->ids.len) {
		strv_add(&p->ids, id);
		buf_addch(&b, '\n');
	}
	up = p->ids.len - at;
	buf_addf(&b, "\x1b[%zuA\x1b[2K\r", up);
	add_status(&b, p, m);
	buf_addf(&b, "\r\x1b[%zuB", up);
	(void)!fd_write_all(p->fd, b.data, b.len, &e);
}

static int show(struct progress *p, const struct json *m, struct err *e)
{
	const char *id = json_get_str(m, "id"), *stream = json_get_str(m, "stream");
	const char *error = json_str(json_path(m, "errorDetail", "message", NULL));
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (error == NULL)
		error = json_get_str(m, "error");
	if (error != NULL)
		return err_set(e, ERR_SYSTEM, 0, "%s", error);
	if (p->quiet)
		return 0;
	if (stream != NULL)
		return fd_write_all(p->fd, stream, strlen(stream), e);
	if (json_get(m, "status") == NULL)
		return 0; /* aux */
	if (p->terminal && !str_empty(id) &&
	    !str_starts(json_get_str(m, "status") ? json_get_str(m, "status") : "",
			"Pulling from")) {
		show_line(p, id, m);
		return 0;
	}
	if (!p->terminal && json_len(json_get(m, "progressDetail")) > 0)
		return 0;
	strv_clear(&p->ids);
	add_status(&b, p, m);
	buf_addch(&b, '\n');
	return fd_write_all(p->fd, b.data, b.len, e);
}

int docker_progress(struct http_client *h, int out_fd, bool quiet, struct err *e)
{
	struct progress p = {.fd = out_fd, .quiet = quiet, .terminal = isatty(out_fd) == 1};
	CLEANUP(lines_clear) struct lines l;
	unsigned rows;
	int r;

	lines_init(&l, http_client_body(h));
	if (!p.terminal || !docker_tty_size(&rows, &p.cols))
		p.cols = 80;
	for (;;) {
		CLEANUP(json_freep) struct json *m = NULL;

		r = lines_next(&l, &m, e);
		if (r <= 0 || (r = show(&p, m, e)) < 0)
			break;
	}
	strv_clear(&p.ids);
	return r;
}

int docker_pull_image(struct docker_cli *cli, const char *text, const char *platform, int out_fd,
		      bool quiet, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *auth = docker_auth_header(cli, text);
	CLEANUP(freep) char *name = NULL;
	struct client_req rq = {
		.method = "POST", .path = "/images/create", .query = &q, .auth = auth};
	struct client *c = docker_client(cli, e);
	struct http_client *h;

	if (c == NULL || image_ref_parse(text, &ref, e) < 0)
		return -1;
	image_ref_default_tag(&ref);
	name = image_ref_familiar_name(&ref);
	http_query_add(&q, "fromImage", name);
	http_query_add(&q, "tag", ref.digest != NULL ? ref.digest : ref.tag);
	if (platform != NULL)
		http_query_add(&q, "platform", platform);
	if (client_send(c, &rq, &h, e) < 0)
		return -1;
	return docker_progress(h, out_fd, quiet, e);
}

/* --- docker pull ------------------------------------------------------------- */

struct pull_conf {
	bool all_tags, quiet, disable_trust;
	const char *platform;
};

static const struct opt pull_opts[] = {
	{'a', "all-tags", OPT_FLAG, offsetof(struct pull_conf, all_tags), NULL,
	 "Download all tagged images in the repository", NULL},
	{0, "disable-content-trust", OPT_FLAG, offsetof(struct pull_conf, disable_trust), NULL,
	 "Skip image verification", NULL},
	{0, "platform", OPT_STR, offsetof(struct pull_conf, platform), "string",
	 "Set platform if server is multi-platform capable", NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct pull_conf, quiet), NULL, "Suppress verbose output",
	 NULL},
	{0},
};

static int pull_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct pull_conf *c = conf;
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(freep) char *full = NULL;
	struct err e;

	if (c->all_tags) {
		fputs("pulling all tags is not supported, name one\n", stderr);
		return 1;
	}
	if (image_ref_parse(argv[0], &ref, &e) < 0)
		return docker_fail(&e);
	if (ref.tag == NULL && ref.digest == NULL && !c->quiet)
		puts("Using default tag: latest");
	fflush(stdout);
	if (docker_pull_image(cli, argv[0], c->platform, STDOUT_FILENO, c->quiet, &e) < 0)
		return docker_fail(&e);
	image_ref_default_tag(&ref);
	full = image_ref_full(&ref);
	puts(full);
	return 0;
}

const struct docker_cmd docker_pull_cmd = {
	.args = "[OPTIONS] NAME[:TAG|@DIGEST]",
	.about = "Download an image from a registry",
	.opts = pull_opts,
	.conf_size = sizeof(struct pull_conf),
	.min = 1,
	.max = 1,
	.run = pull_main,
};
