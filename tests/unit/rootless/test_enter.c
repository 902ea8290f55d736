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
#include "ns/join.h"
#include "rootless/enter.h"
#include "tests/unit/harness.h"

static void put(const char *name, const char *text)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), name);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
}

static void put_number(const char *name, unsigned long long n)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", n);
	put(name, text);
}

TEST(the_first_variable_that_is_set)
{
	CLEANUP(freep) char *a = NULL, *b = NULL, *c = NULL, *d = NULL;

	setenv("HOME", "/home/u", 1);
	unsetenv("ROOTLESSKIT_STATE_DIR");
	unsetenv("DOCKERD_ROOTLESS_ROOTLESSKIT_STATE_DIR");
	unsetenv("XDG_RUNTIME_DIR");
	a = rk_dir_find();
	CHECK_STR(a, "/home/u/.docker/run/dockerd-rootless");
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	b = rk_dir_find();
	CHECK_STR(b, "/run/user/7/dockerd-rootless");
	setenv("DOCKERD_ROOTLESS_ROOTLESSKIT_STATE_DIR", "/d", 1);
	c = rk_dir_find();
	CHECK_STR(c, "/d");
	setenv("ROOTLESSKIT_STATE_DIR", "/r", 1);
	d = rk_dir_find();
	CHECK_STR(d, "/r");
}

TEST(only_a_living_child)
{
	pid_t pid = 0, gone = fork();
	struct stat st;
	struct err e;

	if (gone == 0)
		_exit(0);
	waitpid(gone, NULL, 0);
	CHECK_EQ(rk_dir_child(harness_tmpdir(), &pid, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	put("child_pid", "no number");
	CHECK_EQ(rk_dir_child(harness_tmpdir(), &pid, &e), -1);
	put_number("child_pid", (unsigned long long)gone);
	CHECK_EQ(rk_dir_child(harness_tmpdir(), &pid, &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	put("child_pid", "1\n\n");
	CHECK_EQ(rk_dir_child(harness_tmpdir(), &pid, &e), -1);
	put_number("child_pid", (unsigned long long)getpid());
	CHECK_OK(rk_dir_child(harness_tmpdir(), &pid, &e), e);
	CHECK_EQ(pid, getpid());
	/* the number was given to a process of another user namespace since */
	CHECK_EQ(stat("/proc/self/ns/user", &st), 0);
	put_number("userns", st.st_ino + 1);
	CHECK_EQ(rk_dir_child(harness_tmpdir(), &pid, &e), -1);
	put_number("userns", st.st_ino);
	CHECK_OK(rk_dir_child(harness_tmpdir(), &pid, &e), e);
}

/* A process in namespaces of its own, as rootlesskit's child is; ends with its parent's pipe. */
static pid_t start_child(int *ret_hold_fd)
{
	struct ns_clone spec = NS_CLONE_INIT;
	int hold[2];
	struct err e;
	char end;
	pid_t pid;

	CHECK_EQ(pipe(hold), 0);
	spec.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET;
	pid = ns_fork(&spec, &e);
	if (pid == 0) {
		close(hold[1]);
		_exit((int)read(hold[0], &end, 1));
	}
	close(hold[0]);
	if (pid < 0)
		SKIP("no user namespaces");
	*ret_hold_fd = hold[1];
	return pid;
}

TEST(all_three_namespaces_are_joined)
{
	int hold_fd, status;
	pid_t child = start_child(&hold_fd), pid;
	struct err e;

	put_number("child_pid", (unsigned long long)child);
	pid = fork();
	if (pid == 0) {
		char here[512] = "";

		if (chdir(harness_tmpdir()) < 0 || rk_enter(harness_tmpdir(), &e) < 0)
			_exit(1);
		_exit(ns_same(child, NS_USER) == 1 && ns_same(child, NS_MNT) == 1 &&
				      ns_same(child, NS_NET) == 1 &&
				      getcwd(here, sizeof(here)) != NULL
			      ? 7
			      : 2);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	CHECK_EQ(WEXITSTATUS(status), 7);
	close(hold_fd);
	waitpid(child, NULL, 0);
}

TEST(exit_codes_of_a_shell)
{
	char *const missing[] = {"/nonexistent/command", NULL};
	char *const directory[] = {"/", NULL};
	int hold_fd, code, status;
	pid_t child = start_child(&hold_fd), pid;
	struct err e;

	CHECK_EQ(rk_enter_exec(harness_tmpdir(), missing, &code, &e), -1);
	CHECK_EQ(code, 1);
	put_number("child_pid", (unsigned long long)child);
	pid = fork();
	if (pid == 0) {
		char *const ok[] = {"sh", "-c", "exit 9", NULL};
		int first, second;

		(void)!rk_enter_exec(harness_tmpdir(), missing, &first, &e);
		(void)!rk_enter_exec(harness_tmpdir(), directory, &second, &e);
		if (first == 127 && second == 126)
			(void)!rk_enter_exec(harness_tmpdir(), ok, &first, &e);
		_exit(1);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 9);
	close(hold_fd);
	waitpid(child, NULL, 0);
}
