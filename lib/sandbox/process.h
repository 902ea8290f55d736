// SPDX-License-Identifier: MIT
/*
 * Smaller limits a process puts on itself before exec: no_new_privs,
 * resource limits, the AppArmor label of the next exec, a fresh session
 * keyring. Calling thread or process only.
 */
#ifndef SANDBOX_PROCESS_H
#define SANDBOX_PROCESS_H

#include <stdint.h>

#include "base/err.h"

/** sandbox_no_new_privs() - prctl(PR_SET_NO_NEW_PRIVS) */
int sandbox_no_new_privs(struct err *e) WARN_UNUSED;
/** sandbox_undumpable() - no core dump, no ptrace and no look through /proc by processes without
 * CAP_SYS_PTRACE in our user namespace; until the next execve */
int sandbox_undumpable(struct err *e) WARN_UNUSED;
/** sandbox_rlimit_number() - RLIMIT_* of "RLIMIT_NOFILE" or "nofile"; -1 when unknown */
int sandbox_rlimit_number(const char *name);
/** sandbox_rlimit_set() - prlimit(2) on oneself; UINT64_MAX is unlimited. EPERM (a hard limit above
 * ours without the host's CAP_SYS_RESOURCE) lowers the wish to what is allowed and returns 1 */
int sandbox_rlimit_set(const char *name, uint64_t soft, uint64_t hard, struct err *e) WARN_UNUSED;
/** sandbox_nofile_max() - as many descriptors as the hard limit allows; never fails */
void sandbox_nofile_max(void);
/** sandbox_apparmor_enabled() - the kernel has AppArmor on */
int sandbox_apparmor_enabled(void);
/** sandbox_apparmor_exec() - the next execve gets this profile; ERR_UNAVAILABLE when the kernel has
 * no AppArmor. NULL, "" and "unconfined" are nothing to do */
int sandbox_apparmor_exec(const char *profile, struct err *e) WARN_UNUSED;
/** sandbox_session_keyring() - joins a new session keyring of that name, as runc; kernels without
 * keyrings and exhausted quotas are no failure */
void sandbox_session_keyring(const char *name);

#endif
