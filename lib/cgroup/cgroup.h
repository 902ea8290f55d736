// SPDX-License-Identifier: MIT
/*
 * Control groups, version 2 (Documentation/admin-guide/cgroup-v2.rst). A
 * rootless engine may only work below a subtree that was delegated to its
 * user. Where there is none (cgroup v1, no delegation) the mode is
 * CGROUP_NONE, and every function here succeeds without doing anything; the
 * caller tells the user by cgroup_limits_warnings().
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strv.h"

enum cgroup_mode {
	CGROUP_NONE, /* nothing usable: limits are accepted and not enforced */
	CGROUP_V2,   /* a delegated subtree of the unified hierarchy */
};

enum cgroup_controller {
	CGROUP_CPU = 1,
	CGROUP_CPUSET = 2,
	CGROUP_MEMORY = 4,
	CGROUP_PIDS = 8,
	CGROUP_IO = 16,
};

/* What this process may use; made once at start-up, then read by any thread. */
struct cgroup_root {
	enum cgroup_mode mode;
	int version; /* of the host: 1, 2, or 0 when there is none */
	char *path;  /* absolute directory of the delegated subtree; NULL with CGROUP_NONE */
	unsigned controllers; /* enum cgroup_controller bits children can use */
	bool io_weight;	      /* the kernel can weigh I/O */
	bool io_max;	      /* and bound it by device */
	bool swap;	      /* swap can be bounded */
	char *cpus, *mems;    /* the processors and memory nodes there are ("0-3"), or NULL */
	char *why_none;	      /* a sentence when mode is CGROUP_NONE */
};

/* Bounds of one block device, bytes and operations a second; 0 leaves a bound alone. */
struct cgroup_io_limit {
	unsigned major, minor;
	uint64_t read_bps, write_bps, read_iops, write_iops; /* io.max */
	unsigned weight;				     /* 10..1000, as blkio_weight */
};

/* Limits of one group; 0 leaves a limit alone unless said otherwise. Bytes, microseconds. */
struct cgroup_limits {
	int64_t memory_bytes;	   /* memory.max; -1 unlimited */
	int64_t memory_low_bytes;  /* reservation: memory.low */
	int64_t memory_swap_bytes; /* memory and swap together as Docker; -1 unlimited swap */
	int64_t cpu_quota_usec;	   /* cpu.max, per period; -1 unlimited */
	uint64_t cpu_period_usec;  /* 0: 100000 */
	uint64_t cpu_shares;	   /* v1 shares 2..262144, turned into cpu.weight */
	const char *cpuset_cpus;   /* NULL or "" leaves it */
	const char *cpuset_mems;
	int64_t pids_max;      /* -1 unlimited */
	unsigned blkio_weight; /* 10..1000, turned into io.weight */
	const struct cgroup_io_limit *io;
	size_t n_io;
	bool swappiness, oom_kill_disable; /* asked for; version 2 has neither: only warned of */
};

/* What one block device did. */
struct cgroup_io_stats {
	unsigned major, minor;
	uint64_t read_bytes, write_bytes, read_ops, write_ops;
};

/* One reading, in bytes, microseconds and counts; has tells which controllers were read. */
struct cgroup_stats {
	unsigned has;
	uint64_t cpu_usage_usec, cpu_user_usec, cpu_system_usec;
	uint64_t cpu_periods, cpu_throttled, cpu_throttled_usec;
	uint64_t memory_bytes, memory_max_bytes, memory_inactive_file_bytes, memory_peak_bytes;
	uint64_t memory_oom_kills, memory_oom;
	char *memory_stat; /* memory.stat as the kernel writes it, lines of "key number"; or NULL */
	uint64_t pids, pids_max;
	struct cgroup_io_stats *io;
	size_t n_io;
};

/**
 * cgroup_root_detect() - find the delegated subtree of this process and make it usable
 * @ret: filled; mode CGROUP_NONE with why_none when nothing can be used
 *
 * Moves this process into the leaf "engine" of its own group when that group is writable, so that
 * controllers may be enabled for siblings (the "no internal processes" rule), and enables what is
 * there. Never fails. Call once, before threads.
 */
void cgroup_root_detect(struct cgroup_root *ret);
/** cgroup_root_clear() - frees the strings */
void cgroup_root_clear(struct cgroup_root *r);
/** cgroup_limits_warnings() - appends Docker's warnings for limits that will not be enforced, and
 * sets those in *l to "none" */
void cgroup_limits_warnings(const struct cgroup_root *r, struct cgroup_limits *l,
			    struct strv *warnings);

/**
 * cgroup_set_within() - tells whether a list of cpuset(7) ("0-2,4") is part of another
 * @want: of a user
 * @have: of the kernel; NULL or "" has everything
 *
 * Return: 1 yes, 0 no, -1 malformed.
 */
int cgroup_set_within(const char *want, const char *have);

/* A container's group is named by its absolute directory; NULL or "" stands for none, and then
 * every function below is a success that does nothing. Any thread. */

/** cgroup_path() - directory for a container, on the heap: ROOT/PARENT/NAME; NULL when none.
 * parent may be NULL */
char *cgroup_path(const struct cgroup_root *r, const char *parent, const char *name);
/** cgroup_create() - makes the directory, and parents below the root, in which it enables the
 * controllers */
int cgroup_create(const struct cgroup_root *r, const char *path, struct err *e) WARN_UNUSED;
/** cgroup_set() - writes the limits */
int cgroup_set(const char *path, const struct cgroup_limits *l, struct err *e) WARN_UNUSED;
/** cgroup_open() - O_PATH descriptor for CLONE_INTO_CGROUP; -1 when none */
int cgroup_open(const char *path);
/** cgroup_add() - moves a process in */
int cgroup_add(const char *path, pid_t pid, struct err *e) WARN_UNUSED;
/** cgroup_read() - current figures; *ret is zeroed first, cgroup_stats_clear() in any case */
int cgroup_read(const char *path, struct cgroup_stats *ret, struct err *e) WARN_UNUSED;
/** cgroup_stats_clear() - frees */
void cgroup_stats_clear(struct cgroup_stats *s);
/** cgroup_pids() - appends the pids in the group and below; *ret_pids is on the heap */
int cgroup_pids(const char *path, pid_t **ret_pids, size_t *ret_n, struct err *e) WARN_UNUSED;
/** cgroup_freeze() - freezes or thaws and waits (by poll(2) on cgroup.events) until it is so;
 * ERR_UNAVAILABLE when there is no group */
int cgroup_freeze(const char *path, bool frozen, struct err *e) WARN_UNUSED;
/** cgroup_kill() - SIGKILL to all in it (cgroup.kill, Linux 5.14; else each pid) */
int cgroup_kill(const char *path, struct err *e) WARN_UNUSED;
/** cgroup_oom_kills() - count of processes that the group's limit has killed; 0 when none */
uint64_t cgroup_oom_kills(const char *path);
/** cgroup_open_events() - memory.events, for epoll(7) with EPOLLPRI: ready when it has changed
 * since it was read; -1 when there is none */
int cgroup_open_events(const char *path);
/** cgroup_remove() - removes the group with its children; absent is success */
int cgroup_remove(const char *path, struct err *e) WARN_UNUSED;
/** cgroup_end() - of a container that has ended: kills what is left in its group, waits until that
 * is gone, removes the group; ERR_TIMEOUT */
int cgroup_end(const char *path, struct err *e) WARN_UNUSED;
/** cgroup_sweep() - removes the groups with a container's name in which nothing runs: an engine
 * that was killed leaves them. For the start, before containers are started */
void cgroup_sweep(const struct cgroup_root *r);

#endif
