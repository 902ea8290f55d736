// SPDX-License-Identifier: MIT
/*
 * The netns-helper's work: one single-threaded loop in N that holds the
 * capabilities of the user namespace, obeys typed messages (msg_internal.h)
 * and parses no packet.
 */
#ifndef NETWORK_SERVER_H
#define NETWORK_SERVER_H

#include <stdbool.h>

#include "base/err.h"

struct netns_server_conf {
	const char *listen_path; /* NULL when listen_fd is given */
	int listen_fd;		 /* SOCK_SEQPACKET, listening; -1: bind listen_path */
	const char *pin_dir;	 /* where namespaces are pinned; NULL: NETNS_PIN_DIR */
	bool confine;		 /* keep four capabilities and few system calls (confine.c) */
	int ready_fd;		 /* one byte is written when calls are accepted; -1 none */
};

/** netns_server_run() - sets N's sysctls, brings lo up and serves until SIGTERM or SIGINT (0);
 * -1 on failure */
int netns_server_run(const struct netns_server_conf *c, struct err *e) WARN_UNUSED;

#endif
