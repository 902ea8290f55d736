// SPDX-License-Identifier: MIT
/* Images without layers, for tests of the store: it then needs no layer storage. */
#ifndef TESTS_UNIT_IMAGE_IMAGES_H
#define TESTS_UNIT_IMAGE_IMAGES_H

#include "base/mem.h"
#include "image/store.h"
#include "tests/unit/harness.h"

#define HEX_A	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_A "sha256:" HEX_A
#define IMAGE_WITH_LAYER \
	"{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST_A "\"]}}"

static inline struct image_store *store_at(const char *root)
{
	struct image_store *s = NULL;
	struct err e;

	CHECK_OK(image_store_open(root, NULL, &s, &e), e);
	return s;
}

/* created n days after 2024-01-01, with the label n=<n> */
static inline void make_image(struct image_store *s, int n, const char *parent,
			      char id[DIGEST_SIZE])
{
	CLEANUP(freep)
	char *json = xasprintf(
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"created\":\"2024-01-%02dT00:00:"
		"00Z\",\"config\":{\"Labels\":{\"n\":\"%d\"}},\"rootfs\":{\"type\":"
		"\"layers\"}}",
		n + 1, n);
	struct err e;

	CHECK_OK(image_store_create(s, json, strlen(json), parent, id, &e), e);
}

static inline void name_image(struct image_store *s, const char *name, const char *id)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	struct err e;

	CHECK_OK(image_ref_parse(name, &ref, &e), e);
	CHECK_OK(image_store_tag(s, &ref, id, &e), e);
}

#endif
