// SPDX-License-Identifier: MIT
/* Between the files of the runtime: what both kinds of child do before their program. */
#ifndef CONTAINER_RUNTIME_INTERNAL_H
#define CONTAINER_RUNTIME_INTERNAL_H

#include "container/runtime.h"
#include "container/user.h"
#include "ns/clone.h"
#include "sandbox/seccomp.h"

/* A child's way to its program. */
struct runtime_setup {
	const struct oci_process *process;
	int sync_fd;
	int exit_code; /* for a failure */
	int stdio[3];
	struct sandbox_filter filter;
	struct user_ids ids;
	uint64_t bounding; /* mask of the process's bounding set */
	bool is_exec;
};

/** runtime_send() - one message of the dialogue, with a descriptor when fd >= 0 */
int runtime_send(int sync_fd, enum runtime_msg_type type, int fd, struct err *e) WARN_UNUSED;
/** runtime_await() - waits for a message of this type from the parent; end of file ends us */
int runtime_await(int sync_fd, enum runtime_msg_type type, struct err *e) WARN_UNUSED;
/** runtime_fail() - reports an error and ends the child */
void runtime_fail(const struct runtime_setup *s, const struct err *e) __attribute__((noreturn));

/** runtime_load_filter() - the seccomp program for a process, while host paths are still there */
int runtime_load_filter(struct runtime_setup *s, const char *bundle,
			const struct container_config *config, const struct oci_seccomp *own,
			const char *own_json, struct err *e) WARN_UNUSED;
/** runtime_use_stdio() - puts stdio on 0, 1, 2 */
int runtime_use_stdio(const int stdio[3], struct err *e) WARN_UNUSED;
/** runtime_use_terminal() - makes a terminal's slave controlling, sized and stdio, owned by the
 * process's user */
int runtime_use_terminal(const struct runtime_setup *s, int slave_fd, struct err *e) WARN_UNUSED;
/** runtime_finish() - the last steps in order, then the program; returns on failure only */
int runtime_finish(struct runtime_setup *s, struct err *e) WARN_UNUSED;

/** runtime_fork() - forks as c says (c->ret_pidfd is set), into a group (may be NULL) and, with
 * pid_ns_fd >= 0, into that pid namespace; 0 in the child, which is the caller's own child */
pid_t runtime_fork(struct ns_clone *c, const char *cgroup_path, int pid_ns_fd,
		   struct err *e) WARN_UNUSED;

/** runtime_init() - the life of a container's init */
void runtime_init(const struct runtime_create *a, int sync_fd, bool new_user, unsigned joined)
	__attribute__((noreturn));

#endif
