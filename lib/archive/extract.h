// SPDX-License-Identifier: MIT
/*
 * A hostile tar into a directory tree. The caller has made itself the tree's
 * owner (uid 0 of its user namespace) and, for layers, has locked itself into
 * it (chroot, seccomp); nothing here relies on that: every path is resolved
 * beneath the root descriptor, symlinks in a parent stay inside the root.
 */
#ifndef ARCHIVE_EXTRACT_H
#define ARCHIVE_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/tar.h"
#include "base/err.h"

enum extract_whiteout {
	WHITEOUT_LITERAL, /* .wh. names are ordinary names */
	WHITEOUT_NAMES,	  /* empty files .wh.NAME and .wh..wh..opq, as AUFS and fuse-overlayfs */
	WHITEOUT_OVERLAY, /* to overlayfs: char device 0/0 (user.overlay.whiteout where the kernel
			     refuses it) and user.overlay.opaque=y */
};

struct extract_opts {
	enum extract_whiteout whiteout;
	bool no_overwrite_dir_nondir; /* a directory never replaces a non-directory or reverse */
	bool restorable; /* what replaces content is refused: tar-split could not give it back */
	bool set_owner;	 /* every entry to uid:gid instead of its own */
	uint32_t uid, gid;
	bool owner_xattr; /* an owner beyond the id map is noted in OWNER_XATTR instead */
	bool spare_cache; /* files but small ones go to the disk and out of the page cache */
};

/* "uid:gid:mode", as containers/storage and fuse-overlayfs write it; on files and directories */
#define OWNER_XATTR "user.containers.override_stat"

struct extract_stats {
	uint64_t n_entries;
	uint64_t content_bytes; /* of regular files; Docker's layer size */
	uint64_t link_bytes;	/* of symlinks' targets */
	uint64_t n_skipped;	/* device nodes that a user namespace cannot make */
};

/**
 * extract_tree() - unpack until the archive's end
 * @t:       reader
 * @root_fd: directory, "/" for the archive's names
 * @opts:    how
 * @ret:     counts; may be NULL
 * @e:       ERR_INVALID for names and links out of the root, ERR_DENIED for owners beyond the id
 *           map (the message names the subordinate ids)
 *
 * Owner, mode, times, hard links and xattrs (user.*, security.capability, ACLs;
 * never user.overlay.*) are kept. The process must have umask 0. On failure the
 * tree is left as it is, for the caller to remove.
 *
 * Return: 0 or -1.
 */
int extract_tree(struct tar_reader *t, int root_fd, const struct extract_opts *opts,
		 struct extract_stats *ret, struct err *e) WARN_UNUSED;

#endif
