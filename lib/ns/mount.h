// SPDX-License-Identifier: MIT
/*
 * Mounts by mount(2) and, where the kernel has it, by the descriptor interface
 * open_tree(2), move_mount(2), mount_setattr(2) (5.2, 5.12), so that hostile
 * paths are resolved once, beneath a directory descriptor, and the object found
 * is the object mounted. Every function falls back to the old interface through
 * /proc/self/fd.
 */
#ifndef NS_MOUNT_H
#define NS_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Mount flags are the MS_* of sys/mount.h everywhere. */

/**
 * mnt_fs() - mount a file system
 * @type:   "proc", "tmpfs", "overlay" …
 * @source: shown in mountinfo; NULL: the type
 * @target: path
 * @flags:  MS_*
 * @data:   options or NULL
 * @e:      says type and target
 */
int mnt_fs(const char *type, const char *source, const char *target, unsigned long flags,
	   const char *data, struct err *e) WARN_UNUSED;

/**
 * mnt_fs_at() - as mnt_fs(), onto what an O_PATH descriptor names
 */
int mnt_fs_at(const char *type, const char *source, int target_fd, unsigned long flags,
	      const char *data, struct err *e) WARN_UNUSED;

/**
 * mnt_bind() - bind mount
 * @source:    path
 * @target:    path, of the same kind (directory or file)
 * @recursive: with what is mounted below (needed in a user namespace for trees with locked mounts)
 * @e:         filled on failure
 */
int mnt_bind(const char *source, const char *target, bool recursive, struct err *e) WARN_UNUSED;

/** mnt_bind_at() - bind mount from one O_PATH descriptor onto another */
int mnt_bind_at(int source_fd, int target_fd, bool recursive, struct err *e) WARN_UNUSED;

/**
 * mnt_clone_tree() - a detached copy of a mount tree (open_tree(2) OPEN_TREE_CLONE)
 * @dir_fd:    directory or AT_FDCWD
 * @path:      path, "" for dir_fd itself
 * @recursive: with what is mounted below
 * @e:         ERR_UNAVAILABLE with sys ENOSYS when the kernel or a filter has none
 *
 * Return: descriptor, or -1.
 */
int mnt_clone_tree(int dir_fd, const char *path, bool recursive, struct err *e) WARN_UNUSED;

/** mnt_move_tree() - attach a detached tree onto what target_fd (O_PATH) names */
int mnt_move_tree(int tree_fd, int target_fd, struct err *e) WARN_UNUSED;

/**
 * mnt_set_flags() - change a mount's own flags
 * @target_fd: O_PATH descriptor on the mount's root
 * @set:       MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, MS_RELATIME, MS_NODIRATIME
 * @clear:     the same set, to be taken away
 * @recursive: all mounts below too (ERR_UNAVAILABLE, sys ENOSYS, before 5.12 )
 * @e:         filled on failure
 *
 * The old interface must repeat flags that are locked by the user namespace; it does so.
 */
int mnt_set_flags(int target_fd, unsigned long set, unsigned long clear, bool recursive,
		  struct err *e) WARN_UNUSED;

/**
 * mnt_propagation_parse() - "private", "rprivate", "slave", "rslave", "shared", "rshared",
 * "unbindable", "runbindable" to MS_* flags; 0 or -1
 */
int mnt_propagation_parse(const char *s, unsigned long *ret);

/** mnt_set_propagation() - MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE with or without MS_REC */
int mnt_set_propagation(const char *target, unsigned long flags, struct err *e) WARN_UNUSED;

/**
 * mnt_pivot() - make a directory the root and let the old one go
 * @root_fd: descriptor of the new root, which must be a mount
 * @e:       filled on failure
 *
 * pivot_root(".", ".") and a lazy unmount: needs no directory inside the new root. The working
 * directory is "/" afterwards. Where the root is an initramfs, which cannot be pivoted, the new
 * root is moved onto it: the same for who may not unmount; who may (CAP_SYS_ADMIN) can uncover the
 * initramfs.
 */
int mnt_pivot(int root_fd, struct err *e) WARN_UNUSED;

/** mnt_umount() - lazy unmount, links not followed; not mounted is success */
int mnt_umount(const char *target, struct err *e) WARN_UNUSED;

/* One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)); strings are unescaped. */
struct mnt_info {
	uint64_t id;
	uint64_t parent_id;
	unsigned dev_major, dev_minor;
	char *root;    /* the mount's root inside its file system */
	char *target;  /* where it is mounted */
	char *options; /* of the mount */
	bool shared;   /* propagates to a peer group */
	bool slave;    /* receives propagation */
	bool unbindable;
	char *fstype;
	char *source;
	char *super_options; /* of the file system */
};

struct mnt_table {
	struct mnt_info *items;
	size_t n;
};

#define MNT_TABLE_INIT \
	{              \
		0      \
	}

/** mnt_table_clear() - frees */
void mnt_table_clear(struct mnt_table *t);
/** mnt_table_parse() - appends the lines of a mountinfo text; ERR_INVALID names the line */
int mnt_table_parse(struct mnt_table *t, const char *text, size_t len, struct err *e) WARN_UNUSED;
/** mnt_table_load() - appends the mounts that a process sees (pid 0: ours) */
int mnt_table_load(struct mnt_table *t, pid_t pid, struct err *e) WARN_UNUSED;
/** mnt_table_find() - the last mount at exactly this path, or NULL; borrowed */
const struct mnt_info *mnt_table_find(const struct mnt_table *t, const char *target);
/** mnt_table_covering() - the mount that a clean absolute path lies on, or NULL; borrowed */
const struct mnt_info *mnt_table_covering(const struct mnt_table *t, const char *path);

#endif
