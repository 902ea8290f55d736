// SPDX-License-Identifier: MIT
/* Walking directories in an order that does not change. */
#ifndef ARCHIVE_WALK_H
#define ARCHIVE_WALK_H

#include "base/err.h"
#include "base/strv.h"

/** walk_names() - adds the names in a directory to *ret, sorted, without . and ..; dir_fd's own
 * position does not move */
int walk_names(int dir_fd, struct strv *ret, struct err *e) WARN_UNUSED;

#endif
