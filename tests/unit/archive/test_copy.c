// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/copy.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/archive/util.h"

static int root_fd;
static struct err e;

static void make_root(void)
{
	int fd;

	userns_enter();
	root_fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	CHECK_EQ(mkdirat(root_fd, "dir", 0755), 0);
	CHECK_EQ(symlinkat("/dir", root_fd, "dlink"), 0);
	CHECK_EQ(symlinkat("../../../dir/file", root_fd, "dir/up"), 0);
	CHECK_EQ(symlinkat("loop", root_fd, "loop"), 0);
	CHECK_EQ(symlinkat("/no/where", root_fd, "broken"), 0);
	fd = openat(root_fd, "dir/file", O_CREAT | O_WRONLY, 0644);
	CHECK_EQ(write(fd, "12345", 5), 5);
	close(fd);
}

/* the JSON without size and time, which file systems differ in */
static const char *stat_of(const char *path)
{
	static struct buf json;

	buf_reset(&json);
	if (copy_stat(root_fd, path, &json, &e) < 0)
		return e.kind == ERR_NOTFOUND  ? "not found"
		       : e.kind == ERR_INVALID ? "invalid"
					       : e.msg;
	*strstr(json.data, ",\"size") = 0;
	return json.data;
}

static const char *target_of(const char *path)
{
	static struct buf json;
	struct err err;

	buf_reset(&json);
	CHECK_OK(copy_stat(root_fd, path, &json, &err), err);
	return strstr(json.data, "\"linkTarget");
}

static const char *names_of(const char *path)
{
	static struct buf names;
	const struct tar_entry *ent = NULL;
	struct buf tar = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &tar), *in;
	struct tar_reader *t;

	buf_reset(&names);
	CHECK_OK(copy_get(root_fd, path, out, &e), e);
	in = stream_mem_new(tar.data, tar.len, NULL);
	t = tar_reader_new(in);
	while (tar_next(t, &ent, &e) > 0)
		buf_addf(&names, "%s ", ent->name);
	tar_reader_free(t);
	stream_free(in);
	stream_free(out);
	buf_clear(&tar);
	return buf_str(&names);
}

TEST(stat_of_paths)
{
	make_root();
	CHECK_STR(stat_of("/dir/file"), "{\"name\":\"file\"");
	CHECK_STR(stat_of("dir"), "{\"name\":\"dir\"");
	CHECK_STR(stat_of("/dir/"), "{\"name\":\"dir\"");
	CHECK_STR(stat_of("/dir/."), "{\"name\":\".\"");
	CHECK_STR(stat_of("/"), "{\"name\":\"/\"");
	CHECK_STR(stat_of("/../../dir"), "{\"name\":\"dir\"");
	CHECK_STR(stat_of("/none"), "not found");
	CHECK_STR(stat_of("/none/x"), "not found");
	CHECK_STR(stat_of("/dir/file/"), "invalid");
	CHECK_STR(target_of("/dlink"), "\"linkTarget\":\"/dir\"}");
	CHECK_STR(target_of("/dlink/"), "\"linkTarget\":\"\"}");
	CHECK_STR(target_of("/dir/up"), "\"linkTarget\":\"/dir/file\"}");
	CHECK_STR(target_of("/broken"), "\"linkTarget\":\"/no/where\"}");
	CHECK_STR(stat_of("/loop"), "invalid");
}

TEST(go_modes)
{
	CHECK_EQ(copy_go_mode(S_IFREG | 0644), 0644);
	CHECK_EQ(copy_go_mode(S_IFDIR | 0755), 2147484141u);
	CHECK_EQ(copy_go_mode(S_IFLNK | 0777), 134218239);
	CHECK_EQ(copy_go_mode(S_IFDIR | 01777), 2147483648u + 1048576 + 0777);
	CHECK_EQ(copy_go_mode(S_IFREG | 06755), (1 << 23) + (1 << 22) + 0755);
	CHECK_EQ(copy_go_mode(S_IFCHR | 0600), (1 << 26) + (1 << 21) + 0600);
	CHECK_EQ(copy_go_mode(S_IFIFO), 1 << 25);
	CHECK_EQ(copy_go_mode(S_IFSOCK), 1 << 24);
	CHECK_EQ(copy_go_mode(S_IFBLK), 1 << 26);
}

TEST(names_in_the_archive)
{
	make_root();
	CHECK_STR(names_of("/dir"), "dir/ dir/file dir/up ");
	CHECK_STR(names_of("/dir/"), "dir/ dir/file dir/up ");
	CHECK_STR(names_of("/dir/."), "./ ./file ./up ");
	CHECK_STR(names_of("/dir/file"), "file ");
	CHECK_STR(names_of("/dlink"), "dlink ");
	CHECK_STR(names_of("/dlink/"), "dlink/ dlink/file dlink/up ");
}

TEST(put)
{
	const struct copy_put_opts opts = {.no_overwrite_dir_nondir = true};
	struct stream *src;
	struct stat st;
	struct made m;

	make_root();
	made_start(&m);
	made_add(&m, TAR_FILE, "new", "1234567");
	made_end(&m);
	CHECK_OK(copy_put_check(root_fd, "/dlink", &e), e);
	CHECK_EQ(copy_put_check(root_fd, "/none", &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_EQ(copy_put_check(root_fd, "/dir/file", &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	src = stream_mem_new(m.bytes.data, m.bytes.len, NULL);
	CHECK_OK(copy_put(root_fd, "/dlink", src, &opts, &e), e);
	CHECK_EQ(fstatat(root_fd, "dir/new", &st, 0), 0);
	CHECK_EQ(st.st_size, 7);
	stream_free(src);
	made_free(&m);
}
