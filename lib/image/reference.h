// SPDX-License-Identifier: MIT
/*
 * Image references as Docker reads them: [domain/]path[:tag][@digest], with
 * "docker.io/library/" put in front of short names and taken away again for
 * display. Grammar and limits: the distribution project's reference package.
 */
#ifndef IMAGE_REFERENCE_H
#define IMAGE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct image_ref {
	char *domain; /* "docker.io", "localhost:5000"; never NULL once parsed */
	char *path;   /* "library/alpine" */
	char *tag;    /* NULL when not given */
	char *digest; /* "sha256:…" or NULL when not given */
};

#define IMAGE_REF_INIT \
	{              \
		0      \
	}

/** image_ref_clear() - frees the parts; usable as CLEANUP(image_ref_clear) */
void image_ref_clear(struct image_ref *r);
/**
 * image_ref_parse() - read and normalise what a user typed
 * @s:   "alpine", "localhost:5000/a/b:tag@sha256:…"
 * @ret: filled with owned strings; no tag is added (see image_ref_default_tag())
 * @e:   ERR_INVALID with Docker's words: "invalid reference format", "… repository name (X) must be
 *       lowercase", "cannot specify 64-byte hexadecimal strings" …
 *
 * Return: 0 or -1.
 */
int image_ref_parse(const char *s, struct image_ref *ret, struct err *e) WARN_UNUSED;
/** image_ref_default_tag() - sets the tag "latest" when there is neither tag nor digest */
void image_ref_default_tag(struct image_ref *r);
/** image_ref_set_tag() - replaces the tag; ERR_INVALID when it is not one */
int image_ref_set_tag(struct image_ref *r, const char *tag, struct err *e) WARN_UNUSED;
/** image_ref_set_digest() - replaces the digest; ERR_INVALID when it is not one */
int image_ref_set_digest(struct image_ref *r, const char *digest, struct err *e) WARN_UNUSED;
/** image_ref_copy() - ret (cleared before) becomes a copy of r */
void image_ref_copy(struct image_ref *ret, const struct image_ref *r);
/** image_ref_name() - "docker.io/library/alpine", on the heap */
char *image_ref_name(const struct image_ref *r);
/** image_ref_full() - name with tag and digest, as the reference store's keys; on the heap */
char *image_ref_full(const struct image_ref *r);
/** image_ref_familiar_name() - "alpine", on the heap */
char *image_ref_familiar_name(const struct image_ref *r);
/** image_ref_familiar() - "alpine:3.20@sha256:…", on the heap */
char *image_ref_familiar(const struct image_ref *r);
/** image_ref_familiar_of() - the familiar form of a full string from the store, on the heap; the
 * string itself when it is no reference */
char *image_ref_familiar_of(const char *full);
/** image_ref_tag_ok() - is a valid tag: [A-Za-z0-9_][A-Za-z0-9_.-]{0,127} */
bool image_ref_tag_ok(const char *tag);
/** image_ref_match() - Go's path.Match of a pattern such as alp?ne:3.2[0-9] against the familiar
 * name and the familiar string, as the filter reference= does */
bool image_ref_match(const char *pattern, const struct image_ref *r);

#endif
