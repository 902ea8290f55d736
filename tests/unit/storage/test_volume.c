// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "storage/volume.h"

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
