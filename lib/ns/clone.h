// SPDX-License-Identifier: MIT
/*
 * A fork into new namespaces: clone3(2), and clone(2) where the kernel
 * (before 5.3) or a seccomp filter has no clone3.
 */
#ifndef NS_CLONE_H
#define NS_CLONE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct ns_clone {
	uint64_t flags; /* CLONE_NEW*, CLONE_PARENT; no CLONE_VM or the like */
	int cgroup_fd;	/* directory of a cgroup v2 the child starts in (CLONE_INTO_CGROUP, 5.7);
			   -1 none. Without kernel support ERR_UNAVAILABLE with sys ENOSYS: the
			   caller then moves the child itself */
	int *ret_pidfd; /* NULL, or set to a pidfd of the child (-1 where there are none) */
};

#define NS_CLONE_INIT           \
	{                       \
		.cgroup_fd = -1 \
	}

/**
 * ns_fork() - fork into new namespaces
 * @c: what is new
 * @e: ERR_DENIED when the kernel forbids user namespaces: the sentence names the sysctl or
 *     AppArmor restriction found
 *
 * Single-threaded processes only (threads and namespace changes never meet). libc's atfork handlers
 * do not run. The child must not use raise() or abort() messages (musl keeps the old thread id):
 * use kill(getpid()). stdio buffers are duplicated as with fork(): flush before.
 *
 * Return: 0 in the child, its pid in the parent, -1 failure.
 */
pid_t ns_fork(const struct ns_clone *c, struct err *e) WARN_UNUSED;

/** ns_unshare() - unshare(2) with the same explanations as ns_fork() */
int ns_unshare(uint64_t flags, struct err *e) WARN_UNUSED;

/**
 * ns_explain() - why this host refuses unprivileged user namespaces
 *
 * Looks at user.max_user_namespaces, kernel.unprivileged_userns_clone and
 * kernel.apparmor_restrict_unprivileged_userns.
 *
 * Return: a static sentence, "" when nothing is known.
 */
const char *ns_explain(void);

#endif
