// SPDX-License-Identifier: MIT
/*
 * An archive of images taken apart into a private directory: its regular files
 * by name, whatever their order was; links between them are followed by name
 * only. Nothing of an entry but its content and its name is used.
 */
#ifndef IMAGE_SPOOL_INTERNAL_H
#define IMAGE_SPOOL_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"
#include "base/stream.h"

struct spool {
	char *dir; /* removed with all below by spool_clear() */
	int dir_fd;
	struct map files; /* clean name -> struct spool_file */
	size_t n_files;
	uint64_t bytes;
};

/** spool_open() - makes the private directory below root and reads the whole archive, compressed or
 * not; in is borrowed */
int spool_open(struct spool *sp, const char *root, struct stream *in, struct err *e) WARN_UNUSED;
/** spool_clear() - removes all; also after a failed spool_open() */
void spool_clear(struct spool *sp);
/** spool_has() - a regular file of that name, through links */
bool spool_has(const struct spool *sp, const char *name);
/** spool_fd() - opens a file for reading, *ret_size may be NULL; ERR_INVALID when absent; fd or -1
 */
int spool_fd(const struct spool *sp, const char *name, int64_t *ret_size,
	     struct err *e) WARN_UNUSED;
/** spool_read() - appends a whole file of at most max bytes */
int spool_read(const struct spool *sp, const char *name, size_t max, struct buf *b,
	       struct err *e) WARN_UNUSED;

#endif
