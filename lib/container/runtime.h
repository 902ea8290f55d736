// SPDX-License-Identifier: MIT
/*
 * The OCI runtime proper: making a container's init and further processes.
 * For single-threaded processes only (the shim). The dialogue with a child:
 *
 *	RUNTIME_MAPS     child: "I am in the new user namespace"; parent writes the id maps, GO
 *	RUNTIME_CONSOLE  child: the terminal's master, by SCM_RIGHTS
 *	RUNTIME_READY    child: all is set up; waits for GO
 *	RUNTIME_FAILED   child: struct err and exit code; it has ended
 *	end of file      the program runs (the socket is close-on-exec)
 *
 * The parent's end of file makes a waiting child end.
 */
#ifndef CONTAINER_RUNTIME_H
#define CONTAINER_RUNTIME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "container/config.h"
#include "oci/spec.h"

enum runtime_msg_type {
	RUNTIME_MAPS = 1,
	RUNTIME_CONSOLE,
	RUNTIME_READY,
	RUNTIME_FAILED,
	RUNTIME_GO,
};

struct runtime_msg {
	uint32_t type;
	int32_t exit_code;
	struct err err;
};

#define RUNTIME_EXIT_NOT_FOUND 126 + 1
#define RUNTIME_EXIT_NOT_EXEC  126
#define RUNTIME_EXIT_OTHER     128

/* A child on its way to its program. */
struct runtime_child {
	pid_t pid; /* in our pid namespace */
	int pidfd; /* -1 before Linux 5.3 */
	int sync_fd;
	bool user_ns; /* waits for its maps */
};

#define RUNTIME_CHILD_INIT                            \
	{                                             \
		.pid = -1, .pidfd = -1, .sync_fd = -1 \
	}

/** runtime_child_clear() - closes the descriptors; the process is left alone */
void runtime_child_clear(struct runtime_child *c);

struct runtime_create {
	const char *bundle;
	const struct container_config *config;
	const struct oci_spec *spec;
	int stdio[3]; /* the child's; not used with a terminal */
};

/** runtime_create() - clones the init with its namespaces; it sets the container up meanwhile */
int runtime_create(const struct runtime_create *a, struct runtime_child *ret,
		   struct err *e) WARN_UNUSED;

struct runtime_exec {
	const char *bundle;
	const struct container_config *config;
	const struct oci_process *process;
	pid_t init_pid;
	int init_pidfd;
	bool user_ns;		  /* the container has its own */
	const char *seccomp_json; /* the specification's own profile as JSON text; NULL: none */
	int stdio[3];
};

/** runtime_exec() - clones a process that joins the container */
int runtime_exec(const struct runtime_exec *a, struct runtime_child *ret,
		 struct err *e) WARN_UNUSED;

/**
 * runtime_wait_ready() - carries the dialogue up to RUNTIME_READY
 * @c:             child
 * @spec:          for id maps; NULL when the child has no new user namespace
 * @ret_master_fd: terminal's master, the caller's; untouched without one
 * @ret_exit_code: on failure
 * @e:             the child's own error
 */
int runtime_wait_ready(struct runtime_child *c, const struct oci_spec *spec, int *ret_master_fd,
		       int *ret_exit_code, struct err *e) WARN_UNUSED;
/** runtime_go() - lets the program start; returns when it runs or has failed */
int runtime_go(struct runtime_child *c, int *ret_exit_code, struct err *e) WARN_UNUSED;

#endif
