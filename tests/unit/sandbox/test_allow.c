// SPDX-License-Identifier: MIT
/* A list of allowed system calls, put on oneself. */
#include "sandbox/allow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sandbox/process.h"
#include "tests/unit/harness.h"

/* what the harness and a sanitizer need to end the test in order */
static const char *const names[] = {
	"read",		  "write",	  "writev",	 "close",	"exit",	    "exit_group",
	"mmap",		  "munmap",	  "mremap",	 "madvise",	"brk",	    "futex",
	"rt_sigprocmask", "rt_sigaction", "sigaltstack", "getpid",	"gettid",   "tgkill",
	"prctl",	  "openat",	  "readlink",	 "sched_yield", "mprotect", "lseek",
	"fstat",	  "newfstatat",	  "ptrace",	 "clone",	"wait4",    "kill",
};
static const struct sandbox_allow_arg args[] = {
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_UNIX}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET}},
};

TEST(allow_only_what_is_listed)
{
	static const struct sandbox_allow list = {names, ARRAY_LEN(names), args, ARRAY_LEN(args)};
	struct err e;

	CHECK_OK(sandbox_no_new_privs(&e), e);
	CHECK_OK(sandbox_allow_only(&list, &e), e);
	CHECK(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	CHECK(socket(AF_INET, SOCK_STREAM, 0) >= 0);
	CHECK(socket(AF_INET6, SOCK_STREAM, 0) == -1 && errno == EPERM);
	CHECK(dup(0) == -1 && errno == EPERM);
	CHECK(unlink("/nowhere") == -1 && errno == EPERM);
}
