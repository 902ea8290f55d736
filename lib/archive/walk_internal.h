// SPDX-License-Identifier: MIT
/* What walks of directory trees share: names, extended attributes. */
#ifndef ARCHIVE_WALK_INTERNAL_H
#define ARCHIVE_WALK_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/tar.h"
#include "archive/walk.h"
#include "base/buf.h"

/* attributes of a file that an archive or a copy keeps */
struct walk_xattrs {
	struct tar_xattr *items;
	size_t n;
	char *names;
	struct buf values;
};

/* reads them; a file system without attributes has none */
void walk_xattrs_read(struct walk_xattrs *x, int fd);
void walk_xattrs_clear(struct walk_xattrs *x);
/* user.overlay.opaque is "y", or fuse-overlayfs' attribute */
bool walk_is_opaque(int dir_fd);

#endif
