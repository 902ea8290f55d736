// SPDX-License-Identifier: MIT
/*
 * Paths. What is below a hostile tree is opened beneath a directory descriptor
 * with openat2(2) RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS; kernels before 5.6
 * get a component-by-component walk with O_NOFOLLOW instead.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/** path_join() - "a/b" on the heap with exactly one slash between */
char *path_join(const char *a, const char *b);
/** path_base() - what follows the last slash; borrowed */
const char *path_base(const char *path);
/** path_clean() - lexical normal form as Go's path.Clean, on the heap; "" gives "." */
char *path_clean(const char *path);
/** path_match() - Go's path.Match: * and ? stand for no slash, [a-z], [^a-z], \\x; 1 matches, 0
 * not, -1 the pattern is malformed. A character is a byte */
int path_match(const char *pattern, const char *name);
/** path_exists() - stat(2) succeeds */
bool path_exists(const char *path);
/** path_open_beneath() - opens a relative path that cannot leave dir_fd; no symlink may lead out;
 * fd or -1 */
int path_open_beneath(int dir_fd, const char *path, int flags, mode_t mode,
		      struct err *e) WARN_UNUSED;
/** path_open_in_root() - opens as if dir_fd were "/": absolute links and .. stay inside
 * (RESOLVE_IN_ROOT); fd or -1 */
int path_open_in_root(int dir_fd, const char *path, int flags, mode_t mode,
		      struct err *e) WARN_UNUSED;
/** path_mkdirs() - mkdir -p; existing directories are fine */
int path_mkdirs(const char *path, mode_t mode, struct err *e) WARN_UNUSED;
/** path_remove_tree() - removes name below dir_fd (AT_FDCWD too) with all below, never following
 * links, never crossing mounts upward; unreadable directories are made writable first; absent is
 * success */
int path_remove_tree(int dir_fd, const char *name, struct err *e) WARN_UNUSED;

#endif
