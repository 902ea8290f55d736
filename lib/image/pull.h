// SPDX-License-Identifier: MIT
/*
 * Pulling: registry -> pipe -> unpack, all layers at once. A layer two pulls
 * want is fetched by one of them while the other waits; a layer already in the
 * storage is not fetched. Nothing half-written stays after a failure.
 */
#ifndef IMAGE_PULL_H
#define IMAGE_PULL_H

#include <stdbool.h>

#include "base/err.h"
#include "image/manifest.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/store.h"

struct image_pull_opts {
	const struct registry_config *registries;
	const struct registry_auth *auth; /* may be NULL */
	const struct platform *platform;  /* NULL: this machine's */
	const struct image_job *job;	  /* may be NULL */
};

/**
 * image_pull() - POST /images/create?fromImage=: get an image by tag or digest
 * @s:   where it goes
 * @ref: with a tag or a digest
 * @o:   options, borrowed for the call
 * @ret_id: the image's id, DIGEST_SIZE bytes; may be NULL
 * @e:   Docker's words: "pull access denied for x, …", "manifest for x not found: …",
 *       'Get "https://…": dial tcp …: connect: connection refused'; ERR_CANCELLED
 *
 * Docker's progress messages go to the job, "Status: …" last. "thimble/hello" is made on the spot,
 * and so is "hello-world" when no registry answers. Blocks; uses threads. Any thread.
 *
 * Return: 0 or -1.
 */
int image_pull(struct image_store *s, const struct image_ref *ref, const struct image_pull_opts *o,
	       char *ret_id, struct err *e) WARN_UNUSED;
/** image_pull_all_tags() - every tag of a repository, one after another */
int image_pull_all_tags(struct image_store *s, const struct image_ref *ref,
			const struct image_pull_opts *o, struct err *e) WARN_UNUSED;

#endif
