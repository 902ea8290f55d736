// SPDX-License-Identifier: MIT
/* A sealed process runs from a read-only mount, and so does what it starts. */
#include "container/seal.h"

#include <errno.h>
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
	if (container_seal(again, &e) < 0 || getenv("THIMBLE_EXE") == NULL)
		_exit(2);
	execv("/proc/self/exe", child);
	_exit(4);
}

TEST(seal_makes_the_binary_read_only)
{
	char *argv[] = {(char *)"sealed", NULL};
	int status;
	struct err e;
	pid_t pid;

	(void)box_enter();
	pid = fork();
	if (pid == 0) {
		if (container_seal(argv, &e) < 0)
			_exit(e.sys == ENOSYS ? 42 : 5);
		_exit(42); /* a binary on a read-only file system */
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_MSG(WEXITSTATUS(status) == 42, "exit %d", WEXITSTATUS(status));
}
