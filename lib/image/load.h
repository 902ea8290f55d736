// SPDX-License-Identifier: MIT
/*
 * Images from tar streams: docker load (docker-archive with manifest.json or
 * the older repositories file, and OCI image layouts) and docker import (a
 * root file system). The stream is hostile and may be plain, gzip or zstd.
 */
#ifndef IMAGE_LOAD_H
#define IMAGE_LOAD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/stream.h"
#include "base/strv.h"
#include "image/manifest.h"
#include "image/progress.h"
#include "image/registry.h"
#include "image/store.h"

/**
 * image_load() - POST /images/load
 * @s:     where images go
 * @in:    the archive, read to its end on success
 * @quiet: no progress, only the closing "Loaded image: …" lines (as stream messages)
 * @want:  images for other platforms are left out; NULL: none is, of multi-platform layouts this
 *         machine's is taken
 * @job:   may be NULL
 * @ret_ids: the images that came, also when it fails later; may be NULL
 * @e:     ERR_INVALID malformed archive, missing layer, wrong digest, over the limits
 *
 * Entries may come in any order: they are spooled to a private directory below the data root,
 * which is removed again. Blocks. Any thread.
 *
 * Return: 0 or -1.
 */
int image_load(struct image_store *s, struct stream *in, bool quiet, const struct platform *want,
	       const struct image_job *job, struct strv *ret_ids, struct err *e) WARN_UNUSED;

struct image_import_opts {
	const struct image_ref *ref; /* name to give, with a tag; NULL none */
	const char *url; /* where the tar comes from, by http or https; NULL: the stream */
	const struct registry_config *registries; /* for that */
	const char *version;			  /* docker_version of the configuration */
	const char *message;		 /* comment; NULL is "Imported from -", or the URL */
	const struct strv *changes;	 /* Dockerfile instructions; NULL none */
	const struct platform *platform; /* NULL: this machine's */
	const struct image_job *job;	 /* may be NULL without url */
};

/** image_import() - POST /images/create?fromSrc=: one layer made of a root file system's tar;
 * emits the new id as a status message. ret_id: DIGEST_SIZE bytes */
int image_import(struct image_store *s, struct stream *in, const struct image_import_opts *o,
		 char *ret_id, struct err *e) WARN_UNUSED;

#endif
