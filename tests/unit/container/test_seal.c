// SPDX-License-Identifier: MIT
/* A sealed process runs from a read-only mount, and so does what it starts. */
#include "container/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#include "tests/unit/container/box.h"

/* The second and third start of this binary, under other names. */
__attribute__((constructor)) static void be_sealed(void)
{
	CLEANUP(buf_clear) struct buf args = BUF_INIT;
	char *again[] = {(char *)"sealed", NULL};
	char *child[] = {(char *)"child", NULL};
	struct statvfs st;
	struct err e;

	if (file_read(AT_FDCWD, "/proc/self/cmdline", 65536, &args, &e) < 0)
		return;
	if (strcmp(buf_str(&args), "child") == 0)
		_exit(statvfs("/proc/self/exe", &st) == 0 && st.f_flag & ST_RDONLY ? 42 : 3);
	if (strcmp(buf_str(&args), "sealed") != 0)
		return;
	if (container_seal(again, &e) < 0)
		_exit(2);
	if (getenv("THIMBLE_EXE") == NULL)
		_exit(5);
	execv("/proc/self/exe", child);
	_exit(4);
}

/* to where the box's root may open it by name, which a checkout in somebody's home need not be */
static void copy_this_binary(const char *path)
{
	CLEANUP(fd_closep) int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	CLEANUP(fd_closep) int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct err e;

	CHECK(in >= 0 && out >= 0);
	CHECK_OK(fd_copy(in, out, NULL, &e), e);
}

static void expect_sealed(bool old_kernel)
{
	char *argv[] = {(char *)"sealed", NULL};
	int status;
	pid_t pid;

	(void)box_enter();
	copy_this_binary("/tmp/binary");
	pid = fork();
	if (pid == 0) {
		if (old_kernel)
			box_without_mount_setattr();
		execv("/tmp/binary", argv);
		_exit(6);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_MSG(WEXITSTATUS(status) == 42, "exit %d", WEXITSTATUS(status));
}

TEST(seal_makes_the_binary_read_only)
{
	expect_sealed(false);
}

TEST(so_it_does_without_mount_setattr)
{
	expect_sealed(true);
}
