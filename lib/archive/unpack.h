// SPDX-License-Identifier: MIT
/*
 * One layer blob into a directory, in one pass: SHA-256 of the stream,
 * decompression, SHA-256 of the tar (DiffID), extraction and tar-split journal.
 * The applet `unpack` calls this once it has locked itself in.
 */
#ifndef ARCHIVE_UNPACK_H
#define ARCHIVE_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"

struct unpack_result {
	char digest[DIGEST_SIZE];  /* of the stream as read */
	char diff_id[DIGEST_SIZE]; /* of the plain tar */
	uint64_t blob_bytes;	   /* read */
	uint64_t tar_bytes;
	uint64_t content_bytes; /* of regular files: Docker's layer size */
	uint64_t link_bytes;	/* of symlinks' targets: part of it with overlay drivers */
	uint64_t n_entries;
	uint64_t n_skipped; /* device nodes */
	bool compressed;
};

/* what the applet writes to its status descriptor, whole */
struct unpack_status {
	struct err err; /* kind 0: success, result is valid */
	struct unpack_result result;
};

struct unpack_opts {
	bool owner_xattr;    /* see struct extract_opts */
	bool whiteout_names; /* whiteouts are files .wh.NAME, else as overlayfs keeps them */
	bool spare_cache;    /* see struct extract_opts */
};

/**
 * unpack_layer() - unpacks a layer
 * @in_fd:	 the blob, read to its end; borrowed
 * @root_fd:	 empty directory
 * @journal_fd:	 file for tar-split.json.gz, or -1; borrowed
 * @opts:	 how
 * @ret:	 digests and counts
 * @e:		 filled on failure
 *
 * The process must be uid 0 of its user namespace with umask 0.
 *
 * Return: 0 or -1.
 */
int unpack_layer(int in_fd, int root_fd, int journal_fd, const struct unpack_opts *opts,
		 struct unpack_result *ret, struct err *e) WARN_UNUSED;

#endif
