// SPDX-License-Identifier: MIT
/*
 * Tar archives as hostile byte streams, read in one pass with bounded memory.
 * Formats: POSIX.1 ustar and pax (Extended Description), GNU long names, GNU
 * sparse (old and pax 0.0, 0.1, 1.0), base-256 numbers, SCHILY.xattr.
 */
#ifndef ARCHIVE_TAR_H
#define ARCHIVE_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/stream.h"

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK = '4',
	TAR_DIR = '5',
	TAR_FIFO = '6',
};

struct tar_xattr {
	const char *name; /* full name, "user.x" */
	const void *value;
	size_t len;
};

struct tar_entry {
	const char *name; /* as stored, not cleaned; may be absolute or hold ".." */
	const char *link; /* target of a symlink or hard link, else "" */
	enum tar_type type;
	uint32_t mode; /* permission bits with setuid, setgid, sticky */
	uint32_t uid, gid;
	uint64_t size; /* logical bytes of content; 0 unless TAR_FILE */
	int64_t mtime_sec;
	uint32_t mtime_nsec;
	bool has_atime;
	int64_t atime_sec;
	uint32_t atime_nsec;
	uint32_t dev_major, dev_minor;
	const char *uname, *gname; /* may be "" */
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
	bool sparse;
};

/*
 * A tap sees every byte of the archive in order: meta is headers, padding,
 * trailer (and the data of sparse entries), data is a plain file's content.
 * For each entry: meta bytes of its headers, entry(), data()*, data_end().
 */
struct tar_tap {
	int (*meta)(void *arg, const void *p, size_t n, struct err *e);
	int (*entry)(void *arg, const struct tar_entry *ent, struct err *e);
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	int (*data_end)(void *arg, struct err *e);
};

struct tar_reader;

/** tar_reader_new() - reads from src, which is borrowed and must outlive the reader */
struct tar_reader *tar_reader_new(struct stream *src);
/** tar_reader_free() - NULL is fine */
void tar_reader_free(struct tar_reader *t);
/** tar_reader_freep() - CLEANUP(tar_reader_freep) */
void tar_reader_freep(struct tar_reader **t);
/** tar_reader_set_tap() - before the first tar_next(); tap and arg are borrowed */
void tar_reader_set_tap(struct tar_reader *t, const struct tar_tap *tap, void *arg);

/**
 * tar_next() - step to the next entry of an untrusted archive
 * @t:       reader
 * @ret_ent: entry, borrowed; valid until the next call
 * @e:       filled on failure
 *
 * Content not read of the entry before is skipped. Entry types without meaning
 * here (volume labels, …) are skipped as well. Sizes are bytes, times UTC.
 * Not for sharing between threads.
 *
 * Return: 1 entry, 0 end (everything up to end of stream has then been read,
 * so that digests are complete), -1 failure (ERR_INVALID when malformed or
 * beyond a limit).
 */
int tar_next(struct tar_reader *t, const struct tar_entry **ret_ent, struct err *e) WARN_UNUSED;

/** tar_read() - the entry's content, holes as zeros; bytes, 0 at its end, -1 */
ssize_t tar_read(struct tar_reader *t, void *p, size_t n, struct err *e) WARN_UNUSED;

/**
 * tar_chunk() - the entry's content without copying
 * @t:          reader
 * @ret_p:      bytes, borrowed until the next call on the reader
 * @ret_offset: where in the file they belong; holes are skipped
 * @e:          filled on failure
 *
 * Return: bytes, 0 at the entry's end, -1 failure. Not to be mixed with
 * tar_read() within one entry.
 */
ssize_t tar_chunk(struct tar_reader *t, const void **ret_p, uint64_t *ret_offset,
		  struct err *e) WARN_UNUSED;

struct tar_writer;

/** tar_writer_new() - writes to out, which is borrowed */
struct tar_writer *tar_writer_new(struct stream *out);
/** tar_writer_free() - NULL is fine; writes nothing */
void tar_writer_free(struct tar_writer *w);
/** tar_writer_freep() - CLEANUP(tar_writer_freep) */
void tar_writer_freep(struct tar_writer **w);
/** tar_write_entry() - header (ustar, with a pax header where ustar cannot hold it); ent->size
 * bytes of content must follow by tar_write() */
int tar_write_entry(struct tar_writer *w, const struct tar_entry *ent, struct err *e) WARN_UNUSED;
/** tar_write() - content; more than announced is ERR_INVALID */
int tar_write(struct tar_writer *w, const void *p, size_t n, struct err *e) WARN_UNUSED;
/** tar_write_file() - a whole regular file with root's ownership and content from memory */
int tar_write_file(struct tar_writer *w, const char *name, uint32_t mode, int64_t mtime_sec,
		   const void *p, size_t n, struct err *e) WARN_UNUSED;
/** tar_writer_end() - the two zero blocks; content still owed is ERR_INVALID */
int tar_writer_end(struct tar_writer *w, struct err *e) WARN_UNUSED;

#endif
