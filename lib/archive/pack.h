// SPDX-License-Identifier: MIT
/*
 * A directory tree as a tar (docker cp, export, commit), and tree copies (the
 * image's content into a new volume). Trees are hostile: descriptors only, no
 * link is followed.
 */
#ifndef ARCHIVE_PACK_H
#define ARCHIVE_PACK_H

#include <stdbool.h>

#include "archive/tar.h"
#include "base/err.h"
#include "base/keepid.h"
#include "base/strv.h"

struct pack_opts {
	const char *prefix;   /* name of the top in the archive, "" for the content alone */
	bool one_file_system; /* do not enter other mounts */
	struct keepid ids;    /* owners are told as a container sees them */
	bool overlay_to_aufs; /* overlay whiteouts become .wh. names (a container's diff) */
};

/**
 * pack_tree() - adds a file or a directory with all below; hard links inside are kept
 * @w:      writer; the caller ends it
 * @dir_fd: directory that holds name
 * @name:   one component, or "." for dir_fd itself
 * @opts:   how
 * @e:      filled on failure; files that vanish meanwhile are left out
 *
 * Return: 0 or -1.
 */
int pack_tree(struct tar_writer *w, int dir_fd, const char *name, const struct pack_opts *opts,
	      struct err *e) WARN_UNUSED;

/**
 * pack_changes() - adds single entries as a layer: what is new, and whiteouts of what is not
 * @w:       writer; the caller ends it
 * @root_fd: directory that paths are relative to
 * @changes: "+a/b": as it is, a directory without its content; "-a/b": .wh.b
 * @e:       filled on failure; what vanishes meanwhile is left out
 *
 * Return: 0 or -1.
 */
int pack_changes(struct tar_writer *w, int root_fd, const struct strv *changes,
		 struct err *e) WARN_UNUSED;

#endif
