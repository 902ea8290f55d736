// SPDX-License-Identifier: MIT
/*
 * A byte stream: read, write, close. Lets http run over sockets, TLS or test
 * buffers without knowing which. A stream belongs to one thread at a time,
 * except that one thread may read while another writes.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct stream;

struct stream_ops {
	/* >0 bytes, 0 end of stream, -1 failure (ERR_TIMEOUT when the deadline passed) */
	ssize_t (*read)(struct stream *s, void *p, size_t n, struct err *e);
	/* writes all; 0 or -1 */
	int (*write)(struct stream *s, const void *p, size_t n, struct err *e);
	/* half-close: the peer sees end of stream, reading goes on; may be NULL */
	int (*close_write)(struct stream *s, struct err *e);
	/* closes and frees */
	void (*free)(struct stream *s);
};

struct stream {
	const struct stream_ops *ops;
	int fd; /* for poll(2); -1 when there is none; readable data may also wait inside (TLS) */
	int timeout_ms; /* for each read and write; -1 none */
};

/** stream_read() - see stream_ops.read */
ssize_t stream_read(struct stream *s, void *p, size_t n, struct err *e) WARN_UNUSED;
/** stream_write() - writes all n bytes */
int stream_write(struct stream *s, const void *p, size_t n, struct err *e) WARN_UNUSED;
/** stream_close_write() - half-close; nothing where the kind cannot */
int stream_close_write(struct stream *s, struct err *e);
/** stream_free() - closes and frees; NULL is fine */
void stream_free(struct stream *s);
/** stream_freep() - CLEANUP(stream_freep) */
void stream_freep(struct stream **s);

/** stream_fd_new() - stream over a socket, pipe or terminal, which it then owns; no timeout at
 * first */
struct stream *stream_fd_new(int fd);
/** stream_fd_take() - frees a stream made by stream_fd_new() and gives its descriptor back */
int stream_fd_take(struct stream *s);
/** stream_mem_new() - reads from a copy of the given bytes, writes into out (borrowed, may be
 * NULL); for tests */
struct stream *stream_mem_new(const void *p, size_t n, struct buf *out);

#endif
