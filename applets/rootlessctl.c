// SPDX-License-Identifier: MIT
/*
 * rootlessctl: client of rootlesskit's REST API. Output as RootlessKit's
 * cmd/rootlessctl prints it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/applets.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/str.h"
#include "json/json.h"
#include "json/write.h"
#include "rootless/client.h"
#include "rootless/conf.h"
#include "rootless/portspec.h"

struct conf {
	const char *socket;
	bool debug;
	bool version;
	bool json;
	char *found_socket; /* from the environment; owned */
};

static const struct opt opts[] = {
	{0, "socket", OPT_STR, offsetof(struct conf, socket), "PATH",
	 "api.sock of a rootlesskit (default: $ROOTLESSKIT_STATE_DIR/api.sock)", NULL},
	{0, "json", OPT_FLAG, offsetof(struct conf, json), NULL, "print as JSON", NULL},
	{0, "debug", OPT_FLAG, offsetof(struct conf, debug), NULL, "debug mode", NULL},
	{'v', "version", OPT_FLAG, offsetof(struct conf, version), NULL, "print the version", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis =
		"rootlessctl [OPTIONS] list-ports\n"
		"rootlessctl [OPTIONS] add-ports PARENTIP:PARENTPORT:[CHILDIP:]CHILDPORT/PROTO...\n"
		"rootlessctl [OPTIONS] remove-ports ID...\n"
		"rootlessctl [OPTIONS] info",
	.about = "Ask or change a running rootlesskit. add-ports prints the ids of the new ports.",
	.opts = opts,
};

static int fail(const struct err *e)
{
	fprintf(stderr, "error: %s\n", e->msg);
	return 1;
}

static void print_json(const struct json *v, const char *indent)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	json_print(&b, v, indent);
	puts(buf_str(&b));
}

/* Widths as Go's tabwriter makes them there: the longest cell and four blanks, every column. */
struct table_row {
	char cells[6][IP_TEXT_SIZE];
};

static void table_print(const struct table_row *rows, size_t n)
{
	size_t width[6] = {0};

	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < 6; c++)
			width[c] = MAX(width[c], strlen(rows[i].cells[c]));
	}
	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < 6; c++)
			printf("%-*s", (int)width[c] + 4, rows[i].cells[c]);
		putchar('\n');
	}
}

static void port_row(const struct json *p, struct table_row *row)
{
	const struct json *spec = json_get(p, "spec");
	const char *const keys[] = {"proto", "parentIP", "parentPort", "childIP", "childPort"};

	snprintf(row->cells[0], IP_TEXT_SIZE, "%" PRId64, json_get_i64(p, "id", 0));
	for (int i = 0; i < 5; i++) {
		const struct json *v = json_get(spec, keys[i]);
		const char *text = json_kind(v) == JSON_NUMBER ? json_num(v) : json_str(v);

		str_copy(row->cells[i + 1], text == NULL ? "" : text, IP_TEXT_SIZE);
	}
}

static int list_ports(struct conf *c, int argc UNUSED, char **argv UNUSED, struct err *e)
{
	static const struct table_row head = {
		{"ID", "PROTO", "PARENTIP", "PARENTPORT", "CHILDIP", "CHILDPORT"}};
	CLEANUP(json_freep) struct json *ports = NULL;
	CLEANUP(freep) struct table_row *rows = NULL;
	size_t n = 0;

	if (rk_client_call(c->socket, "GET", "/v1/ports", NULL, &ports, e) < 0)
		return -1;
	if (c->json) {
		json_for_each (p, ports)
			print_json(p, NULL);
		return 0;
	}
	rows = xcalloc(json_len(ports) + 1, sizeof(*rows));
	rows[n++] = head;
	json_for_each (p, ports)
		port_row(p, &rows[n++]);
	table_print(rows, n);
	return 0;
}

static int add_ports(struct conf *c, int argc, char **argv, struct err *e)
{
	if (argc == 0)
		return err_set(e, ERR_INVALID, 0, "no port specification is given");
	for (int i = 0; i < argc; i++) {
		CLEANUP(json_freep) struct json *answer = NULL;
		CLEANUP(buf_clear) struct buf body = BUF_INIT;
		struct rk_spec spec;
		struct json_w w;

		if (rk_spec_parse(argv[i], &spec, e) < 0)
			return -1;
		jw_init(&w, &body);
		rk_spec_to_json(&w, &spec);
		if (rk_client_call(c->socket, "POST", "/v1/ports", buf_str(&body), &answer, e) < 0)
			return -1;
		if (c->json)
			print_json(answer, NULL);
		else
			printf("%" PRId64 "\n", json_get_i64(answer, "id", 0));
	}
	return 0;
}

static int remove_ports(struct conf *c, int argc, char **argv, struct err *e)
{
	if (argc == 0)
		return err_set(e, ERR_INVALID, 0, "no port id is given");
	for (int i = 0; i < argc; i++) {
		char target[64];
		uint64_t id;

		if (str_u64(argv[i], INT64_MAX, &id) < 0)
			return err_set(e, ERR_INVALID, 0, "bad id: \"%.64s\"", argv[i]);
		snprintf(target, sizeof(target), "/v1/ports/%" PRIu64, id);
		if (rk_client_call(c->socket, "DELETE", target, NULL, NULL, e) < 0)
			return -1;
		printf("%" PRIu64 "\n", id);
	}
	return 0;
}

static void print_list(const char *label, const struct json *list)
{
	const char *sep = "";

	printf("%s[", label);
	json_for_each (it, list) {
		printf("%s%s", sep, json_str(it) == NULL ? "" : json_str(it));
		sep = " ";
	}
	puts("]");
}

static const char *text_of(const struct json *obj, const char *key)
{
	const char *s = json_get_str(obj, key);

	return s == NULL ? "" : s;
}

static int info(struct conf *c, int argc UNUSED, char **argv UNUSED, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	const struct json *driver;

	if (rk_client_call(c->socket, "GET", "/v1/info", NULL, &v, e) < 0)
		return -1;
	if (c->json) {
		print_json(v, "    ");
		return 0;
	}
	printf("- REST API version: %s\n", text_of(v, "apiVersion"));
	printf("- Implementation version: %s\n", text_of(v, "version"));
	printf("- State Directory: %s\n", text_of(v, "stateDir"));
	printf("- Child PID: %" PRId64 "\n", json_get_i64(v, "childPID", 0));
	driver = json_get(v, "networkDriver");
	if (driver != NULL) {
		printf("- Network Driver: %s\n", text_of(driver, "driver"));
		print_list("  - DNS: ", json_get(driver, "dns"));
		printf("  - IP: %s\n", text_of(driver, "childIP"));
	}
	driver = json_get(v, "portDriver");
	if (driver != NULL) {
		printf("- Port Driver: %s\n", text_of(driver, "driver"));
		print_list("  - Supported protocols: ", json_get(driver, "protos"));
	}
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(struct conf *c, int argc, char **argv, struct err *e);
} commands[] = {
	{"list-ports", list_ports},
	{"add-ports", add_ports},
	{"remove-ports", remove_ports},
	{"info", info},
};

static int find_socket(struct conf *c, struct err *e)
{
	const char *dir = getenv("ROOTLESSKIT_STATE_DIR");

	if (!str_empty(c->socket))
		return 0;
	if (str_empty(dir))
		return err_set(e, ERR_INVALID, 0,
			       "please specify --socket or set ROOTLESSKIT_STATE_DIR");
	c->found_socket = xasprintf("%s/api.sock", dir);
	c->socket = c->found_socket;
	return 0;
}

static int run(struct conf *c, int argc, char **argv, struct err *e)
{
	if (argc == 0)
		return err_set(e, ERR_INVALID, 0, "no command is given, see rootlessctl --help");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (!str_eq(argv[0], commands[i].name))
			continue;
		if (find_socket(c, e) < 0)
			return -1;
		return commands[i].run(c, argc - 1, argv + 1, e);
	}
	return err_set(e, ERR_INVALID, 0, "unknown command: %s", argv[0]);
}

int rootlessctl_main(int argc, char **argv);

int rootlessctl_main(int argc, char **argv)
{
	struct conf c = {0};
	struct err e;
	int first, code = 0;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first < 0)
		return fail(&e);
	if (c.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	if (c.version)
		printf("rootlessctl version %s (thimble %s)\n", RK_VERSION, THIMBLE_VERSION);
	else if (run(&c, argc - first, argv + first, &e) < 0)
		code = fail(&e);
	free(c.found_socket);
	return code;
}
