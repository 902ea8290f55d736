// SPDX-License-Identifier: MIT
/* A sealed process runs from a read-only mount, and so does what it starts. */
#include "container/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

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

/* As on a kernel before 5.12. */
static void forbid_mount_setattr(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(7);
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
			forbid_mount_setattr();
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
