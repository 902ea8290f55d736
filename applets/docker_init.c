// SPDX-License-Identifier: MIT
/*
 * docker-init: the first process of a container started with --init. Starts the
 * command in a process group of its own that owns the terminal, passes signals
 * on, reaps every orphan, and ends as the command ends (tini's behaviour and
 * options; prctl(2) PR_SET_CHILD_SUBREAPER, credentials(7)).
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/mem.h"
#include "base/opt.h"

struct conf {
	bool subreaper;
	bool group;
	bool warn;
	bool version;
};

static const struct opt opts[] = {
	{'s', "subreaper", OPT_FLAG, offsetof(struct conf, subreaper), NULL,
	 "adopt orphans although it is not process 1", NULL},
	{'g', "group", OPT_FLAG, offsetof(struct conf, group), NULL,
	 "send signals to the command's whole process group", NULL},
	{'w', "warn", OPT_FLAG, offsetof(struct conf, warn), NULL, "say when an orphan is reaped",
	 NULL},
	{'v', "version", OPT_FLAG, offsetof(struct conf, version), NULL, "print the version", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "docker-init [OPTIONS] [--] COMMAND [ARGUMENTS...]",
	.about = "Run a command as process 1 should: pass signals on, reap orphans, end with it.",
	.opts = opts,
};

/* Everything but what tells of our own faults and the terminal's job control of ourselves. */
static void fill(sigset_t *set)
{
	static const int kept[] = {SIGFPE,  SIGILL, SIGSEGV, SIGBUS, SIGABRT,
				   SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};

	sigfillset(set);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		sigdelset(set, kept[i]);
}

/* In the command's process; never returns. */
static void command_exec(char **argv, const sigset_t *old)
{
	int code;

	(void)setpgid(0, 0);
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	(void)signal(SIGTTOU, SIG_DFL);
	(void)signal(SIGTTIN, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, old, NULL);
	execvp(argv[0], argv);
	code = errno == ENOENT ? 127 : 126;
	fprintf(stderr, "docker-init: exec %s: %s\n", argv[0], strerror(errno));
	_exit(code);
}

/* Reaps all that ended; true with *ret_code when the command was among them. */
static bool reap(pid_t command, bool warn, int *ret_code)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != command) {
			if (warn)
				fprintf(stderr, "docker-init: reaped orphan process %d\n",
					(int)pid);
			continue;
		}
		ended = true;
		*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return ended;
}

static int supervise(const struct conf *c, pid_t command, const sigset_t *set)
{
	siginfo_t info;
	int code = 1;

	for (;;) {
		int sig = sigwaitinfo(set, &info);

		if (sig == SIGCHLD) {
			if (reap(command, c->warn, &code))
				return code;
		} else if (sig > 0) {
			(void)kill(c->group ? -command : command, sig);
		}
	}
}

static int run(const struct conf *c, char **argv)
{
	sigset_t set, old;
	pid_t pid;

	if (c->subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		fprintf(stderr, "docker-init: PR_SET_CHILD_SUBREAPER: %s\n", strerror(errno));
		return 1;
	}
	fill(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	/* the command takes the terminal; that must not stop us */
	(void)signal(SIGTTOU, SIG_IGN);
	(void)signal(SIGTTIN, SIG_IGN);
	pid = fork();
	if (pid < 0) {
		fprintf(stderr, "docker-init: fork: %s\n", strerror(errno));
		return 1;
	}
	if (pid == 0)
		command_exec(argv, &old);
	return supervise(c, pid, &set);
}

int docker_init_main(int argc, char **argv);

int docker_init_main(int argc, char **argv)
{
	struct conf c = {0};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, OPT_STOP_AT_OPERAND)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, OPT_STOP_AT_OPERAND, &e);
	if (first < 0) {
		fprintf(stderr, "docker-init: %s\n", e.msg);
		return 1;
	}
	if (c.version) {
		puts("docker-init version 0.19.0 (thimble " THIMBLE_VERSION ")");
		return 0;
	}
	if (first == argc) {
		fputs("docker-init: no command is given\n", stderr);
		return 1;
	}
	return run(&c, argv + first);
}
