// SPDX-License-Identifier: MIT
/*
 * Docker's logs json-file (one object per line with the text, the stream and
 * the time) and local (locallog.c); rotation by size. Written by one process
 * only.
 */
#ifndef CONTAINER_LOG_H
#define CONTAINER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "container/config.h"

#define JSONLOG_LINE_MAX 16384 /* longer lines become several entries, as Docker does */

struct log_service;

struct jsonlog {
	const struct container_log *config; /* borrowed */
	struct log_service *service;	    /* gets each entry too; owned, may be NULL */
	int fd;				    /* -1: driver "none" */
	uint64_t size;			    /* of the present file */
	struct buf partial[2];		    /* unfinished line of stdout, of stderr */
};

/** jsonlog_open() - opens (appends) or makes the file, mode 0640 */
int jsonlog_open(struct jsonlog *l, const struct container_log *config, struct err *e) WARN_UNUSED;
/** jsonlog_reopen() - after somebody moved or truncated the file */
int jsonlog_reopen(struct jsonlog *l, struct err *e) WARN_UNUSED;
/** jsonlog_write() - n bytes of output; is_stderr chooses the stream; now_nsec is the time. Output
 * that cannot be written (disk full) is lost, the container goes on */
void jsonlog_write(struct jsonlog *l, bool is_stderr, const char *p, size_t n, int64_t now_nsec);
/** jsonlog_flush() - writes unfinished lines: the stream has ended */
void jsonlog_flush(struct jsonlog *l, int64_t now_nsec);
/** jsonlog_close() - frees, with the service */
void jsonlog_close(struct jsonlog *l);
/** jsonlog_entry() - appends one entry's line; attrs is JSON text or NULL */
void jsonlog_entry(struct buf *out, const char *p, size_t n, bool is_stderr, const char *attrs,
		   int64_t now_nsec);

struct log_record { /* an entry of the driver local */
	const char *line;
	size_t n;
	int64_t nsec;
	bool is_stderr;
	bool newline; /* one belongs behind the line: it is not a piece of a longer one */
};

/** locallog_entry() - appends one entry; the line has no newline; partial: more of it follows */
void locallog_entry(struct buf *out, const char *p, size_t n, bool is_stderr, bool partial,
		    int64_t now_nsec);
/** locallog_parse() - the entry at p; ret's line points into it. Return: bytes of the entry, 0 it
 * is not whole, -1 it is damaged */
ssize_t locallog_parse(const char *p, size_t n, struct log_record *ret);
/** locallog_length() - of the message before or behind which these bytes are; the entry is 8 longer
 */
size_t locallog_length(const unsigned char frame[4]);

#endif
