// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "ns/fuse.h"
#include "tests/unit/archive/userns.h"

static struct err e;

TEST(a_missing_program_is_named)
{
	CHECK_EQ(setenv("PATH", "/nowhere:relative", 1), 0);
	CHECK(fuse_overlayfs_find(&e) == NULL);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	CHECK_STR(e.msg, "the program fuse-overlayfs is not in $PATH; install the package "
			 "fuse-overlayfs");
}

TEST(layers_are_joined_below_a_relative_base)
{
	const char *dir = harness_tmpdir();
	char *program = fuse_overlayfs_find(&e), target[256];
	int fd;

	if (program == NULL)
		SKIP("fuse-overlayfs is not installed");
	userns_enter();
	CHECK_EQ(chdir(dir), 0);
	CHECK(mkdir("a", 0755) == 0 && mkdir("b", 0755) == 0 && mkdir("u", 0755) == 0 &&
	      mkdir("w", 0755) == 0 && mkdir("m", 0755) == 0);
	close(open("b/file", O_CREAT | O_WRONLY, 0644));
	CHECK_EQ(chdir("/"), 0);
	snprintf(target, sizeof(target), "%s/m", dir);
	if (fuse_overlayfs_mount(program, dir, "lowerdir=a:b,upperdir=u,workdir=w", target, &e) < 0)
		SKIP(e.msg);
	snprintf(target, sizeof(target), "%s/m/file", dir);
	fd = open(target, O_RDWR);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
	close(fd);
	snprintf(target, sizeof(target), "%s/u/file", dir);
	CHECK_EQ(access(target, F_OK), 0);
	/* what it says when it fails is the error */
	snprintf(target, sizeof(target), "%s/w", dir);
	CHECK_EQ(fuse_overlayfs_mount(program, dir, "lowerdir=none", target, &e), -1);
	CHECK(strncmp(e.msg, "fuse-overlayfs: ", 16) == 0);
	snprintf(target, sizeof(target), "%s/m", dir);
	CHECK_EQ(umount2(target, MNT_DETACH), 0);
	free(program);
}
