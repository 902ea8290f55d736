// SPDX-License-Identifier: MIT
/*
 * What usernet takes from itself before the first packet. In this order:
 *
 *  1. all capabilities, should it have been started with any
 *  2. core dumps and ptrace by others (they would show keys of connections)
 *  3. the descriptor limit raised to the hard one
 *  4. new privileges, for ever
 *  5. the file system: landlock(7), only the directories where resolv.conf and
 *     what it links to lie may be read; kernels before 5.13 have only step 6
 *  6. system calls: an allow-list by seccomp(2); files open for reading only,
 *     no exec, no new process, no namespace
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"
#include "sandbox/seccomp.h"
#include "usernet/usernet_internal.h"

#define CAP_NET_BIND_SERVICE (1ULL << 10)
#define LANDLOCK_FS_ALL	     ((1ULL << 13) - 1) /* every access right of the first ABI */

static void allow_directory(int ruleset, const char *path)
{
	struct landlock_path_beneath_attr a = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
								 LANDLOCK_ACCESS_FS_READ_DIR};

	a.parent_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a.parent_fd < 0)
		return;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0)
		log_debug(NULL, "landlock: %s: %s", path, strerror(errno));
	close(a.parent_fd);
}

static void allow_directory_of(int ruleset, const char *file)
{
	CLEANUP(freep) char *dir = xstrdup(file);
	char *slash = strrchr(dir, '/');

	if (slash == NULL || slash == dir)
		return;
	*slash = '\0';
	allow_directory(ruleset, dir);
}

static void confine_files(const char *resolv_conf)
{
	/* where resolvers of today keep what /etc/resolv.conf links to */
	static const char *const dirs[] = {"/run/systemd/resolve", "/run/resolvconf",
					   "/run/NetworkManager", "/run/connman"};
	struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_FS_ALL};
	CLEANUP(freep) char *real = realpath(resolv_conf, NULL);
	CLEANUP(fd_closep) int ruleset = -1;

	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0) {
		log_debug(NULL, "no landlock: %s", strerror(errno));
		return;
	}
	allow_directory_of(ruleset, resolv_conf);
	if (real != NULL)
		allow_directory_of(ruleset, real);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		allow_directory(ruleset, dirs[i]);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		log_debug(NULL, "landlock: %s", strerror(errno));
}

/* Everything the loop, its sockets, memory and logging need; nothing else. */
static const char *const allowed[] = {
	"accept4",
	"bind",
	"brk",
	"clock_gettime",
	"clock_gettime64",
	"close",
	"connect",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"exit",
	"exit_group",
	"fcntl",
	"fcntl64",
	"fstat",
	"fstat64",
	"statx",
	"newfstatat",
	"fstatat64",
	"stat",
	"stat64",
	"getpid",
	"gettid",
	"getpeername",
	"getrandom",
	"getsockname",
	"getsockopt",
	"gettimeofday",
	"listen", /* ports published at slirp4netns' API socket */
	"lseek",
	"_llseek",
	"madvise",
	"mmap",
	"mmap2",
	"mremap",
	"munmap",
	"pipe2",
	"ppoll",
	"ppoll_time64",
	"poll",
	"read",
	"readv",
	"recvfrom",
	"recvmsg",
	"recvmmsg", /* datagrams of the host, many at a time */
	"recvmmsg_time64",
	"recv",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigreturn",
	"sendmsg",
	"sendto",
	"send",
	"setsockopt",
	"shutdown",
	"splice",
	"tgkill",
	"write",
	"writev",
	"epoll_pwait2",
	"time",
	"clock_nanosleep",
	"futex",
	"sched_yield",
};

static void add_names(struct sandbox_rule *r, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strv_add(&r->names, names[i]);
	r->action = SANDBOX_ACT_ALLOW;
}

static void add_arg(struct sandbox_rule *r, unsigned index, enum sandbox_cmp op, uint64_t value,
		    uint64_t value_two)
{
	r->args = xrealloc(r->args, (r->n_args + 1) * sizeof(*r->args));
	r->args[r->n_args++] = (struct sandbox_arg){
		.index = index, .op = op, .value = value, .value_two = value_two};
}

static int confine_calls(struct err *e)
{
	static const char *const open_names[] = {"openat"}, *const open_old[] = {"open"};
	static const char *const sock_names[] = {"socket"}, *const ioctl_names[] = {"ioctl"};
	static const char *const prot_names[] = {"mprotect"}, *const pair_names[] = {"socketpair"};
	CLEANUP(sandbox_filter_clear) struct sandbox_filter filter = {0};
	CLEANUP(sandbox_rules_clear)
	struct sandbox_rules rules = {.default_action = SANDBOX_ACT_ERRNO | EPERM};
	uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;

	rules.rules = xcalloc(10, sizeof(*rules.rules));
	rules.n_rules = 10;
	add_names(&rules.rules[0], allowed, ARRAY_LEN(allowed));
	add_names(&rules.rules[1], open_names, 1);
	add_arg(&rules.rules[1], 2, SANDBOX_CMP_MASKED_EQ, writing, O_RDONLY);
	add_names(&rules.rules[2], open_old, 1);
	add_arg(&rules.rules[2], 1, SANDBOX_CMP_MASKED_EQ, writing, O_RDONLY);
	add_names(&rules.rules[3], sock_names, 1);
	add_arg(&rules.rules[3], 0, SANDBOX_CMP_EQ, AF_INET, 0);
	add_names(&rules.rules[4], sock_names, 1);
	add_arg(&rules.rules[4], 0, SANDBOX_CMP_EQ, AF_INET6, 0);
	add_names(&rules.rules[5], ioctl_names, 1);
	/* musl passes requests as int: sign-extended */
	add_arg(&rules.rules[5], 1, SANDBOX_CMP_MASKED_EQ, 0xffffffffU, TUNGETIFF);
	add_names(&rules.rules[6], prot_names, 1);
	add_arg(&rules.rules[6], 2, SANDBOX_CMP_LT, 4 /* PROT_EXEC */, 0);
	/* a TCP client of the nameserver's address on the tun: one end for it, one for dns_stream.c
	 */
	add_names(&rules.rules[7], pair_names, 1);
	add_arg(&rules.rules[7], 0, SANDBOX_CMP_EQ, AF_UNIX, 0);
	/* a nameserver with a scope, fe80::1%eth0 */
	add_names(&rules.rules[8], ioctl_names, 1);
	add_arg(&rules.rules[8], 1, SANDBOX_CMP_MASKED_EQ, 0xffffffffU, SIOCGIFINDEX);
	/* the host's addresses, when it has no route to the world */
	add_names(&rules.rules[9], ioctl_names, 1);
	add_arg(&rules.rules[9], 1, SANDBOX_CMP_MASKED_EQ, 0xffffffffU, SIOCGIFCONF);
	if (sandbox_filter_compile(&rules, &filter, e) < 0)
		return -1;
	return sandbox_filter_install(&filter, e);
}

static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int usernet_confine(const char *resolv_conf, bool keep_bind, struct err *e)
{
	struct caps_sets have, keep = {0};

	if (caps_get(&have, e) < 0)
		return -1;
	if (keep_bind)
		keep.effective = keep.permitted = have.permitted & CAP_NET_BIND_SERVICE;
	if (caps_set(&keep, e) < 0)
		return -1;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	raise_descriptors();
	if (sandbox_no_new_privs(e) < 0)
		return -1;
	confine_files(resolv_conf);
	if (confine_calls(e) < 0)
		return err_wrap(e, "seccomp");
	return 0;
}
