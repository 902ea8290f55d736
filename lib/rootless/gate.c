// SPDX-License-Identifier: MIT
/*
 * Both halves of the gate: dockerd's, which is threaded, spawns it and waits
 * for it in a thread; and its own process, single-threaded, which joins N.
 */
#include "rootless/gate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/thread.h"
#include "ns/join.h"
#include "rootless/signals.h"
#include "rootless/state.h"

#define START_TIMEOUT_MS 5000
#define GATE_HOLD_FD	 3
#define STOP_TRIES	 500

/* --- dockerd's half --- */

static atomic_bool stopping, reaped;

/* Whoever kills the gate means dockerd. */
static void watch(void *arg)
{
	pid_t pid = (pid_t)(intptr_t)arg, r;
	int status;

	do
		r = waitpid(pid, &status, 0);
	while (r < 0 && errno == EINTR);
	atomic_store(&reaped, true);
	if (atomic_load(&stopping) || r != pid || !WIFSIGNALED(status))
		return;
	log_error(NULL, "killed: %s, through the pid in docker.pid",
		  rk_signal_text(WTERMSIG(status)));
	(void)kill(getpid(), SIGKILL);
}

/* N is another network namespace than ours */
static bool is_detached(const char *path)
{
	CLEANUP(fd_closep) int self_fd = -1;
	CLEANUP(fd_closep) int fd = -1;
	struct err ignored;

	fd = ns_open_path(path, NS_NET, &ignored);
	if (fd < 0)
		return false;
	self_fd = ns_open_pid(0, NS_NET, &ignored);
	return ns_same_fd(fd, self_fd) == 0;
}

static int spawn(struct rk_gate *g, const char *path, int hold_fd, struct err *e)
{
	const char *const argv[] = {RK_GATE_APPLET, "--netns", path, NULL};
	const struct proc_fd fds[] = {{.fd = hold_fd, .child_fd = GATE_HOLD_FD}};
	const struct proc_spec spec = {.argv = argv, .fds = fds, .n_fds = ARRAY_LEN(fds)};

	g->pid = proc_spawn(&spec, e);
	return g->pid < 0 ? -1 : 0;
}

int rk_gate_start(struct rk_gate *g, const char *state_dir, struct err *e)
{
	CLEANUP(freep) char *path = state_dir != NULL ? path_join(state_dir, RK_FILE_NETNS) : NULL;
	CLEANUP(fd_closep) int hold_fd = -1;
	int pair[2], r;
	char ready;

	if (path == NULL || !is_detached(path))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	hold_fd = pair[0];
	r = spawn(g, path, pair[1], e);
	fd_close(&pair[1]);
	if (r < 0)
		return -1;
	if (fd_wait(hold_fd, POLLIN, START_TIMEOUT_MS) <= 0 || fd_read(hold_fd, &ready, 1) != 1) {
		(void)kill(g->pid, SIGKILL);
		(void)waitpid(g->pid, NULL, 0);
		return err_set(e, ERR_UNAVAILABLE, 0, "%s did not start", RK_GATE_APPLET);
	}
	atomic_store(&stopping, false);
	atomic_store(&reaped, false);
	if (thread_start(watch, (void *)(intptr_t)g->pid, e) < 0)
		return -1;
	g->hold_fd = TAKE_FD(hold_fd);
	return 1;
}

void rk_gate_stop(struct rk_gate *g)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	if (g->hold_fd < 0)
		return;
	atomic_store(&stopping, true);
	fd_close(&g->hold_fd);
	/* the caller may exec: its next self knows of no child */
	for (int i = 0; i < STOP_TRIES && !atomic_load(&reaped); i++)
		(void)nanosleep(&nap, NULL);
}

/* --- the gate's own --- */

static void pass_on(int signal_fd, pid_t to)
{
	bool shared;
	int sig;

	while ((sig = rk_signals_next(signal_fd, &shared)) != 0) {
		/* a terminal gives its signals to both of us */
		if (sig != SIGCHLD && !shared && getppid() == to)
			(void)kill(to, sig);
	}
}

int rk_gate_run(const char *netns_path, int hold_fd, struct err *e)
{
	CLEANUP(fd_closep) int signal_fd = rk_signals_open(e);
	CLEANUP(fd_closep) int fd = -1;
	pid_t parent = getppid();
	struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN},
			       {.fd = hold_fd, .events = POLLIN}};

	if (signal_fd < 0)
		return -1;
	fd = ns_open_path(netns_path, NS_NET, e);
	if (fd < 0 || ns_join(fd, NS_NET, e) < 0)
		return -1;
	if (fd_write(hold_fd, "", 1) != 1)
		return err_sys(e, "tell that all is ready");
	for (;;) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (fds[1].revents != 0)
			return 0;
		pass_on(signal_fd, parent);
	}
}
