// SPDX-License-Identifier: MIT
/*
 * The semantics of Docker's archive endpoints (docker cp) inside one root
 * directory: what PATH means with a trailing slash or "/.", what the tar's top
 * is called, what may replace what.
 */
#ifndef ARCHIVE_COPY_H
#define ARCHIVE_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/stream.h"

/** copy_stat() - appends the JSON of X-Docker-Container-Path-Stat: name, size, mode (Go's
 * os.FileMode bits), mtime, linkTarget; ERR_NOTFOUND when absent */
int copy_stat(int root_fd, const char *path, struct buf *json, struct err *e) WARN_UNUSED;
/** copy_get() - writes the tar of PATH: its top is PATH's last component; a symlink's target is
 * taken when PATH ends with '/' or "/." */
int copy_get(int root_fd, const char *path, struct stream *out, struct err *e) WARN_UNUSED;
/** copy_export() - writes the tar of the whole root */
int copy_export(int root_fd, struct stream *out, struct err *e) WARN_UNUSED;

struct copy_put_opts {
	bool no_overwrite_dir_nondir;
	bool set_owner; /* copyUIDGID=false is the default: keep the archive's owners */
	uint32_t uid, gid;
};

/** copy_put_check() - the directory PATH exists (ERR_NOTFOUND) and is one (ERR_INVALID) */
int copy_put_check(int root_fd, const char *path, struct err *e) WARN_UNUSED;
/** copy_put() - unpacks a tar (compressed or not; src is borrowed) into the directory PATH */
int copy_put(int root_fd, const char *path, struct stream *src, const struct copy_put_opts *opts,
	     struct err *e) WARN_UNUSED;

/** copy_go_mode() - st_mode as Go's os.FileMode bits */
uint32_t copy_go_mode(uint32_t st_mode);

#endif
