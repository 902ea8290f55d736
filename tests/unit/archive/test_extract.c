// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/extract.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/archive/util.h"

static struct made m;
static int dir_fd = -1;
static struct extract_stats stats;
static struct err e;

static void start(void)
{
	if (dir_fd < 0) {
		char root[4200];

		userns_enter();
		snprintf(root, sizeof(root), "%s/root", harness_tmpdir());
		CHECK_EQ(mkdir(root, 0755), 0);
		dir_fd = open(root, O_RDONLY | O_DIRECTORY);
	}
	made_start(&m);
}

static int unpack_with(struct extract_opts opts)
{
	struct stream *src;
	struct tar_reader *t;
	int r;

	made_end(&m);
	src = stream_mem_new(m.bytes.data, m.bytes.len, NULL);
	t = tar_reader_new(src);
	r = extract_tree(t, dir_fd, &opts, &stats, &e);
	tar_reader_free(t);
	stream_free(src);
	made_free(&m);
	return r;
}

static int unpack(void)
{
	return unpack_with((struct extract_opts){.whiteout = WHITEOUT_OVERLAY});
}

static struct stat look(const char *name)
{
	struct stat st = {0};

	CHECK_MSG(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0, "no %s", name);
	return st;
}

TEST(kinds_of_entries)
{
	struct stat st;

	start();
	made_add(&m, TAR_DIR, "d", "");
	made_add(&m, TAR_FILE, "d/f", "hello");
	made_add(&m, TAR_HARDLINK, "h", "d/f");
	made_add(&m, TAR_SYMLINK, "l", "/etc/passwd");
	made_add(&m, TAR_FIFO, "p", "");
	made_add(&m, TAR_CHAR, "null", "");
	made_add(&m, TAR_FILE, "made/parents/f", "x");
	CHECK_OK(unpack(), e);
	st = look("d/f");
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_nlink, 2);
	CHECK_EQ(st.st_mtim.tv_sec, 1600000000);
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
	CHECK_EQ(look("h").st_ino, st.st_ino);
	CHECK_EQ(look("d").st_mtim.tv_sec, 1600000000);
	CHECK(S_ISLNK(look("l").st_mode));
	CHECK_EQ(look("l").st_mtim.tv_sec, 1600000000);
	CHECK(S_ISFIFO(look("p").st_mode));
	CHECK(S_ISREG(look("made/parents/f").st_mode));
	CHECK_EQ(stats.n_entries, 7);
	CHECK_EQ(stats.content_bytes, 6);
	CHECK_EQ(stats.link_bytes, strlen("/etc/passwd"));
	CHECK_EQ(stats.n_skipped, 1); /* the device */
}

TEST(special_modes_and_attributes)
{
	struct tar_xattr xattrs[] = {
		{"user.a", "1", 1}, {"user.overlay.opaque", "y", 1}, {"trusted.x", "1", 1}};
	struct tar_entry ent = {.name = "suid",
				.link = "",
				.type = TAR_FILE,
				.mode = 06755,
				.size = 1,
				.mtime_sec = 1,
				.mtime_nsec = 5,
				.xattrs = xattrs,
				.n_xattrs = 3};
	char value[8];

	start();
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(tar_write(m.w, "x", 1, &e), e);
	ent.name = "sticky";
	ent.type = TAR_DIR;
	ent.mode = 03777;
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(unpack(), e);
	CHECK_EQ(look("suid").st_mode, S_IFREG | 06755);
	CHECK_EQ(look("suid").st_mtim.tv_nsec, 5);
	CHECK_EQ(look("sticky").st_mode, S_IFDIR | 03777);
	CHECK_EQ(fchdir(dir_fd), 0);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "suid" : "sticky";

		if (getxattr(name, "user.a", value, sizeof(value)) < 0 && errno == ENOTSUP)
			SKIP("no user attributes here");
		CHECK_EQ(getxattr(name, "user.a", value, sizeof(value)), 1);
		CHECK(getxattr(name, "user.overlay.opaque", value, sizeof(value)) < 0);
		CHECK(getxattr(name, "trusted.x", value, sizeof(value)) < 0);
	}
}

TEST(whiteouts)
{
	char value[8] = "";

	start();
	made_add(&m, TAR_DIR, "d", "");
	made_add(&m, TAR_FILE, "d/.wh..wh..opq", "");
	made_add(&m, TAR_FILE, "d/.wh.gone", "");
	made_add(&m, TAR_FILE, ".wh..wh.plnk/1.2", "");
	made_add(&m, TAR_FILE, ".wh.dir", "");
	made_add(&m, TAR_DIR, "dir", "");
	made_add(&m, TAR_FILE, "own", "stays");
	made_add(&m, TAR_FILE, ".wh.own", "");
	CHECK_OK(unpack(), e);
	CHECK(S_ISCHR(look("d/gone").st_mode));
	CHECK_EQ(look("d/gone").st_rdev, 0);
	CHECK_EQ(look("own").st_size, 5);
	CHECK(S_ISDIR(look("dir").st_mode));
	CHECK(fstatat(dir_fd, ".wh..wh.plnk", &(struct stat){0}, 0) < 0);
	CHECK_EQ(fchdir(dir_fd), 0);
	CHECK_EQ(getxattr("d", "user.overlay.opaque", value, sizeof(value)), 1);
	CHECK_EQ(value[0], 'y');
	CHECK_EQ(getxattr("dir", "user.overlay.opaque", value, sizeof(value)), 1);
	start();
	made_add(&m, TAR_FILE, "d/.wh...", "");
	CHECK_EQ(unpack(), -1);
	start();
	made_add(&m, TAR_FILE, ".wh.", "");
	CHECK_EQ(unpack(), -1);
}

TEST(names_out_of_the_root)
{
	static const char *const names[] = {"../evil", "a/../../evil", "/../evil"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		start();
		made_add(&m, TAR_FILE, names[i], "x");
		CHECK_EQ(unpack(), -1);
		CHECK_EQ(e.kind, ERR_INVALID);
		start();
		made_add(&m, TAR_HARDLINK, "h", names[i]);
		CHECK_EQ(unpack(), -1);
	}
	CHECK(fstatat(dir_fd, "../evil", &(struct stat){0}, 0) < 0);
	start();
	made_add(&m, TAR_FILE, "/absolute", "x");
	CHECK_OK(unpack(), e);
	CHECK_EQ(look("absolute").st_size, 1);
}

TEST(links_do_not_lead_out)
{
	start();
	made_add(&m, TAR_SYMLINK, "up", "../");
	made_add(&m, TAR_FILE, "up/evil", "x");
	made_add(&m, TAR_SYMLINK, "tmp", "/tmp/thimble-does-not-exist");
	CHECK_OK(unpack(), e); /* ".." of the root is the root */
	CHECK_EQ(look("evil").st_size, 1);
	CHECK(fstatat(dir_fd, "../evil", &(struct stat){0}, 0) < 0);
	start();
	made_add(&m, TAR_FILE, "tmp/x", "x");
	CHECK_EQ(unpack(), -1); /* dangling inside */
	start();
	made_add(&m, TAR_SYMLINK, "a", "b");
	made_add(&m, TAR_SYMLINK, "b", "a");
	made_add(&m, TAR_FILE, "a/f", "x");
	CHECK_EQ(unpack(), -1);
	start();
	made_add(&m, TAR_DIR, "real", "");
	made_add(&m, TAR_SYMLINK, "abs", "/real");
	made_add(&m, TAR_FILE, "abs/f", "x");
	CHECK_OK(unpack(), e);
	CHECK_EQ(look("real/f").st_size, 1);
}

/* a file is never written through a link that stands in its place */
TEST(replacement)
{
	start();
	made_add(&m, TAR_FILE, "victim", "untouched");
	made_add(&m, TAR_SYMLINK, "l", "victim");
	made_add(&m, TAR_FILE, "l", "new");
	made_add(&m, TAR_DIR, "d/sub", "");
	made_add(&m, TAR_FILE, "d/sub/f", "x");
	made_add(&m, TAR_FILE, "d", "now a file");
	made_add(&m, TAR_FILE, "f", "file");
	made_add(&m, TAR_DIR, "f", "");
	made_add(&m, TAR_FILE, "f/in", "1");
	made_add(&m, TAR_SYMLINK, "f", "/");
	made_add(&m, TAR_FILE, "f/back", "2");
	CHECK_OK(unpack(), e);
	CHECK_EQ(look("victim").st_size, 9);
	CHECK(S_ISREG(look("l").st_mode));
	CHECK_EQ(look("d").st_size, 10);
	CHECK(S_ISLNK(look("f").st_mode));
	CHECK_EQ(look("back").st_size, 1);
}

TEST(no_overwrite_dir_nondir)
{
	struct extract_opts opts = {.no_overwrite_dir_nondir = true};

	start();
	made_add(&m, TAR_DIR, "d", "");
	made_add(&m, TAR_FILE, "f", "x");
	CHECK_OK(unpack_with(opts), e);
	start();
	made_add(&m, TAR_FILE, "d", "x");
	CHECK_EQ(unpack_with(opts), -1);
	CHECK_STR(e.msg, "cannot overwrite directory \"/d\" with non-directory \"d\"");
	start();
	made_add(&m, TAR_DIR, "f", "");
	CHECK_EQ(unpack_with(opts), -1);
	start();
	made_add(&m, TAR_DIR, "d", "");
	made_add(&m, TAR_FILE, "f", "newer");
	CHECK_OK(unpack_with(opts), e);
	CHECK_EQ(look("f").st_size, 5);
}

TEST(owner_beyond_the_map)
{
	struct tar_entry ent = {
		.name = "f", .link = "", .type = TAR_FILE, .uid = 2000000, .gid = 2000000};

	start();
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_EQ(unpack(), -1);
	CHECK_EQ(e.kind, ERR_DENIED);
	CHECK(strstr(e.msg, "/etc/subuid"));
	start();
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(unpack_with((struct extract_opts){.set_owner = true}), e);
	CHECK_EQ(look("f").st_uid, 0);
}

TEST(claimed_size_with_truncated_data)
{
	struct tar_entry ent = {.name = "big", .link = "", .type = TAR_FILE, .size = 10ULL << 30};
	static const struct extract_opts opts = {.whiteout = WHITEOUT_OVERLAY};
	struct stream *src;
	struct tar_reader *t;

	start();
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(tar_write(m.w, "abc", 3, &e), e);
	src = stream_mem_new(m.bytes.data, m.bytes.len, NULL);
	t = tar_reader_new(src);
	CHECK_EQ(extract_tree(t, dir_fd, &opts, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(look("big").st_size <= 3);
	tar_reader_free(t);
	stream_free(src);
	made_free(&m);
}

TEST(zeros_stay_holes)
{
	enum { SIZE = 4 << 20, AT = 1 << 20 };
	struct tar_entry ent = {
		.name = "f", .link = "", .type = TAR_FILE, .mode = 0644, .size = SIZE};
	char *text = xcalloc(1, SIZE), *back = xmalloc(SIZE);
	int fd;

	memset(text + AT, 'x', 100);
	text[SIZE / 2 - 1] = 'y';
	start();
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(tar_write(m.w, text, SIZE, &e), e);
	ent.name = "zeros";
	ent.size = 5000; /* not a whole number of words */
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(tar_write(m.w, text, 5000, &e), e);
	CHECK_OK(unpack(), e);
	CHECK_EQ(look("f").st_size, SIZE);
	CHECK(look("f").st_blocks < SIZE / 512 / 2);
	fd = openat(dir_fd, "f", O_RDONLY);
	CHECK_EQ(read(fd, back, SIZE), SIZE);
	CHECK(memcmp(text, back, SIZE) == 0);
	close(fd);
	CHECK_EQ(look("zeros").st_size, 5000);
	CHECK_EQ(look("zeros").st_blocks, 0);
	free(text);
	free(back);
}

static int unpack_twice(enum tar_type first, const char *text, enum tar_type second)
{
	start();
	made_add(&m, first, "n", text);
	if (first == TAR_DIR)
		made_add(&m, TAR_FILE, "n/f", "x");
	made_add(&m, second, "n", "");
	return unpack_with((struct extract_opts){.whiteout = WHITEOUT_OVERLAY, .restorable = true});
}

TEST(content_that_would_be_lost_to_tar_split)
{
	CHECK_EQ(unpack_twice(TAR_FILE, "x", TAR_FILE), -1);
	CHECK_STR(e.msg, "duplicates of file paths not supported");
	CHECK_EQ(unlinkat(dir_fd, "n", 0), 0);
	CHECK_EQ(unpack_twice(TAR_DIR, "", TAR_FILE), -1);
	CHECK_EQ(unlinkat(dir_fd, "n/f", 0), 0);
	CHECK_EQ(unlinkat(dir_fd, "n", AT_REMOVEDIR), 0);
	/* without content there is nothing to lose; a whiteout gives way to what it hides */
	CHECK_OK(unpack_twice(TAR_FILE, "", TAR_FILE), e);
	CHECK_EQ(unlinkat(dir_fd, "n", 0), 0);
	CHECK_OK(unpack_twice(TAR_SYMLINK, "x", TAR_FILE), e);
	start();
	made_add(&m, TAR_FILE, ".wh.again", "");
	made_add(&m, TAR_DIR, "again", "");
	CHECK_OK(unpack_with(
			 (struct extract_opts){.whiteout = WHITEOUT_OVERLAY, .restorable = true}),
		 e);
}

TEST(times_before_1970)
{
	struct tar_entry ent = {
		.name = "old", .link = "", .type = TAR_FILE, .mtime_sec = -5, .mtime_nsec = 7};

	start();
	CHECK_OK(tar_write_entry(m.w, &ent, &e), e);
	CHECK_OK(unpack(), e);
	CHECK_EQ(look("old").st_mtim.tv_sec, 0);
	CHECK_EQ(look("old").st_mtim.tv_nsec, 0);
}
