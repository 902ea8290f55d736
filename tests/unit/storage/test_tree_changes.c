// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <sys/xattr.h>

#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"

static int new_fd, old_fd;

static void note(void *arg, enum storage_change_kind kind, const char *path)
{
	buf_addf(arg, "%c %s\n", "CAD"[kind], path);
}

static const char *told(void)
{
	static struct buf text = BUF_INIT;
	const struct changes_sink sink = {note, &text};

	buf_reset(&text);
	CHECK_OK(tree_changes(new_fd, old_fd, &sink, &e), e);
	return buf_str(&text);
}

static void put(int dir_fd, const char *name, const char *text)
{
	const struct timespec times[2] = {{1600000000, 0}, {1600000000, 0}};
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK_EQ(futimens(fd, times), 0);
	close(fd);
}

/* the same tree twice */
static void start(void)
{
	const char *root = store_root();
	int fd = open(root, O_RDONLY | O_DIRECTORY);

	CHECK(mkdirat(fd, "old", 0755) == 0 && mkdirat(fd, "new", 0755) == 0);
	old_fd = openat(fd, "old", O_RDONLY | O_DIRECTORY);
	new_fd = openat(fd, "new", O_RDONLY | O_DIRECTORY);
	CHECK(mkdirat(old_fd, "a", 0755) == 0 && mkdirat(old_fd, "a/b", 0755) == 0);
	put(old_fd, "a/b/f", "text");
	put(old_fd, "a.file", "text");
	put(old_fd, "z", "text");
	CHECK_OK(tree_put(old_fd, new_fd, TREE_COPY, false, true, &e), e);
}

TEST(a_copy_has_no_changes)
{
	start();
	CHECK_STR(told(), "");
}

TEST(what_is_new_gone_or_different_is_told_with_the_directories_above)
{
	start();
	put(new_fd, "a/b/g", "new");
	CHECK_STR(told(), "C /a\nC /a/b\nA /a/b/g\n");
	CHECK_EQ(unlinkat(new_fd, "a/b/g", 0), 0);
	put(new_fd, "a/b/f", "longer text");
	CHECK_EQ(unlinkat(new_fd, "z", 0), 0);
	CHECK_STR(told(), "C /a\nC /a/b\nC /a/b/f\nD /z\n");
}

TEST(times_of_files_count_of_directories_not)
{
	const struct timespec same[2] = {{1, 0}, {1600000000, 9}},
			      later[2] = {{1, 0}, {1600000001, 0}};

	start();
	CHECK_EQ(utimensat(new_fd, "a", later, 0), 0);
	CHECK_EQ(utimensat(new_fd, "z", same, 0), 0); /* a tar knows whole seconds only */
	CHECK_STR(told(), "");
	CHECK_EQ(utimensat(new_fd, "z", later, 0), 0);
	CHECK_STR(told(), "C /z\n");
}

TEST(mode_and_kind)
{
	start();
	CHECK_EQ(fchmodat(new_fd, "a", 0700, 0), 0);
	CHECK_EQ(fchmodat(new_fd, "z", 04755, 0), 0);
	CHECK_EQ(unlinkat(new_fd, "a.file", 0), 0);
	CHECK_EQ(mkdirat(new_fd, "a.file", 0755), 0);
	put(new_fd, "a.file/in", "x");
	CHECK_STR(told(), "C /a\nC /a.file\nA /a.file/in\nC /z\n");
}

TEST(a_removed_directory_is_told_once)
{
	start();
	CHECK(unlinkat(new_fd, "a/b/f", 0) == 0 && unlinkat(new_fd, "a/b", AT_REMOVEDIR) == 0);
	CHECK_STR(told(), "C /a\nD /a/b\n");
}

TEST(capabilities_alone)
{
	static const char caps[20] = {1, 0, 0, 2, 0, 0x20};
	int fd;

	start();
	fd = openat(new_fd, "z", O_RDWR);
	if (fsetxattr(fd, "security.capability", caps, sizeof(caps), 0) < 0)
		SKIP("this tmpfs has no capabilities");
	close(fd);
	CHECK_STR(told(), "C /z\n");
}
