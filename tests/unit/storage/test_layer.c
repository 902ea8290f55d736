// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/file.h"
#include "base/path.h"
#include "tests/unit/storage/util.h"

static char chains[3][DIGEST_SIZE];

/* three layers upon each other */
static void make_chain(struct storage *s)
{
	static const char *const names[] = {"a", "b", "c"};

	for (int i = 0; i < 3; i++) {
		struct made m;

		made_start(&m);
		made_add(&m, TAR_FILE, names[i], "text");
		store_layer(s, &m, i > 0 ? chains[i - 1] : NULL, chains[i]);
	}
}

TEST(chain_ids)
{
	char chain[DIGEST_SIZE];

	storage_chain_id(NULL,
			 "sha256:3d553a3d7ef7385895d8b5281e9daad63611abf76abf6b9d9d3bd646599b865a",
			 chain);
	CHECK_STR(chain, "sha256:3d553a3d7ef7385895d8b5281e9daad63611abf76abf6b9d9d3bd646599b865a");
	/* as Docker computed it */
	storage_chain_id("sha256:3d553a3d7ef7385895d8b5281e9daad63611abf76abf6b9d9d3bd646599b865a",
			 "sha256:5a4a2efcff646714b28ae3f8e3d295f96e06723744f7468f4c9a30d914b22b5b",
			 chain);
	CHECK_STR(chain, "sha256:ce37b06d857ac53601d013182749e0ba61cf3d63268ca9be3de8266ce7e87b3a");
}

TEST(survives_reopening)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct strv ids = STRV_INIT;
	struct layer_info info;
	uint64_t total = 0;

	make_chain(s);
	storage_free(s);
	s = store_open(root);
	storage_layer_list(s, &ids);
	CHECK_EQ(ids.len, 3);
	CHECK_OK(storage_layer_get(s, chains[2], &info, &e), e);
	CHECK_STR(info.parent, chains[1]);
	CHECK_EQ(info.size_bytes, 4);
	CHECK_OK(storage_layer_total_size(s, chains[2], &total, &e), e);
	CHECK_EQ(total, 12);
	strv_clear(&ids);
	storage_free(s);
}

TEST(references)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct strv removed = STRV_INIT;
	struct layer_info info;
	char path[4096];

	make_chain(s);
	CHECK_OK(storage_layer_get(s, chains[0], &info, &e), e);
	storage_layer_unref(s, chains[0], &removed);
	storage_layer_unref(s, chains[1], &removed);
	CHECK_EQ(removed.len, 0); /* a child holds them */
	storage_layer_unref(s, chains[2], &removed);
	CHECK_EQ(removed.len, 3);
	CHECK_STR(removed.items[0], chains[2]);
	CHECK_EQ(storage_layer_get(s, chains[0], &info, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	snprintf(path, sizeof(path), "%s/overlay2/%s", root, info.cache_id);
	CHECK(!path_exists(path));
	strv_clear(&removed);
	storage_free(s);
	snprintf(path, sizeof(path), "%s/overlay2/.trash", root);
	CHECK_EQ(rmdir(path), 0); /* emptied */
}

TEST(sweep)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct strv removed = STRV_INIT, ids = STRV_INIT;

	make_chain(s);
	storage_free(s);
	s = store_open(root);
	CHECK_OK(storage_layer_ref(s, chains[1], &e), e);
	storage_layer_sweep(s, &removed);
	CHECK_EQ(removed.len, 1);
	CHECK_STR(removed.items[0], chains[2]);
	storage_layer_list(s, &ids);
	CHECK_EQ(ids.len, 2);
	strv_clear(&removed);
	strv_clear(&ids);
	storage_free(s);
}

TEST(exact_tar)
{
	struct storage *s = store_open(store_root());
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &got);
	struct made m;

	made_start(&m);
	made_add(&m, TAR_DIR, "./", "");
	made_add(&m, TAR_FILE, "./f", "content");
	made_add(&m, TAR_FILE, "./.wh.x", "");
	made_end(&m);
	buf_add(&want, m.bytes.data, m.bytes.len);
	buf_add(&want, m.bytes.data + m.bytes.len - 1024, 1024); /* store_layer() ends it again */
	store_layer(s, &m, NULL, chains[0]);
	CHECK_OK(storage_layer_tar(s, chains[0], out, &e), e);
	CHECK_EQ(got.len, want.len);
	CHECK_MEM(got.data, want.data, want.len);
	buf_clear(&got);
	buf_clear(&want);
	stream_free(out);
	storage_free(s);
}

TEST(half_made_metadata_is_left_out)
{
	const char *root = store_root();
	struct storage *s = store_open(root);
	struct strv ids = STRV_INIT;
	char path[4096];

	make_chain(s);
	storage_free(s);
	snprintf(path, sizeof(path), "%s/image/overlay2/layerdb/sha256/%s/size", root,
		 chains[1] + 7);
	CHECK_EQ(truncate(path, 0), 0);
	s = store_open(root);
	storage_layer_list(s, &ids);
	CHECK_EQ(ids.len, 1); /* neither it nor what lies upon it */
	strv_clear(&ids);
	storage_free(s);
}
