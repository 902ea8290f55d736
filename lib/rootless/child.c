// SPDX-License-Identifier: MIT
/*
 * rootlesskit's child: uid 0 of the new user namespace. It prepares mounts and
 * N, runs the command, keeps the netns-helper alive, and ends with the command.
 *
 * Life:  MAPPED -> mounts, N -> READY -> GO -> command … its end
 *
 * When the parent dies the kernel kills the child (PR_SET_PDEATHSIG; the end of
 * file on the sync socket covers the moment before that is set), and by the same
 * means the command and the helper die with the child.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "ns/clone.h"
#include "rootless/activation.h"
#include "rootless/signals.h"
#include "rootless/sync_internal.h"

#define RESTART_DELAY_MIN_MS 100
#define RESTART_DELAY_MAX_MS 10000
#define RESTART_CALM_MS	     60000 /* who ran this long starts again with the shortest delay */

struct child {
	const struct rk_child_args *a;
	struct rk_netns netns;
	pid_t command;	       /* 0: not running */
	int64_t command_at_ms; /* when to start it again; 0: not planned */
	int64_t started_ms;
	int delay_ms;
	bool stopping; /* asked to end: a death by signal is no crash */
	bool done;
	int code;
};

static void complain(const struct err *e)
{
	fprintf(stderr, "[rootlesskit:child ] error: %s\n", e->msg);
}

/* "[sh -c true]", as Go prints a slice */
static void command_text(const struct child *c, struct buf *b)
{
	buf_addch(b, '[');
	for (char *const *arg = c->a->conf->command; *arg != NULL; arg++)
		buf_addf(b, "%s%s", arg == c->a->conf->command ? "" : " ", *arg);
	buf_addch(b, ']');
}

/* In the command's process; never returns. errno goes through the pipe when exec fails. */
static void command_exec(const struct child *c, pid_t child, int report_fd)
{
	char *const *argv = c->a->conf->command;
	char number[16];
	int saved;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != child) /* it died before the line above */
		_exit(255);
	setenv("ROOTLESSKIT_STATE_DIR", c->a->state->dir, 1);
	snprintf(number, sizeof(number), "%u", (unsigned)c->a->parent_euid);
	setenv("ROOTLESSKIT_PARENT_EUID", number, 1);
	snprintf(number, sizeof(number), "%u", (unsigned)c->a->parent_egid);
	setenv("ROOTLESSKIT_PARENT_EGID", number, 1);
	rk_activation_pass(c->a->activation);
	rk_signals_restore();
	execvp(argv[0], argv);
	saved = errno;
	(void)!write(report_fd, &saved, sizeof(saved));
	_exit(127);
}

static int command_start(struct child *c, struct err *e)
{
	const char *name = c->a->conf->command[0];
	struct ns_clone spec = NS_CLONE_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	int report[2], sys = 0;
	pid_t child = getpid(), pid;

	if (fd_pipe(report, e) < 0)
		return -1;
	pid = ns_fork(&spec, e);
	if (pid == 0)
		command_exec(c, child, report[1]);
	close(report[1]);
	if (pid > 0)
		(void)fd_read(report[0], &sys, sizeof(sys));
	close(report[0]);
	if (pid < 0)
		return -1;
	if (sys == 0) {
		c->command = pid;
		c->started_ms = time_mono_ms();
		return 0;
	}
	(void)waitpid(pid, NULL, 0);
	command_text(c, &text);
	/* EACCES: a directory of PATH that may not be searched */
	if ((sys == ENOENT || sys == EACCES) && strchr(name, '/') == NULL)
		return err_set(e, ERR_NOTFOUND, sys,
			       "command %s exited: exec: \"%s\": executable file not found in "
			       "$PATH",
			       buf_str(&text), name);
	return err_set(e, ERR_NOTFOUND, sys, "command %s exited: fork/exec %s: %s", buf_str(&text),
		       name, strerror(sys));
}

static int next_delay(int delay_ms, int64_t started_ms)
{
	if (delay_ms == 0 || time_mono_ms() - started_ms > RESTART_CALM_MS)
		return RESTART_DELAY_MIN_MS;
	return MIN(delay_ms * 2, RESTART_DELAY_MAX_MS);
}

static void command_ended(struct child *c, int status)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	c->command = 0;
	if (WIFSIGNALED(status) && c->a->conf->service && !c->stopping) {
		c->delay_ms = next_delay(c->delay_ms, c->started_ms);
		c->command_at_ms = time_mono_ms() + c->delay_ms;
		log_error(NULL, "dockerd crashed (signal: %s), starting it again in %d ms",
			  rk_signal_text(WTERMSIG(status)), c->delay_ms);
		return;
	}
	c->done = true;
	c->code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	if (c->code == 0 || c->a->conf->quiet)
		return;
	command_text(c, &text);
	if (WIFEXITED(status))
		fprintf(stderr, "[rootlesskit:child ] error: command %s exited: exit status %d\n",
			buf_str(&text), c->code);
	else
		fprintf(stderr, "[rootlesskit:child ] error: command %s exited: signal: %s\n",
			buf_str(&text), rk_signal_text(WTERMSIG(status)));
}

/* Reaps whatever ended: the command, the helper, and as pid 1 everybody's orphans. */
static void reap(struct child *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == c->command) {
			command_ended(c, status);
		} else if (pid == c->netns.helper) {
			c->netns.helper = 0;
			c->netns.delay_ms = next_delay(c->netns.delay_ms, c->netns.started_ms);
			c->netns.retry_at_ms = time_mono_ms() + c->netns.delay_ms;
			log_warn(NULL, "netns-helper ended, starting it again");
		}
	}
}

static void on_signal(struct child *c)
{
	bool shared;
	int sig;

	while ((sig = rk_signals_next(c->a->signal_fd, &shared)) != 0) {
		if (sig == SIGCHLD) {
			reap(c);
			continue;
		}
		c->stopping |= rk_signals_ends(sig);
		if (c->command > 0 && !shared)
			(void)kill(c->command, sig);
		else if (c->command == 0 && c->stopping)
			c->done = true;
	}
}

/* Starts again what is due; milliseconds until the next is, -1 when nothing is planned. */
static int restart_due(struct child *c)
{
	int64_t now = time_mono_ms(), next = -1;
	struct err e;

	if (c->command_at_ms != 0 && c->command_at_ms <= now) {
		c->command_at_ms = 0;
		if (command_start(c, &e) < 0) {
			complain(&e);
			c->done = true;
			c->code = 1;
		}
	}
	if (c->netns.retry_at_ms != 0 && c->netns.retry_at_ms <= now) {
		c->netns.retry_at_ms = 0;
		if (rk_netns_restart(&c->netns, c->a, &e) < 0) {
			log_error(&e, "netns-helper");
			c->netns.delay_ms = next_delay(c->netns.delay_ms, c->netns.started_ms);
			c->netns.retry_at_ms = now + c->netns.delay_ms;
		}
	}
	if (c->command_at_ms != 0)
		next = c->command_at_ms - now;
	if (c->netns.retry_at_ms != 0 && (next < 0 || c->netns.retry_at_ms - now < next))
		next = c->netns.retry_at_ms - now;
	return (int)next;
}

static void supervise(struct child *c)
{
	struct pollfd fds[] = {
		{.fd = c->a->signal_fd, .events = POLLIN},
		{.fd = c->a->sync_fd, .events = POLLIN},
	};

	while (!c->done) {
		int timeout = restart_due(c);

		if (c->done || (poll(fds, ARRAY_LEN(fds), timeout) < 0 && errno != EINTR))
			break;
		if (fds[0].revents != 0)
			on_signal(c);
		if (fds[1].revents != 0 && !c->done) {
			/* the parent is gone, and the state directory with it */
			if (c->command > 0)
				(void)kill(c->command, SIGKILL);
			_exit(255);
		}
	}
}

/* Everything before the command. */
static int prepare(struct child *c, struct err *e)
{
	const struct rk_child_args *a = c->a;

	if (rk_sync_recv(a->sync_fd, RK_SYNC_MAPPED, e) < 0)
		return -1;
	/* the maps made us root of the namespace; this clears what the kernel remembers of before
	 */
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root of the user namespace");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "PR_SET_PDEATHSIG");
	if (rk_conf_has_netns(a->conf) && !a->conf->detach_netns && ns_unshare(CLONE_NEWNET, e) < 0)
		return -1;
	if (a->conf->cgroupns && ns_unshare(CLONE_NEWCGROUP, e) < 0)
		return -1;
	if (rk_child_mounts(a, e) < 0)
		return -1;
	if (rk_conf_has_netns(a->conf) && rk_netns_start(&c->netns, a, e) < 0)
		return -1;
	if (rk_sync_send(a->sync_fd, RK_SYNC_READY, e) < 0 ||
	    rk_sync_recv(a->sync_fd, RK_SYNC_GO, e) < 0)
		return -1;
	if (rk_conf_has_netns(a->conf) && !a->conf->detach_netns &&
	    a->conf->net_kind != RK_NET_NONE)
		return rk_child_resolv(a, e);
	return 0;
}

int rk_child_main(const struct rk_child_args *a)
{
	struct child c = {.a = a, .netns = {.listen_fd = -1, .netns_fd = -1}};
	struct err e;

	if (prepare(&c, &e) < 0) {
		if (e.kind != ERR_CANCELLED) /* the parent has said why */
			complain(&e);
		return 1;
	}
	if (command_start(&c, &e) < 0) {
		complain(&e);
		return 1;
	}
	supervise(&c);
	if (c.netns.helper > 0) {
		(void)kill(c.netns.helper, SIGKILL);
		(void)waitpid(c.netns.helper, NULL, 0);
	}
	return c.code;
}
