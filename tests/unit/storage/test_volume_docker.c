// SPDX-License-Identifier: MIT
/* Labels and options of volumes, to and from Docker's metadata.db. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "storage/bolt.h"
#include "storage/volume.h"
#include "tests/unit/harness.h"

static struct err e;

static char *database(void)
{
	return path_join(harness_tmpdir(), "volumes/metadata.db");
}

static void tell(void *arg, const char *key, size_t n_key, const char *value, size_t n_value)
{
	(void)key;
	(void)n_key;
	buf_addf(arg, "%.*s\n", (int)n_value, value);
}

static void check_database(const char *want)
{
	CLEANUP(freep) char *path = database();
	CLEANUP(buf_clear) struct buf db = BUF_INIT;
	CLEANUP(buf_clear) struct buf told = BUF_INIT;

	CHECK_OK(file_read(AT_FDCWD, path, 1 << 20, &db, &e), e);
	CHECK_OK(bolt_each(db.data, db.len, "volumes", tell, &told, &e), e);
	CHECK_STR(buf_str(&told), want);
}

TEST(docker_gets_labels_and_options)
{
	struct strv labels = STRV_INIT;
	struct volumes *vs = NULL;
	CLEANUP(freep) char *path = database();
	struct stat before, after;

	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	CHECK_EQ(volume_create(vs, "plain", NULL, NULL, NULL, &e), 1);
	CHECK_OK(volumes_give_back(vs, &e), e);
	CHECK(!path_exists(path)); /* nothing to say */
	strv_add(&labels, "a=1");
	strv_add(&labels, "b");
	CHECK_EQ(volume_create(vs, "vol", &labels, NULL, NULL, &e), 1);
	CHECK_OK(volumes_give_back(vs, &e), e);
	check_database("{\"Name\":\"vol\",\"Driver\":\"local\",\"Labels\":{\"a\":\"1\",\"b\":\"\"},"
		       "\"Options\":null}\n");
	CHECK_EQ(stat(path, &before), 0);
	CHECK_OK(volumes_give_back(vs, &e), e);
	CHECK_EQ(stat(path, &after), 0);
	CHECK_EQ(before.st_ino, after.st_ino);
	CHECK_OK(volume_remove(vs, "vol", &e), e);
	CHECK_OK(volumes_give_back(vs, &e), e);
	check_database("");
	strv_clear(&labels);
	volumes_free(vs);
}

TEST(labels_of_docker_become_ours)
{
	static const struct bolt_pair pairs[] = {
		{(char *)"../x", (char *)"{\"Driver\":\"local\",\"Labels\":{\"a\":\"1\"}}"},
		{(char *)"gone", (char *)"{\"Driver\":\"local\",\"Labels\":{\"a\":\"1\"}}"},
		{(char *)"other", (char *)"{\"Driver\":\"nfs\",\"Labels\":{\"a\":\"1\"}}"},
		{(char *)"vol", (char *)"{\"Name\":\"vol\",\"Driver\":\"local\",\"Labels\":"
					"{\"l\":\"2\"},\"Options\":null}"}};
	CLEANUP(freep) char *path = database();
	CLEANUP(freep) char *data = path_join(harness_tmpdir(), "volumes/vol/_data");
	CLEANUP(buf_clear) struct buf db = BUF_INIT;
	struct volume_info v = {0};
	struct volumes *vs = NULL;

	CHECK_OK(path_mkdirs(data, 0700, &e), e);
	CHECK_OK(bolt_write(&db, "volumes", pairs, 4, &e), e);
	CHECK_OK(file_write(AT_FDCWD, path, db.data, db.len, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	CHECK_OK(volumes_take_over(vs, &e), e);
	CHECK_OK(volume_get(vs, "vol", &v, &e), e);
	CHECK_EQ(v.labels.len, 1);
	CHECK_STR(v.labels.items[0], "l=2");
	volume_info_clear(&v);
	CHECK_OK(volumes_give_back(vs, &e), e); /* what is another driver's stays */
	check_database(
		"{\"Driver\":\"nfs\",\"Labels\":{\"a\":\"1\"}}\n"
		"{\"Name\":\"vol\",\"Driver\":\"local\",\"Labels\":{\"l\":\"2\"},\"Options\":null}"
		"\n");
	CHECK_OK(file_write(AT_FDCWD, path, "no database", 11, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(volumes_take_over(vs, &e), -1);
	CHECK_EQ(volumes_give_back(vs, &e), -1);
	volumes_free(vs);
}
