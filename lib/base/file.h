// SPDX-License-Identifier: MIT
/* Whole files: read with a bound, write atomically. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

enum file_sync {
	FILE_NOSYNC,  /* may be lost or empty after a power cut, never torn by a crash of ours */
	FILE_WHOLE,   /* after a power cut either this or what was there before, whole */
	FILE_CONTENT, /* on disk before it has its name, which may be lost: the next FILE_SYNC in
		       * the same directory keeps both */
	FILE_SYNC,    /* file and directory are on disk on return */
};

/** file_read() - appends a file's bytes (path relative to dir_fd or AT_FDCWD); longer than max is
 * ERR_INVALID */
int file_read(int dir_fd, const char *path, size_t max, struct buf *b, struct err *e) WARN_UNUSED;
/** file_write() - whole to a temporary name beside it, synced if asked, renamed over path */
int file_write(int dir_fd, const char *path, const void *p, size_t n, mode_t mode,
	       enum file_sync sync, struct err *e) WARN_UNUSED;
/** file_sync_dir() - makes what happened to the names in a directory (relative to dir_fd or
 * AT_FDCWD) last */
int file_sync_dir(int dir_fd, const char *dir, struct err *e) WARN_UNUSED;
/** file_sync_parent() - the same for the directory that holds path, which need not exist */
int file_sync_parent(int dir_fd, const char *path, struct err *e) WARN_UNUSED;
/** file_write_plain() - opens for writing (no create) and writes once; for /proc, /sys and cgroup
 * files */
int file_write_plain(int dir_fd, const char *path, const char *text, struct err *e) WARN_UNUSED;

#endif
