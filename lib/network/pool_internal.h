// SPDX-License-Identifier: MIT
/*
 * The helper's side of the pool channel (usernet/pool.h): what each operation's
 * file offers pool.c. A function fills fds (the caller sends and closes them)
 * and *n_fds; on failure it returns an errno, and fds are ignored.
 */
#ifndef NETWORK_POOL_INTERNAL_H
#define NETWORK_POOL_INTERNAL_H

#include "network/server_internal.h"
#include "usernet/pool.h"

/* pool_sockets.c */
int netns_pool_sockets(struct netns_server *s, const struct pool_request *q, struct pool_answer *a,
		       int fds[POOL_BATCH], size_t *n_fds);
/* one socket as pool_kind says, in the namespace the process is in; -1 with errno */
int netns_pool_socket(uint32_t kind);

#endif
