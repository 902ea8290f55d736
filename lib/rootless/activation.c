// SPDX-License-Identifier: MIT
/* LISTEN_FDS and LISTEN_PID: sd_listen_fds(3). */
#include "rootless/activation.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

#define ACTIVATION_MAX 1024

int rk_activation_take(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	uint64_t n_pid, n;

	if (pid == NULL || fds == NULL || str_u64(pid, INT32_MAX, &n_pid) < 0 ||
	    str_u64(fds, ACTIVATION_MAX, &n) < 0 || (pid_t)n_pid != getpid())
		return 0;
	for (int i = 0; i < (int)n; i++)
		if (fd_set_cloexec(RK_ACTIVATION_FIRST_FD + i, true) < 0)
			return i; /* promised but not there: its number will be something else's */
	return (int)n;
}

void rk_activation_pass(int n)
{
	char text[16];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		(void)fd_set_cloexec(RK_ACTIVATION_FIRST_FD + i, false);
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
}
