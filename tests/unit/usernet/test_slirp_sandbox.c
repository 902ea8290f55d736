// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "sandbox/caps.h"
#include "tests/unit/harness.h"
#include "usernet/slirp.h"

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? write(fd, text, strlen(text)) : -1;

	if (fd >= 0)
		close(fd);
	return n > 0 ? 0 : -1;
}

/* Root of a user namespace, so that the test needs no real one. */
static bool become_root(void)
{
	CLEANUP(freep) char *uid = xasprintf("0 %u 1", geteuid());
	CLEANUP(freep) char *gid = xasprintf("0 %u 1", getegid());

	return unshare(CLONE_NEWUSER) == 0 && put("/proc/self/setgroups", "deny") == 0 &&
	       put("/proc/self/uid_map", uid) == 0 && put("/proc/self/gid_map", gid) == 0;
}

/* What is wrong with the process after slirp_sandbox(); 0: nothing. */
static int look(void)
{
	struct slirp_target t = {0};
	struct caps_sets have;
	struct err e;

	if (slirp_sandbox(&t, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	if (access("/etc/passwd", R_OK) < 0 || access("/run", X_OK) < 0)
		return 2;
	if (access("/usr", F_OK) == 0 || access("/tmp", F_OK) == 0)
		return 3;
	if (open("/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0 ||
	    open("/etc/x", O_CREAT | O_WRONLY | O_CLOEXEC, 0600) >= 0)
		return 4;
	if (caps_get(&have, &e) < 0 || have.effective != 1U << 10 || have.bounding != 1U << 10)
		return 5;
	return 0;
}

TEST(only_etc_and_run_are_left)
{
	int status;
	pid_t pid = fork();

	/* no leak check may run in there: it wants /proc */
	if (pid == 0)
		_exit(become_root() ? look() : 77);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("user namespaces are not to be had");
	CHECK_EQ(status, 0);
}
