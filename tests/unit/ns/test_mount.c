// SPDX-License-Identifier: MIT
/* Mounts in a mount namespace of the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ns/clone.h"
#include "ns/idmap.h"
#include "ns/mount.h"
#include "tests/unit/harness.h"

/* A mount namespace in which we may mount, as root or in a user namespace. */
static void own_mounts(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct err e;

	if (ns_unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER, &e) < 0)
		SKIP(e.msg);
	if (uid != 0) {
		struct idmap u = IDMAP_INIT, g = IDMAP_INIT;

		idmap_add(&u, 0, uid, 1);
		idmap_add(&g, 0, gid, 1);
		CHECK_OK(idmap_write(0, &u, &g, false, &e), e);
		idmap_clear(&u);
		idmap_clear(&g);
	}
	if (mnt_set_propagation("/", MS_REC | MS_PRIVATE, &e) < 0)
		SKIP(e.msg);
}

static char *subdir(const char *name)
{
	char *path = path_join(harness_tmpdir(), name);

	CHECK(mkdir(path, 0755) == 0);
	return path;
}

static int open_path(const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

TEST(propagation_words)
{
	unsigned long f = 0;

	CHECK_EQ(mnt_propagation_parse("rslave", &f), 0);
	CHECK_EQ(f, MS_SLAVE | MS_REC);
	CHECK_EQ(mnt_propagation_parse("private", &f), 0);
	CHECK_EQ(f, MS_PRIVATE);
	CHECK_EQ(mnt_propagation_parse("rubbish", &f), -1);
}

TEST(bind_by_descriptor_and_flags)
{
	CLEANUP(freep) char *from = subdir("from");
	CLEANUP(freep) char *to = subdir("to");
	CLEANUP(freep) char *file = path_join(to, "f");
	CLEANUP(freep) char *source = path_join(from, "f");
	struct err e;
	int fd;

	own_mounts();
	CHECK_OK(file_write(AT_FDCWD, source, "x", 1, 0644, FILE_NOSYNC, &e), e);
	CHECK_OK(mnt_bind_at(open_path(from), open_path(to), true, &e), e);
	CHECK(path_exists(file));
	fd = open_path(to);
	CHECK_OK(mnt_set_flags(fd, MS_RDONLY | MS_NOSUID | MS_NODEV, 0, false, &e), e);
	CHECK(open(file, O_WRONLY | O_CLOEXEC) < 0);
	CHECK_OK(mnt_umount(to, &e), e);
	CHECK(!path_exists(file));
	CHECK_OK(mnt_umount(to, &e), e); /* not mounted is success */
}

TEST(tmpfs_and_table)
{
	CLEANUP(freep) char *dir = subdir("with space");
	struct mnt_table t = MNT_TABLE_INIT;
	const struct mnt_info *m;
	struct err e;

	own_mounts();
	CHECK_OK(mnt_fs_at("tmpfs", NULL, open_path(dir), MS_NOSUID, "mode=0700", &e), e);
	CHECK_OK(mnt_table_load(&t, 0, &e), e);
	m = mnt_table_find(&t, dir);
	CHECK(m != NULL);
	CHECK_STR(m->fstype, "tmpfs");
	CHECK(!m->shared);
	CHECK(mnt_table_covering(&t, dir) == m);
	mnt_table_clear(&t);
}

TEST(pivot_lets_the_old_root_go)
{
	CLEANUP(freep) char *dir = subdir("root");
	struct err e;
	int fd;

	own_mounts();
	CHECK_OK(mnt_fs("tmpfs", NULL, dir, 0, NULL, &e), e);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(mkdirat(fd, "here", 0755) == 0);
	CHECK_OK(mnt_pivot(fd, &e), e);
	CHECK(access("/here", F_OK) == 0);
	CHECK(access("/proc", F_OK) < 0);
	/* the harness removes its directory by path, which has gone with the root */
	_exit(0);
}

TEST(a_chroot_is_not_pivoted)
{
	struct err e;
	char *top;
	int fd;

	own_mounts();
	top = subdir("chroot");
	CHECK(chdir(top) == 0 && mkdir("new", 0755) == 0);
	CHECK(chroot(".") == 0);
	CHECK_OK(mnt_fs("tmpfs", NULL, "/new", 0, NULL, &e), e);
	fd = open_path("/new");
	/* nor is the new root moved onto it, for one could climb out of that */
	CHECK(mnt_pivot(fd, &e) < 0);
	CHECK_EQ(e.sys, EINVAL);
	/* neither the harness nor LeakSanitizer finds its way in here */
	_exit(0);
}
