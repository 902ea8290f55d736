// SPDX-License-Identifier: MIT
/* signalfd(2); which signals are passed on follows RootlessKit's sigproxy. */
#include "rootless/signals.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

static const int passed_on[] = {SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM,
				SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

static void fill(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(passed_on); i++)
		sigaddset(set, passed_on[i]);
}

int rk_signals_open(struct err *e)
{
	sigset_t set;
	int fd;

	fill(&set);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, "sigprocmask");
	/* a dead reader of ours is an error of write(2), not our end */
	(void)signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_sys(e, "signalfd");
	return fd;
}

void rk_signals_restore(void)
{
	sigset_t none;

	(void)signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int rk_signals_next(int fd, bool *ret_shared)
{
	struct signalfd_siginfo si;

	if (fd_read(fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return 0;
	*ret_shared = si.ssi_code == SI_KERNEL;
	return (int)si.ssi_signo;
}

bool rk_signals_ends(int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGQUIT;
}

const char *rk_signal_text(int sig)
{
	static const struct {
		int sig;
		const char *text;
	} table[] = {
		{SIGHUP, "hangup"},	 {SIGINT, "interrupt"},
		{SIGQUIT, "quit"},	 {SIGILL, "illegal instruction"},
		{SIGABRT, "aborted"},	 {SIGBUS, "bus error"},
		{SIGKILL, "killed"},	 {SIGSEGV, "segmentation fault"},
		{SIGTERM, "terminated"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].sig == sig)
			return table[i].text;
	}
	return strsignal(sig);
}
