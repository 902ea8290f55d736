// SPDX-License-Identifier: MIT
/*
 * Unit test harness, after the kernel's kselftest_harness.h: the parent forks
 * one child a test, gives it its own process group and waits on a pidfd; the
 * exit code says passed (0), failed or skipped (77). TAP on stdout.
 */
#include "tests/unit/harness.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { EXIT_SKIP = 77 };

static struct harness_test *first, **last = &first;

void harness_register(struct harness_test *t)
{
	*last = t;
	last = &t->next;
}

void harness_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# %s:%d: ", file, line);
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	fflush(stdout);
	_exit(1);
}

void harness_skip(const char *reason)
{
	printf("# skipped: %s\n", reason);
	fflush(stdout);
	_exit(EXIT_SKIP);
}

void harness_check_eq(const char *file, int line, const char *expr, long long a, long long b)
{
	if (a != b)
		harness_fail(file, line, "%s: %lld (%#llx) and %lld (%#llx)", expr, a, a, b, b);
}

void harness_check_str(const char *file, int line, const char *expr, const char *a, const char *b)
{
	if (a == b || (a && b && !strcmp(a, b)))
		return;
	harness_fail(file, line, "%s: \"%s\" and \"%s\"", expr, a ? a : "(null)", b ? b : "(null)");
}

void harness_check_mem(const char *file, int line, const char *expr, const void *a, const void *b,
		       unsigned long len)
{
	const unsigned char *x = a, *y = b;

	for (unsigned long i = 0; i < len; i++)
		if (x[i] != y[i])
			harness_fail(file, line, "%s: byte %lu is %02x and %02x", expr, i, x[i],
				     y[i]);
}

/* Named after the test's process, so that the parent finds it to remove it. */
static void tmpdir_path(char *path, size_t size, pid_t pid)
{
	const char *base = getenv("TMPDIR");

	snprintf(path, size, "%s/thimble-test.%d", base ? base : "/tmp", (int)pid);
}

const char *harness_tmpdir(void)
{
	static char path[256];

	if (path[0])
		return path;
	tmpdir_path(path, sizeof(path), getpid());
	if (mkdir(path, 0700) < 0)
		harness_fail(__FILE__, __LINE__, "mkdir %s: %s", path, strerror(errno));
	return path;
}

/* nftw(3) callback: depth first, stops at nothing. */
static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	remove(path);
	return 0;
}

static void remove_tmpdir(pid_t pid)
{
	char path[256];

	tmpdir_path(path, sizeof(path), pid);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int wait_child(pid_t pid, unsigned timeout_ms, int *ret_status)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int expired = fd >= 0 && poll(&p, 1, (int)timeout_ms) == 0;

	if (expired)
		kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL); /* whatever the test left running */
	if (fd >= 0)
		close(fd);
	return expired;
}

static void run_child(const struct harness_test *t)
{
	setpgid(0, 0);
	t->run();
	fflush(NULL);
	exit(0); /* not _exit: LeakSanitizer looks at exit */
}

/* Return: 0 passed, 1 failed, 2 skipped. */
static int run_test(const struct harness_test *t, int number)
{
	int status = 0, expired;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_child(t);
	if (pid < 0) {
		printf("not ok %d - %s # fork: %s\n", number, t->name, strerror(errno));
		return 1;
	}
	setpgid(pid, pid);
	expired = wait_child(pid, t->timeout_ms, &status);
	remove_tmpdir(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
		printf("ok %d - %s # SKIP\n", number, t->name);
		return 2;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		printf("ok %d - %s\n", number, t->name);
		return 0;
	}
	if (expired)
		printf("not ok %d - %s # no end after %u ms\n", number, t->name, t->timeout_ms);
	else if (WIFSIGNALED(status))
		printf("not ok %d - %s # signal %d\n", number, t->name, WTERMSIG(status));
	else
		printf("not ok %d - %s\n", number, t->name);
	return 1;
}

int main(int argc, char **argv)
{
	int count[3] = {0}, number = 0;

	for (const struct harness_test *t = first; t; t = t->next)
		if (argc < 2 || strstr(t->name, argv[1]))
			count[run_test(t, ++number)]++;
	printf("1..%d\n", number);
	return count[1] ? 1 : 0;
}
