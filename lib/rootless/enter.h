// SPDX-License-Identifier: MIT
/*
 * The way into what a rootlesskit keeps, from outside: its state directory, its
 * child, and the child's namespaces. Single-threaded processes only (setns(2)).
 */
#ifndef ROOTLESS_ENTER_H
#define ROOTLESS_ENTER_H

#include <sys/types.h>

#include "base/err.h"

/**
 * rk_dir_find() - the state directory by the environment
 *
 * $ROOTLESSKIT_STATE_DIR, $DOCKERD_ROOTLESS_ROOTLESSKIT_STATE_DIR,
 * $XDG_RUNTIME_DIR/dockerd-rootless, ~/.docker/run/dockerd-rootless; the first whose variable is
 * set. Whether anything lives there is not looked at.
 *
 * Return: path on the heap.
 */
char *rk_dir_find(void);

/**
 * rk_dir_child() - the living child of a state directory
 * @dir:     state directory
 * @ret_pid: its pid, as our /proc names it
 * @e:       ERR_UNAVAILABLE when no rootlesskit runs there (a pid that by now is somebody else's is
 *           recognized by the user namespace)
 */
int rk_dir_child(const char *dir, pid_t *ret_pid, struct err *e) WARN_UNUSED;

/**
 * rk_dir_netns() - descriptor of N, the containers' network namespace
 * @dir:   state directory
 * @child: rk_dir_child(); its own network namespace is N when that is not detached
 * @e:     filled on failure
 *
 * Works from outside and inside alike. To join it takes the child's user namespace.
 *
 * Return: descriptor, the caller's, or -1.
 */
int rk_dir_netns(const char *dir, pid_t child, struct err *e) WARN_UNUSED;

/**
 * rk_enter() - join the child's user and mount namespaces and N
 * @dir: state directory; NULL: rk_dir_find()
 * @e:   ERR_UNAVAILABLE when no rootlesskit runs there
 *
 * Credentials stay: our uid is 0 in there. The working directory is the one of the same name, or /.
 * What we are in already is left alone, so this works from inside, too.
 */
int rk_enter(const char *dir, struct err *e) WARN_UNUSED;

/**
 * rk_enter_exec() - rk_enter(), then become a command
 * @dir:  state directory; NULL: rk_dir_find()
 * @argv: command, searched in PATH; NULL or empty: $SHELL, else /bin/sh
 * @e:    why not; sys is the errno of execvp when the command could not be run (a shell's exit
 *        code: 127 for ENOENT, else 126), 0 or another when the way in failed (1)
 * @ret_code: that exit code
 *
 * Return: only on failure, -1.
 */
int rk_enter_exec(const char *dir, char *const *argv, int *ret_code, struct err *e) WARN_UNUSED;

#endif
