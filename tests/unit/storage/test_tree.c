// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <sys/xattr.h>

#include "base/str.h"
#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"

static int src, dst;

static void put(int dir_fd, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK_EQ(fchmod(fd, mode), 0);
	close(fd);
}

static const char *get(int dir_fd, const char *name)
{
	static char text[64];
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = 0;
	close(fd);
	return n < 0 ? "(none)" : text;
}

static struct stat look(int dir_fd, const char *name)
{
	struct stat st = {0};

	(void)!fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW);
	return st;
}

/* two empty directories of a tmpfs */
static void start(void)
{
	const char *root = store_root();
	int fd = open(root, O_RDONLY | O_DIRECTORY);

	umask(0);
	CHECK(mkdirat(fd, "src", 0755) == 0 && mkdirat(fd, "dst", 0755) == 0);
	src = openat(fd, "src", O_RDONLY | O_DIRECTORY);
	dst = openat(fd, "dst", O_RDONLY | O_DIRECTORY);
	close(fd);
}

static void fill(void)
{
	const struct timespec times[2] = {{1600000000, 5}, {1600000001, 7}};

	CHECK(mkdirat(src, "d", 0711) == 0 && fchownat(src, "d", 0, 0, 0) == 0);
	put(src, "d/one", "hard", 0644);
	CHECK_EQ(linkat(src, "d/one", src, "d/two", 0), 0);
	put(src, "setuid", "s", 04755);
	CHECK(symlinkat("d/one", src, "link") == 0 && mkfifoat(src, "fifo", 0620) == 0);
	CHECK_EQ(utimensat(src, "setuid", times, 0), 0);
	CHECK_EQ(utimensat(src, "d", times, 0), 0);
	CHECK_EQ(fchmod(src, 0750), 0);
}

static void check_copy(void)
{
	char target[16] = "";

	CHECK_STR(get(dst, "d/one"), "hard");
	CHECK_EQ(look(dst, "d/one").st_ino, look(dst, "d/two").st_ino);
	CHECK_EQ(look(dst, "setuid").st_mode, S_IFREG | 04755);
	CHECK_EQ(look(dst, "setuid").st_mtim.tv_nsec, 7);
	CHECK_EQ(look(dst, "d").st_mode, S_IFDIR | 0711);
	CHECK_EQ(look(dst, "d").st_mtim.tv_sec, 1600000001);
	CHECK_EQ(look(dst, "fifo").st_mode, S_IFIFO | 0620);
	CHECK_EQ(readlinkat(dst, "link", target, sizeof(target)), 5);
	CHECK_EQ(look(dst, ".").st_mode, S_IFDIR | 0750);
}

TEST(a_copy_is_what_it_was)
{
	start();
	fill();
	CHECK_OK(tree_put(src, dst, TREE_COPY, false, true, &e), e);
	check_copy();
	CHECK(look(dst, "setuid").st_ino != look(src, "setuid").st_ino);
	CHECK_EQ(look(dst, "d/one").st_nlink, 2);
}

TEST(links_share_files_and_not_directories)
{
	start();
	fill();
	CHECK_OK(tree_put(src, dst, TREE_LINK, false, true, &e), e);
	check_copy();
	CHECK_EQ(look(dst, "setuid").st_ino, look(src, "setuid").st_ino);
	CHECK(look(dst, "d").st_ino != look(src, "d").st_ino);
	/* a copy of such a tree is one of its own again: links inside, none to the outside */
	CHECK_EQ(mkdirat(src, "copy", 0755), 0);
	src = openat(src, "copy", O_RDONLY | O_DIRECTORY);
	CHECK_OK(tree_put(dst, src, TREE_COPY, false, true, &e), e);
	CHECK_EQ(look(src, "setuid").st_nlink, 1);
	CHECK_EQ(look(src, "d/one").st_nlink, 2);
}

TEST(moved_files_leave)
{
	start();
	fill();
	CHECK_OK(tree_put(src, dst, TREE_MOVE, false, true, &e), e);
	check_copy();
	CHECK_STR(get(src, "d/one"), "(none)");
}

TEST(attributes_and_capabilities_stay)
{
	static const char caps[20] = {1, 0, 0, 2, 0, 0x20};
	char got[32];
	int fd;

	start();
	put(src, "f", "x", 0755);
	fd = openat(src, "f", O_RDWR);
	if (fsetxattr(fd, "security.capability", caps, sizeof(caps), 0) < 0 ||
	    fsetxattr(fd, "user.a", "1", 1, 0) < 0)
		SKIP("this tmpfs has no such attributes");
	close(fd);
	CHECK_OK(tree_put(src, dst, TREE_COPY, false, true, &e), e);
	fd = openat(dst, "f", O_RDONLY);
	CHECK_EQ(fgetxattr(fd, "security.capability", got, sizeof(got)), 20);
	CHECK_MEM(got, caps, 20);
	CHECK_EQ(fgetxattr(fd, "user.a", got, sizeof(got)), 1);
	close(fd);
}

TEST(holes_stay_holes)
{
	struct stat st;
	int fd;

	start();
	fd = openat(src, "f", O_RDWR | O_CREAT, 0644);
	CHECK_EQ(pwrite(fd, "middle", 6, 4 << 20), 6);
	CHECK_EQ(ftruncate(fd, 16 << 20), 0);
	close(fd);
	CHECK_OK(tree_put(src, dst, TREE_COPY, false, true, &e), e);
	st = look(dst, "f");
	CHECK_EQ(st.st_size, 16 << 20);
	CHECK_MSG(st.st_blocks < 2048, "%llu blocks", (unsigned long long)st.st_blocks);
	fd = openat(dst, "f", O_RDONLY);
	CHECK_EQ(lseek(fd, 4 << 20, SEEK_SET), 4 << 20);
	{
		char text[7] = "";

		CHECK_EQ(read(fd, text, 6), 6);
		CHECK_STR(text, "middle");
	}
	close(fd);
}

TEST(whiteouts_are_obeyed)
{
	start();
	CHECK(mkdirat(dst, "gone", 0755) == 0 && mkdirat(dst, "opaque", 0755) == 0);
	CHECK(mkdirat(dst, "kept", 0700) == 0 && mkdirat(dst, "file", 0755) == 0);
	put(dst, "gone/f", "old", 0644);
	put(dst, "opaque/f", "old", 0644);
	put(dst, "kept/f", "old", 0644);
	put(dst, "file/f", "old", 0644);
	put(dst, "dir", "old", 0644);
	put(src, ".wh.gone", "", 0644);
	put(src, ".wh.none", "", 0644);
	put(src, ".wh...", "", 0644); /* names nothing: obeyed it would be the directory above */
	CHECK(mkdirat(src, "opaque", 0755) == 0 && mkdirat(src, "kept", 0751) == 0);
	put(src, "opaque/.wh..wh..opq", "", 0644);
	put(src, "opaque/new", "new", 0644);
	put(src, "kept/new", "new", 0644);
	put(src, "file", "new", 0644);
	CHECK_EQ(mkdirat(src, "dir", 0755), 0);
	put(src, "dir/f", "new", 0644);
	CHECK_OK(tree_put(src, dst, TREE_MOVE, true, false, &e), e);
	CHECK_EQ(look(dst, "gone").st_mode, 0);
	CHECK_STR(get(dst, "opaque/f"), "(none)");
	CHECK_STR(get(dst, "opaque/new"), "new");
	CHECK_EQ(look(dst, "opaque/.wh..wh..opq").st_mode, 0);
	CHECK_STR(get(dst, "kept/f"), "old");
	CHECK_STR(get(dst, "kept/new"), "new");
	CHECK_EQ(look(dst, "kept").st_mode, S_IFDIR | 0751);
	CHECK_STR(get(dst, "file"), "new");
	CHECK_STR(get(dst, "dir/f"), "new");
}

/* a file of a layer that replaces one of the layer below must not be written through the link */
TEST(what_is_replaced_stays_below)
{
	int top;

	start();
	put(src, "f", "below", 0644);
	CHECK_OK(tree_put(src, dst, TREE_LINK, false, true, &e), e);
	CHECK_EQ(mkdirat(src, "../top", 0755), 0);
	top = openat(src, "../top", O_RDONLY | O_DIRECTORY);
	put(top, "f", "above", 0644);
	CHECK_OK(tree_put(top, dst, TREE_MOVE, true, false, &e), e);
	CHECK_STR(get(dst, "f"), "above");
	CHECK_STR(get(src, "f"), "below");
}

TEST(links_in_hostile_trees_are_not_followed)
{
	int outside;

	start();
	CHECK_EQ(mkdirat(src, "../outside", 0755), 0);
	outside = openat(src, "../outside", O_RDONLY | O_DIRECTORY);
	put(outside, "f", "mine", 0644);
	CHECK_EQ(symlinkat("../outside", dst, "d"), 0);
	CHECK_EQ(mkdirat(src, "d", 0755), 0);
	put(src, "d/.wh.f", "", 0644);
	put(src, "d/g", "new", 0644);
	CHECK_OK(tree_put(src, dst, TREE_MOVE, true, false, &e), e);
	CHECK_STR(get(outside, "f"), "mine");
	CHECK_STR(get(outside, "g"), "(none)");
	CHECK_STR(get(dst, "d/g"), "new");
}
