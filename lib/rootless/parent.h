// SPDX-License-Identifier: MIT
/*
 * rootlesskit: one call runs a command as root of new namespaces until it ends.
 */
#ifndef ROOTLESS_PARENT_H
#define ROOTLESS_PARENT_H

#include "base/err.h"
#include "rootless/conf.h"

/**
 * rk_run() - run the command of a resolved configuration
 * @conf:     resolved by rk_conf_resolve()
 * @ret_code: the child's exit code; 255 when it died by a signal
 * @e:        filled when the command could not be run at all
 *
 * Blocks; for a single-threaded process that does nothing else and ends afterwards: it forks,
 * blocks signals and passes them on. Prints "[rootlesskit:parent] error: …" for a command that
 * failed, as RootlessKit does; its own failure is returned.
 *
 * Return: 0 when the command was run, -1 failure.
 */
int rk_run(const struct rk_conf *conf, int *ret_code, struct err *e) WARN_UNUSED;

#endif
