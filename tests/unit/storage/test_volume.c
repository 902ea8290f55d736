// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "storage/volume.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/syncs.h"

static struct err e;

TEST(names)
{
	CHECK_EQ(volume_name_ok("ab", &e), 0);
	CHECK_EQ(volume_name_ok("A0_.-", &e), 0);
	CHECK_EQ(volume_name_ok("a", &e), -1);
	CHECK_EQ(volume_name_ok("", &e), -1);
	CHECK_EQ(volume_name_ok("../x", &e), -1);
	CHECK_EQ(volume_name_ok(".hidden", &e), -1);
	CHECK_EQ(volume_name_ok("a/b", &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(life_of_a_volume)
{
	struct strv labels = STRV_INIT, options = STRV_INIT, names = STRV_INIT;
	struct volume_info v = {0};
	struct volumes *vs = NULL;
	uint64_t size = 99;
	char file[4096];
	int fd;

	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	strv_add(&labels, "b=2");
	strv_add(&labels, "a=1=x");
	strv_add(&options, "type=tmpfs");
	CHECK_EQ(volume_create(vs, "vol", &labels, &options, &v, &e), -1);
	strv_add(&options, "device=tmpfs");
	CHECK_EQ(volume_create(vs, "vol", &labels, &options, &v, &e), 1);
	volume_info_clear(&v);
	CHECK_EQ(volume_create(vs, "vol", NULL, NULL, &v, &e), 0);
	CHECK_STR(v.name, "vol");
	CHECK_EQ(v.labels.len, 2);
	CHECK_STR(v.labels.items[0], "a=1=x");
	CHECK_EQ(v.options.len, 2);
	CHECK(!v.anonymous);
	CHECK(v.created_nsec > 0);
	CHECK(volume_is_empty(&v));
	snprintf(file, sizeof(file), "%s/f", v.mountpoint);
	fd = open(file, O_CREAT | O_WRONLY, 0644);
	CHECK_EQ(write(fd, "12345", 5), 5);
	close(fd);
	CHECK(!volume_is_empty(&v));
	CHECK_OK(volume_size(vs, "vol", &size, &e), e);
	CHECK_EQ(size, 5);
	volume_info_clear(&v);
	CHECK_EQ(volume_create(vs, NULL, NULL, NULL, &v, &e), 1);
	CHECK_EQ(strlen(v.name), 64);
	CHECK(v.anonymous);
	CHECK_OK(volume_list(vs, &names, &e), e);
	CHECK_EQ(names.len, 2);
	CHECK_OK(volume_remove(vs, v.name, &e), e);
	CHECK_OK(volume_remove(vs, "vol", &e), e);
	CHECK(!path_exists(file));
	CHECK_EQ(volume_remove(vs, "vol", &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	volume_info_clear(&v);
	CHECK_EQ(volume_get(vs, "vol", &v, &e), -1);
	CHECK_STR(e.msg, "get vol: no such volume");
	strv_clear(&labels);
	strv_clear(&options);
	strv_clear(&names);
	volumes_free(vs);
}

/* a volume that Docker made has no meta.json */
TEST(volume_of_docker)
{
	static const char opts[] = "{\"MountType\":\"tmpfs\",\"MountOpts\":\"size=1m\","
				   "\"MountDevice\":\"tmpfs\",\"Quota\":{\"Size\":0}}";
	struct volumes *vs = NULL;
	struct volume_info v = {0};
	int dir_fd, fd;

	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	dir_fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	CHECK_EQ(mkdirat(dir_fd, "volumes/vol2", 0701), 0);
	CHECK_EQ(mkdirat(dir_fd, "volumes/vol2/_data", 0755), 0);
	fd = openat(dir_fd, "volumes/vol2/opts.json", O_CREAT | O_WRONLY, 0600);
	CHECK_EQ(write(fd, opts, sizeof(opts) - 1), sizeof(opts) - 1);
	close(fd);
	close(dir_fd);
	CHECK_OK(volume_get(vs, "vol2", &v, &e), e);
	CHECK_EQ(v.options.len, 3);
	CHECK_STR(v.options.items[1], "o=size=1m");
	CHECK(v.created_nsec > 0);
	volume_info_clear(&v);
	volumes_free(vs);
}

TEST(unknown_options)
{
	struct strv options = STRV_INIT;
	struct volumes *vs = NULL;

	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	strv_add(&options, "size=5");
	CHECK_EQ(volume_create(vs, "vol", NULL, &options, NULL, &e), -1);
	CHECK_STR(e.msg, "create vol: invalid option: \"size\"");
	strv_clear(&options);
	volumes_free(vs);
}

TEST(a_volume_is_on_disk_before_it_exists_and_gone_when_it_is_removed)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct strv labels = STRV_INIT;
	struct volumes *vs = NULL;

	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	strv_add(&labels, "a=b");
	syncs_watch(fd, "volumes/vol/_data");
	CHECK_EQ(volume_create(vs, "vol", &labels, NULL, NULL, &e), 1);
	CHECK_EQ(syncs_place(fd, "volumes/vol/meta.json"), 1);
	CHECK(!syncs.calls[0].named);
	CHECK_EQ(syncs_place(fd, "volumes/vol"), 2);
	CHECK_EQ(syncs_place(fd, "volumes"), 3);
	CHECK(syncs.calls[1].named && syncs.calls[2].named);
	syncs_watch(fd, "volumes/vol");
	CHECK_OK(volume_remove(vs, "vol", &e), e);
	CHECK_EQ(syncs_place(fd, "volumes"), 1);
	CHECK(!syncs.calls[0].named);
	strv_clear(&labels);
	volumes_free(vs);
	close(fd);
}

TEST(half_made_volumes_go_at_the_start)
{
	static const char *const made[] = {"empty", "named", "both", "other", "whole"};
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct volumes *vs = NULL;
	char path[64];

	CHECK_EQ(mkdirat(fd, "volumes", 0700), 0);
	for (size_t i = 0; i < ARRAY_LEN(made); i++) {
		snprintf(path, sizeof(path), "volumes/%s", made[i]);
		CHECK_EQ(mkdirat(fd, path, 0700), 0);
	}
	CHECK_EQ(mknodat(fd, "volumes/named/meta.json", S_IFREG | 0600, 0), 0);
	CHECK_EQ(mknodat(fd, "volumes/both/meta.json", S_IFREG | 0600, 0), 0);
	CHECK_EQ(mknodat(fd, "volumes/both/opts.json", S_IFREG | 0600, 0), 0);
	CHECK_EQ(mknodat(fd, "volumes/other/meta.json", S_IFREG | 0600, 0), 0);
	CHECK_EQ(mknodat(fd, "volumes/other/somebodys", S_IFREG | 0600, 0), 0);
	CHECK_EQ(mkdirat(fd, "volumes/whole/_data", 0755), 0);
	CHECK_EQ(mknodat(fd, "volumes/metadata.db", S_IFREG | 0600, 0), 0);
	CHECK_OK(volumes_open(harness_tmpdir(), &vs, &e), e);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "volumes/%s", made[i]);
		CHECK_MSG(faccessat(fd, path, F_OK, 0) < 0, "%s", path);
	}
	CHECK_EQ(faccessat(fd, "volumes/other/meta.json", F_OK, 0), 0);
	CHECK_EQ(faccessat(fd, "volumes/whole/_data", F_OK, 0), 0);
	CHECK_EQ(faccessat(fd, "volumes/metadata.db", F_OK, 0), 0);
	volumes_free(vs);
	close(fd);
}

/* of an engine that was killed: a bind of the user's directory */
TEST(what_is_mounted_on_a_volume_outlives_it)
{
	const char *root = harness_tmpdir();
	struct volumes *vs = NULL;
	int fd;

	userns_enter();
	umask(022);
	fd = open(root, O_RDONLY | O_DIRECTORY);
	CHECK_EQ(mkdirat(fd, "mine", 0755), 0);
	CHECK_EQ(mkdirat(fd, "mine/dir", 0755), 0);
	CHECK_OK(volumes_open(root, &vs, &e), e);
	CHECK_EQ(volume_create(vs, "vol", NULL, NULL, NULL, &e), 1);
	CHECK_EQ(chdir(root), 0);
	if (mount("mine", "volumes/vol/_data", NULL, MS_BIND, NULL) < 0)
		SKIP("cannot bind here");
	CHECK_EQ(faccessat(fd, "volumes/vol/_data/dir", F_OK, 0), 0);
	CHECK_OK(volume_remove(vs, "vol", &e), e);
	volumes_free(vs); /* waits until it is deleted */
	CHECK_EQ(faccessat(fd, "mine/dir", F_OK, 0), 0);
	CHECK_EQ(faccessat(fd, "volumes/vol", F_OK, 0), -1);
	close(fd);
}
