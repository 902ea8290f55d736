// SPDX-License-Identifier: MIT
/* Descriptors: whole reads and writes, passing by SCM_RIGHTS; see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#define COPY_CHUNK (1024 * 1024)

void fd_closep(int *fd)
{
	int saved = errno;

	fd_close(fd);
	errno = saved;
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

ssize_t fd_read(int fd, void *p, size_t n)
{
	ssize_t r;

	do
		r = read(fd, p, n);
	while (r < 0 && errno == EINTR);
	return r;
}

ssize_t fd_write(int fd, const void *p, size_t n)
{
	ssize_t r;

	do
		r = write(fd, p, n);
	while (r < 0 && errno == EINTR);
	return r;
}

int fd_read_full(int fd, void *p, size_t n, struct err *e)
{
	char *to = p;

	while (n > 0) {
		ssize_t r = fd_read(fd, to, n);

		if (r < 0)
			return err_sys(e, "read");
		if (r == 0)
			return err_set(e, ERR_SYSTEM, 0, "unexpected end of file");
		to += r;
		n -= (size_t)r;
	}
	return 0;
}

int fd_write_all(int fd, const void *p, size_t n, struct err *e)
{
	const char *from = p;

	while (n > 0) {
		ssize_t r = fd_write(fd, from, n);

		if (r < 0)
			return err_sys(e, "write");
		from += r;
		n -= (size_t)r;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, struct buf *b, struct err *e)
{
	size_t start = b->len;

	for (;;) {
		ssize_t r = fd_read(fd, buf_reserve(b, 4096), 4096);

		if (r < 0)
			return err_sys(e, "read");
		if (r == 0)
			return 0;
		b->len += (size_t)r;
		b->data[b->len] = '\0';
		if (b->len - start > max)
			return err_set(e, ERR_INVALID, 0, "longer than %zu bytes", max);
	}
}

/* moves one chunk inside the kernel; -1 with EINVAL and the like where the pair of files cannot */
static ssize_t copy_in_kernel(int in_fd, int out_fd)
{
	ssize_t r = copy_file_range(in_fd, NULL, out_fd, NULL, COPY_CHUNK, 0);

	/* 0 may also mean a file of /proc, which this call takes for empty */
	if (r > 0)
		return r;
	return sendfile(out_fd, in_fd, NULL, COPY_CHUNK);
}

int fd_copy(int in_fd, int out_fd, unsigned long long *ret_bytes, struct err *e)
{
	CLEANUP(freep) char *chunk = NULL;
	unsigned long long total = 0;
	ssize_t r;

	for (;;) {
		if (chunk == NULL) {
			r = copy_in_kernel(in_fd, out_fd);
			if (r < 0 && errno == EINTR)
				continue;
			if (r < 0 && (errno == EINVAL || errno == ENOSYS || errno == EXDEV ||
				      errno == EBADF || errno == EOPNOTSUPP)) {
				chunk = xmalloc(64 * 1024);
				continue;
			}
		} else {
			r = fd_read(in_fd, chunk, 64 * 1024);
			if (r > 0 && fd_write_all(out_fd, chunk, (size_t)r, e) < 0)
				return -1;
		}
		if (r < 0)
			return err_sys(e, "copy");
		if (r == 0)
			break;
		total += (unsigned long long)r;
	}
	if (ret_bytes != NULL)
		*ret_bytes = total;
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int fd_set_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

int fd_wait(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r > 0 ? p.revents : r;
}

union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

int fd_send(int sock_fd, const void *p, size_t n, const int *fds, size_t n_fds, struct err *e)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union fd_control control = {0};
	ssize_t r;

	if (n_fds > FD_PASS_MAX)
		return err_set(e, ERR_INVALID, 0, "too many descriptors in one message: %zu",
			       n_fds);
	if (n_fds > 0) {
		struct cmsghdr *c = &control.align;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
	}
	do
		r = sendmsg(sock_fd, &msg, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "send message");
	if ((size_t)r < n) /* only stream sockets cut a message */
		return err_set(e, ERR_SYSTEM, 0, "send message: only %zd of %zu bytes went", r, n);
	return 0;
}

/* keeps at most *n_fds descriptors of a control message and closes the rest */
static size_t take_fds(struct msghdr *msg, int *fds, size_t room)
{
	size_t kept = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (kept < room)
				fds[kept++] = fd;
			else
				close(fd);
		}
	}
	return kept;
}

ssize_t fd_recv(int sock_fd, void *p, size_t n, int *fds, size_t *n_fds, struct err *e)
{
	struct iovec iov = {.iov_base = p, .iov_len = n};
	union fd_control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	size_t kept;
	ssize_t r;

	do
		r = recvmsg(sock_fd, &msg, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_sys(e, "receive message");
	kept = take_fds(&msg, fds, n_fds != NULL ? *n_fds : 0);
	if (msg.msg_flags & MSG_TRUNC) {
		for (size_t i = 0; i < kept; i++)
			close(fds[i]);
		return err_set(e, ERR_INVALID, 0, "message longer than %zu bytes", n);
	}
	if (n_fds != NULL)
		*n_fds = kept;
	return r;
}

int fd_pipe(int fds[2], struct err *e)
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	return 0;
}

int fd_memfile(const char *name, const void *p, size_t n, struct err *e)
{
	CLEANUP(fd_closep) int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "memfd_create %s", name);
	if (fd_write_all(fd, p, n, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "lseek %s", name);
	return TAKE_FD(fd);
}
