// SPDX-License-Identifier: MIT
/* Which process holds a socket, found by the links below /proc/PID/fd. */
#ifndef INSPECT_OWNER_H
#define INSPECT_OWNER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct look_owner {
	uint32_t inode; /* of the socket */
	pid_t pid;	/* the lowest that holds it */
	uint64_t mnt;	/* inode of its mount namespace: a container's own */
};

struct look_owners {
	struct look_owner *items; /* by inode */
	size_t n, cap;
};

/** look_owners_load() - looks at every process whose descriptors we may read */
void look_owners_load(struct look_owners *o);
/** look_owners_clear() - frees; CLEANUP(look_owners_clear) */
void look_owners_clear(struct look_owners *o);
/** look_owner_find() - borrowed, NULL when nobody holds it */
const struct look_owner *look_owner_find(const struct look_owners *o, uint32_t inode);
/** look_socket_inode() - N of "socket:[N]", 0 for other links */
uint32_t look_socket_inode(const char *link);

#endif
