// SPDX-License-Identifier: MIT
/*
 * Children by posix_spawn(3). Handing descriptors over by number needs care:
 * the wanted number may be in use by another descriptor of the list, so all
 * are first duplicated above every wanted number, and then put in place.
 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/time.h"

/* another one's applets: config/build.mk, VARIANT=tsan */
#ifndef PROC_SELF_EXE
#define PROC_SELF_EXE "/proc/self/exe"
#endif

#define PROC_FDS_MAX 16
#define PROC_OUT_MAX (1024 * 1024)

extern char **environ;

static int add_fds(posix_spawn_file_actions_t *fa, const struct proc_spec *spec, int *high,
		   struct err *e)
{
	int floor = 3;
	bool named[3] = {false};

	for (size_t i = 0; i < spec->n_fds; i++) {
		floor = MAX(floor, spec->fds[i].child_fd + 1);
		if (spec->fds[i].child_fd < 3)
			named[spec->fds[i].child_fd] = true;
	}
	for (size_t i = 0; i < spec->n_fds; i++) {
		high[i] = fcntl(spec->fds[i].fd, F_DUPFD_CLOEXEC, floor);
		if (high[i] < 0)
			return err_sys(e, "dup %d", spec->fds[i].fd);
	}
	if (!named[0])
		posix_spawn_file_actions_addopen(fa, 0, "/dev/null", O_RDONLY, 0);
	for (size_t i = 0; i < spec->n_fds; i++)
		posix_spawn_file_actions_adddup2(fa, high[i], spec->fds[i].child_fd);
	if (spec->cwd != NULL)
		posix_spawn_file_actions_addchdir_np(fa, spec->cwd);
	return 0;
}

static int set_attributes(posix_spawnattr_t *attr, const struct proc_spec *spec)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t set;

	sigemptyset(&set);
	posix_spawnattr_setsigmask(attr, &set);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(attr, &set);
	if (spec->new_session)
		flags |= POSIX_SPAWN_SETSID;
	return posix_spawnattr_setflags(attr, flags);
}

pid_t proc_spawn(const struct proc_spec *spec, struct err *e)
{
	const char *path = spec->path != NULL ? spec->path : proc_self_exe();
	char *const *envp = spec->envp != NULL ? spec->envp : environ;
	char *const *argv = (char *const *)(uintptr_t)spec->argv;
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int high[PROC_FDS_MAX];
	pid_t pid = -1;
	int r;

	if (spec->n_fds > PROC_FDS_MAX)
		return err_set(e, ERR_SYSTEM, 0, "spawn %s: too many descriptors", spec->argv[0]);
	for (size_t i = 0; i < PROC_FDS_MAX; i++)
		high[i] = -1;
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	set_attributes(&attr, spec);
	r = add_fds(&fa, spec, high, e);
	if (r == 0) {
		r = strchr(path, '/') != NULL ? posix_spawn(&pid, path, &fa, &attr, argv, envp)
					      : posix_spawnp(&pid, path, &fa, &attr, argv, envp);
		if (r != 0) {
			errno = r;
			err_sys(e, "exec: \"%s\"", path);
			pid = -1;
		}
	}
	for (size_t i = 0; i < spec->n_fds; i++)
		fd_close(&high[i]);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

int proc_exit_code(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

static int wait_pidfd(pid_t pid, int timeout_ms, struct err *e)
{
	CLEANUP(fd_closep) int fd = proc_pidfd_open(pid);
	int r;

	if (fd < 0) { /* before Linux 5.3 there is no wait with a deadline but by looking again */
		int64_t deadline = time_mono_ms() + timeout_ms;
		siginfo_t info;

		do {
			struct timespec nap = {.tv_nsec = 1000000};

			info.si_pid = 0;
			if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
			    info.si_pid == pid)
				return 0;
			nanosleep(&nap, NULL);
		} while (time_mono_ms() < deadline);
		return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "process %d still runs after %d ms", pid,
			       timeout_ms);
	}
	r = fd_wait(fd, POLLIN, timeout_ms);
	if (r < 0)
		return err_sys(e, "poll pidfd");
	if (r == 0)
		return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "process %d still runs after %d ms", pid,
			       timeout_ms);
	return 0;
}

int proc_wait(pid_t pid, int timeout_ms, int *ret_code, struct err *e)
{
	int status;
	pid_t r;

	if (timeout_ms >= 0 && wait_pidfd(pid, timeout_ms, e) < 0)
		return -1;
	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "wait for process %d", pid);
	*ret_code = proc_exit_code(status);
	return 0;
}

/* reads one ready end of the child's pipes; closes it at end of file */
static void drain(int *fd, struct buf *b)
{
	ssize_t n = fd_read(*fd, buf_reserve(b, 4096), 4096);

	if (n <= 0) {
		fd_close(fd);
		return;
	}
	if (b->len < PROC_OUT_MAX) {
		b->len += (size_t)n;
		b->data[b->len] = '\0';
	}
}

/* collects both outputs until both ends are closed; ERR_TIMEOUT at the deadline */
static int collect(int *out_fd, int *err_fd, int timeout_ms, struct buf *out, struct buf *text,
		   struct err *e)
{
	int64_t deadline = time_mono_ms() + timeout_ms;

	while (*out_fd >= 0 || *err_fd >= 0) {
		struct pollfd p[2] = {{.fd = *out_fd, .events = POLLIN},
				      {.fd = *err_fd, .events = POLLIN}};
		int64_t left = deadline - time_mono_ms();

		if (timeout_ms >= 0 && left <= 0)
			return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "still runs after %d ms",
				       timeout_ms);
		if (poll(p, 2, timeout_ms < 0 ? -1 : (int)left) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (*out_fd >= 0 && p[0].revents != 0)
			drain(out_fd, out);
		if (*err_fd >= 0 && p[1].revents != 0)
			drain(err_fd, text);
	}
	return 0;
}

static const char *last_line(struct buf *text)
{
	const char *newline;

	while (text->len > 0 && text->data[text->len - 1] == '\n')
		text->data[--text->len] = '\0';
	newline = strrchr(buf_str(text), '\n');
	return newline != NULL ? newline + 1 : buf_str(text);
}

int proc_run(const struct proc_spec *spec, int timeout_ms, struct buf *out, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(buf_clear) struct buf unwanted = BUF_INIT;
	int out_pipe[2], err_pipe[2], code = 0, r;
	struct proc_fd fds[PROC_FDS_MAX];
	struct proc_spec with_pipes = *spec;
	pid_t pid;

	if (spec->n_fds + 2 > PROC_FDS_MAX)
		return err_set(e, ERR_SYSTEM, 0, "run %s: too many descriptors", spec->argv[0]);
	if (fd_pipe(out_pipe, e) < 0)
		return -1;
	if (fd_pipe(err_pipe, e) < 0) {
		close(out_pipe[0]);
		close(out_pipe[1]);
		return -1;
	}
	if (spec->n_fds > 0)
		memcpy(fds, spec->fds, spec->n_fds * sizeof(*fds));
	fds[spec->n_fds] = (struct proc_fd){.fd = out_pipe[1], .child_fd = 1};
	fds[spec->n_fds + 1] = (struct proc_fd){.fd = err_pipe[1], .child_fd = 2};
	with_pipes.fds = fds;
	with_pipes.n_fds = spec->n_fds + 2;
	pid = proc_spawn(&with_pipes, e);
	close(out_pipe[1]);
	close(err_pipe[1]);
	r = pid < 0 ? -1
		    : collect(&out_pipe[0], &err_pipe[0], timeout_ms, out != NULL ? out : &unwanted,
			      &text, e);
	if (pid > 0) {
		struct err ignored;

		if (r < 0)
			kill(pid, SIGKILL);
		if (proc_wait(pid, -1, &code, r < 0 ? &ignored : e) < 0)
			r = -1;
	}
	fd_close(&out_pipe[0]);
	fd_close(&err_pipe[0]);
	if (r < 0)
		return err_wrap(e, "%s", spec->argv[0]);
	if (code != 0)
		return err_set(e, ERR_SYSTEM, 0, "%s: exit status %d: %s", spec->argv[0], code,
			       last_line(&text));
	return 0;
}

int proc_run_applet(const char *const *argv, int timeout_ms, struct err *e)
{
	struct proc_spec spec = {.argv = argv};

	return proc_run(&spec, timeout_ms, NULL, e);
}

int proc_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int proc_pidfd_kill(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0);
}

unsigned long long proc_start_time(pid_t pid)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	unsigned long long start = 0;
	struct err ignored;
	char path[32];
	char *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(AT_FDCWD, path, 4096, &text, &ignored) < 0)
		return 0;
	p = strrchr(buf_str(&text), ')'); /* the name in parentheses may hold anything */
	if (p == NULL)
		return 0;
	for (int field = 2; field < 22 && p != NULL; field++)
		p = strchr(p + 1, ' ');
	if (p != NULL)
		start = strtoull(p + 1, NULL, 10);
	return start;
}

const char *proc_self_exe(void)
{
	return PROC_SELF_EXE;
}
