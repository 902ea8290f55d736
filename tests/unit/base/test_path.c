// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"

TEST(join_base_clean)
{
	static const char *const cleaned[][2] = {
		{"", "."},	 {"/", "/"},	    {"a//b/./c", "a/b/c"},
		{"/../a", "/a"}, {"a/../..", ".."}, {"a/b/../c/", "a/c"}};
	CLEANUP(freep) char *j1 = path_join("/a", "b");
	CLEANUP(freep) char *j2 = path_join("/a/", "/b");

	CHECK_STR(j1, "/a/b");
	CHECK_STR(j2, "/a/b");
	CHECK_STR(path_base("/a/b"), "b");
	CHECK_STR(path_base("b"), "b");
	for (unsigned i = 0; i < ARRAY_LEN(cleaned); i++) {
		CLEANUP(freep) char *c = path_clean(cleaned[i][0]);

		CHECK_STR(c, cleaned[i][1]);
	}
}

/* A tree with links that try to leave it. */
static int make_tree(void)
{
	const char *t = harness_tmpdir();
	int fd = open(t, O_RDONLY | O_DIRECTORY);

	CHECK(fd >= 0);
	CHECK_EQ(mkdirat(fd, "d", 0755), 0);
	CHECK_EQ(symlinkat("/etc", fd, "abs"), 0);
	CHECK_EQ(symlinkat("..", fd, "up"), 0);
	CHECK_EQ(symlinkat("d", fd, "in"), 0);
	CHECK_EQ(symlinkat("loop", fd, "loop"), 0);
	close(openat(fd, "d/file", O_CREAT | O_WRONLY, 0600));
	return fd;
}

TEST(beneath_refuses_to_leave)
{
	static const char *const bad[] = {"abs/passwd", "up/x", "../x", "/etc/passwd", "loop"};
	int fd = make_tree(), got;
	struct err e;

	got = path_open_beneath(fd, "in/file", O_RDONLY, 0, &e);
	CHECK_OK(got, e);
	close(got);
	for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
		got = path_open_beneath(fd, bad[i], O_RDONLY, 0, &e);
		CHECK_MSG(got < 0, "%s was opened", bad[i]);
	}
	close(fd);
}

TEST(in_root_keeps_absolute_links_inside)
{
	int fd = make_tree(), got;
	struct err e;

	got = path_open_in_root(fd, "/abs", O_RDONLY, 0, &e);
	CHECK_EQ(got, -1); /* there is no etc inside */
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	got = path_open_in_root(fd, "../../d/file", O_RDONLY, 0, &e);
	CHECK_OK(got, e);
	close(got);
	got = path_open_in_root(fd, "up/up/in/file", O_RDONLY, 0, &e);
	CHECK_OK(got, e);
	close(got);
	close(fd);
}

TEST(mkdirs_and_remove_tree)
{
	struct err e;
	int fd = make_tree();
	CLEANUP(freep) char *deep = path_join(harness_tmpdir(), "x/y/z");

	CHECK_OK(path_mkdirs(deep, 0755, &e), e);
	CHECK_OK(path_mkdirs(deep, 0755, &e), e);
	CHECK(path_exists(deep));
	CHECK_EQ(symlinkat("/etc/passwd", fd, "x/y/link"), 0);
	CHECK_EQ(fchmodat(fd, "x/y", 0, 0), 0);
	CHECK_OK(path_remove_tree(fd, "x", &e), e);
	CHECK(!path_exists(deep));
	CHECK(path_exists("/etc/passwd"));
	CHECK_OK(path_remove_tree(fd, "x", &e), e);
	CHECK_OK(path_remove_tree(fd, "abs", &e), e);
	CHECK(path_exists("/etc"));
	close(fd);
}

TEST(match)
{
	static const struct {
		const char *pattern, *name;
		int is;
	} rows[] = {
		{"", "", 1},
		{"abc", "abc", 1},
		{"*", "abc", 1},
		{"*c", "abc", 1},
		{"a*", "ab/c", 0},
		{"a*/b", "abc/b", 1},
		{"a*/b", "a/c/b", 0},
		{"a*b*c*", "aXbYc", 1},
		{"a*b?c*x", "abxbbxdbxebxczzx", 1},
		{"a*b?c*x", "abxbbxdbxebxczzy", 0},
		{"a?c", "a/c", 0},
		{"a?", "a", 0},
		{"ab[c]", "abc", 1},
		{"ab[b-d]", "abc", 1},
		{"ab[e-g]", "abc", 0},
		{"ab[^c]", "abc", 0},
		{"ab[^e-g]", "abc", 1},
		{"ab[^c]", "ab", 0},
		{"a\\*b", "a*b", 1},
		{"a\\*b", "ab", 0},
		{"[\\]a]", "]", 1},
		{"[\\-]", "-", 1},
		{"[x\\-]", "z", 0},
		{"[a-b-d]", "a", -1},
		{"[-]", "-", -1},
		{"[]a]", "a", -1},
		{"[", "a", -1},
		{"[^", "a", -1},
		{"[a", "a", -1},
		{"[a-", "a", -1},
		{"[a-]", "a", -1},
		{"a\\", "a", -1},
		{"x[", "a", -1},
		{"*x", "xxx", 1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_MSG(path_match(rows[i].pattern, rows[i].name) == rows[i].is, "%s, %s",
			  rows[i].pattern, rows[i].name);
}
