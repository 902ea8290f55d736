// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ns/clone.h"
#include "ns/mount.h"
#include "rootless/copyup.h"
#include "tests/unit/harness.h"

TEST(entries_can_be_replaced_and_the_host_keeps_its_own)
{
	CLEANUP(freep) char *dir = path_join(harness_tmpdir(), "etc");
	CLEANUP(freep) char *spare = path_join(harness_tmpdir(), "spare");
	CLEANUP(freep) char *file = path_join(dir, "passwd");
	CLEANUP(freep) char *sub = path_join(dir, "ssl");
	CLEANUP(freep) char *fresh = path_join(dir, "new");
	struct stat st;
	struct err e;

	CHECK(mkdir(dir, 0755) == 0 && mkdir(spare, 0755) == 0 && mkdir(sub, 0755) == 0);
	CHECK_OK(file_write(AT_FDCWD, file, "root", 4, 0644, FILE_NOSYNC, &e), e);
	if (ns_unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER, &e) < 0 ||
	    mnt_set_propagation("/", MS_REC | MS_PRIVATE, &e) < 0)
		SKIP(e.msg);
	CHECK_OK(rk_copyup(dir, spare, &e), e);
	CHECK(lstat(file, &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(stat(file, &st) == 0 && st.st_size == 4);
	CHECK(stat(sub, &st) == 0 && S_ISDIR(st.st_mode));
	CHECK_OK(file_write(AT_FDCWD, fresh, "x", 1, 0644, FILE_NOSYNC, &e), e);
	CHECK(unlink(file) == 0);
	CHECK(umount2(dir, MNT_DETACH) == 0);
	CHECK(path_exists(file) && !path_exists(fresh));
}

TEST(no_directory_no_copy)
{
	struct err e;

	CHECK_EQ(rk_copyup("/proc/self/status", "/tmp", &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(rk_copyup("/", "/tmp", &e), -1);
	CHECK_EQ(rk_copyup("/nonexistent", "/tmp", &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}
