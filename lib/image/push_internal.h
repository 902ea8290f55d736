// SPDX-License-Identifier: MIT
/* One push: push.c says what must go up, upload.c moves one layer. */
#ifndef IMAGE_PUSH_INTERNAL_H
#define IMAGE_PUSH_INTERNAL_H

#include "image/push.h"
#include "image/registry_internal.h"
#include "image/transfer.h"

struct push_layer {
	const char *diff_id;
	char chain[DIGEST_SIZE];
	char label[13];		  /* as clients see it */
	int64_t total;		  /* bytes of its files */
	char digest[DIGEST_SIZE]; /* once it is there: the blob's */
	int64_t size;
};

struct push {
	struct transfer t; /* first */
	struct image_store *s;
	const struct image_push_opts *o;
	const struct image_ref *ref;
	const struct image *img;
	struct push_layer *layers; /* lowest first */
	size_t n_layers;
	size_t n_taken; /* from the top; guarded by t.mu */
};

/** upload_stat() - does the repository have a blob; its size. What the registry refuses to say is
 * no
 */
bool upload_stat(struct registry *r, const char *digest, int64_t *ret_size);
/** upload_location() - the URL that an answer's Location leads to, on the heap */
int upload_location(struct registry *r, const struct exchange *x, char **ret,
		    struct err *e) WARN_UNUSED;
/** upload_bytes() - a small blob at once, unless it is there */
int upload_bytes(struct registry *r, const char *digest, const void *bytes, size_t n,
		 struct err *e) WARN_UNUSED;
/** upload_layer() - compresses a layer into the registry; session (owned, may be NULL) is an upload
 * already begun. Fills digest and size */
int upload_layer(struct push *p, struct push_layer *l, char *session, struct err *e) WARN_UNUSED;

#endif
