// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "archive/compress.h"
#include "archive/unpack.h"
#include "base/fd.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/archive/util.h"

static struct err e;

static int unpack(const struct buf *blob, struct unpack_result *ret)
{
	int in_fd = fd_memfile("blob", blob->data, blob->len, &e);
	int dir_fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	int r = unpack_layer(in_fd, dir_fd, -1, &(struct unpack_opts){0}, ret, &e);

	close(in_fd);
	close(dir_fd);
	return r;
}

TEST(digests_of_plain_and_compressed)
{
	char want[DIGEST_SIZE], blob_digest[DIGEST_SIZE];
	struct buf gz = BUF_INIT;
	struct stream *dst = stream_mem_new("", 0, &gz);
	struct stream *w = compress_gzip_writer(dst, 6);
	struct unpack_result r;
	struct made m;

	userns_enter();
	made_start(&m);
	made_add(&m, TAR_FILE, "f", "hello");
	made_end(&m);
	buf_add(&m.bytes, "bytes behind the end", 20);
	sha256_digest(m.bytes.data, m.bytes.len, want);
	CHECK_OK(unpack(&m.bytes, &r), e);
	CHECK_STR(r.diff_id, want);
	CHECK_STR(r.digest, want);
	CHECK(!r.compressed);
	CHECK_OK(stream_write(w, m.bytes.data, m.bytes.len, &e), e);
	CHECK_OK(stream_close_write(w, &e), e);
	sha256_digest(gz.data, gz.len, blob_digest);
	CHECK_OK(unpack(&gz, &r), e);
	CHECK_STR(r.diff_id, want);
	CHECK_STR(r.digest, blob_digest);
	CHECK(r.compressed);
	CHECK_EQ(r.blob_bytes, gz.len);
	CHECK_EQ(r.tar_bytes, m.bytes.len);
	CHECK_EQ(r.content_bytes, 5);
	CHECK_EQ(r.n_entries, 1);
	gz.len -= 3;
	CHECK_EQ(unpack(&gz, &r), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	stream_free(w);
	stream_free(dst);
	buf_clear(&gz);
	made_free(&m);
}

TEST(empty_blob_is_an_empty_layer)
{
	struct buf none = BUF_INIT;
	struct unpack_result r;

	CHECK_OK(unpack(&none, &r), e);
	CHECK_EQ(r.n_entries, 0);
}
