// SPDX-License-Identifier: MIT
/*
 * A process that confines itself for good: an allow-list of system calls, all
 * others answer EPERM. For the helpers that read hostile bytes or hold
 * capabilities; containers' filters come from profiles (seccomp.h).
 */
#ifndef SANDBOX_ALLOW_H
#define SANDBOX_ALLOW_H

#include <stddef.h>

#include "sandbox/seccomp.h"

/* a call that is allowed when one of its arguments compares so; several of one name: any of them */
struct sandbox_allow_arg {
	const char *name;
	struct sandbox_arg arg;
};

struct sandbox_allow {
	const char *const *names; /* without conditions; those the architecture lacks are skipped */
	size_t n_names;
	const struct sandbox_allow_arg *args;
	size_t n_args;
};

/** sandbox_allow_only() - from here on the calling thread has these system calls only; needs
 * no_new_privs. Errors are libseccomp's and the kernel's */
int sandbox_allow_only(const struct sandbox_allow *a, struct err *e) WARN_UNUSED;

#endif
