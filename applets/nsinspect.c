// SPDX-License-Identifier: MIT
/*
 * nsinspect: containers, interfaces, routes, rules, listening sockets,
 * published ports and counters, as tables or JSON. A look changes the
 * process's namespaces for good, so with --watch each is a child's.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/str.h"
#include "inspect/look.h"
#include "json/write.h"
#include "ns/clone.h"

#define WATCH_DEFAULT_S 2
#define CLEAR_SCREEN	"\033[H\033[2J"

struct conf {
	struct look_conf look;
	bool json;
	const char *watch; /* NULL: once */
	uint64_t watch_s;
	bool asked; /* sections were named */
};

static const struct opt opts[] = {
	{0, "json", OPT_FLAG, offsetof(struct conf, json), NULL, "print one JSON document", NULL},
	{'w', "watch", OPT_MAYBE, offsetof(struct conf, watch), "SECONDS",
	 "look again and again (default: every 2 seconds)", NULL},
	{'a', "all", OPT_FLAG, offsetof(struct conf, look.all), NULL,
	 "local and multicast routes, too", NULL},
	{0, "data-root", OPT_STR, offsetof(struct conf, look.data_root), "DIR",
	 "the engine's (default: of the running one, else ~/.local/share/docker)", NULL},
	{0, "state-dir", OPT_STR, offsetof(struct conf, look.state_dir), "DIR",
	 "rootlesskit's (default: $XDG_RUNTIME_DIR/dockerd-rootless)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "nsinspect [OPTIONS] [SECTION] [CONTAINER]",
	.about =
		"Show what there is behind the engine, without asking it: containers, interfaces,\n"
		"routes, rules, sockets (listening), ports (published), counters. All sections, "
		"or\n"
		"the one named; all containers, or the one named by its name, id or address.",
	.opts = opts,
};

static int fail(const struct err *e)
{
	fprintf(stderr, "nsinspect: %s\n", e->msg);
	return 1;
}

/* The document as asked for; 1 when the section that was named could not be looked at. */
static int show(const struct conf *c, const struct buf *text)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	const char *why;
	struct err e;

	if (json_parse(buf_str(text), text->len, &doc, &e) < 0)
		return fail(&e);
	if (c->json) {
		json_print(&out, doc, c->watch == NULL ? "    " : NULL);
		buf_addch(&out, '\n');
	} else {
		if (c->watch != NULL && isatty(STDOUT_FILENO))
			buf_addstr(&out, CLEAR_SCREEN);
		look_tables(doc, &out);
	}
	if (fd_write_all(STDOUT_FILENO, out.data, out.len, &e) < 0)
		return fail(&e);
	why = json_get_str(doc, "unavailable");
	if (why != NULL)
		fprintf(stderr, "nsinspect: %s\n", why);
	return why != NULL && c->asked ? 1 : 0;
}

static int look_once(const struct conf *c)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err e;

	if (look_gather(&c->look, &text, &e) < 0)
		return fail(&e);
	return show(c, &text);
}

static int watch(const struct conf *c)
{
	struct timespec nap = {.tv_sec = (time_t)c->watch_s};

	for (;;) {
		struct ns_clone spec = NS_CLONE_INIT;
		struct err e;
		pid_t pid;
		int status;

		fflush(NULL);
		pid = ns_fork(&spec, &e);
		if (pid == 0)
			_exit(look_once(c));
		if (pid < 0)
			return fail(&e);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFSIGNALED(status)) /* nobody reads any more */
			return 1;
		(void)nanosleep(&nap, NULL);
	}
}

static int find_section(const char *word)
{
	for (int s = 0; s < LOOK_SECTIONS; s++) {
		if (str_eq(look_section_name((enum look_section)s), word))
			return s;
	}
	return -1;
}

static int take_operands(struct conf *c, int argc, char **argv, struct err *e)
{
	int section = argc > 0 ? find_section(argv[0]) : -1;

	c->look.sections = (1U << LOOK_SECTIONS) - 1;
	if (section >= 0) {
		c->look.sections = 1U << section;
		c->asked = true;
		argc--;
		argv++;
	}
	if (argc > 0)
		c->look.container = argv[0];
	if (argc > 1)
		return err_set(e, ERR_INVALID, 0, "%s: no such section, or more than one container",
			       section >= 0 ? argv[1] : argv[0]);
	c->watch_s = WATCH_DEFAULT_S;
	if (!str_empty(c->watch) && (str_u64(c->watch, 86400, &c->watch_s) < 0 || c->watch_s == 0))
		return err_set(e, ERR_INVALID, 0, "--watch=%s: seconds from 1 to 86400", c->watch);
	return 0;
}

int nsinspect_main(int argc, char **argv)
{
	struct conf c = {0};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first < 0 || take_operands(&c, argc - first, argv + first, &e) < 0)
		return fail(&e);
	return c.watch != NULL ? watch(&c) : look_once(&c);
}
