// SPDX-License-Identifier: MIT
/*
 * fuse-overlayfs(1): the program that joins layers where the kernel's overlay
 * does not work in a user namespace (before Linux 5.11). Any thread.
 */
#ifndef NS_FUSE_H
#define NS_FUSE_H

#include "base/err.h"

/** fuse_overlayfs_find() - where the program is in $PATH, on the heap; NULL with ERR_UNAVAILABLE,
 * which names the package to install */
char *fuse_overlayfs_find(struct err *e) WARN_UNUSED;

/**
 * fuse_overlayfs_mount() - runs the program, which stays in the background as long as the mount
 * @program: absolute path
 * @base:    directory that the options' paths are relative to
 * @options: "lowerdir=a:b,upperdir=c,workdir=d"
 * @target:  absolute path of an existing directory; mounted in the caller's mount namespace
 * @e:       ERR_UNAVAILABLE when /dev/fuse cannot be opened, else what the program said
 *
 * Return: 0 when it is mounted, or -1.
 */
int fuse_overlayfs_mount(const char *program, const char *base, const char *options,
			 const char *target, struct err *e) WARN_UNUSED;

#endif
