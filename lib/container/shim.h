// SPDX-License-Identifier: MIT
/* The shim: keeps one container. See README.md of this room. */
#ifndef CONTAINER_SHIM_H
#define CONTAINER_SHIM_H

#include <stdbool.h>

#include "base/err.h"

/**
 * shim_run() - the whole life of a shim, for its applet; single-threaded process
 * @bundle:    absolute bundle directory
 * @status_fd: SOCK_SEQPACKET connection to the engine, -1 none
 * @foreground: do not go into the background
 * @e:         filled on failure (also sent to the engine)
 *
 * Return: 0 in the starter process at once, and in the shim when the container is over; -1 failure.
 */
int shim_run(const char *bundle, int status_fd, bool foreground, struct err *e) WARN_UNUSED;

#endif
