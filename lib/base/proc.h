// SPDX-License-Identifier: MIT
/*
 * Child processes of a threaded process: posix_spawn(3) only. Descriptors are
 * close-on-exec by default and are handed over by number. Waiting is by pidfd
 * where the kernel has them (5.3), else by waitpid.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

struct proc_fd {
	int fd;	      /* ours */
	int child_fd; /* its number in the child */
};

struct proc_spec {
	const char *path;	 /* program with a slash, or searched in PATH; NULL: this binary
				    (/proc/self/exe) */
	const char *const *argv; /* NULL-terminated; for this binary argv[0] is the applet's name */
	char *const *envp;	 /* NULL: our environment */
	const char *cwd;	 /* NULL: ours */
	const struct proc_fd *fds; /* 0, 1 and 2 not named here: 0 is /dev/null, 1 and 2 are ours */
	size_t n_fds;
	bool new_session; /* setsid(2) */
};

/** proc_spawn() - starts a child with default signal dispositions and an empty signal mask; pid or
 * -1 */
pid_t proc_spawn(const struct proc_spec *spec, struct err *e) WARN_UNUSED;
/** proc_wait() - waits for a child and reaps it; timeout_ms < 0 for ever; ERR_TIMEOUT leaves it
 * running. *ret_code is the exit code, or 128 + signal */
int proc_wait(pid_t pid, int timeout_ms, int *ret_code, struct err *e) WARN_UNUSED;
/** proc_exit_code() - a wait status as a shell's number: exit code, or 128 + signal */
int proc_exit_code(int wait_status);
/** proc_run() - spawns, waits at most timeout_ms (then SIGKILL, ERR_TIMEOUT); non-zero exit is
 * ERR_SYSTEM with the last line of stderr. out (may be NULL) gets stdout, at most 1 MiB */
int proc_run(const struct proc_spec *spec, int timeout_ms, struct buf *out,
	     struct err *e) WARN_UNUSED;
/** proc_run_applet() - proc_run() of an applet of this binary by argv */
int proc_run_applet(const char *const *argv, int timeout_ms, struct err *e) WARN_UNUSED;
/** proc_pidfd_open() - pidfd_open(2); -1 with ENOSYS before Linux 5.3 */
int proc_pidfd_open(pid_t pid);
/** proc_pidfd_kill() - pidfd_send_signal(2) */
int proc_pidfd_kill(int pidfd, int sig);
/** proc_start_time() - field 22 of /proc/PID/stat (clock ticks since boot); 0 when there is no such
 * process. With the pid it names a process beyond reuse. */
unsigned long long proc_start_time(pid_t pid);
/** proc_self_exe() - this binary's path for a later exec: "/proc/self/exe" */
const char *proc_self_exe(void);

#endif
