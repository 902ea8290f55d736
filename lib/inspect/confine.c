// SPDX-License-Identifier: MIT
/*
 * What the SOCKS server takes from itself before it reads a client's first
 * byte: all capabilities, new privileges, every system call but those for
 * sockets, memory and the clock. No file can be opened, nothing executed; what
 * is left to a subverted server is what a container can do: connect from N.
 */
#include "inspect/confine.h"

#include <sys/socket.h>

#include "base/mem.h"
#include "sandbox/allow.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

static const char *const allowed[] = {
	"accept4",	  "brk",	  "clock_gettime", "clock_gettime64",
	"close",	  "connect",	  "exit",	   "exit_group",
	"fcntl",	  "fcntl64",	  "futex",	   "getpid",
	"getsockopt",	  "gettid",	  "gettimeofday",  "madvise",
	"mmap",		  "mmap2",	  "mremap",	   "munmap",
	"poll",		  "ppoll",	  "ppoll_time64",  "read",
	"recv",		  "recvfrom",	  "recvmsg",	   "restart_syscall",
	"rt_sigprocmask", "rt_sigreturn", "send",	   "sendmsg",
	"sendto",	  "setsockopt",	  "shutdown",	   "sigreturn",
	"tgkill",	  "tkill",	  "write",	   "writev",
};

static const struct sandbox_allow_arg with_argument[] = {
	{"mprotect", {.index = 2, .op = SANDBOX_CMP_LT, .value = 4 /* PROT_EXEC */}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET6}},
};

int socks_confine(struct err *e)
{
	static const struct sandbox_allow calls = {allowed, ARRAY_LEN(allowed), with_argument,
						   ARRAY_LEN(with_argument)};
	const struct caps_sets none = {0};

	if (caps_drop_bounding(0, e) < 0 || caps_set(&none, e) < 0)
		return -1;
	if (sandbox_no_new_privs(e) < 0 || sandbox_undumpable(e) < 0)
		return -1;
	if (sandbox_allow_only(&calls, e) < 0)
		return err_wrap(e, "seccomp");
	return 0;
}
