// SPDX-License-Identifier: MIT
/* Which addresses a container can be reached at from N. */
#ifndef ENGINE_REACH_H
#define ENGINE_REACH_H

#include <stddef.h>

#include "base/err.h"
#include "netlink/ip.h"

struct engine;

/**
 * engine_reach() - addresses of a running container
 * @en:	  the engine
 * @word: name, id, unambiguous beginning of an id, or one of its addresses
 * @ret:  filled, IPv4 before IPv6; an address asked for is the only one
 * @max:  room
 * @e:	  ERR_NOTFOUND: no such container, or nobody's address; ERR_CONFLICT: it does not run;
 *	  ERR_INVALID: it has no address (its network is the host's, or none)
 *
 * Any thread. Return: count, at least 1, or -1.
 */
int engine_reach(struct engine *en, const char *word, struct ip *ret, size_t max,
		 struct err *e) WARN_UNUSED;

#endif
