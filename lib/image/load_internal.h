// SPDX-License-Identifier: MIT
/* docker load: load.c (docker-archive), oci_layout.c and v1.c read three kinds of archives. */
#ifndef IMAGE_LOAD_INTERNAL_H
#define IMAGE_LOAD_INTERNAL_H

#include "image/load.h"
#include "image/spool_internal.h"

struct load {
	struct image_store *s;
	const struct spool *sp;
	const struct platform *want;
	const struct image_job *job;
	struct strv *ids; /* of what came; may be NULL */
	bool quiet;
	bool only; /* want is what the user asked for, and nothing else is taken */
};

/* One layer to register. */
struct load_layer {
	const char *file;	 /* in the archive */
	const char *digest;	 /* of the file as it is; NULL: not known */
	const char *diff_id;	 /* expected; NULL: whatever it is */
	char chain[DIGEST_SIZE]; /* in: the layer below; out: this one, one reference is the
				    caller's */
	char got_diff_id[DIGEST_SIZE];
};

/** load_check_job() - ERR_CANCELLED when the client is gone */
int load_check_job(struct load *l, struct err *e) WARN_UNUSED;
/** load_layer() - takes a layer that is there, else unpacks the file */
int load_layer(struct load *l, struct load_layer *layer, struct err *e) WARN_UNUSED;
/** load_image() - registers layers (files, digests: one an entry; digests may be NULL) and keeps
 * the configuration; names (may be empty) are given to it and told; ret_id (DIGEST_SIZE
 * bytes) may be NULL */
int load_image(struct load *l, const void *config, size_t n_config, const struct strv *files,
	       const struct strv *digests, const struct strv *names, char *ret_id,
	       struct err *e) WARN_UNUSED;
/** load_say() - "Loaded image: x\n" */
int load_say(struct load *l, const char *fmt, const char *what, struct err *e) WARN_UNUSED;
/** load_oci_layout() - index.json and blobs/ */
int load_oci_layout(struct load *l, struct err *e) WARN_UNUSED;
/** load_v1() - the repositories file and <id>/{json,layer.tar} of Docker before 1.10 */
int load_v1(struct load *l, struct err *e) WARN_UNUSED;

#endif
