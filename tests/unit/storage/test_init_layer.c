// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "storage/storage_internal.h"
#include "tests/unit/storage/util.h"

TEST(keeps_what_the_image_says_of_directories)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct tar_entry dir = {.name = "etc", .link = "", .type = TAR_DIR, .mode = 0711};
	char chain[DIGEST_SIZE], path[4300];
	struct strv pairs = STRV_INIT;
	struct stat st;
	struct made m;

	made_start(&m);
	CHECK_OK(tar_write_entry(m.w, &dir, &e), e);
	made_add(&m, TAR_DIR, "dev/shm", "");
	store_layer(s, &m, NULL, chain);
	CHECK_OK(storage_rw_create(s, "c", chain, &e), e);
	CHECK_OK(storage_rw_graph_data(s, "c", &pairs, &e), e);
	*strchr(pairs.items[3], ':') = 0;
	snprintf(path, sizeof(path), "%s/etc", pairs.items[3]);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode, S_IFDIR | 0711);
	snprintf(path, sizeof(path), "%s/dev/shm", pairs.items[3]);
	CHECK(stat(path, &st) < 0); /* the image's own */
	snprintf(path, sizeof(path), "%s/etc/mtab", pairs.items[3]);
	CHECK_EQ(lstat(path, &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	strv_clear(&pairs);
	storage_free(s);
}

TEST(lookup_minds_whiteouts)
{
	struct storage *s = store_open(store_root());
	char base[DIGEST_SIZE], top[DIGEST_SIZE];
	struct stat st;

	store_made(s, NULL, base, "a/x=1", "b/x=1", "c/x=1");
	store_made(s, base, top, ".wh.a=", "b/.wh..wh..opq=");
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "a/x", &st), 0);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "a", &st), 0);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "b/x", &st), 0);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "b", &st), 1);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "c/x", &st), 1);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "d", &st), 0);
	storage_free(s);
}
