// SPDX-License-Identifier: MIT
/*
 * File descriptors: owning locals, whole reads and writes, descriptor passing
 * (unix(7), SCM_RIGHTS). EINTR is always retried here. Everything opened is
 * close-on-exec.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define FD_PASS_MAX 64 /* descriptors in one message */

#define TAKE_FD(fd)                \
	({                         \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

/** fd_closep() - CLEANUP(fd_closep) int fd = -1; closes when >= 0, errno kept */
void fd_closep(int *fd);
/** fd_close() - closes *fd when >= 0 and sets it to -1 */
void fd_close(int *fd);
/** fd_read() - read(2) retried on EINTR; as read(2) otherwise */
ssize_t fd_read(int fd, void *p, size_t n);
/** fd_write() - write(2) retried on EINTR; as write(2) otherwise (SIGPIPE is for the process to
 * ignore) */
ssize_t fd_write(int fd, const void *p, size_t n);
/** fd_read_full() - reads exactly n bytes; fewer is ERR_SYSTEM "unexpected end of file" */
int fd_read_full(int fd, void *p, size_t n, struct err *e) WARN_UNUSED;
/** fd_write_all() - writes all n bytes of a blocking descriptor */
int fd_write_all(int fd, const void *p, size_t n, struct err *e) WARN_UNUSED;
/** fd_read_all() - appends everything up to end of file; more than max bytes is ERR_INVALID */
int fd_read_all(int fd, size_t max, struct buf *b, struct err *e) WARN_UNUSED;
/** fd_copy() - copies until end of file (copy_file_range, sendfile, else read and write);
 * *ret_bytes may be NULL */
int fd_copy(int in_fd, int out_fd, unsigned long long *ret_bytes, struct err *e) WARN_UNUSED;
/** fd_set_nonblock() - sets or clears O_NONBLOCK */
int fd_set_nonblock(int fd, bool on);
/** fd_set_cloexec() - sets or clears FD_CLOEXEC */
int fd_set_cloexec(int fd, bool on);
/** fd_wait() - poll(2) one descriptor for events; >0 ready (revents), 0 timeout, -1 errno;
 * timeout_ms < 0 waits for ever */
int fd_wait(int fd, short events, int timeout_ms);
/** fd_send() - one message with n_fds descriptors (0 to FD_PASS_MAX) on a unix socket; MSG_NOSIGNAL
 */
int fd_send(int sock_fd, const void *p, size_t n, const int *fds, size_t n_fds,
	    struct err *e) WARN_UNUSED;
/**
 * fd_recv() - receives one message and its descriptors
 * @sock_fd:   unix socket
 * @p:         filled
 * @n:         size of p
 * @fds:       filled with at most *n_fds close-on-exec descriptors, the caller's; surplus ones are
 * closed
 * @n_fds:     in: room in fds; out: received. May be NULL together with fds.
 * @e:         filled on failure; a message longer than n is ERR_INVALID; EAGAIN stays in e->sys
 *
 * Return: bytes, 0 at end of file, -1 failure.
 */
ssize_t fd_recv(int sock_fd, void *p, size_t n, int *fds, size_t *n_fds, struct err *e) WARN_UNUSED;
/** fd_pipe() - pipe2 with O_CLOEXEC */
int fd_pipe(int fds[2], struct err *e) WARN_UNUSED;
/** fd_memfile() - an anonymous close-on-exec file holding n bytes, offset 0 */
int fd_memfile(const char *name, const void *p, size_t n, struct err *e) WARN_UNUSED;

#endif
