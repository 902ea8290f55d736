// SPDX-License-Identifier: MIT
/*
 * User and group id maps of user namespaces (user_namespaces(7)). Several
 * ranges are written by newuidmap and newgidmap, the only setuid programs that
 * a rootless engine needs; a single id is written directly.
 */
#ifndef NS_IDMAP_H
#define NS_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "ns/subid.h"

struct idmap_entry {
	uint32_t inside;  /* first id in the namespace */
	uint32_t outside; /* first id in the parent namespace */
	uint32_t count;
};

struct idmap {
	struct idmap_entry *items;
	size_t n;
};

#define IDMAP_INIT \
	{          \
		0  \
	}

/** idmap_clear() - frees the entries; empty and usable again */
void idmap_clear(struct idmap *m);

/** idmap_add() - append an entry; count 0 is ignored */
void idmap_add(struct idmap *m, uint32_t inside, uint32_t outside, uint32_t count);

/**
 * idmap_rootless() - the map of a rootless engine: 0 is the user, 1… the ranges one after another
 * @m:      appended to
 * @own_id: the user's uid or gid
 * @r:      subordinate ranges; may be empty
 */
void idmap_rootless(struct idmap *m, uint32_t own_id, const struct subid_ranges *r);

/**
 * idmap_parse() - append the entries of a text in the form of /proc/PID/uid_map
 * @m:    appended to
 * @text: the bytes, need not be terminated
 * @len:  their number
 * @e:    ERR_INVALID for anything malformed
 */
int idmap_parse(struct idmap *m, const char *text, size_t len, struct err *e) WARN_UNUSED;

/**
 * idmap_load() - the map of a process
 * @m:    appended to
 * @pid:  process, 0 for the calling one
 * @kind: uids or gids
 * @e:    filled on failure
 */
int idmap_load(struct idmap *m, pid_t pid, enum subid_kind kind, struct err *e) WARN_UNUSED;

/** idmap_to_outside() - translate an id of the namespace; false (and *ret untouched) when unmapped
 */
bool idmap_to_outside(const struct idmap *m, uint32_t inside, uint32_t *ret);
/** idmap_to_inside() - translate an id of the parent namespace; false when unmapped */
bool idmap_to_inside(const struct idmap *m, uint32_t outside, uint32_t *ret);

/**
 * idmap_text() - the map as the kernel wants it written, "inside outside count\n" per line
 *
 * Return: heap string, the caller's.
 */
char *idmap_text(const struct idmap *m);

/**
 * idmap_write() - write a process's maps directly to /proc/PID/{uid_map,gid_map}
 * @pid:       the process in the new user namespace, 0 for the calling one
 * @uids:      uid map
 * @gids:      gid map
 * @setgroups: false writes "deny" to setgroups first, which a caller without CAP_SETGID in the
 *             parent namespace must
 * @e:         filled on failure
 *
 * Works for the single own id without privilege, and for any map with CAP_SETUID and CAP_SETGID in
 * the parent namespace (nested containers).
 */
int idmap_write(pid_t pid, const struct idmap *uids, const struct idmap *gids, bool setgroups,
		struct err *e) WARN_UNUSED;

/**
 * idmap_keepid() - append the map of a user namespace below ours; see base/keepid.h
 * @m:    appended to
 * @kind: uids or gids
 * @k:    the id that our 0 is in there
 * @e:    filled on failure
 *
 * As many ids as the calling process has.
 */
int idmap_keepid(struct idmap *m, enum subid_kind kind, uint32_t k, struct err *e) WARN_UNUSED;

/**
 * idmap_install() - run newuidmap and newgidmap, both at the same time
 * @pid:  the process in the new user namespace, a child of ours or of the same user
 * @uids: uid map
 * @gids: gid map
 * @e:    ERR_UNAVAILABLE when the programs are not installed (the sentence names the package),
 *        else the program's own message
 *
 * A child process each; only for a single-threaded process or through posix_spawn (it does).
 */
int idmap_install(pid_t pid, const struct idmap *uids, const struct idmap *gids,
		  struct err *e) WARN_UNUSED;

#endif
