// SPDX-License-Identifier: MIT
/*
 * Sockets handed over by systemd or whoever starts us (sd_listen_fds(3)). Some
 * are the command's (an API socket of dockerd), others are for published ports
 * that this user could not bind, below net.ipv4.ip_unprivileged_port_start.
 */
#ifndef ROOTLESS_ACTIVATION_H
#define ROOTLESS_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strv.h"

#define RK_ACTIVATION_FIRST_FD 3

struct rk_activated {
	int fd;
	const char *name; /* borrowed; "" unknown */
	bool inet;	  /* IPv4 or IPv6 */
	bool pass;	  /* the command gets it */
};

struct rk_activation {
	struct rk_activated *items;
	size_t n;
	struct strv names; /* LISTEN_FDNAMES */
};

/**
 * rk_activation_take() - the descriptors from 3 on that were handed to this process
 * @a:       filled; empty when there are none or they are meant for another process
 * @service: the command is dockerd, run by dockerd-rootless.sh
 *
 * They become close-on-exec, so that no helper inherits them. All are passed on to the command but
 * Internet sockets named "publish" (FileDescriptorName=), and for a service all Internet sockets
 * whose name does not begin with "docker": else dockerd would serve its API on a port that is to
 * be published. Each Internet socket, passed on or not, may serve a published port.
 */
void rk_activation_take(struct rk_activation *a, bool service);
/** rk_activation_clear() - frees; the descriptors stay open */
void rk_activation_clear(struct rk_activation *a);

/** rk_activation_pass() - in a process about to exec: what is to be passed becomes descriptors 3
 * and on, and LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES say so (or are absent) */
void rk_activation_pass(const struct rk_activation *a);

#endif
