// SPDX-License-Identifier: MIT
/* Signals by name: signal(7), and Docker's RTMIN+n. */
#include "base/signame.h"

#include <signal.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"

static const struct {
	const char *name;
	int number;
} signals[] = {
	{"HUP", SIGHUP},       {"INT", SIGINT},	  {"QUIT", SIGQUIT},   {"ILL", SIGILL},
	{"TRAP", SIGTRAP},     {"ABRT", SIGABRT}, {"BUS", SIGBUS},     {"FPE", SIGFPE},
	{"KILL", SIGKILL},     {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},   {"USR2", SIGUSR2},
	{"PIPE", SIGPIPE},     {"ALRM", SIGALRM}, {"TERM", SIGTERM},   {"CHLD", SIGCHLD},
	{"CONT", SIGCONT},     {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN},
	{"TTOU", SIGTTOU},     {"URG", SIGURG},	  {"XCPU", SIGXCPU},   {"XFSZ", SIGXFSZ},
	{"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"IO", SIGIO},
	{"PWR", SIGPWR},       {"SYS", SIGSYS},	  {"POLL", SIGIO},     {"STKFLT", SIGSTKFLT},
	{"CLD", SIGCHLD},      {"IOT", SIGABRT},
};

int signal_number(const char *text, int *ret, struct err *e)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	const char *rt = strncasecmp(name, "RTMIN+", 6) == 0 ? name + 6 : NULL;
	uint64_t n;

	if (str_u64(text, 64, &n) == 0 && n > 0) {
		*ret = (int)n;
		return 0;
	}
	if (text[strspn(text, "-0123456789")] == '\0' && !str_eq(text, "0"))
		return err_set(e, ERR_INVALID, 0, "the linux daemon does not support signal %s",
			       text);
	if (rt != NULL && str_u64(rt, 30, &n) == 0) {
		*ret = 34 + (int)n;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		if (strcasecmp(signals[i].name, name) == 0) {
			*ret = signals[i].number;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, 0, "invalid signal: %s", text);
}
