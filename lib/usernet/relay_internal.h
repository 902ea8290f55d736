// SPDX-License-Identifier: MIT
/*
 * Relays: two TCP sockets of whatever namespaces joined into one connection.
 * Used for published ports, for the fast path outward and for host forwards.
 */
#ifndef USERNET_RELAY_INTERNAL_H
#define USERNET_RELAY_INTERNAL_H

#include "usernet/usernet_internal.h"

struct relay;

struct relay_conf {
	int fd[2];	      /* non-blocking, connected or connecting; see relay_start() */
	struct list *owner;   /* head of the list the relay stands in, for relay_kill_all() */
	void (*done)(void *); /* called once when the relay has ended, before relay_start()'s
			       * return at the earliest; must not start relays. NULL: none */
	void *arg;
};

/**
 * relay_start() - join two sockets until both directions have ended or one side failed
 * @u: usernet; at most USERNET_RELAYS_MAX relays exist
 * @c: what to join; copied. The descriptors are the relay's from now on, whatever is returned.
 *     The caller has set TCP_NODELAY on both and keepalive where it wants it
 * @e: ERR_UNAVAILABLE when there are too many, or no memory in the kernel
 *
 * A side that is still connecting is simply not yet writable; if its connect fails, the other side
 * is reset. End of file becomes shutdown(SHUT_WR) on the other side once everything before it was
 * sent; an error resets both sides.
 *
 * Return: 0, or -1: both descriptors were closed with a reset and done was not called.
 */
int relay_start(struct usernet *u, const struct relay_conf *c, struct err *e) WARN_UNUSED;
/** relay_kill_all() - resets every relay of that owner; done is called for each */
void relay_kill_all(struct usernet *u, struct list *owner);
/** relay_reset() - close a socket so that its peer sees a reset */
void relay_reset(int *fd);

#endif
