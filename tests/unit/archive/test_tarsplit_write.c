// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <unistd.h>

#include "archive/extract.h"
#include "archive/tarsplit.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/archive/util.h"

/* unpacks with a journal, assembles, compares */
static void check_exact(const struct made *m)
{
	static const struct extract_opts opts = {.whiteout = WHITEOUT_OVERLAY};
	struct buf journal = BUF_INIT, again = BUF_INIT;
	struct stream *src = stream_mem_new(m->bytes.data, m->bytes.len, NULL);
	struct stream *out = stream_mem_new("", 0, &journal);
	struct tarsplit_writer *w = tarsplit_writer_new(out);
	struct tar_reader *t = tar_reader_new(src);
	struct stream *in, *to;
	struct err e;
	int dir_fd;

	userns_enter();
	dir_fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	tar_reader_set_tap(t, &tarsplit_tap, w);
	CHECK_OK(extract_tree(t, dir_fd, &opts, NULL, &e), e);
	CHECK_OK(tarsplit_writer_end(w, &e), e);
	in = stream_mem_new(journal.data, journal.len, NULL);
	to = stream_mem_new("", 0, &again);
	CHECK_OK(tarsplit_assemble(in, dir_fd, to, &e), e);
	CHECK_EQ(again.len, m->bytes.len);
	CHECK_MEM(again.data, m->bytes.data, again.len);
	tar_reader_free(t);
	tarsplit_writer_free(w);
	stream_free(src);
	stream_free(out);
	stream_free(in);
	stream_free(to);
	buf_clear(&journal);
	buf_clear(&again);
	close(dir_fd);
}

TEST(assembles_exactly)
{
	struct made m;

	made_start(&m);
	made_add(&m, TAR_DIR, "./", "");
	made_add(&m, TAR_FILE, "./odd \"name\" \\ <\xff>\n", "some content");
	made_add(&m, TAR_FILE, "empty", "");
	made_add(&m, TAR_HARDLINK, "hard", "empty");
	made_add(&m, TAR_SYMLINK, "l", "/nowhere");
	made_add(&m, TAR_FILE, "d/e/f", "implied parents");
	made_add(&m, TAR_FILE, "d/.wh.gone", "");
	made_end(&m);
	buf_add(&m.bytes, "trailing bytes", 14);
	check_exact(&m);
	made_free(&m);
}

TEST(assembles_sparse_files_exactly)
{
	unsigned char fields[512 - TAR_GNU_SPARSE] = {0};
	struct made m;

	memcpy(fields,
	       "00000000004\0"
	       "00000000002",
	       23);
	memcpy(fields + (TAR_GNU_REALSIZE - TAR_GNU_SPARSE), "00000000010", 11);
	made_start(&m);
	made_raw(&m, 'S', "s", 2, fields, TAR_GNU_SPARSE, sizeof(fields) - 12);
	made_blocks(&m, "xy", 2);
	made_add(&m, TAR_FILE, "after", "plain");
	made_end(&m);
	check_exact(&m);
	made_free(&m);
}
