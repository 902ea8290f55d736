// SPDX-License-Identifier: MIT
/*
 * usernet: the host side of N's network. One single-threaded loop in the
 * host's network namespace without any capability: parses what comes out of
 * the tun, holds host sockets for it, answers DNS, relays published ports.
 */
#ifndef USERNET_USERNET_H
#define USERNET_USERNET_H

#include <stdbool.h>

#include "base/err.h"
#include "usernet/control.h"

/* What being called as slirp4netns adds: the device is a tap. */
struct usernet_slirp {
	int api_fd;		       /* listening; -1: no API */
	int exit_fd;		       /* the process ends when something happens there; -1 none */
	struct ip outbound, outbound6; /* the host's addresses to go out from; IP_NONE any */
};

struct usernet_conf {
	int tun_fd;		    /* -1: none (yet) */
	int netns_fd;		    /* -1: none (yet) */
	int control_fd;		    /* -1: none; the process then runs until SIGTERM */
	int feed_fd;		    /* listening socket of feed.h; -1: none */
	int ready_fd;		    /* one byte is written when confined and running; -1 none */
	struct usernet_ctl_tun tun; /* as for USERNET_CTL_TUN */
	const char *resolv_conf;    /* NULL: /etc/resolv.conf */
	const struct usernet_slirp *slirp; /* NULL: no; borrowed until usernet_run() returns */
	bool no_sandbox;		   /* for debugging only */
};

/** usernet_run() - confines the process and serves until SIGTERM, SIGINT or the end of the control
 * socket (0); -1 on failure */
int usernet_run(const struct usernet_conf *c, struct err *e) WARN_UNUSED;

#endif
