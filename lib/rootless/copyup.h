// SPDX-License-Identifier: MIT
/*
 * Copy-up: a directory of the host becomes a tmpfs whose entries are symlinks
 * into the old contents, kept below it as .roXXXXXXXXX. So the child may remove
 * and make entries, and the host's renames there disturb no bind mount.
 */
#ifndef ROOTLESS_COPYUP_H
#define ROOTLESS_COPYUP_H

#include "base/err.h"

/**
 * rk_copyup() - copy up one directory in the calling process's mount namespace
 * @dir:   absolute path of a directory
 * @spare: a directory of ours, used as a mount point in between on kernels without open_tree
 * @e:     filled on failure
 *
 * Needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace.
 */
int rk_copyup(const char *dir, const char *spare, struct err *e) WARN_UNUSED;

#endif
