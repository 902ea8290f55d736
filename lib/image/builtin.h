// SPDX-License-Identifier: MIT
/*
 * The embedded image thimble/hello: one layer whose /hello is this very
 * binary, so a first container needs no network.
 */
#ifndef IMAGE_BUILTIN_H
#define IMAGE_BUILTIN_H

#include <stdbool.h>

#include "base/err.h"
#include "image/progress.h"
#include "image/reference.h"
#include "image/store.h"

#define IMAGE_BUILTIN_NAME "thimble/hello"

/** image_builtin_is() - the reference names the embedded image (any registry-less form, tag latest)
 */
bool image_builtin_is(const struct image_ref *r);
/** image_builtin_stands_in() - the reference is hello-world, for which the embedded image stands in
 * when no registry answers */
bool image_builtin_stands_in(const struct image_ref *r);
/**
 * image_builtin_create() - make the embedded image and give it a name
 * @s:   where it goes
 * @ref: the name to give; with a tag
 * @job: may be NULL; gets Docker's pull messages
 * @ret_id: DIGEST_SIZE bytes; may be NULL
 *
 * The same binary gives the same image id. Making it again is success.
 *
 * Return: 0 or -1.
 */
int image_builtin_create(struct image_store *s, const struct image_ref *ref,
			 const struct image_job *job, char *ret_id, struct err *e) WARN_UNUSED;

#endif
