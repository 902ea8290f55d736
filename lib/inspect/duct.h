// SPDX-License-Identifier: MIT
/*
 * Two descriptors, or standard input and output on one side, joined by
 * poll(2): what comes from one goes to the other, both ways, with half-close.
 * For tools, not for bulk: usernet/relay_internal.h is the fast one.
 */
#ifndef INSPECT_DUCT_H
#define INSPECT_DUCT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define DUCT_FDS 4

struct duct_way {
	int from_fd, to_fd; /* borrowed */
	bool from_socket, to_socket;
	char *data; /* while bytes wait */
	size_t at, n;
	bool eof;  /* nothing more comes */
	bool done; /* and all has gone, the end too */
};

struct duct {
	struct duct_way way[2];
};

/** duct_init() - from in_fd to fd, and from fd to out_fd; in_fd and out_fd may be the same */
void duct_init(struct duct *d, int in_fd, int out_fd, int fd);
/** duct_clear() - frees; the descriptors stay open */
void duct_clear(struct duct *d);
/** duct_poll() - what to wait for */
void duct_poll(const struct duct *d, struct pollfd fds[DUCT_FDS]);
/** duct_step() - moves what is ready: 0 go on, 1 both ways have ended, -1 a side failed (errno) */
int duct_step(struct duct *d, const struct pollfd fds[DUCT_FDS]);
/** duct_way_done() - way 0 (in to fd) or 1 (fd to out) has ended */
bool duct_way_done(const struct duct *d, int way);

#endif
