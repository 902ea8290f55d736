// SPDX-License-Identifier: MIT
/*
 * docker save: images as one tar that is a docker-archive (manifest.json,
 * repositories) and an OCI image layout (index.json, oci-layout) at once, as
 * Docker 25 to 28 write it. Layers are uncompressed, each once, byte for byte
 * what their DiffID names.
 */
#ifndef IMAGE_SAVE_H
#define IMAGE_SAVE_H

#include "base/err.h"
#include "base/stream.h"
#include "base/strv.h"
#include "image/manifest.h"
#include "image/store.h"

struct image_save;

/**
 * image_save_open() - find what is to be saved and hold it
 * @s:     where the images are
 * @names: as users name images; a name without tag is all tags of the repository, or an image id
 * @want:  refuse images of other platforms; NULL: any
 * @ret:   the caller's; images may be removed meanwhile
 * @e:     ERR_NOTFOUND "No such image: x", "reference does not exist"; ERR_INVALID
 *
 * Return: 0 or -1.
 */
int image_save_open(struct image_store *s, const struct strv *names, const struct platform *want,
		    struct image_save **ret, struct err *e) WARN_UNUSED;
/** image_save_write() - write the archive; the same images give the same bytes */
int image_save_write(struct image_save *sv, struct stream *out, struct err *e) WARN_UNUSED;
/** image_save_ids() - appends the images' ids */
void image_save_ids(const struct image_save *sv, struct strv *ret);
/** image_save_free() - NULL is fine */
void image_save_free(struct image_save *sv);
/** image_save_freep() - CLEANUP(image_save_freep) */
void image_save_freep(struct image_save **sv);

#endif
