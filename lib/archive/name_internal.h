// SPDX-License-Identifier: MIT
/* Names of archive entries, made into relative paths beneath the root. */
#ifndef ARCHIVE_NAME_INTERNAL_H
#define ARCHIVE_NAME_INTERNAL_H

#include <stddef.h>

/*
 * Lexical normal form without leading slash ("" is the root itself) into out of
 * size bytes; -1 when ".." leads out of the root or it does not fit.
 */
int name_clean(const char *name, char *out, size_t size);

#endif
