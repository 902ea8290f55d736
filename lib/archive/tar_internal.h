// SPDX-License-Identifier: MIT
/* The tar reader's parts: header blocks, pax records, sparse maps. */
#ifndef ARCHIVE_TAR_INTERNAL_H
#define ARCHIVE_TAR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/tar.h"
#include "base/buf.h"

#define TAR_BLOCK_BYTES 512

/* offsets and lengths of header fields: POSIX.1 "ustar Interchange Format" */
enum {
	TAR_NAME = 0,
	TAR_NAME_LEN = 100,
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_GID = 116,
	TAR_SIZE = 124,
	TAR_MTIME = 136,
	TAR_CHKSUM = 148,
	TAR_TYPE = 156,
	TAR_LINK = 157,
	TAR_LINK_LEN = 100,
	TAR_MAGIC = 257,
	TAR_UNAME = 265,
	TAR_GNAME = 297,
	TAR_OWNER_LEN = 32,
	TAR_MAJOR = 329,
	TAR_MINOR = 337,
	TAR_PREFIX = 345,
	TAR_PREFIX_LEN = 155,
	/* GNU "oldgnu" header */
	TAR_GNU_SPARSE = 386,
	TAR_GNU_EXTENDED = 482,
	TAR_GNU_REALSIZE = 483,
	TAR_GNU_EXT_EXTENDED = 504,
};

/* a header block decoded, before extended headers override it */
struct tar_header {
	char type; /* as stored */
	bool is_gnu, is_ustar;
	uint32_t mode, dev_major, dev_minor;
	uint64_t uid, gid, size;
	int64_t mtime_sec;
};

struct tar_region {
	uint64_t offset, len;
};

struct tar_sparse {
	struct tar_region *map;
	size_t n, cap;
	uint64_t real_size;
};

/* what extended headers (pax x, GNU L and K) say about the next entry */
struct tar_ext {
	struct buf path, link, uname, gname;
	bool has_path, has_link, has_uname, has_gname;
	bool has_size, has_uid, has_gid, has_mtime, has_atime;
	uint64_t size, uid, gid;
	int64_t mtime_sec, atime_sec;
	uint32_t mtime_nsec, atime_nsec;
	struct buf xattrs; /* name NUL value; see xattr_at */
	struct {
		size_t name, value, len;
	} xattr_at[64]; /* ARCHIVE_XATTRS_MAX */
	size_t n_xattrs;
	/* GNU.sparse.*: versions 0.0 and 0.1 fill the map, 1.0 sets major */
	int sparse_major, sparse_minor; /* -1: not said */
	bool has_sparse_size;
	bool half_region; /* 0.0: an offset waits for its numbytes */
	uint64_t half_offset;
	struct tar_sparse sparse;
};

/* tar_header.c */

/* a numeric field, octal or base-256; -1 when malformed */
int tar_parse_number(const unsigned char *field, size_t len, int64_t *ret);
/* decodes a block; 1 header, 0 all zero, -1 */
int tar_parse_header(const unsigned char *block, struct tar_header *ret, struct err *e);
/* appends a NUL-terminated or full field */
void tar_field(struct buf *b, const unsigned char *field, size_t len);

/* tar_pax.c */

void tar_ext_init(struct tar_ext *x);
void tar_ext_reset(struct tar_ext *x);
void tar_ext_clear(struct tar_ext *x);
/* parses the records of one pax extended header */
int tar_pax_parse(struct tar_ext *x, const char *p, size_t n, struct err *e);
/* "1234.5678" with optional sign to seconds and nanoseconds */
int tar_parse_time(const char *s, int64_t *ret_sec, uint32_t *ret_nsec);

/* tar_sparse.c */

void tar_sparse_clear(struct tar_sparse *s);
int tar_sparse_add(struct tar_sparse *s, uint64_t offset, uint64_t len, struct err *e);
/* n entries of 24 bytes of an old GNU header; ends at the first empty one */
int tar_sparse_add_old(struct tar_sparse *s, const unsigned char *p, size_t n, struct err *e);
/* GNU.sparse.map of pax 0.1: "offset,len,offset,len" */
int tar_sparse_add_list(struct tar_sparse *s, const char *p, struct err *e);
/* regions ascend, do not overlap, end within the file and add up to at most stored bytes */
int tar_sparse_check(const struct tar_sparse *s, uint64_t stored, struct err *e);

#endif
