// SPDX-License-Identifier: MIT
/*
 * What a user has of control groups, told to people: for doctor and for the
 * engine's warnings. Looks only: moves no process, writes nothing. Sources:
 * cgroups(7) "Delegation", systemd.resource-control(5) "Delegate=".
 */
#ifndef CGROUP_EXAMINE_H
#define CGROUP_EXAMINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "cgroup/cgroup.h"

/* Where an engine of this user would have its containers' groups. */
enum cgroup_place {
	CGROUP_PLACE_NONE,    /* nowhere: see why and mend */
	CGROUP_PLACE_OWN,     /* below this process's own group: it was delegated */
	CGROUP_PLACE_SERVICE, /* below a service or scope of the user's systemd, which has to be
			       * asked: a unit with Delegate=yes, or systemd-run --user --scope */
};

enum cgroup_problem {
	CGROUP_FINE,
	CGROUP_NOT_MOUNTED,	/* there is nothing at /sys/fs/cgroup */
	CGROUP_IS_V1,		/* controllers are in version 1 hierarchies */
	CGROUP_IS_HYBRID,	/* version 2 is there, but version 1 has the controllers */
	CGROUP_NOT_VISIBLE,	/* this process's own group lies outside what is mounted */
	CGROUP_NOT_DELEGATED,	/* version 2, but no subtree belongs to this user */
	CGROUP_THREADED,	/* the own group is of type threaded or invalid */
	CGROUP_FEW_CONTROLLERS, /* usable; see missing */
};

struct cgroup_report {
	enum cgroup_problem problem;
	enum cgroup_place place;
	int version;	      /* of the host: 2, 1 (also hybrid), 0 not mounted */
	char *path;	      /* directory of the place; NULL with CGROUP_PLACE_NONE */
	unsigned controllers; /* enum cgroup_controller bits containers there can have */
	unsigned missing;     /* those this program uses which they cannot have */
	unsigned kernel;      /* those the kernel offers at all; of the rest no delegation helps */
	char *why;	      /* one sentence without a full stop; NULL when all is there */
	char *mend;	      /* what mends it, one or more lines for a shell (of root, said in a
			       * comment where it is so); NULL when nothing does or nothing needs to */
};

/**
 * cgroup_examine() - look at what there is
 * @ret: filled, also on failure; freed by cgroup_report_clear()
 *
 * Never fails. Any thread, any user; root is told about its own group as a user is.
 */
void cgroup_examine(struct cgroup_report *ret);
/** cgroup_examine_process() - cgroup_examine(), with the group of another process for the own one
 */
void cgroup_examine_process(pid_t pid, struct cgroup_report *ret);
/** cgroup_report_clear() - frees the strings */
void cgroup_report_clear(struct cgroup_report *r);
/** cgroup_controller_names() - "cpu memory pids" of the bits, on the heap; "" of none */
char *cgroup_controller_names(unsigned bits);

#endif
