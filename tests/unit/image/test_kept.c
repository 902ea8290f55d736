// SPDX-License-Identifier: MIT
/* What is kept of downloads that were cut off. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "config/limits.h"
#include "image/kept_internal.h"
#include "tests/unit/image/images.h"

#define FILE_A "tmp/pull-" HEX_A

/* an empty store in the working directory, made anew */
static struct image_store *store_here(void)
{
	static char dir[] = "/tmp/kept-XXXXXX";

	CHECK(mkdtemp(dir) != NULL);
	CHECK(chdir(dir) == 0);
	return store_at(dir);
}

TEST(kept_goes_on_where_it_was)
{
	struct image_store *s = store_here();
	int fd = kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES), other;
	struct stat st;

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "abc", 3), 3);
	/* one download at a time */
	CHECK_EQ(kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES), -1);
	fd_close(&fd);
	other = kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES);
	CHECK(other >= 0);
	CHECK(fstat(other, &st) == 0 && st.st_size == 3);
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
	kept_drop(s, DIGEST_A);
	CHECK(access(FILE_A, F_OK) < 0);
	fd_close(&other);
	image_store_close(s);
}

TEST(kept_is_not_for_small_blobs_nor_without_room)
{
	struct image_store *s = store_here();

	CHECK_EQ(kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES - 1), -1);
	CHECK_EQ(kept_open(s, DIGEST_A, (int64_t)1 << 58), -1);
	CHECK(access(FILE_A, F_OK) < 0);
	image_store_close(s);
}

TEST(kept_more_than_the_blob_has_is_none_of_it)
{
	struct image_store *s = store_here();
	int fd = kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES);
	struct stat st;

	CHECK(ftruncate(fd, REGISTRY_KEEP_MIN_BYTES + 1) == 0);
	fd_close(&fd);
	fd = kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES);
	CHECK(fd >= 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 0);
	fd_close(&fd);
	image_store_close(s);
}

TEST(kept_is_swept_by_age)
{
	struct image_store *s = store_here();
	struct timespec old[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = 1000000}};
	int fd = kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES);

	fd_close(&fd);
	kept_sweep(s, REGISTRY_KEEP_SEC);
	CHECK(access(FILE_A, F_OK) == 0);
	CHECK(utimensat(AT_FDCWD, FILE_A, old, 0) == 0);
	kept_sweep(s, REGISTRY_KEEP_SEC);
	CHECK(access(FILE_A, F_OK) < 0);
	fd = kept_open(s, DIGEST_A, REGISTRY_KEEP_MIN_BYTES);
	CHECK(close(open("tmp/other", O_CREAT | O_WRONLY, 0600)) == 0);
	kept_sweep(s, 0);
	CHECK(access(FILE_A, F_OK) < 0);
	CHECK(access("tmp/other", F_OK) == 0);
	fd_close(&fd);
	image_store_close(s);
}
