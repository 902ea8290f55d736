// SPDX-License-Identifier: MIT
/*
 * The mount plan of a container as data: computed from the specification,
 * tested and printed without any privilege, then executed by the init in the
 * container's mount namespace. Order of a plan:
 *   1. the specification's mounts in their order
 *   2. if /dev is ours: device nodes, links, the console
 *   3. the root made read-only, masked and read-only paths
 */
#ifndef CONTAINER_PLAN_H
#define CONTAINER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"

enum plan_type {
	PLAN_FS,       /* mount a file system of type fstype on target */
	PLAN_BIND,     /* bind source, or subpath in it, on target; with fstype "overlay" what is
			  mounted there with data (relative to source) */
	PLAN_CGROUP,   /* the control group file system, whatever the host has */
	PLAN_DEVICE,   /* bind the host's device node of the same path */
	PLAN_LINK,     /* symbolic link target -> source */
	PLAN_CONSOLE,  /* open the terminal and bind it on /dev/console */
	PLAN_MASK,     /* hide a path: /dev/null on a file, an empty tmpfs on a directory */
	PLAN_READONLY, /* make what is below a path read-only */
	PLAN_ROOT_RO,  /* make the root read-only */
};

enum plan_flags {
	PLAN_RECURSIVE = 1,	 /* rbind */
	PLAN_COPYUP = 2,	 /* fill an empty source directory from the image first */
	PLAN_OPTIONAL = 4,	 /* nothing happens when source or target is missing */
	PLAN_RO_RECURSIVE = 8,	 /* read-only with everything mounted below */
	PLAN_HOST_FALLBACK = 16, /* may be bound from the host: its namespace is shared anyway */
	PLAN_RO_TOP = 32,	 /* read-only without what is mounted below */
};

struct plan_op {
	enum plan_type type;
	unsigned flags;		   /* enum plan_flags */
	const char *target;	   /* inside the root; borrowed from the specification or static */
	const char *source;	   /* borrowed; NULL */
	const char *fstype;	   /* borrowed */
	const char *subpath;	   /* borrowed; NULL */
	unsigned long mount_flags; /* MS_* set */
	unsigned long clear_flags; /* MS_* taken away by "rw", "exec", ... */
	unsigned long propagation; /* MS_SHARED ... with MS_REC; 0 leaves it */
	char *data;		   /* owned; options that are the file system's */
};

struct plan {
	struct plan_op *ops;
	size_t n;
	size_t cap;
};

/** plan_option() - one mount option as mount(8) names it: a flag into the operation, what is the
 * file system's appended to data */
void plan_option(struct plan_op *op, const char *o, struct buf *data);
/** plan_make() - from a specification, from which the plan borrows; ERR_INVALID for a bad option */
int plan_make(const struct oci_spec *s, struct plan *ret, struct err *e) WARN_UNUSED;
/** plan_clear() - frees */
void plan_clear(struct plan *p);
/** plan_type_name() - for messages and --debug-plan; static */
const char *plan_type_name(enum plan_type t);

/* What executing a plan needs and yields. */
struct plan_run {
	int root_fd;	   /* O_PATH, the new root, mounted, not yet pivoted to */
	bool want_console; /* a PLAN_CONSOLE opens a terminal */
	int master_fd;	   /* its master, -1 before */
	int slave_fd;
};

/** plan_execute() - carries the plan out, in the calling process's mount namespace, in order. The
 * root's content is hostile: every path is resolved inside it, on descriptors */
int plan_execute(const struct plan *p, struct plan_run *run, struct err *e) WARN_UNUSED;

#endif
