// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/syncs.h"

static int dir(void)
{
	return open(harness_tmpdir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

TEST(write_replaces_whole)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;
	struct stat st;

	CHECK_OK(file_write(d, "f", "a long first text", 17, 0600, FILE_SYNC, &e), e);
	CHECK_OK(file_write(d, "f", "short", 5, 0644, FILE_NOSYNC, &e), e);
	CHECK_OK(file_read(d, "f", 5, &b, &e), e);
	CHECK_STR(buf_str(&b), "short");
	CHECK_EQ(fstatat(d, "f", &st, 0), 0);
	CHECK_EQ(st.st_mode & 0777, 0644);
	close(d);
}

TEST(read_is_bounded_and_says_what_is_missing)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;

	CHECK_OK(file_write(d, "f", "123456", 6, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(file_read(d, "f", 5, &b, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(file_read(d, "none", 5, &b, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	close(d);
}

TEST(plain_write_does_not_create)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;

	CHECK_EQ(file_write_plain(d, "none", "x", &e), -1);
	CHECK_OK(file_write(d, "f", "", 0, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(file_write_plain(d, "f", "text", &e), e);
	CHECK_OK(file_read(d, "f", 100, &b, &e), e);
	CHECK_STR(buf_str(&b), "text");
	close(d);
}

/* writes d/f as sync says; what was synced, in order: "f" the file, "d" its directory, "r" the
 * range, capital when the file had its name already */
static const char *order(int d, enum file_sync sync)
{
	static char text[8];
	struct err e;

	unlinkat(d, "d/f", 0);
	syncs_watch(d, "d/f");
	CHECK_OK(file_write(d, "d/f", "text", 4, 0600, sync, &e), e);
	CHECK(syncs.n < sizeof(text));
	for (size_t i = 0; i < syncs.n; i++)
		text[i] = (char)(" fdr"[syncs.calls[i].what] - (syncs.calls[i].named ? 32 : 0));
	text[syncs.n] = '\0';
	return text;
}

TEST(bytes_are_on_disk_before_the_name_and_the_name_before_the_answer)
{
	int d = dir();
	unsigned all =
		SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

	CHECK_EQ(mkdirat(d, "d", 0700), 0);
	CHECK_STR(order(d, FILE_NOSYNC), "");
	CHECK_STR(order(d, FILE_WHOLE), "r");
	CHECK_EQ(syncs.calls[0].flags, all);
	CHECK_STR(order(d, FILE_CONTENT), "f");
	CHECK_STR(order(d, FILE_SYNC), "fD");
	CHECK_EQ(syncs_place(d, "d"), 2);
	syncs.no_ranges = true;
	CHECK_STR(order(d, FILE_WHOLE), "f");
	close(d);
}

TEST(a_write_that_does_not_reach_the_disk_changes_nothing)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int d = dir();
	struct err e;

	CHECK_OK(file_write(d, "f", "old", 3, 0600, FILE_SYNC, &e), e);
	for (enum file_sync sync = FILE_WHOLE; sync <= FILE_SYNC; sync++) {
		syncs.fail = SYNC_FILE;
		syncs.no_ranges = true;
		CHECK_EQ(file_write(d, "f", "new", 3, 0600, sync, &e), -1);
		CHECK_EQ(e.sys, EIO);
	}
	CHECK_OK(file_read(d, "f", 10, &b, &e), e);
	CHECK_STR(buf_str(&b), "old");
	/* nothing half-written is left: the directory can go */
	CHECK_EQ(unlinkat(d, "f", 0), 0);
	CHECK_EQ(rmdir(harness_tmpdir()), 0);
	close(d);
}

TEST(a_directory_is_synced_by_its_own_name_or_by_that_of_a_file_in_it)
{
	int d = dir();
	struct err e;

	CHECK_EQ(mkdirat(d, "d", 0700), 0);
	syncs_watch(d, NULL);
	CHECK_OK(file_sync_dir(d, "d", &e), e);
	CHECK_EQ(syncs_place(d, "d"), 1);
	syncs_watch(d, NULL);
	CHECK_OK(file_sync_parent(d, "d/none", &e), e);
	CHECK_EQ(syncs_place(d, "d"), 1);
	syncs_watch(d, NULL);
	CHECK_OK(file_sync_parent(d, "none", &e), e);
	CHECK_EQ(syncs_place(d, "."), 1);
	CHECK_EQ(file_sync_dir(d, "none", &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(file_write(d, "f", "", 0, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(file_sync_dir(d, "f", &e), -1);
	CHECK_EQ(e.sys, ENOTDIR);
	syncs.fail = SYNC_DIR;
	CHECK_EQ(file_sync_dir(d, "d", &e), -1);
	CHECK_EQ(e.sys, EIO);
	CHECK_EQ(file_write(d, "d/f", "", 0, 0600, FILE_SYNC, &e), -1);
	close(d);
}
