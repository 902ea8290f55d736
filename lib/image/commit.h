// SPDX-License-Identifier: MIT
/* The layer that docker commit makes of a container's changes. */
#ifndef IMAGE_COMMIT_H
#define IMAGE_COMMIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/hash.h"
#include "image/store.h"

struct image_commit_layer {
	char diff_id[DIGEST_SIZE];
	char chain[DIGEST_SIZE]; /* "" when empty; else one reference is the caller's */
	bool empty;		 /* nothing was changed: there is no layer */
};

/**
 * image_commit_layer() - keeps a container's changes as a layer
 * @s:         where it goes
 * @container: id of a container with a writable layer
 * @parent:    chain id of the image's layers, "" for none
 * @ret:       given back by image_commit_layer_release(), once the image holds the layer
 * @e:         ERR_NOTFOUND no writable layer, ERR_SYSTEM
 *
 * Blocks. Any thread. Nothing stays after a failure.
 *
 * Return: 0 or -1.
 */
int image_commit_layer(struct image_store *s, const char *container, const char *parent,
		       struct image_commit_layer *ret, struct err *e) WARN_UNUSED;
/** image_commit_layer_release() - gives the reference back */
void image_commit_layer_release(struct image_store *s, struct image_commit_layer *l);

#endif
