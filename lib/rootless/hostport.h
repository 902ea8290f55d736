// SPDX-License-Identifier: MIT
/*
 * The host's sockets of published ports: bound here, or handed to us bound
 * (activation.h), for ports this user may not bind.
 */
#ifndef ROOTLESS_HOSTPORT_H
#define ROOTLESS_HOSTPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "rootless/activation.h"
#include "rootless/portspec.h"

struct rk_inherited {
	int fd; /* ours for good: nobody could bind it again */
	bool udp;
	struct ip ip; /* where it is bound; 0.0.0.0 and :: are such */
	uint16_t port;
	bool both;   /* bound to ::, and takes IPv4 as well */
	bool in_use; /* by a published port */
};

struct rk_hostports {
	struct rk_inherited *inherited;
	size_t n;
};

/** rk_hostports_init() - the Internet sockets among those handed to us are duplicated */
void rk_hostports_init(struct rk_hostports *h, const struct rk_activation *a);
/** rk_hostports_clear() - closes them */
void rk_hostports_clear(struct rk_hostports *h);

/**
 * rk_hostport_open() - the host's socket for a specification
 * @h:   what was handed to us; may be NULL
 * @s:   specification
 * @ret: set to the socket handed to us that is bound as the specification asks, NULL when the
 *       result was bound here
 * @e:   ERR_CONFLICT when the port is taken, ERR_DENIED for a privileged one; both sentences end
 *       as RootlessKit's do and name a port that is free
 *
 * Return: a descriptor, the caller's, listening for TCP.
 */
int rk_hostport_open(struct rk_hostports *h, const struct rk_spec *s, struct rk_inherited **ret,
		     struct err *e) WARN_UNUSED;
/** rk_hostport_free() - a port shortly above the specification's that could be bound now; 0 none */
unsigned rk_hostport_free(const struct rk_spec *s);
/** rk_hostport_close() - closes what rk_hostport_open() returned. A listener handed to us stops
 * listening until it is asked for again. */
void rk_hostport_close(int *fd, struct rk_inherited *in);

#endif
