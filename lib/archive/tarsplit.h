// SPDX-License-Identifier: MIT
/*
 * tar-split journals (github.com/vbatts/tar-split, as Docker keeps them in
 * layerdb/…/tar-split.json.gz): JSON lines that hold every byte of a tar but
 * the files' contents, so that the exact archive can be put together again
 * from the unpacked tree.
 */
#ifndef ARCHIVE_TARSPLIT_H
#define ARCHIVE_TARSPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "archive/tar.h"
#include "base/err.h"
#include "base/stream.h"

struct tarsplit_writer;

/* pass to tar_reader_set_tap() with the writer as arg */
extern const struct tar_tap tarsplit_tap;

/** tarsplit_writer_new() - gzip'd journal to out, which is borrowed */
struct tarsplit_writer *tarsplit_writer_new(struct stream *out);
/** tarsplit_writer_end() - after tar_next() returned 0: writes what is left */
int tarsplit_writer_end(struct tarsplit_writer *w, struct err *e) WARN_UNUSED;
/** tarsplit_writer_free() - NULL is fine */
void tarsplit_writer_free(struct tarsplit_writer *w);
/** tarsplit_writer_freep() - CLEANUP(tarsplit_writer_freep) */
void tarsplit_writer_freep(struct tarsplit_writer **w);

/* one line of a journal */
struct tarsplit_entry {
	int type;	  /* 1 file, 2 segment */
	const char *name; /* file: path in the tree */
	uint64_t size;	  /* file: bytes of content */
	const void *payload;
	size_t n_payload; /* file: CRC-64 (8 bytes) or none; segment: raw bytes */
};

struct tarsplit_reader;

/** tarsplit_reader_new() - reads a journal, compressed or not; journal is borrowed */
struct tarsplit_reader *tarsplit_reader_new(struct stream *journal);
/** tarsplit_reader_free() - NULL is fine */
void tarsplit_reader_free(struct tarsplit_reader *r);
/** tarsplit_reader_freep() - CLEANUP(tarsplit_reader_freep) */
void tarsplit_reader_freep(struct tarsplit_reader **r);
/** tarsplit_next() - 1 entry (borrowed until the next call), 0 end, -1 */
int tarsplit_next(struct tarsplit_reader *r, struct tarsplit_entry *ret, struct err *e) WARN_UNUSED;

/**
 * tarsplit_assemble() - writes the tar again
 * @journal: tar-split.json.gz
 * @tree_fd: the unpacked tree; files are opened beneath it, no links followed
 * @out:     the archive's bytes
 * @e:       ERR_INVALID when a file's size or checksum differs
 *
 * Return: 0 or -1.
 */
int tarsplit_assemble(struct stream *journal, int tree_fd, struct stream *out,
		      struct err *e) WARN_UNUSED;

/** tarsplit_bytes() - how long that tar is, by the journal alone */
int tarsplit_bytes(struct stream *journal, uint64_t *ret, struct err *e) WARN_UNUSED;

#endif
