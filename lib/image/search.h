// SPDX-License-Identifier: MIT
/* Questions to a registry: what a name means there, and which names there are. */
#ifndef IMAGE_SEARCH_H
#define IMAGE_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "image/manifest.h"
#include "image/registry.h"

struct distribution {
	char *media_type;
	char digest[DIGEST_SIZE];
	int64_t size;
	struct platform *platforms;
	size_t n_platforms;
};

/** registry_distribution() - what a reference (with tag or digest) is in its registry; ret zeroed
 * before, distribution_clear() after. ERR_NOTFOUND, ERR_UNAUTHORIZED, ERR_UNAVAILABLE. Blocks */
int registry_distribution(const struct registry_config *c, const struct image_ref *ref,
			  const struct registry_auth *auth, struct distribution *ret,
			  struct err *e) WARN_UNUSED;
/** distribution_clear() - frees the parts */
void distribution_clear(struct distribution *d);

struct search_result {
	char *name, *description; /* description may be NULL */
	int64_t stars;
	bool official;
};

struct search_results {
	struct search_result *items;
	size_t n;
};

/** registry_search() - at most limit names for a term, "host/term" asks that registry; ret zeroed
 * before, search_results_clear() after. ERR_UNAVAILABLE "Unexpected status code 404". Blocks */
int registry_search(const struct registry_config *c, const char *term, int limit,
		    const struct registry_auth *auth, struct search_results *ret,
		    struct err *e) WARN_UNUSED;
/** search_parse() - the answer of /v1/search, max results at most; ERR_INVALID */
int search_parse(const void *p, size_t n, size_t max, struct search_results *ret,
		 struct err *e) WARN_UNUSED;
/** search_results_clear() - frees all */
void search_results_clear(struct search_results *r);

#endif
