// SPDX-License-Identifier: MIT
/* inspect-socks: the SOCKS5 listener of dockerd --inspect-socks, in a confined process. */
#include <signal.h>
#include <stdio.h>

#include "applets/applets.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "inspect/confine.h"
#include "inspect/dial.h"
#include "inspect/guide.h"
#include "ns/join.h"

struct conf {
	const char *netns;
	int listen_fd, guide_fd;
};

static const struct opt opts[] = {
	{0, "netns", OPT_STR, offsetof(struct conf, netns), "FILE",
	 "network namespace to connect from", NULL},
	{0, "listen-fd", OPT_INT, offsetof(struct conf, listen_fd), "FD",
	 "listening socket (default: 3)", NULL},
	{0, "guide-fd", OPT_INT, offsetof(struct conf, guide_fd), "FD",
	 "socket to the engine, which knows the containers (default: 4)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "inspect-socks --netns FILE [OPTIONS]",
	.about = "SOCKS5 server that reaches containers and nothing else; started by dockerd "
		 "--inspect-socks.",
	.opts = opts,
};

static int serve(struct conf *c, struct err *e)
{
	const struct dial_conf dial = {.guide = {.resolve = guide_ask, .arg = &c->guide_fd},
				       .socks = true,
				       .stop_fd = c->guide_fd};
	CLEANUP(fd_closep) int fd = ns_open_path(c->netns, NS_NET, e);

	if (fd < 0 || ns_join(fd, NS_NET, e) < 0)
		return -1;
	fd_close(&fd);
	(void)fd_set_nonblock(c->listen_fd, true);
	if (socks_confine(e) < 0)
		return -1;
	return dial_serve(&dial, c->listen_fd, e);
}

int inspect_socks_main(int argc, char **argv)
{
	struct conf c = {.listen_fd = 3, .guide_fd = 4};
	struct err e;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	if (opt_parse(opts, &c, argc, argv, 0, &e) < 0 || c.netns == NULL) {
		fprintf(stderr, "inspect-socks: %s\n",
			c.netns == NULL ? "--netns is missing" : e.msg);
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	/* a terminal's Ctrl-C is for dockerd, with which this ends */
	(void)signal(SIGINT, SIG_IGN);
	if (serve(&c, &e) < 0) {
		log_error(&e, "inspect-socks");
		return 1;
	}
	return 0;
}
