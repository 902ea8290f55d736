// SPDX-License-Identifier: MIT
/* Shared by detect.c and examine.c: where they look, so that tests can show them another host. */
#ifndef CGROUP_DETECT_INTERNAL_H
#define CGROUP_DETECT_INTERNAL_H

#include <sys/types.h>

#include "cgroup/examine.h"

/* Where the engine's own processes go, beside the containers' groups. */
#define CGROUP_LEAF "engine"

struct cgroup_host {
	const char *mount;     /* /sys/fs/cgroup */
	const char *self;      /* /proc/self/cgroup */
	const char *mountinfo; /* /proc/self/mountinfo */
	const char *run;       /* /run: which init there is */
	uid_t uid;	       /* whose engine it would be */
};

/* The host we run on. */
struct cgroup_host cgroup_this_host(void);
/* cgroup_examine() of any host. */
void cgroup_examine_host(const struct cgroup_host *h, struct cgroup_report *ret);
/* The directory of this process's own group, or of that in whose leaf it is; on the heap, NULL when
 * it cannot be seen. */
char *cgroup_own_directory(const struct cgroup_host *h);
/* cgroup_root_detect() on any host. */
void cgroup_root_detect_host(const struct cgroup_host *h, struct cgroup_root *ret);
/* Bits of the controllers that a file of a group names. */
unsigned cgroup_read_controllers(const char *dir, const char *file);
/* The directory is a group in which this process may make groups and put processes. */
bool cgroup_is_ours(const char *dir);
/* Name of a bit of enum cgroup_controller; i counts from 0; NULL after the last. */
const char *cgroup_controller_name(size_t i, unsigned *ret_bit);

#endif
