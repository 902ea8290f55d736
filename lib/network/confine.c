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
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "network/server_internal.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"
#include "sandbox/seccomp.h"

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

/* Calls that are allowed with one value of one argument only. */
static const struct {
	const char *name;
	unsigned arg;
	enum sandbox_cmp cmp;
	uint64_t value;
} with_argument[] = {
	{"mount", 3, SANDBOX_CMP_EQ, MS_BIND},
	{"mprotect", 2, SANDBOX_CMP_LT, 4 /* PROT_EXEC */},
	{"setns", 1, SANDBOX_CMP_EQ, CLONE_NEWNET},
	{"socket", 0, SANDBOX_CMP_EQ, AF_INET},
	{"socket", 0, SANDBOX_CMP_EQ, AF_INET6},
	{"socket", 0, SANDBOX_CMP_EQ, AF_NETLINK},
	{"socket", 0, SANDBOX_CMP_EQ, AF_UNIX}, /* for ioctl(2) on interfaces */
};

static int confine_calls(struct err *e)
{
	CLEANUP(sandbox_filter_clear) struct sandbox_filter filter = {0};
	CLEANUP(sandbox_rules_clear)
	struct sandbox_rules rules = {.default_action = SANDBOX_ACT_ERRNO | EPERM};

	rules.n_rules = 1 + ARRAY_LEN(with_argument);
	rules.rules = xcalloc(rules.n_rules, sizeof(*rules.rules));
	for (size_t i = 0; i < rules.n_rules; i++)
		rules.rules[i].action = SANDBOX_ACT_ALLOW;
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		strv_add(&rules.rules[0].names, allowed[i]);
	for (size_t i = 0; i < ARRAY_LEN(with_argument); i++) {
		struct sandbox_rule *r = &rules.rules[i + 1];

		strv_add(&r->names, with_argument[i].name);
		r->n_args = 1;
		r->args = xcalloc(1, sizeof(*r->args));
		r->args[0] = (struct sandbox_arg){.index = with_argument[i].arg,
						  .op = with_argument[i].cmp,
						  .value = with_argument[i].value};
	}
	if (sandbox_filter_compile(&rules, &filter, e) < 0)
		return -1;
	return sandbox_filter_install(&filter, e);
}

/* One for each container, and those in flight. */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int netns_confine(struct err *e)
{
	struct caps_sets have, keep = {0};

	raise_descriptors();
	if (caps_get(&have, e) < 0)
		return -1;
	keep.effective = keep.permitted = have.permitted & KEPT;
	if (caps_drop_bounding(0, e) < 0 || caps_set(&keep, e) < 0)
		return -1;
	if (sandbox_no_new_privs(e) < 0)
		return -1;
	if (confine_calls(e) < 0)
		return err_wrap(e, "seccomp");
	return 0;
}
