// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"

static struct proc_spec shell(const char *const *argv)
{
	return (struct proc_spec){.path = "sh", .argv = argv};
}

TEST(run_collects_standard_output)
{
	static const char *const argv[] = {"sh", "-c", "echo out", NULL};
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct proc_spec spec = shell(argv);
	struct err e;

	CHECK_OK(proc_run(&spec, 5000, &out, &e), e);
	CHECK_STR(buf_str(&out), "out\n");
}

TEST(run_reports_the_last_line_of_standard_error)
{
	static const char *const argv[] = {"sh", "-c", "echo first >&2; echo why >&2; exit 3",
					   NULL};
	struct proc_spec spec = shell(argv);
	struct err e;

	CHECK_EQ(proc_run(&spec, 5000, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_SYSTEM);
	CHECK_MSG(strstr(e.msg, "why") != NULL, "%s", e.msg);
}

TEST(run_ends_what_takes_too_long)
{
	static const char *const argv[] = {"sh", "-c", "exec sleep 30", NULL};
	struct proc_spec spec = shell(argv);
	struct err e;

	CHECK_EQ(proc_run(&spec, 50, NULL, &e), -1);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
}

TEST(spawn_hands_descriptors_over_by_number)
{
	static const char *const argv[] = {"sh", "-c", "echo seven >&7; pwd >&7", NULL};
	char *env[] = {"PATH=/bin:/usr/bin", NULL};
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct proc_spec spec = shell(argv);
	struct err e;
	int fds[2], code = -1;
	pid_t pid;

	CHECK_OK(fd_pipe(fds, &e), e);
	spec.fds = &(struct proc_fd){.fd = fds[1], .child_fd = 7};
	spec.n_fds = 1;
	spec.envp = env;
	spec.cwd = "/usr";
	pid = proc_spawn(&spec, &e);
	CHECK_OK(pid, e);
	fd_close(&fds[1]);
	CHECK_OK(fd_read_all(fds[0], 100, &out, &e), e);
	CHECK_STR(buf_str(&out), "seven\n/usr\n");
	CHECK_OK(proc_wait(pid, 5000, &code, &e), e);
	CHECK_EQ(code, 0);
	fd_close(&fds[0]);
}

TEST(wait_leaves_a_running_child_alone)
{
	static const char *const argv[] = {"sh", "-c", "exec sleep 30", NULL};
	struct proc_spec spec = shell(argv);
	struct err e;
	int code = -1, pidfd;
	pid_t pid = proc_spawn(&spec, &e);

	CHECK_OK(pid, e);
	CHECK(proc_start_time(pid) > 0);
	CHECK_EQ(proc_wait(pid, 20, &code, &e), -1);
	CHECK_EQ(e.kind, ERR_TIMEOUT);
	pidfd = proc_pidfd_open(pid);
	CHECK(pidfd >= 0 ? proc_pidfd_kill(pidfd, SIGTERM) == 0 : kill(pid, SIGTERM) == 0);
	CHECK_OK(proc_wait(pid, 5000, &code, &e), e);
	CHECK_EQ(code, 128 + SIGTERM);
	if (pidfd >= 0)
		close(pidfd);
	CHECK(proc_start_time(pid) == 0);
}

TEST(a_missing_program_is_an_error)
{
	static const char *const argv[] = {"x", NULL};
	struct proc_spec spec = {.path = "/does/not/exist", .argv = argv};
	struct err e;

	CHECK_EQ(proc_spawn(&spec, &e), -1);
}
