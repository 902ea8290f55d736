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
#include "sandbox/allow.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"
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

#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC)

static const struct sandbox_allow_arg with_argument[] = {
	{"openat",
	 {.index = 2, .op = SANDBOX_CMP_MASKED_EQ, .value = WRITING, .value_two = O_RDONLY}},
	{"open",
	 {.index = 1, .op = SANDBOX_CMP_MASKED_EQ, .value = WRITING, .value_two = O_RDONLY}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET}},
	{"socket", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_INET6}},
	/* a TCP client of the nameserver's address on the tun: one end for it, one for dns_stream.c
	 */
	{"socketpair", {.index = 0, .op = SANDBOX_CMP_EQ, .value = AF_UNIX}},
	{"mprotect", {.index = 2, .op = SANDBOX_CMP_LT, .value = 4 /* PROT_EXEC */}},
	/* musl passes requests as int: sign-extended */
	{"ioctl",
	 {.index = 1, .op = SANDBOX_CMP_MASKED_EQ, .value = 0xffffffffU, .value_two = TUNGETIFF}},
	/* a nameserver with a scope, fe80::1%eth0 */
	{"ioctl",
	 {.index = 1,
	  .op = SANDBOX_CMP_MASKED_EQ,
	  .value = 0xffffffffU,
	  .value_two = SIOCGIFINDEX}},
	/* the host's addresses, when it has no route to the world */
	{"ioctl",
	 {.index = 1, .op = SANDBOX_CMP_MASKED_EQ, .value = 0xffffffffU, .value_two = SIOCGIFCONF}},
};

int usernet_confine(const char *resolv_conf, bool keep_bind, struct err *e)
{
	static const struct sandbox_allow calls = {allowed, ARRAY_LEN(allowed), with_argument,
						   ARRAY_LEN(with_argument)};
	struct caps_sets have, keep = {0};

	if (caps_get(&have, e) < 0)
		return -1;
	if (keep_bind)
		keep.effective = keep.permitted = have.permitted & CAP_NET_BIND_SERVICE;
	if (caps_set(&keep, e) < 0)
		return -1;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	sandbox_nofile_max();
	if (sandbox_no_new_privs(e) < 0)
		return -1;
	confine_files(resolv_conf);
	if (sandbox_allow_only(&calls, e) < 0)
		return err_wrap(e, "seccomp");
	return 0;
}
