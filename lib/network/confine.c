// SPDX-License-Identifier: MIT
/*
 * What the netns-helper takes from itself before the first call. In this order:
 *
 *  1. capabilities: four are kept, in the permitted and effective sets only:
 *     NET_ADMIN (links, routes, sysctls, transparent sockets), NET_RAW (the
 *     watch for SYNs), SYS_ADMIN (setns(2) into containers' namespaces, pins),
 *     NET_BIND_SERVICE (clients' ports below 1024); the bounding set is emptied
 *  2. new privileges, for ever
 *  3. system calls: an allow-list by seccomp(2); no exec, no new process, no
 *     namespace but a network one to enter, no mount but a bind mount
 *
 * Its client may ask for any of its operations anyway; what this guards against
 * is that a defect in them becomes root of the user namespace.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "network/server_internal.h"
#include "sandbox/allow.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

#define KEPT                                                                          \
	(1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW | 1ULL << CAP_NET_BIND_SERVICE | \
	 1ULL << CAP_SYS_ADMIN)

/* The loop, messages, sockets for others, sysctls, pins, memory, logging, an orderly end. */
static const char *const allowed[] = {
	"accept4",	"bind",		  "brk",	  "clock_gettime", "clock_gettime64",
	"close",	"epoll_ctl",	  "epoll_pwait",  "epoll_wait",	   "exit",
	"exit_group",	"fcntl",	  "fcntl64",	  "fstat",	   "fstat64",
	"fstatfs",	"fstatfs64",	  "futex",	  "getdents64",	   "geteuid",
	"geteuid32",	"getpid",	  "getrandom",	  "getsockname",   "getsockopt",
	"gettid",	"gettimeofday",	  "getuid",	  "getuid32",	   "ioctl",
	"listen",	"lseek",	  "_llseek",	  "madvise",	   "mkdir",
	"mkdirat",	"mmap",		  "mmap2",	  "mremap",	   "munmap",
	"newfstatat",	"fstatat64",	  "open",	  "openat",	   "read",
	"readv",	"recv",		  "recvfrom",	  "recvmsg",	   "restart_syscall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",   "send",
	"sendmsg",	"sendto",	  "setsockopt",	  "shutdown",	   "sigreturn",
	"socketpair",	"stat",		  "stat64",	  "statx",	   "tgkill",
	"time",		"tkill",	  "umount2",	  "uname",	   "unlink",
	"unlinkat",	"write",	  "writev",
};

static const struct sandbox_allow_arg with_argument[] = {
	{"mount", {.index = 3, .op = SANDBOX_CMP_EQ, .value = MS_BIND}},
	{"mprotect", {.index = 2, .op = SANDBOX_CMP_LT, .value = 4 /* PROT_EXEC */}},
	{"setns", {.index = 1, .op = SANDBOX_CMP_EQ, .value = CLONE_NEWNET}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET6}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_NETLINK}},
	/* for ioctl(2) on interfaces */
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_UNIX}},
};

int netns_confine(struct err *e)
{
	static const struct sandbox_allow calls = {allowed, ARRAY_LEN(allowed), with_argument,
						   ARRAY_LEN(with_argument)};
	struct caps_sets have, keep = {0};

	/* one for each container, and those in flight */
	sandbox_nofile_max();
	if (caps_get(&have, e) < 0)
		return -1;
	keep.effective = keep.permitted = have.permitted & KEPT;
	if (caps_drop_bounding(0, e) < 0 || caps_set(&keep, e) < 0)
		return -1;
	if (sandbox_no_new_privs(e) < 0)
		return -1;
	if (sandbox_allow_only(&calls, e) < 0)
		return err_wrap(e, "seccomp");
	return 0;
}
