// SPDX-License-Identifier: MIT
/* docker version, ping, events, system dial-stdio. */
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

struct system_conf {
	const char *format, *since, *until;
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

void docker_write_client(struct json_w *w, const struct client *c)
{
	jw_kraw(w, "Platform", "{\"Name\":\"thimble\"}");
	jw_kstr(w, "Version", DOCKER_CLIENT_VERSION);
	jw_kstr(w, "ApiVersion", c != NULL ? client_version(c) : CLIENT_API_VERSION);
	jw_kstr(w, "DefaultAPIVersion", CLIENT_API_VERSION);
	jw_kstr(w, "GitCommit", "");
	jw_kstr(w, "GoVersion", "");
	jw_kstr(w, "Os", "linux");
	jw_kstr(w, "Arch", go_arch());
	jw_kstr(w, "BuildTime", "");
	jw_kstr(w, "Context", c != NULL ? client_context(c) : "default");
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
	printf("Client: thimble\n Version:           %s\n", DOCKER_CLIENT_VERSION);
	printf(" API version:       %s\n OS/Arch:           linux/%s\n Context:           %s\n",
	       c != NULL ? client_version(c) : CLIENT_API_VERSION, go_arch(),
	       c != NULL ? client_context(c) : "default");
	if (server != NULL)
		print_server(server);
}

static int version_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_root root = {"version", "system.versionInfo",
						"template parsing error", NULL};
	const struct system_conf *c = conf;
	CLEANUP(json_freep) struct json *server = NULL;
	CLEANUP(json_freep) struct json *all = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e, later;
	int failed;

	if (docker_check_format(&root, c->format) != 0)
		return DOCKER_EXIT_FORMAT;
	failed = docker_call(cli, "GET", xstrdup("/version"), &server, &e) < 0;
	if (c->format == NULL) {
		print_version(cli->client, server);
		return failed ? docker_fail(&e) : 0;
	}
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kobj(&w, "Client");
	docker_write_client(&w, cli->client);
	jw_end(&w);
	jw_key(&w, "Server");
	jw_tree(&w, server);
	jw_end(&w);
	if (json_parse(b.data, b.len, &all, &later) < 0)
		return docker_fail(&later);
	if (docker_format_tree(&root, c->format, all, &later) < 0) {
		puts("");
		return docker_fail(failed ? &e : &later);
	}
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
	static const struct docker_root root = {"", "*events.Message", "Error parsing format",
						"Error parsing format"};
	const struct system_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/events", .query = &q};
	struct lines l;
	struct http_client *h;
	struct client *client;
	struct err e;
	int r;

	if (docker_check_format(&root, c->format) != 0)
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
			r = docker_format_tree(&root, c->format, v, &e) < 0 ? -2 : 1;
		else if (r > 0)
			print_event(v);
		fflush(stdout);
		if (r <= 0)
			break;
	}
	lines_clear(&l);
	if (r < 0)
		docker_fail(&e);
	return r == -2 ? DOCKER_EXIT_FORMAT : -r;
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
