// SPDX-License-Identifier: MIT
/* A way reads only when nothing waits in it, so it holds one buffer at most. */
#include "inspect/duct.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "config/limits.h"

#define PIPE_ATOMIC 4096 /* a pipe that poll(2) calls writable takes as much without blocking */

static bool is_socket(int fd)
{
	socklen_t len = sizeof(int);
	int type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;
}

static struct duct_way way(int from_fd, int to_fd)
{
	return (struct duct_way){.from_fd = from_fd,
				 .to_fd = to_fd,
				 .from_socket = is_socket(from_fd),
				 .to_socket = is_socket(to_fd)};
}

void duct_init(struct duct *d, int in_fd, int out_fd, int fd)
{
	d->way[0] = way(in_fd, fd);
	d->way[1] = way(fd, out_fd);
}

void duct_clear(struct duct *d)
{
	for (int i = 0; i < 2; i++) {
		free(d->way[i].data);
		d->way[i].data = NULL;
	}
}

void duct_poll(const struct duct *d, struct pollfd fds[DUCT_FDS])
{
	for (int i = 0; i < 2; i++) {
		const struct duct_way *w = &d->way[i];

		/* no descriptor: one that is asked for nothing would report a hang-up for ever */
		fds[2 * i] = (struct pollfd){.fd = !w->eof && w->n == 0 ? w->from_fd : -1,
					     .events = POLLIN};
		fds[2 * i + 1] = (struct pollfd){.fd = w->n > 0 ? w->to_fd : -1, .events = POLLOUT};
	}
}

static int take(struct duct_way *w)
{
	ssize_t n;

	if (w->data == NULL)
		w->data = xmalloc(DIAL_BUFFER_BYTES);
	n = w->from_socket ? recv(w->from_fd, w->data, DIAL_BUFFER_BYTES, MSG_DONTWAIT)
			   : fd_read(w->from_fd, w->data, DIAL_BUFFER_BYTES);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->eof = n == 0;
	w->at = 0;
	w->n = (size_t)n;
	return 0;
}

static int give(struct duct_way *w)
{
	ssize_t n = w->to_socket
			    ? send(w->to_fd, w->data + w->at, w->n, MSG_DONTWAIT | MSG_NOSIGNAL)
			    : fd_write(w->to_fd, w->data + w->at, MIN(w->n, PIPE_ATOMIC));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->at += (size_t)n;
	w->n -= (size_t)n;
	return 0;
}

static int step(struct duct_way *w, const struct pollfd *from, const struct pollfd *to)
{
	if (from->fd >= 0 && from->revents != 0 && take(w) < 0)
		return -1;
	/* what was just read mostly fits at once */
	if (w->n > 0 && (w->to_socket || (to->fd >= 0 && to->revents != 0)) && give(w) < 0)
		return -1;
	if (w->n == 0) {
		free(w->data);
		w->data = NULL;
	}
	if (w->eof && w->n == 0 && !w->done) {
		w->done = true;
		if (w->to_socket)
			(void)shutdown(w->to_fd, SHUT_WR);
	}
	return 0;
}

int duct_step(struct duct *d, const struct pollfd fds[DUCT_FDS])
{
	for (int i = 0; i < 2; i++) {
		if (step(&d->way[i], &fds[2 * i], &fds[2 * i + 1]) < 0)
			return -1;
	}
	return d->way[0].done && d->way[1].done ? 1 : 0;
}

bool duct_way_done(const struct duct *d, int i)
{
	return d->way[i].done;
}
