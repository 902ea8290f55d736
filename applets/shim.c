// SPDX-License-Identifier: MIT
/* shim: keeps one container. Started by the engine, see lib/container/README.md. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "applets/applets.h"
#include "base/log.h"
#include "base/opt.h"
#include "container/seal.h"
#include "container/shim.h"

struct conf {
	int status_fd;
	bool foreground;
};

static const struct opt opts[] = {
	{0, "status-fd", OPT_INT, offsetof(struct conf, status_fd), "FD",
	 "connection to the engine: the pid is reported there, requests are served", NULL},
	{0, "foreground", OPT_FLAG, offsetof(struct conf, foreground), NULL,
	 "do not go into the background", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "shim [OPTIONS] BUNDLE",
	.about = "Keep one container: create it from BUNDLE (config.json, shim.json), own its "
		 "stdio,\n"
		 "write its log and its exit code. The engine starts it; it outlives the engine.",
	.opts = opts,
};

int shim_main(int argc, char **argv)
{
	struct conf conf = {.status_fd = -1};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	log_set_applet("shim");
	first = opt_parse(opts, &conf, argc, argv, 0, &e);
	if (first >= 0 && argc - first != 1)
		first = err_set(&e, ERR_INVALID, 0, "exactly one bundle directory is needed");
	if (first >= 0 && argv[first][0] != '/')
		first = err_set(&e, ERR_INVALID, 0, "BUNDLE must be an absolute path");
	if (first < 0) {
		fprintf(stderr, "shim: %s\n", e.msg);
		return 125;
	}
	/* nothing to do when the engine is sealed; a kernel that cannot is the reader's to know */
	if (container_seal(argv, &e) < 0)
		log_debug(&e, "container in %s", argv[first]);
	if (shim_run(argv[first], conf.status_fd, conf.foreground, &e) < 0) {
		log_error(&e, "container in %s", argv[first]);
		return 1;
	}
	return 0;
}
