// SPDX-License-Identifier: MIT
/*
 * Keeping this binary out of containers' hands. A process on its way into a
 * container still is this binary, and a container can reach it through
 * /proc/PID/exe, and overwrite it, for its root is the user who owns the file
 * (CVE-2019-5736). A binary started through a read-only mount of its own
 * cannot be written that way.
 */
#ifndef CONTAINER_SEAL_H
#define CONTAINER_SEAL_H

#include "base/err.h"

/**
 * container_seal() - start this program again from a read-only view of its file
 * @argv: as main() got it
 * @e:    ERR_UNAVAILABLE when the kernel or missing privilege forbids it
 *
 * Descriptors without close-on-exec, environment and directory stay; THIMBLE_EXE in the
 * environment then is the file's name, which /proc/self/exe does not tell any more. What this
 * process starts by /proc/self/exe is sealed too, so an engine calls it once. Before threads.
 *
 * Return: 0 when the file is read-only already (the second time), -1 failure.
 */
int container_seal(char **argv, struct err *e) WARN_UNUSED;

#endif
