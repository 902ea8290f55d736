// SPDX-License-Identifier: MIT
/* netns-gate: what docker.pid names; started by dockerd, see rootless/gate.h. */
#include <stdio.h>

#include "applets/applets.h"
#include "base/log.h"
#include "base/opt.h"
#include "rootless/gate.h"

struct conf {
	const char *netns;
	int hold_fd;
};

static const struct opt opts[] = {
	{0, "netns", OPT_STR, offsetof(struct conf, netns), "FILE", "network namespace to stand in",
	 NULL},
	{0, "hold-fd", OPT_INT, offsetof(struct conf, hold_fd), "FD",
	 "socket whose other end the engine holds (default: 3)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "netns-gate --netns FILE [--hold-fd FD]",
	.about = "Stand in the containers' network namespace under the pid in docker.pid, and "
		 "pass signals on to\n"
		 "dockerd, which starts this.",
	.opts = opts,
};

int netns_gate_main(int argc, char **argv)
{
	struct conf c = {.hold_fd = 3};
	struct err e;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	if (opt_parse(opts, &c, argc, argv, 0, &e) < 0 || c.netns == NULL) {
		fprintf(stderr, "netns-gate: %s\n", c.netns == NULL ? "--netns is missing" : e.msg);
		return 1;
	}
	if (rk_gate_run(c.netns, c.hold_fd, &e) < 0) {
		log_error(&e, "netns-gate");
		return 1;
	}
	return 0;
}
