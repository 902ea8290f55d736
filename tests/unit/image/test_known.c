// SPDX-License-Identifier: MIT
/* Digests learned from pulls. */
#include "image/known_internal.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
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

TEST(known_repositories)
{
	struct image_store *s = store_at(harness_tmpdir());
	CLEANUP(knowns_clear) struct knowns k = {0};
	char hmac[SHA256_HEX_SIZE];

	image_store_diffid_put(s, DIGEST_A, DIGEST_B, 7, "docker.io/library/x");
	known_put(s, DIGEST_A, DIGEST_B, "h:5/y", "m");
	image_store_diffid_put(s, DIGEST_A, DIGEST_B, 7,
			       "docker.io/library/x"); /* the newest now */
	knowns_load(s, DIGEST_B, &k);
	CHECK_EQ(k.len, 2);
	CHECK_STR(k.items[0].repository, "h:5/y");
	CHECK_STR(k.items[0].hmac, "m");
	CHECK_STR(k.items[1].repository, "docker.io/library/x");
	known_drop(s, DIGEST_B, &k.items[1]);
	knowns_clear(&k);
	knowns_load(s, DIGEST_B, &k);
	CHECK_EQ(k.len, 1);
	for (int i = 0; i < 2 * KNOWN_MAX; i++) {
		CLEANUP(freep) char *name = xasprintf("h/r%d", i);

		known_put(s, DIGEST_A, DIGEST_B, name, "");
	}
	knowns_clear(&k);
	knowns_load(s, DIGEST_B, &k);
	CHECK_EQ(k.len, KNOWN_MAX);
	CHECK_STR(k.items[KNOWN_MAX - 1].repository, "h/r99");
	/* as dockerd 28 marked it, credentials empty */
	known_hmac(NULL, "sha256:4934a24142004e0966f38e129532caa91a786352a757a45ae3f66bdbddb3e006",
		   "localhost:5056/a/made", hmac);
	CHECK_STR(hmac, "98b3323fae6da8dd52ab99cefd28a512e91c6311e923ef942659d1dd243be816");
	image_store_close(s);
}

TEST(known_torn_file)
{
	struct image_store *s = store_at(harness_tmpdir());
	CLEANUP(knowns_clear) struct knowns k = {0};
	CLEANUP(freep)
	char *path = xasprintf("%s/image/overlay2/distribution/v2metadata-by-diffid/sha256/%s",
			       harness_tmpdir(), DIGEST_B + strlen("sha256:"));
	static const char text[] =
		"[{\"Digest\":\"x\",\"SourceRepository\":\"r\"},{\"Digest\":\"" DIGEST_A
		"\"},5,{\"Digest\":\"" DIGEST_A "\",\"SourceRepository\":\"r\"}]";
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, "[{", 2, 0600, FILE_NOSYNC, &e), e);
	knowns_load(s, DIGEST_B, &k);
	CHECK_EQ(k.len, 0);
	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
	knowns_load(s, DIGEST_B, &k);
	CHECK_EQ(k.len, 1);
	CHECK_STR(k.items[0].hmac, "");
	image_store_close(s);
}
