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
/* A small receive window, for a connection that stays within the machine: it costs no speed there,
 * and what waits is still in the processor's cache when it is read. */
void netns_pool_small_window(int fd);
/* dnssock.c */
int netns_pool_dns(int fds[POOL_BATCH], size_t *n_fds);
/* gather.c */
int netns_pool_gather(struct netns_server *s, const struct pool_request *q);

/* anyip.c; its rules: server_internal.h */
/* channel: whose usernet asks; only the one that called SYN_WATCH last may listen. The first watch
 * of a channel brings a second descriptor: N's addresses (struct pool_locals) */
int netns_pool_syn_watch(struct netns_server *s, const void *channel, const struct pool_request *q,
			 int fds[POOL_BATCH], size_t *n_fds);
int netns_pool_listen(struct netns_server *s, const void *channel, const struct pool_request *q,
		      int fds[POOL_BATCH], size_t *n_fds);
int netns_pool_unlisten(struct netns_server *s, const void *channel, const struct pool_request *q);
/* the channel is closed: its rules go, so that translation serves at once */
void netns_anyip_end(struct netns_server *s, const void *channel);

#endif
