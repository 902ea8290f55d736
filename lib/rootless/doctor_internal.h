// SPDX-License-Identifier: MIT
/* The checks of doctor, and what they share. */
#ifndef ROOTLESS_DOCTOR_INTERNAL_H
#define ROOTLESS_DOCTOR_INTERNAL_H

#include "base/buf.h"
#include "rootless/doctor.h"

/** rk_fine() - all is well; fmt tells what was found */
void rk_fine(struct rk_finding *f, const char *fmt, ...) PRINTF(2, 3);
/** rk_lacks() - a need is not met; fmt tells what was found instead */
void rk_lacks(struct rk_finding *f, enum rk_verdict v, const char *fmt, ...) PRINTF(3, 4);
/** rk_because() - sets the cause */
void rk_because(struct rk_finding *f, const char *fmt, ...) PRINTF(2, 3);
/** rk_mend() - sets the command lines that mend it */
void rk_mend(struct rk_finding *f, const char *fmt, ...) PRINTF(2, 3);

/** rk_read() - first line of a file below host->root, cut at size; false when it cannot be read */
bool rk_read(const struct rk_host *h, const char *path, char *line, size_t size);

/**
 * rk_try() - run a step as root of a new user namespace that maps one id
 * @flags: CLONE_NEW* besides CLONE_NEWUSER
 * @step:  what is tried, in a child process; -1 with the error filled
 * @arg:   its argument
 * @e:     the step's error, or why the namespaces cannot be made
 */
int rk_try(uint64_t flags, int (*step)(const void *arg, struct err *e), const void *arg,
	   struct err *e) WARN_UNUSED;

/** rk_nearest() - the data root, or the nearest directory above it that exists; on the heap */
char *rk_nearest(const char *path);

typedef void rk_check_fn(const struct rk_host *h, struct rk_finding *f);

/* doctor_kernel.c */
rk_check_fn rk_check_userns, rk_check_namespaces, rk_check_apparmor, rk_check_proc,
	rk_check_seccomp, rk_check_devices, rk_check_overlay, rk_check_tun, rk_check_fuse;
/* doctor_ids.c */
rk_check_fn rk_check_newuidmap, rk_check_newgidmap, rk_check_subuid, rk_check_subgid,
	rk_check_overlap, rk_check_idmap;
/* doctor_host.c */
rk_check_fn rk_check_home, rk_check_runtime, rk_check_data_root, rk_check_space, rk_check_cgroup,
	rk_check_ping, rk_check_low_ports, rk_check_system_engine, rk_check_own_socket,
	rk_check_service;

#endif
