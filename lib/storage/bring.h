// SPDX-License-Identifier: MIT
/*
 * Bringing layers from one driver's directory to another's under the same data
 * root, by the tar they were made of, through the confined unpack. Every layer
 * is there whole or not at all, so what was cut short goes on where it ended.
 */
#ifndef STORAGE_BRING_H
#define STORAGE_BRING_H

#include "base/err.h"
#include "storage/storage.h"

/** storage_other() - what another driver has under the root of s, to be read only; NULL: nothing.
 * The driver need not work here. storage_free() */
struct storage *storage_other(const struct storage *s, const char *driver);
/** storage_bring_layer() - a layer, those below first; 1 brought, 0 it is there already. The caller
 * holds a reference */
int storage_bring_layer(struct storage *to, struct storage *from, const char *chain_id,
			struct err *e) WARN_UNUSED;
/** storage_bring_rw() - a container's writable layer, with the layers below; replaces one that is
 * there. The container does not run */
int storage_bring_rw(struct storage *to, struct storage *from, const char *id,
		     struct err *e) WARN_UNUSED;

#endif
