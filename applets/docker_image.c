// SPDX-License-Identifier: MIT
/* docker images, rmi, tag, history, image prune (cli/command/image, formatter/image.go). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "client/units.h"
#include "image/reference.h"

#define NONE	 "<none>"
#define UNTAGGED "<untagged>"
#define BOLD(t)	 "\033[39m\033[1m" t "\033[0m"

struct images_conf {
	bool all, digests, no_trunc, quiet, tree;
	const char *format;
	struct strv filters;
};

static const struct opt images_opts[] = {
	{'a', "all", OPT_FLAG, offsetof(struct images_conf, all), NULL,
	 "Show all images (default hides intermediate images)", NULL},
	{0, "digests", OPT_FLAG, offsetof(struct images_conf, digests), NULL, "Show digests", NULL},
	{'f', "filter", OPT_STRV, offsetof(struct images_conf, filters), "filter",
	 "Filter output based on conditions provided", docker_check_filter},
	DOCKER_OPT_FORMAT(offsetof(struct images_conf, format)),
	{0, "no-trunc", OPT_FLAG, offsetof(struct images_conf, no_trunc), NULL,
	 "Don't truncate output", NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct images_conf, quiet), NULL, "Only show image IDs",
	 NULL},
	{0, "tree", OPT_FLAG, offsetof(struct images_conf, tree), NULL,
	 "List multi-platform images as a tree (EXPERIMENTAL)", NULL},
	{0},
};

static const struct docker_column images_heads[] = {
	{"Containers", "CONTAINERS"},
	{"CreatedAt", "CREATED AT"},
	{"CreatedSince", "CREATED"},
	{"Digest", "DIGEST"},
	{"ID", "IMAGE ID"},
	{"Repository", "REPOSITORY"},
	{"SharedSize", "SHARED SIZE"},
	{"Size", "SIZE"},
	{"Tag", "TAG"},
	{"UniqueSize", "UNIQUE SIZE"},
	{"VirtualSize", "VIRTUAL SIZE"},
	{NULL, NULL},
};

static const char *short_id(const char *id, bool whole, char out[80])
{
	const char *hex;

	if (id == NULL)
		return "";
	hex = str_skip(id, "sha256:");
	if (whole)
		return id;
	snprintf(out, 80, "%.12s", hex != NULL ? hex : id);
	return out;
}

static void add_row(struct json_w *w, const struct json *image, bool no_trunc, const char *repo,
		    const char *tag, const char *digest)
{
	int64_t shared = json_get_i64(image, "SharedSize", -1);
	int64_t created = json_get_i64(image, "Created", 0);
	char id[80], ago[UNITS_SIZE], size[UNITS_SIZE];
	int year, month, day, hour, min, sec;

	units_size((double)json_get_i64(image, "Size", 0), 3, size);
	time_parts(created, &year, &month, &day, &hour, &min, &sec);
	jw_obj(w);
	jw_key(w, "Containers");
	if (json_get_i64(image, "Containers", -1) < 0)
		jw_str(w, "N/A");
	else
		jw_strf(w, "%lld", (long long)json_get_i64(image, "Containers", -1));
	jw_key(w, "CreatedAt");
	jw_strf(w, "%04d-%02d-%02d %02d:%02d:%02d +0000 UTC", year, month, day, hour, min, sec);
	jw_kstr(w, "CreatedSince", units_ago(created * 1000000000, time_now_nsec(), ago));
	jw_kstr(w, "Digest", digest);
	jw_kstr(w, "ID", short_id(json_get_str(image, "Id"), no_trunc, id));
	jw_kstr(w, "Repository", repo);
	jw_kstr(w, "SharedSize", shared < 0 ? "N/A" : units_size((double)shared, 4, ago));
	jw_kstr(w, "Size", size);
	jw_kstr(w, "Tag", tag);
	units_size((double)(json_get_i64(image, "Size", 0) - shared), 4, size);
	jw_kstr(w, "UniqueSize", shared < 0 ? "N/A" : size);
	units_size((double)json_get_i64(image, "Size", 0), 4, size);
	jw_kstr(w, "VirtualSize", size);
	jw_end(w);
}

/* the digest under which this repository has the image, or <none> */
static const char *digest_of(const struct json *image, const char *repo)
{
	json_for_each (item, json_get(image, "RepoDigests")) {
		const char *text = json_str(item), *at = text == NULL ? NULL : strchr(text, '@');

		if (at != NULL && strncmp(text, repo, (size_t)(at - text)) == 0 &&
		    repo[at - text] == 0)
			return at + 1;
	}
	return NONE;
}

void docker_image_row(struct json_w *w, const struct json *image, bool no_trunc)
{
	const char *tag = json_str(json_at(json_get(image, "RepoTags"), 0));
	const char *colon = tag != NULL ? strrchr(tag, ':') : NULL;
	CLEANUP(freep)
	char *repo = colon != NULL ? xstrndup(tag, (size_t)(colon - tag)) : xstrdup(NONE);

	add_row(w, image, no_trunc, repo, colon != NULL ? colon + 1 : NONE, "");
}

static void add_rows(struct json_w *w, const struct json *image, const struct images_conf *c)
{
	size_t rows = 0;

	json_for_each (item, json_get(image, "RepoTags")) {
		const char *text = json_str(item),
			   *colon = text == NULL ? NULL : strrchr(text, ':');
		CLEANUP(freep) char *repo = NULL;

		if (colon == NULL || strcmp(text, "<none>:<none>") == 0)
			continue;
		repo = xstrndup(text, (size_t)(colon - text));
		add_row(w, image, c->no_trunc, repo, colon + 1, digest_of(image, repo));
		rows++;
	}
	if (rows > 0)
		return;
	json_for_each (item, json_get(image, "RepoDigests")) {
		const char *text = json_str(item), *at = text == NULL ? NULL : strchr(text, '@');
		CLEANUP(freep) char *repo = NULL;

		if (at == NULL || str_starts(text, "<none>@"))
			continue;
		repo = xstrndup(text, (size_t)(at - text));
		add_row(w, image, c->no_trunc, repo, NONE, at + 1);
		rows++;
	}
	if (rows == 0)
		add_row(w, image, c->no_trunc, NONE, NONE, NONE);
}

static int fetch(struct docker_cli *cli, struct images_conf *c, const char *name, struct json **ret,
		 struct err *e)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/images/json", .query = &q};
	struct client *client = docker_client(cli, e);

	if (client == NULL)
		return -1;
	if (c->all)
		http_query_add(&q, "all", "1");
	if (name != NULL)
		strv_addf(&c->filters, "reference=%s", name);
	docker_filters(&q, &c->filters);
	return client_call(client, &rq, ret, e);
}

static int check_tree(const struct images_conf *c, struct err *e)
{
	const char *option = c->quiet		 ? "quiet"
			     : c->no_trunc	 ? "no-trunc"
			     : c->digests	 ? "show-digest"
			     : c->format != NULL ? "format"
						 : NULL;

	return option == NULL ? 0
			      : err_set(e, ERR_INVALID, 0, "--%s is not yet supported with --tree",
					option);
}

/* docker images --tree, of an engine whose images are of one platform each: all names of an image,
 * and behind the last one the rest */
static void print_tree(const struct json *list, bool all)
{
	size_t width = strlen("IMAGE");
	char id[80], size[UNITS_SIZE];
	int column;

	json_for_each (image, list)
		json_for_each (tag, json_get(image, "RepoTags"))
			width = MAX(width, strlen(json_str(tag) != NULL ? json_str(tag) : ""));
	if (all)
		width = MAX(width, strlen(UNTAGGED));
	column = (int)MIN(width + 3, MAX(width + 1, 32)); /* 80 with the others */
	fputs("WARNING: This is an experimental feature. The output may change and shouldn't be "
	      "depended on.\n",
	      stdout);
	printf("%62sInfo ->  U In Use \n\n", "");
	printf(BOLD("IMAGE") "%*s" BOLD("ID") "             " BOLD("DISK USAGE") "   " BOLD(
		       "CONTENT SIZE") "   " BOLD("EXTRA") "\n",
	       column - 5, "");
	json_for_each (image, list) {
		const struct json *tags = json_get(image, "RepoTags");
		size_t n = MAX(json_len(tags), all);

		for (size_t i = 0; i < n; i++) {
			const char *tag = json_str(json_at(tags, n - 1 - i)); /* from the last */

			printf("%-*s", i + 1 < n ? 0 : column, tag != NULL ? tag : UNTAGGED);
			if (i + 1 < n)
				puts("");
		}
		if (n == 0)
			continue;
		units_size((double)json_get_i64(image, "Size", 0), 3, size);
		printf("%s   %10s   %12s   %s\n", short_id(json_get_str(image, "Id"), false, id),
		       size, "0B", json_get_i64(image, "Containers", 0) > 0 ? "U    " : "     ");
	}
}

static int images_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	static const struct docker_column columns[] = {
		{"Repository", "REPOSITORY"}, {"Tag", "TAG"},	{"ID", "IMAGE ID"},
		{"CreatedSince", "CREATED"},  {"Size", "SIZE"}, {NULL, NULL},
	};
	static const struct docker_column columns_digests[] = {
		{"Repository", "REPOSITORY"},
		{"Tag", "TAG"},
		{"Digest", "DIGEST"},
		{"ID", "IMAGE ID"},
		{"CreatedSince", "CREATED"},
		{"Size", "SIZE"},
		{NULL, NULL},
	};
	struct images_conf *c = conf;
	CLEANUP(json_freep) struct json *list = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	if (c->tree && check_tree(c, &e) < 0)
		return docker_fail(&e);
	if (fetch(cli, c, argc > 0 ? argv[0] : NULL, &list, &e) < 0)
		return docker_fail(&e);
	if (c->tree) {
		print_tree(list, c->all);
		return 0;
	}
	jw_init(&w, &b);
	jw_arr(&w);
	json_for_each (image, list)
		add_rows(&w, image, c);
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->quiet && c->format == NULL ? "{{.ID}}" : c->format,
			  "*formatter.imageContext", rows, c->digests ? columns_digests : columns,
			  images_heads, &e) < 0)
		return docker_fail(&e);
	return 0;
}

const struct docker_cmd docker_images_cmd = {
	.args = "[OPTIONS] [REPOSITORY[:TAG]]",
	.about = "List images",
	.opts = images_opts,
	.conf_size = sizeof(struct images_conf),
	.max = 1,
	.run = images_main,
};

/* --- rmi, tag ----------------------------------------------------------------------- */

struct rmi_conf {
	bool force, no_prune, all;
	struct strv filters;
};

static const struct opt rmi_opts[] = {
	{'f', "force", OPT_FLAG, offsetof(struct rmi_conf, force), NULL,
	 "Force removal of the image", NULL},
	{0, "no-prune", OPT_FLAG, offsetof(struct rmi_conf, no_prune), NULL,
	 "Do not delete untagged parents", NULL},
	{0},
};

static void print_deleted(const struct json *list)
{
	json_for_each (m, list) {
		if (json_get_str(m, "Deleted") != NULL)
			printf("Deleted: %s\n", json_get_str(m, "Deleted"));
		else if (json_get_str(m, "Untagged") != NULL)
			printf("Untagged: %s\n", json_get_str(m, "Untagged"));
	}
}

static int rmi_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct rmi_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct err e;
	int code = 0;

	if (docker_client(cli, &e) == NULL)
		return docker_fail(&e);
	if (c->force)
		http_query_add(&q, "force", "1");
	if (c->no_prune)
		http_query_add(&q, "noprune", "1");
	for (int i = 0; i < argc; i++) {
		CLEANUP(freep) char *path = client_path("/images/%s", argv[i]);
		CLEANUP(json_freep) struct json *v = NULL;
		struct client_req rq = {.method = "DELETE", .path = path, .query = &q};

		if (client_call(cli->client, &rq, &v, &e) >= 0)
			print_deleted(v);
		else if (docker_fail(&e) != 0 && (e.kind != ERR_NOTFOUND || !c->force))
			code = 1;
	}
	return code;
}

const struct docker_cmd docker_rmi_cmd = {
	.args = "[OPTIONS] IMAGE [IMAGE...]",
	.about = "Remove one or more images",
	.opts = rmi_opts,
	.conf_size = sizeof(struct rmi_conf),
	.min = 1,
	.max = -1,
	.run = rmi_main,
};

static int tag_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *path = client_path("/images/%s/tag", argv[0]);
	CLEANUP(freep) char *repo = NULL;
	struct client_req rq = {.method = "POST", .path = path, .query = &q};
	struct client *c;
	struct err e;

	if (image_ref_parse(argv[1], &ref, &e) < 0) {
		err_wrap(&e, "Error parsing reference: \"%s\" is not a valid repository/tag",
			 argv[1]);
		return docker_fail(&e);
	}
	if (ref.digest != NULL) {
		fputs("refusing to create a tag with a digest reference\n", stderr);
		return 1;
	}
	image_ref_default_tag(&ref);
	repo = image_ref_familiar_name(&ref);
	http_query_add(&q, "repo", repo);
	http_query_add(&q, "tag", ref.tag != NULL ? ref.tag : "");
	c = docker_client(cli, &e);
	return c == NULL || client_call(c, &rq, NULL, &e) < 0 ? docker_fail(&e) : 0;
}

const struct docker_cmd docker_tag_cmd = {
	.args = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.about = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
	.min = 2,
	.max = 2,
	.run = tag_main,
};

/* --- history -------------------------------------------------------------------------- */

struct history_conf {
	bool human, no_trunc, quiet;
	const char *format, *platform;
};

static void history_init(void *conf)
{
	((struct history_conf *)conf)->human = true;
}

static const struct opt history_opts[] = {
	DOCKER_OPT_FORMAT(offsetof(struct history_conf, format)),
	{'H', "human", OPT_FLAG, offsetof(struct history_conf, human), NULL,
	 "Print sizes and dates in human readable format (default true)", NULL},
	{0, "no-trunc", OPT_FLAG, offsetof(struct history_conf, no_trunc), NULL,
	 "Don't truncate output", NULL},
	{0, "platform", OPT_STR, offsetof(struct history_conf, platform), "string",
	 "Show history for the given platform", NULL},
	{'q', "quiet", OPT_FLAG, offsetof(struct history_conf, quiet), NULL, "Only show image IDs",
	 NULL},
	{0},
};

/* tabs become blanks, the rest is cut at 45 characters */
static char *created_by(const char *text, bool whole)
{
	char *t = xstrdup(text != NULL ? text : "");

	for (char *p = t; *p != 0; p++)
		if (*p == '\t')
			*p = ' ';
	if (!whole && strlen(t) > 45) {
		char *cut = xasprintf("%.44s…", t);

		free(t);
		t = cut;
	}
	return t;
}

static void history_row(struct json_w *w, const struct json *m, const struct history_conf *c)
{
	CLEANUP(freep) char *by = created_by(json_get_str(m, "CreatedBy"), c->no_trunc);
	int64_t created = json_get_i64(m, "Created", 0);
	char id[80], ago[UNITS_SIZE], at[TIME_RFC3339_SIZE], size[UNITS_SIZE];

	time_format(created * 1000000000, at);
	units_size((double)json_get_i64(m, "Size", 0), 3, size);
	if (!c->human)
		snprintf(size, sizeof(size), "%lld", (long long)json_get_i64(m, "Size", 0));
	jw_obj(w);
	jw_kstr(w, "Comment", json_get_str(m, "Comment"));
	jw_kstr(w, "CreatedAt", at);
	jw_kstr(w, "CreatedBy", by);
	jw_kstr(w, "CreatedSince",
		c->human ? units_ago(created * 1000000000, time_now_nsec(), ago) : at);
	jw_kstr(w, "ID", short_id(json_get_str(m, "Id"), c->no_trunc, id));
	jw_kstr(w, "Size", size);
	jw_end(w);
}

static int history_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct history_conf *c = conf;
	const struct docker_column columns[] = {
		{"ID", "IMAGE"},
		{"CreatedSince", c->human ? "CREATED" : "CREATED AT"},
		{"CreatedBy", "CREATED BY"},
		{"Size", "SIZE"},
		{"Comment", "COMMENT"},
		{NULL, NULL},
	};
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	CLEANUP(freep) char *path = client_path("/images/%s/history", argv[0]);
	const struct client_req rq = {.path = path, .query = &q};
	CLEANUP(json_freep) struct json *list = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	docker_query_platform(&q, c->platform);
	if (docker_client(cli, &e) == NULL || client_call(cli->client, &rq, &list, &e) < 0)
		return docker_fail(&e);
	jw_init(&w, &b);
	jw_arr(&w);
	json_for_each (m, list)
		history_row(&w, m, c);
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->quiet ? "{{.ID}}" : c->format, "*image.historyContext", rows, columns,
			  columns, &e) < 0)
		return docker_fail(&e);
	return 0;
}

const struct docker_cmd docker_history_cmd = {
	.args = "[OPTIONS] IMAGE",
	.about = "Show the history of an image",
	.opts = history_opts,
	.conf_size = sizeof(struct history_conf),
	.min = 1,
	.max = 1,
	.run = history_main,
	.init = history_init,
};
