// SPDX-License-Identifier: MIT
/* netns-helper: options to config, then network/server.h. See netns-helper.8. */
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "applets/applets.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "network/server.h"

struct conf {
	const char *listen;
	int listen_fd;
	int ready_fd;
	bool debug;
};

static const struct opt opts[] = {
	{0, "listen", OPT_STR, offsetof(struct conf, listen), "PATH",
	 "make a SOCK_SEQPACKET socket there and serve it", NULL},
	{0, "listen-fd", OPT_INT, offsetof(struct conf, listen_fd), "FD",
	 "serve this listening socket", NULL},
	{0, "ready-fd", OPT_INT, offsetof(struct conf, ready_fd), "FD",
	 "write one byte there when requests are accepted", NULL},
	{0, "debug", OPT_FLAG, offsetof(struct conf, debug), NULL, "log more", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "netns-helper [OPTIONS]",
	.about =
		"Hold the capabilities of the containers' network namespace: make bridges, links,\n"
		"routes and sockets for other processes. Started by rootlesskit.",
	.opts = opts,
};

int netns_helper_main(int argc, char **argv);

int netns_helper_main(int argc, char **argv)
{
	struct conf c = {.listen_fd = -1, .ready_fd = -1};
	struct netns_server_conf s;
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first >= 0 && (first < argc || (c.listen == NULL && c.listen_fd < 0)))
		first = err_set(&e, ERR_INVALID, 0, "need --listen or --listen-fd, no operands");
	if (first < 0) {
		fprintf(stderr, "netns-helper: %s\n", e.msg);
		return 2;
	}
	log_set_applet("netns-helper");
	if (c.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	/* whoever needs N keeps it by a process or a file; an orphaned helper serves nobody */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	s = (struct netns_server_conf){.listen_path = c.listen,
				       .listen_fd = c.listen_fd,
				       .ready_fd = c.ready_fd,
				       .confine = true};
	if (netns_server_run(&s, &e) < 0) {
		log_error(&e, "netns-helper ended");
		return 1;
	}
	return 0;
}
