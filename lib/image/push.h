// SPDX-License-Identifier: MIT
/*
 * Pushing: the image's layers, compressed on the way, its configuration and a
 * manifest of schema 2. What the registry has already is not sent: the digests
 * that a layer was pulled or pushed with before are asked for, and mounted from
 * the repository that has them.
 */
#ifndef IMAGE_PUSH_H
#define IMAGE_PUSH_H

#include "base/err.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/store.h"

struct image_push_opts {
	const struct registry_config *registries;
	const struct registry_auth *auth; /* may be NULL */
	const struct image_job *job;	  /* may be NULL */
};

/**
 * image_push() - POST /images/{name}/push
 * @s:   where the image is
 * @ref: repository with a tag, or without one: all its tags
 * @o:   options, borrowed for the call
 * @e:   Docker's words: "An image does not exist locally with the tag: x", "tag does not exist: x",
 *       "denied: requested access to the resource is denied", "no basic auth credentials", …
 *
 * Blocks. Up to REGISTRY_UPLOADS_MAX threads; a connection that breaks is taken up again where it
 * broke. Any thread.
 *
 * Return: 0 or -1.
 */
int image_push(struct image_store *s, const struct image_ref *ref, const struct image_push_opts *o,
	       struct err *e) WARN_UNUSED;

#endif
