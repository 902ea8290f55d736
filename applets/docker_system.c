// SPDX-License-Identifier: MIT
/* docker version, ping, events, system df, system dial-stdio. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "client/lines.h"
#include "client/units.h"

#define CLIENT_VERSION "28.5.2"

struct system_conf {
	const char *format, *since, *until;
	bool verbose;
	struct strv filters;
};

/* --- version ---------------------------------------------------------------------- */

static const char *go_arch(void)
{
	static struct utsname u;

	if (uname(&u) < 0)
		return "unknown";
	if (strcmp(u.machine, "x86_64") == 0)
		return "amd64";
	if (strcmp(u.machine, "aarch64") == 0)
		return "arm64";
	return u.machine;
}

static void write_client(struct json_w *w, const struct client *c)
{
	jw_obj(w);
	jw_kraw(w, "Platform", "{\"Name\":\"thimble\"}");
	jw_kstr(w, "Version", CLIENT_VERSION);
	jw_kstr(w, "ApiVersion", c != NULL ? client_version(c) : CLIENT_API_VERSION);
	jw_kstr(w, "DefaultAPIVersion", CLIENT_API_VERSION);
	jw_kstr(w, "Os", "linux");
	jw_kstr(w, "Arch", go_arch());
	jw_kstr(w, "Context", c != NULL ? client_context(c) : "default");
	jw_end(w);
}

static const char *text(const struct json *v, const char *key)
{
	return json_get_str(v, key) != NULL ? json_get_str(v, key) : "";
}

static void print_server(const struct json *v)
{
	bool experimental = json_get_bool(v, "Experimental", false);

	printf("\nServer:%s%s\n", *text(json_get(v, "Platform"), "Name") != 0 ? " " : "",
	       text(json_get(v, "Platform"), "Name"));
	printf(" Engine:\n  Version:          %s\n", text(v, "Version"));
	printf("  API version:      %s (minimum version %s)\n", text(v, "ApiVersion"),
	       text(v, "MinAPIVersion"));
	if (*text(v, "GoVersion") != 0)
		printf("  Go version:       %s\n", text(v, "GoVersion"));
	printf("  Git commit:       %s\n  Built:            %s\n", text(v, "GitCommit"),
	       text(v, "BuildTime"));
	printf("  OS/Arch:          %s/%s\n  Experimental:     %s\n", text(v, "Os"),
	       text(v, "Arch"), experimental ? "true" : "false");
	json_for_each (part, json_get(v, "Components")) {
		const char *commit = text(json_get(part, "Details"), "GitCommit");

		if (strcmp(text(part, "Name"), "Engine") == 0)
			continue;
		printf(" %s:\n  Version:          %s\n", text(part, "Name"), text(part, "Version"));
		if (*commit != 0)
			printf("  GitCommit:        %s\n", commit);
	}
}

static void print_version(const struct client *c, const struct json *server)
{
	printf("Client: thimble\n Version:           %s\n", CLIENT_VERSION);
	printf(" API version:       %s\n OS/Arch:           linux/%s\n Context:           %s\n",
	       c != NULL ? client_version(c) : CLIENT_API_VERSION, go_arch(),
	       c != NULL ? client_context(c) : "default");
	if (server != NULL)
		print_server(server);
}

static int version_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	const struct system_conf *c = conf;
	CLEANUP(json_freep) struct json *server = NULL;
	CLEANUP(json_freep) struct json *all = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e, later;
	int failed;

	if (docker_check_format(c->format) != 0)
		return DOCKER_EXIT_FORMAT;
	failed = docker_call(cli, "GET", xstrdup("/version"), &server, &e) < 0;
	if (c->format == NULL) {
		print_version(cli->client, server);
		return failed ? docker_fail(&e) : 0;
	}
	jw_init(&w, &b);
	jw_obj(&w);
	jw_key(&w, "Client");
	write_client(&w, cli->client);
	jw_key(&w, "Server");
	jw_tree(&w, server);
	jw_end(&w);
	if (json_parse(b.data, b.len, &all, &later) < 0 ||
	    docker_format_tree(c->format, all, &later) < 0)
		return docker_fail(&later);
	return failed ? docker_fail(&e) : 0;
}

static const struct opt version_opts[] = {
	{'f', "format", OPT_STR, offsetof(struct system_conf, format), "string",
	 "Format output using a custom template: json, TEMPLATE", NULL},
	{0},
};

const struct docker_cmd docker_version_cmd = {
	.args = "[OPTIONS]",
	.about = "Show the Docker version information",
	.opts = version_opts,
	.conf_size = sizeof(struct system_conf),
	.run = version_main,
};

static int ping_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv UNUSED)
{
	const struct client_req rq = {.path = "/_ping"};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct http_client *h;
	struct client *c;
	struct err e;

	c = docker_client(cli, &e);
	if (c == NULL || client_send(c, &rq, &h, &e) < 0 ||
	    http_body_read_all(http_client_body(h), 4096, &b, &e) < 0)
		return docker_fail(&e);
	puts(buf_str(&b));
	return 0;
}

const struct docker_cmd docker_ping_cmd = {
	.args = "",
	.about = "Ask whether the engine answers",
	.run = ping_main,
};

/* --- events ------------------------------------------------------------------------- */

/* "2024-05-06T07:08:09.123456789Z container start ID (image=x, name=y)" */
static void print_event(const struct json *v)
{
	const struct json *actor = json_get(v, "Actor");
	CLEANUP(strv_clear) struct strv pairs = STRV_INIT;
	CLEANUP(freep) char *all = NULL;
	char when[TIME_RFC3339_SIZE];

	time_format_full(json_get_i64(v, "timeNano", json_get_i64(v, "time", 0) * 1000000000),
			 when);
	printf("%s %s %s %s", when, text(v, "Type"), text(v, "Action"), text(actor, "ID"));
	json_for_each (m, json_get(actor, "Attributes"))
		strv_addf(&pairs, "%s=%s", json_key(m), json_str(m) != NULL ? json_str(m) : "");
	strv_sort(&pairs);
	if (pairs.len > 0)
		all = strv_join(&pairs, ", ");
	if (all != NULL)
		printf(" (%s)", all);
	puts("");
}

static int events_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	const struct system_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/events", .query = &q};
	struct lines l;
	struct http_client *h;
	struct client *client;
	struct err e;
	int r;

	if (docker_check_format(c->format) != 0)
		return DOCKER_EXIT_FORMAT;
	docker_filters(&q, &c->filters);
	if (docker_query_time(&q, "since", c->since, &e) < 0 ||
	    docker_query_time(&q, "until", c->until, &e) < 0 ||
	    (client = docker_client(cli, &e)) == NULL || client_send(client, &rq, &h, &e) < 0)
		return docker_fail(&e);
	lines_init(&l, http_client_body(h));
	for (;;) {
		CLEANUP(json_freep) struct json *v = NULL;

		r = lines_next(&l, &v, &e);
		if (r > 0 && c->format != NULL)
			r = docker_format_tree(c->format, v, &e) < 0 ? -1 : 1;
		else if (r > 0)
			print_event(v);
		fflush(stdout);
		if (r <= 0)
			break;
	}
	lines_clear(&l);
	return r < 0 ? docker_fail(&e) : 0;
}

static const struct opt events_opts[] = {
	{'f', "filter", OPT_STRV, offsetof(struct system_conf, filters), "filter",
	 "Filter output based on conditions provided", docker_check_filter},
	{0, "format", OPT_STR, offsetof(struct system_conf, format), "string",
	 "Format output using a custom template: json, TEMPLATE", NULL},
	{0, "since", OPT_STR, offsetof(struct system_conf, since), "string",
	 "Show all events created since timestamp", NULL},
	{0, "until", OPT_STR, offsetof(struct system_conf, until), "string",
	 "Stream events until this timestamp", NULL},
	{0},
};

const struct docker_cmd docker_events_cmd = {
	.args = "[OPTIONS]",
	.about = "Get real time events from the server",
	.opts = events_opts,
	.conf_size = sizeof(struct system_conf),
	.run = events_main,
};

/* --- df ------------------------------------------------------------------------------- */

struct usage {
	const char *type;
	size_t total, active;
	int64_t bytes, reclaimable;
};

static void count_containers(const struct json *list, struct usage *u)
{
	json_for_each (m, list) {
		int64_t size = json_get_i64(m, "SizeRw", 0);
		bool running = strcmp(text(m, "State"), "running") == 0 ||
			       strcmp(text(m, "State"), "paused") == 0 ||
			       strcmp(text(m, "State"), "restarting") == 0;

		u->total++;
		u->active += running;
		u->bytes += size;
		u->reclaimable += running ? 0 : size;
	}
}

static void count_images(const struct json *v, struct usage *u)
{
	int64_t used = 0;

	json_for_each (m, json_get(v, "Images")) {
		int64_t size = json_get_i64(m, "Size", 0),
			shared = json_get_i64(m, "SharedSize", 0);

		u->total++;
		if (json_get_i64(m, "Containers", 0) <= 0)
			continue;
		u->active++;
		if (size >= 0 && shared >= 0)
			used += size - shared;
	}
	u->bytes = json_get_i64(v, "LayersSize", 0);
	u->reclaimable = u->bytes - used;
}

static void count_volumes(const struct json *list, struct usage *u)
{
	json_for_each (m, list) {
		int64_t size = json_get_i64(json_get(m, "UsageData"), "Size", 0);
		bool used = json_get_i64(json_get(m, "UsageData"), "RefCount", 0) > 0;

		size = MAX(size, 0);
		u->total++;
		u->active += used;
		u->bytes += size;
		u->reclaimable += used ? 0 : size;
	}
}

static void count_cache(const struct json *list, struct usage *u)
{
	json_for_each (m, list) {
		int64_t size = json_get_i64(m, "Size", 0);
		bool used = json_get_bool(m, "InUse", false);

		u->total++;
		u->active += used;
		u->bytes += size;
		u->reclaimable += used ? 0 : size;
	}
}

static void usage_row(struct json_w *w, const struct usage *u)
{
	char size[UNITS_SIZE], free_size[UNITS_SIZE];

	units_size((double)u->bytes, 4, size);
	units_size((double)u->reclaimable, 4, free_size);
	jw_obj(w);
	jw_kstr(w, "Type", u->type);
	jw_key(w, "TotalCount");
	jw_strf(w, "%zu", u->total);
	jw_key(w, "Active");
	jw_strf(w, "%zu", u->active);
	jw_kstr(w, "Size", size);
	jw_key(w, "Reclaimable");
	if (u->bytes > 0)
		jw_strf(w, "%s (%lld%%)", free_size, (long long)(u->reclaimable * 100 / u->bytes));
	else
		jw_str(w, free_size);
	jw_end(w);
}

static int df_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"Type", "TYPE"}, {"TotalCount", "TOTAL"},	  {"Active", "ACTIVE"},
		{"Size", "SIZE"}, {"Reclaimable", "RECLAIMABLE"}, {NULL, NULL},
	};
	const struct system_conf *c = conf;
	struct usage kinds[] = {{.type = "Images"},
				{.type = "Containers"},
				{.type = "Local Volumes"},
				{.type = "Build Cache"}};
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	if (docker_call(cli, "GET", xstrdup("/system/df"), &v, &e) < 0)
		return docker_fail(&e);
	count_images(v, &kinds[0]);
	count_containers(json_get(v, "Containers"), &kinds[1]);
	count_volumes(json_get(v, "Volumes"), &kinds[2]);
	count_cache(json_get(v, "BuildCache"), &kinds[3]);
	jw_init(&w, &b);
	jw_arr(&w);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		usage_row(&w, &kinds[i]);
	jw_end(&w);
	if (json_parse(b.data, b.len, &rows, &e) < 0 ||
	    docker_format(c->format, rows, columns, columns, &e) < 0)
		return docker_fail(&e);
	return 0;
}

static const struct opt df_opts[] = {
	DOCKER_OPT_FORMAT(offsetof(struct system_conf, format)),
	{'v', "verbose", OPT_FLAG, offsetof(struct system_conf, verbose), NULL,
	 "Show detailed information on space usage", NULL},
	{0},
};

const struct docker_cmd docker_df_cmd = {
	.args = "[OPTIONS]",
	.about = "Show docker disk usage",
	.opts = df_opts,
	.conf_size = sizeof(struct system_conf),
	.run = df_main,
};

/* --- dial-stdio -------------------------------------------------------------------------- */

static void dial_input(void *arg)
{
	struct stream *s = arg;
	CLEANUP(freep) char *p = xmalloc(65536);
	struct err e;
	ssize_t n;

	while ((n = fd_read(STDIN_FILENO, p, 65536)) > 0)
		if (stream_write(s, p, (size_t)n, &e) < 0)
			return;
	stream_close_write(s, &e);
}

/* docker -H ssh:// runs this on the far side: stdin and stdout become the engine's socket */
static int dial_main(struct docker_cli *cli, void *conf UNUSED, int argc UNUSED, char **argv UNUSED)
{
	CLEANUP(freep) char *p = xmalloc(65536);
	static struct stream *s; /* the input thread may use it until we exit */
	struct client *c;
	struct err e;
	ssize_t n;

	c = docker_client(cli, &e);
	s = c == NULL ? NULL : client_dial(c, &e);
	if (s == NULL || thread_start(dial_input, s, &e) < 0)
		return docker_fail(&e);
	while ((n = stream_read(s, p, 65536, &e)) > 0)
		if (fd_write_all(STDOUT_FILENO, p, (size_t)n, &e) < 0)
			return docker_fail(&e);
	return n < 0 ? docker_fail(&e) : 0;
}

const struct docker_cmd docker_dial_stdio_cmd = {
	.args = "",
	.about = "Proxy the stdio stream to the daemon connection",
	.run = dial_main,
};
