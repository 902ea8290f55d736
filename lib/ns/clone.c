// SPDX-License-Identifier: MIT
/*
 * clone3(2), clone(2), unshare(2) and why they may be refused.
 */
#include "ns/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define CLONE_INTO_CGROUP_FLAG 0x200000000ULL /* linux/sched.h, 5.7 */

/* struct clone_args of linux/sched.h, version 2 (5.7) */
struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
		set_tid_size, cgroup;
};

#define CLONE3_SIZE_VER1 80 /* without cgroup */

static int sysctl_is(const char *path, const char *value)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, path, 64, &text, &ignored) < 0)
		return 0;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	return text.len > 0 && strcmp(text.data, value) == 0;
}

const char *ns_explain(void)
{
	if (sysctl_is("/proc/sys/user/max_user_namespaces", "0"))
		return "user.max_user_namespaces is 0: run \"sysctl -w "
		       "user.max_user_namespaces=28633\" as root";
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		return "kernel.unprivileged_userns_clone is 0: run \"sysctl -w "
		       "kernel.unprivileged_userns_clone=1\" as root";
	if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
		return "AppArmor restricts unprivileged user namespaces "
		       "(kernel.apparmor_restrict_unprivileged_userns=1): install an AppArmor "
		       "profile with the rule \"userns,\" for this program";
	return "";
}

static int explain(struct err *e, int saved, const char *what)
{
	const char *why = saved == EPERM || saved == ENOSPC || saved == EACCES ? ns_explain() : "";

	return err_set(
		e, saved == EPERM || saved == ENOSPC || saved == EACCES ? ERR_DENIED : ERR_SYSTEM,
		saved, "%s: %s%s%s", what, strerror(saved), *why != '\0' ? ": " : "", why);
}

static long clone_old(uint64_t flags, int *pidfd)
{
#if defined(__s390__)
	return syscall(SYS_clone, 0UL, (unsigned long)flags, pidfd, NULL, 0UL);
#else
	/* the other architectures differ only in the arguments after the third */
	return syscall(SYS_clone, (unsigned long)flags, 0UL, pidfd, NULL, 0UL);
#endif
}

/* clone(2) has no room for cgroup and time namespace; pidfds came with 5.2. */
static long fork_old(const struct ns_clone *c, uint64_t flags, int *pidfd)
{
	uint64_t signal = flags & CLONE_PARENT ? 0 : SIGCHLD;
	long pid;

	if (c->cgroup_fd >= 0 || flags & CLONE_NEWTIME) {
		errno = ENOSYS;
		return -1;
	}
	pid = clone_old(flags | signal, pidfd);
	if (pid < 0 && errno == EINVAL && flags & CLONE_PIDFD)
		pid = clone_old((flags & ~(uint64_t)CLONE_PIDFD) | signal, NULL);
	return pid;
}

pid_t ns_fork(const struct ns_clone *c, struct err *e)
{
	struct clone3_args args = {.flags = c->flags};
	int pidfd = -1;
	long pid;

	if (c->ret_pidfd != NULL) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (!(args.flags & CLONE_PARENT))
		args.exit_signal = SIGCHLD;
	if (c->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP_FLAG;
		args.cgroup = (uint64_t)c->cgroup_fd;
	}
	pid = syscall(SYS_clone3, &args, c->cgroup_fd >= 0 ? sizeof(args) : CLONE3_SIZE_VER1);
	/* E2BIG and EINVAL: a kernel before 5.7; EPERM: seccomp filters of old container engines */
	if (pid < 0 && (errno == ENOSYS || errno == E2BIG ||
			((errno == EPERM || errno == EINVAL) && c->cgroup_fd < 0)))
		pid = fork_old(c, args.flags & ~CLONE_INTO_CGROUP_FLAG, &pidfd);
	if (pid < 0 && errno == ENOSYS)
		return err_set(e, ERR_UNAVAILABLE, ENOSYS, "the kernel has no clone3");
	if (pid < 0)
		return explain(e, errno, "clone");
	if (pid > 0 && c->ret_pidfd != NULL)
		*c->ret_pidfd = pidfd;
	return (pid_t)pid;
}

int ns_unshare(uint64_t flags, struct err *e)
{
	if (unshare((int)flags) < 0)
		return explain(e, errno, "unshare");
	return 0;
}
