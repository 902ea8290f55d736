// SPDX-License-Identifier: MIT
/* docker push, commit, search (cli/command/image, container, registry). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/reference.h"

/* --- push ------------------------------------------------------------------------------ */

struct push_conf {
	bool all_tags, quiet, disable_trust;
};

static int push_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct push_conf *c = conf;
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *auth = docker_auth_header(cli, argv[0]);
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *path = NULL;
	struct client_req rq = {.method = "POST", .query = &q};
	struct http_client *h;
	struct err e;

	if (image_ref_parse(argv[0], &ref, &e) < 0)
		return docker_fail(&e);
	if (c->all_tags && (ref.tag != NULL || ref.digest != NULL)) {
		fputs("tag can't be used with --all-tags/-a\n", stderr);
		return 1;
	}
	if (!c->all_tags) {
		if (ref.tag == NULL && ref.digest == NULL && !c->quiet)
			puts("Using default tag: latest");
		image_ref_default_tag(&ref);
		http_query_add(&q, "tag", ref.tag != NULL ? ref.tag : ref.digest);
	}
	fflush(stdout);
	name = image_ref_familiar_name(&ref);
	rq.path = path = client_path("/images/%s/push", name);
	/* the engine wants a header in any case: that of nobody */
	rq.auth = auth != NULL ? auth : "e30=";
	if (docker_client(cli, &e) == NULL || client_send(cli->client, &rq, &h, &e) < 0 ||
	    docker_progress(h, STDOUT_FILENO, c->quiet, &e) < 0)
		return docker_fail(&e);
	if (c->quiet) {
		CLEANUP(freep) char *full = image_ref_full(&ref);

		puts(full);
	}
	return 0;
}

static const struct opt push_opts[] = {
	{'a', "all-tags", OPT_FLAG, offsetof(struct push_conf, all_tags), NULL,
	 "Push all tags of an image to the repository", NULL},
	{0, "disable-content-trust", OPT_FLAG, offsetof(struct push_conf, disable_trust), NULL,
	 "Skip image signing", NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct push_conf, quiet), NULL, "Suppress verbose output",
	 NULL},
	{0},
};

const struct docker_cmd docker_push_cmd = {
	.args = "[OPTIONS] NAME[:TAG]",
	.about = "Upload an image to a registry",
	.opts = push_opts,
	.conf_size = sizeof(struct push_conf),
	.min = 1,
	.max = 1,
	.run = push_main,
};

/* --- commit ---------------------------------------------------------------------------- */

struct commit_conf {
	const char *author, *message;
	struct strv changes;
	bool pause;
};

static void commit_init(void *conf)
{
	((struct commit_conf *)conf)->pause = true;
}

static int commit_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct commit_conf *c = conf;
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(freep) char *repo = NULL;
	struct client_req rq = {.method = "POST", .path = "/commit", .query = &q, .body = "null"};
	struct err e;

	if (argc > 1) {
		if (image_ref_parse(argv[1], &ref, &e) < 0)
			return docker_fail(&e);
		repo = image_ref_familiar_name(&ref);
		http_query_add(&q, "repo", repo);
		http_query_add(&q, "tag", ref.tag != NULL ? ref.tag : "");
	}
	http_query_add(&q, "container", argv[0]);
	http_query_add(&q, "comment", c->message != NULL ? c->message : "");
	http_query_add(&q, "author", c->author != NULL ? c->author : "");
	strv_for_each (it, &c->changes)
		http_query_add(&q, "changes", *it);
	if (!c->pause)
		http_query_add(&q, "pause", "0");
	if (docker_client(cli, &e) == NULL || client_call(cli->client, &rq, &v, &e) < 0)
		return docker_fail(&e);
	puts(json_get_str(v, "Id") != NULL ? json_get_str(v, "Id") : "");
	return 0;
}

static const struct opt commit_opts[] = {
	{'a', "author", OPT_STR, offsetof(struct commit_conf, author), "string",
	 "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")", NULL},
	{'c', "change", OPT_STRV, offsetof(struct commit_conf, changes), "list",
	 "Apply Dockerfile instruction to the created image", NULL},
	{'m', "message", OPT_STR, offsetof(struct commit_conf, message), "string", "Commit message",
	 NULL},
	{'p', "pause", OPT_FLAG, offsetof(struct commit_conf, pause), NULL,
	 "Pause container during commit (default true)", NULL},
	{0},
};

const struct docker_cmd docker_commit_cmd = {
	.args = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	.about = "Create a new image from a container's changes",
	.opts = commit_opts,
	.conf_size = sizeof(struct commit_conf),
	.min = 1,
	.max = 2,
	.run = commit_main,
	.init = commit_init,
};

/* --- search ---------------------------------------------------------------------------- */

struct search_conf {
	struct strv filters;
	const char *format;
	int limit;
	bool no_trunc;
};

static void search_row(const struct search_conf *c, const struct json *m, struct json_w *w)
{
	const char *about = json_get_str(m, "description");
	bool cut = !c->no_trunc && about != NULL && strlen(about) > 45;

	jw_obj(w);
	jw_kstr(w, "Name", json_get_str(m, "name"));
	jw_key(w, "Description");
	if (cut)
		jw_strf(w, "%.44s\xe2\x80\xa6", about);
	else
		jw_str(w, about);
	jw_key(w, "StarCount");
	jw_strf(w, "%lld", (long long)json_get_i64(m, "star_count", 0));
	jw_kstr(w, "IsOfficial", json_get_bool(m, "is_official", false) ? "[OK]" : "");
	jw_end(w);
}

static int search_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	static const struct docker_column columns[] = {{"Name", "NAME"},
						       {"Description", "DESCRIPTION"},
						       {"StarCount", "STARS"},
						       {"IsOfficial", "OFFICIAL"},
						       {NULL, NULL}};
	const struct search_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *auth = docker_auth_header(cli, argv[0]);
	struct client_req rq = {.path = "/images/search", .query = &q, .auth = auth};
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char limit[16];
	struct json_w w;
	struct err e;

	snprintf(limit, sizeof(limit), "%d", c->limit);
	http_query_add(&q, "term", argv[0]);
	if (c->limit > 0)
		http_query_add(&q, "limit", limit);
	docker_filters(&q, &c->filters);
	if (docker_client(cli, &e) == NULL || client_call(cli->client, &rq, &v, &e) < 0)
		return docker_fail(&e);
	jw_init(&w, &b);
	jw_arr(&w);
	json_for_each (m, v)
		search_row(c, m, &w);
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->format, "*registry.searchContext", rows, columns, columns, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static const struct opt search_opts[] = {
	{'f', "filter", OPT_STRV, offsetof(struct search_conf, filters), "filter",
	 "Filter output based on conditions provided", docker_check_filter},
	{0, "format", OPT_STR, offsetof(struct search_conf, format), "string",
	 "Pretty-print search using a Go template", NULL},
	{0, "limit", OPT_INT, offsetof(struct search_conf, limit), "int",
	 "Max number of search results", NULL},
	{0, "no-trunc", OPT_FLAG, offsetof(struct search_conf, no_trunc), NULL,
	 "Don't truncate output", NULL},
	{0},
};

const struct docker_cmd docker_search_cmd = {
	.args = "[OPTIONS] TERM",
	.about = "Search a registry for images",
	.opts = search_opts,
	.conf_size = sizeof(struct search_conf),
	.min = 1,
	.max = 1,
	.run = search_main,
};
