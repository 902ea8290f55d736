// SPDX-License-Identifier: MIT
/*
 * The state directory (RootlessKit's docs/internal.md): lock, child_pid,
 * api.sock, netns, and our userns, netns-helper.sock. One rootlesskit owns it by
 * a lock that the kernel drops when it dies; the next one clears what it left.
 */
#ifndef ROOTLESS_STATE_H
#define ROOTLESS_STATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define RK_FILE_LOCK	  "lock"
#define RK_FILE_CHILD_PID "child_pid"
#define RK_FILE_API	  "api.sock"
#define RK_FILE_NETNS	  "netns"
#define RK_FILE_USERNS	  "userns"    /* inode of the user namespace, for what a crash left */
#define RK_FILE_DATA_ROOT "data-root" /* path, noted by dockerd for nsinspect */

struct rk_state {
	char *dir; /* absolute */
	int lock_fd;
	bool made; /* by us, so removed with its contents at the end */
};

#define RK_STATE_INIT         \
	{                     \
		.lock_fd = -1 \
	}

/**
 * rk_state_open() - make or take over a state directory
 * @s:    filled
 * @path: directory, made with its parents when absent; NULL: a fresh one below $TMPDIR or /tmp
 * @e:    ERR_CONFLICT when another rootlesskit holds it
 *
 * Removes the known files of a dead owner and ends processes still living in its user namespace
 * (see rk_state_sweep()).
 */
int rk_state_open(struct rk_state *s, const char *path, struct err *e) WARN_UNUSED;

/** rk_state_path() - "DIR/NAME" on the heap */
char *rk_state_path(const struct rk_state *s, const char *name);

/** rk_state_set_child() - writes child_pid (readable for all) and userns */
int rk_state_set_child(const struct rk_state *s, pid_t pid, struct err *e) WARN_UNUSED;

/**
 * rk_state_sweep() - kill (SIGKILL) every process in the user namespace recorded in the directory
 *
 * An inode number may have been given to another namespace since, so nothing is touched unless one
 * of its processes has our directory in its environment (ROOTLESSKIT_STATE_DIR).
 *
 * Return: how many were killed.
 */
int rk_state_sweep(const struct rk_state *s);

/** rk_state_close() - removes the files, the directory when we made it, and drops the lock */
void rk_state_close(struct rk_state *s);

#endif
