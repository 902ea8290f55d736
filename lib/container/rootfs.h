// SPDX-License-Identifier: MIT
/* The root file system in the container's own mount namespace. */
#ifndef CONTAINER_ROOTFS_H
#define CONTAINER_ROOTFS_H

#include "base/err.h"
#include "container/config.h"
#include "oci/spec.h"

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
