// SPDX-License-Identifier: MIT
/* Where compressed layers are known to be: image/<driver>/distribution, in Docker's layout. */
#ifndef IMAGE_KNOWN_INTERNAL_H
#define IMAGE_KNOWN_INTERNAL_H

#include "base/hash.h"
#include "image/registry.h"
#include "image/store.h"

#define KNOWN_MAX 50 /* of one layer, as Docker */

struct known {
	char digest[DIGEST_SIZE];
	char *repository; /* "docker.io/library/alpine" */
	char *hmac;	  /* "" when it was pulled */
};

struct knowns {
	struct known *items; /* the newest last */
	size_t len;
};

/** knowns_load() - what is known of a layer, appended; nothing when the file is torn */
void knowns_load(struct image_store *s, const char *diff_id, struct knowns *ret);
/** knowns_clear() - frees all */
void knowns_clear(struct knowns *k);
/** known_put() - remembers that a repository has a layer as this blob */
void known_put(struct image_store *s, const char *digest, const char *diff_id,
	       const char *repository, const char *hmac);
/** known_drop() - forgets it again: the registry does not have it any more */
void known_drop(struct image_store *s, const char *diff_id, const struct known *gone);
/** known_hmac() - marks an entry as made with these credentials without telling them */
void known_hmac(const struct registry_auth *a, const char *digest, const char *repository,
		char ret[SHA256_HEX_SIZE]);

#endif
