// SPDX-License-Identifier: MIT
/* The root file system in the container's own mount namespace. */
#ifndef CONTAINER_ROOTFS_H
#define CONTAINER_ROOTFS_H

#include "base/err.h"
#include "container/config.h"
#include "oci/spec.h"

/**
 * rootfs_serve() - a root that a program serves (fuse-overlayfs) is mounted in a mount namespace
 * that the calling process makes for itself; others are left to rootfs_mount()
 * @r: the root
 * @e: filled on failure
 *
 * The shim calls this before it makes the container, whose namespace is a copy
 * of its own, and rootfs_let_go() when the container has its root: from then on
 * the mount ends with the container, and the program with the mount.
 *
 * Return: 0 or -1.
 */
int rootfs_serve(const struct container_rootfs *r, struct err *e) WARN_UNUSED;
/** rootfs_let_go() - unmounts it in the calling process' namespace */
void rootfs_let_go(const struct container_rootfs *r);

/**
 * rootfs_mount() - cuts the namespace's propagation and mounts the root
 * @bundle: absolute bundle directory
 * @config: says how
 * @spec:   root propagation
 * @e:      filled on failure
 *
 * The working directory changes. Only in a new mount namespace.
 *
 * Return: O_PATH descriptor of the mounted root, or -1.
 */
int rootfs_mount(const char *bundle, const struct container_config *config,
		 const struct oci_spec *spec, struct err *e) WARN_UNUSED;

#endif
