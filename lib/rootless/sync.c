// SPDX-License-Identifier: MIT
/* Messages between rootlesskit's parent and child. */
#include "rootless/sync_internal.h"

#include <errno.h>

#include "base/fd.h"

int rk_sync_send(int sock, enum rk_sync what, struct err *e)
{
	uint32_t word = what;

	return fd_send(sock, &word, sizeof(word), NULL, 0, e);
}

int rk_sync_recv(int sock, enum rk_sync want, struct err *e)
{
	uint32_t word = 0;
	ssize_t n = fd_recv(sock, &word, sizeof(word), NULL, NULL, e);

	if (n == 0 || (n < 0 && e->sys == ECONNRESET))
		return err_set(e, ERR_CANCELLED, 0, "the other process ended");
	if (n < 0)
		return -1;
	if (n != (ssize_t)sizeof(word) || word != (uint32_t)want)
		return err_set(e, ERR_INVALID, 0, "unexpected message %u, not %u", word,
			       (unsigned)want);
	return 0;
}
