// SPDX-License-Identifier: MIT
/* Digests learned from pulls. */
#include "image/store.h"
#include "tests/unit/image/images.h"

#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

TEST(known_digests)
{
	struct image_store *s = store_at(harness_tmpdir());
	char diff_id[DIGEST_SIZE];

	CHECK_EQ(image_store_diffid_get(s, DIGEST_A, diff_id), -1);
	image_store_diffid_put(s, DIGEST_A, DIGEST_B, 7, "docker.io/library/x");
	CHECK_EQ(image_store_diffid_get(s, DIGEST_A, diff_id), 0);
	CHECK_STR(diff_id, DIGEST_B);
	image_store_close(s);
}
