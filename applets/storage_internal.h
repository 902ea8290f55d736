// SPDX-License-Identifier: MIT
/* What the applets that work on a data root without an engine share. */
#ifndef APPLETS_STORAGE_INTERNAL_H
#define APPLETS_STORAGE_INTERNAL_H

#include "base/err.h"

/** storage_as_root() - runs this program again, with these arguments and --data-root, as root of a
 * user namespace; 0: it is root already, 1: it has run, *ret_code being its exit code, -1 failure
 */
int storage_as_root(int argc, char **argv, const char *root, int *ret_code,
		    struct err *e) WARN_UNUSED;
/** storage_data_root() - the one asked for, or the engine's; without links; on the heap */
char *storage_data_root(const char *asked);

#endif
