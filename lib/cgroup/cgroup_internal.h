// SPDX-License-Identifier: MIT
/* Files of a group, for the other files of this room. */
#ifndef CGROUP_CGROUP_INTERNAL_H
#define CGROUP_CGROUP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Writes a file of the group; the file has to be there. */
int cgroup_put(const char *dir, const char *file, const char *text, struct err *e) WARN_UNUSED;
int cgroup_putf(const char *dir, const char *file, struct err *e, const char *fmt, ...)
	PRINTF(4, 5) WARN_UNUSED;
/* Appends a file of the group. */
int cgroup_get(const char *dir, const char *file, struct buf *out, struct err *e) WARN_UNUSED;
/* The number after "key " at the start of a line; false when there is none. */
bool cgroup_find_key(const char *text, const char *key, uint64_t *ret);

#endif
