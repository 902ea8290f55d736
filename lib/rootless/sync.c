// SPDX-License-Identifier: MIT
/* Messages between rootlesskit's parent and child. */
#include "rootless/sync_internal.h"

#include <errno.h>

#include "base/fd.h"

int rk_sync_send(int sock, enum rk_sync what, int fd, struct err *e)
{
	uint32_t word = what;

	return fd_send(sock, &word, sizeof(word), &fd, fd >= 0 ? 1 : 0, e);
}

int rk_sync_recv(int sock, enum rk_sync want, int *ret_fd, struct err *e)
{
	uint32_t word = 0;
	int fd = -1;
	size_t n_fds = 1;
	ssize_t n = fd_recv(sock, &word, sizeof(word), &fd, &n_fds, e);

	if (n == 0 || (n < 0 && e->sys == ECONNRESET))
		return err_set(e, ERR_CANCELLED, 0, "the other process ended");
	if (n < 0)
		return -1;
	if (n_fds == 0)
		fd = -1;
	if (n != (ssize_t)sizeof(word) || word != want) {
		fd_close(&fd);
		return err_set(e, ERR_INVALID, 0, "unexpected message %u, not %u", word, want);
	}
	if (ret_fd != NULL)
		*ret_fd = fd;
	else
		fd_close(&fd);
	return 0;
}
