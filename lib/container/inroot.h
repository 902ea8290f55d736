// SPDX-License-Identifier: MIT
/* Opening and making mount targets inside a hostile root, always on descriptors. */
#ifndef CONTAINER_INROOT_H
#define CONTAINER_INROOT_H

#include <stdbool.h>

#include "base/err.h"

/**
 * inroot_open() - O_PATH descriptor of what a path inside the root names
 * @root_fd: the root; absolute symlinks and ".." stay inside
 * @path:    absolute inside the root
 * @e:       ERR_NOTFOUND when absent
 *
 * Return: descriptor or -1.
 */
int inroot_open(int root_fd, const char *path, struct err *e) WARN_UNUSED;
/** inroot_make() - as inroot_open(); what is missing is made: directories (0755), and at the end a
 * directory or an empty file. ERR_INVALID when it exists as the other kind */
int inroot_make(int root_fd, const char *path, bool directory, struct err *e) WARN_UNUSED;
/** inroot_make_parent() - the directory a path lies in, made when missing; *ret_name is the last
 * component, borrowed from path */
int inroot_make_parent(int root_fd, const char *path, const char **ret_name,
		       struct err *e) WARN_UNUSED;

/**
 * copyup_tree() - fill an empty directory with a copy of another one
 * @from_fd: directory (readable), of the image; hostile
 * @to_fd:   directory; nothing happens unless it is empty
 * @e:       filled on failure
 *
 * Owners, modes, times, symlinks, extended attributes; no device nodes, no sockets. The directory
 * itself gets the owner and mode too.
 */
int copyup_tree(int from_fd, int to_fd, struct err *e) WARN_UNUSED;

#endif
