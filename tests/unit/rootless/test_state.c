// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "ns/clone.h"
#include "rootless/state.h"
#include "tests/unit/harness.h"

TEST(made_locked_and_removed)
{
	CLEANUP(freep) char *dir = path_join(harness_tmpdir(), "a/b");
	struct rk_state s, second;
	struct err e;

	CHECK_OK(rk_state_open(&s, dir, &e), e);
	CHECK_STR(s.dir, dir);
	CHECK_EQ(rk_state_open(&second, dir, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, "another RootlessKit") != NULL);
	CHECK_OK(rk_state_set_child(&s, getpid(), &e), e);
	rk_state_close(&s);
	CHECK(!path_exists(dir));
}

TEST(only_known_files_are_removed)
{
	const char *dir = harness_tmpdir();
	CLEANUP(freep) char *mine = path_join(dir, "precious");
	CLEANUP(freep) char *stale = path_join(dir, "api.sock");
	struct rk_state s;
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, mine, "x", 1, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(file_write(AT_FDCWD, stale, "x", 1, 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(rk_state_open(&s, dir, &e), e);
	CHECK(path_exists(mine));
	CHECK(!path_exists(stale));
	rk_state_close(&s);
	CHECK(path_exists(mine));
}

TEST(a_temporary_one)
{
	struct rk_state s;
	struct err e;

	setenv("TMPDIR", harness_tmpdir(), 1);
	CHECK_OK(rk_state_open(&s, NULL, &e), e);
	CHECK(strncmp(s.dir, harness_tmpdir(), strlen(harness_tmpdir())) == 0);
	rk_state_close(&s);
}

/* A process in a user namespace of its own, with the directory in its environment or not. */
static pid_t straggler(const char *state_dir, int *ret_hold)
{
	struct ns_clone c = {.flags = CLONE_NEWUSER, .cgroup_fd = -1};
	int hold[2], ready[2];
	struct err e;
	char byte;
	pid_t pid;

	CHECK_OK(fd_pipe(hold, &e), e);
	CHECK_OK(fd_pipe(ready, &e), e);
	pid = ns_fork(&c, &e);
	if (pid < 0)
		SKIP(e.msg);
	if (pid == 0) {
		CLEANUP(freep) char *var = xasprintf("ROOTLESSKIT_STATE_DIR=%s", state_dir);
		char *envp[] = {var, NULL};
		char *argv[] = {"sleep", "60", NULL};

		(void)fcntl(ready[1], F_SETFD, FD_CLOEXEC);
		execve("/bin/sleep", argv, envp);
		_exit(1);
	}
	close(ready[1]);
	(void)!read(ready[0], &byte, 1); /* end of file: it has become sleep */
	*ret_hold = hold[1];
	return pid;
}

TEST(stragglers_of_a_dead_owner_are_killed)
{
	const char *dir = harness_tmpdir();
	struct rk_state s;
	int hold, status = 0;
	struct err e;
	pid_t pid;

	CHECK_OK(rk_state_open(&s, dir, &e), e);
	pid = straggler("/another/directory", &hold);
	CHECK_OK(rk_state_set_child(&s, pid, &e), e);
	CHECK_EQ(rk_state_sweep(&s), 0); /* not ours */
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	(void)kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	pid = straggler(s.dir, &hold);
	CHECK_OK(rk_state_set_child(&s, pid, &e), e);
	CHECK_EQ(rk_state_sweep(&s), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
	rk_state_close(&s);
}
