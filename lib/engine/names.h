// SPDX-License-Identifier: MIT
/*
 * The names that usernet answers in DNS: the whole table is kept here, each
 * change is pushed over the feed (usernet/feed.h), and all is pushed again when
 * usernet was started again. Own mutex, taken last and never held while a
 * caller's lock is awaited: the functions may be called with en->mu held, they
 * never block. One thread waits for usernet's end; it does not wake up else.
 */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

#include <stdbool.h>

#include "base/err.h"
#include "usernet/feed.h"

struct names;

/** names_new() - an empty table for the usernet of state_dir ($ROOTLESSKIT_STATE_DIR; copied).
 * NULL: nothing is pushed anywhere. Nothing is sent before names_start() */
struct names *names_new(const char *state_dir);
/** names_start() - the table is as complete as a start of the engine makes it: connect, push it
 * (what usernet knew from an earlier engine and is not in it goes), and keep it pushed. Call once,
 * after containers were taken back. Starts a thread, which ends where there is no usernet */
int names_start(struct names *n, struct err *e) WARN_UNUSED;
/** names_free() - ends the thread and frees; usernet keeps what it knows. NULL is fine */
void names_free(struct names *n);

/** names_trouble() - usernet has not been there for some seconds: names are not answered */
bool names_trouble(struct names *n);

/** names_set() - a container's endpoint as it is now (copied); replaces one of the same
 * endpoint_id. When it returns, usernet's next answer takes it into account, unless usernet is
 * being started again at this moment. Never fails: what cannot be sent now is sent later */
void names_set(struct names *n, const struct feed_endpoint *ep);
/** names_del() - the endpoint is gone; nothing when unknown */
void names_del(struct names *n, const char *endpoint_id);
/** names_listeners() - the TCP addresses the engine listens on (the whole list): containers do not
 * reach them by the host's addresses */
void names_listeners(struct names *n, const struct feed_listener *l, size_t count);
/** names_gateway() - what host.docker.internal means, instead of the tun's gateway; IP_NONE:
 * nothing in that family. Before names_start() */
void names_gateway(struct names *n, const struct ip *v4, const struct ip *v6);

#endif
