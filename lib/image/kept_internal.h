// SPDX-License-Identifier: MIT
/*
 * What came of a blob before its download was cut off: <data root>/tmp/pull-<digest>, from which
 * the next attempt goes on, even after a restart. The bytes are verified with the rest of the blob.
 */
#ifndef IMAGE_KEPT_INTERNAL_H
#define IMAGE_KEPT_INTERNAL_H

#include <stdint.h>

struct image_store;

/** kept_open() - the file of a blob of this size, at its beginning, locked; -1 when nothing is kept
 * of it: it is small, another download has it, or there is little room */
int kept_open(const struct image_store *s, const char *digest, int64_t size);
/** kept_drop() - forgets what came of a blob */
void kept_drop(const struct image_store *s, const char *digest);
/** kept_sweep() - forgets what nothing was added to for so long; 0: all */
void kept_sweep(const struct image_store *s, int64_t older_sec);

#endif
