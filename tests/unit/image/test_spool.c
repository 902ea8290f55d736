// SPDX-License-Identifier: MIT
/* Spooling: names cannot leave the directory, links are followed by name only. */
#include <string.h>
#include <sys/stat.h>

#include "archive/tar.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/spool_internal.h"
#include "tests/unit/harness.h"

static void add_link(struct tar_writer *w, enum tar_type type, const char *name, const char *to)
{
	struct tar_entry ent = {
		.name = name, .link = to, .type = type, .mode = 0777, .uname = "", .gname = ""};
	struct err e;

	CHECK_OK(tar_write_entry(w, &ent, &e), e);
}

static void read_back(const struct spool *sp, const char *name, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(spool_read(sp, name, 100, &b, &e), e);
	CHECK_STR(buf_str(&b), want);
}

TEST(spool_names_and_links)
{
	const char *root = harness_tmpdir();
	CLEANUP(buf_clear) struct buf bytes = BUF_INIT;
	CLEANUP(stream_freep) struct stream *out = stream_mem_new("", 0, &bytes);
	CLEANUP(tar_writer_freep) struct tar_writer *w = tar_writer_new(out);
	CLEANUP(stream_freep) struct stream *in = NULL;
	CLEANUP(freep) char *dir = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct spool sp;
	struct err e;

	CHECK_OK(tar_write_file(w, "../../../escaped", 0644, 0, "one", 3, &e), e);
	CHECK_OK(tar_write_file(w, "a/b", 0644, 0, "two", 3, &e), e);
	add_link(w, TAR_SYMLINK, "c/l", "../a/b");
	add_link(w, TAR_HARDLINK, "h", "a/b");
	add_link(w, TAR_SYMLINK, "out", "/etc/passwd");
	add_link(w, TAR_SYMLINK, "loop", "loop");
	CHECK_OK(tar_writer_end(w, &e), e);
	in = stream_mem_new(bytes.data, bytes.len, NULL);
	CHECK_OK(spool_open(&sp, root, in, &e), e);
	read_back(&sp, "escaped", "one");
	read_back(&sp, "/x/../a/./b", "two");
	read_back(&sp, "c/l", "two");
	read_back(&sp, "h", "two");
	CHECK(!spool_has(&sp, "out"));
	CHECK(!spool_has(&sp, "loop"));
	CHECK(!spool_has(&sp, "a"));
	CHECK(spool_read(&sp, "a/b", 2, &b, &e) < 0);
	dir = xstrdup(sp.dir);
	CHECK(path_exists(dir));
	spool_clear(&sp);
	CHECK(!path_exists(dir));
}

TEST(spool_broken_archive)
{
	CLEANUP(stream_freep) struct stream *in = stream_mem_new("nonsense", 8, NULL);
	struct spool sp;
	struct err e;

	CHECK(spool_open(&sp, harness_tmpdir(), in, &e) < 0);
	spool_clear(&sp);
}
