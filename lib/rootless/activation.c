// SPDX-License-Identifier: MIT
/* LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES: sd_listen_fds(3). */
#include "rootless/activation.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

#define ACTIVATION_MAX 1024

static size_t promised(void)
{
	const char *pid = getenv("LISTEN_PID");
	const char *fds = getenv("LISTEN_FDS");
	uint64_t n_pid, n;

	if (pid == NULL || fds == NULL || str_u64(pid, INT32_MAX, &n_pid) < 0 ||
	    str_u64(fds, ACTIVATION_MAX, &n) < 0 || (pid_t)n_pid != getpid())
		return 0;
	return (size_t)n;
}

/* Between colons; a name may be empty, so strv_split() will not do. */
static void read_names(struct strv *names)
{
	const char *s = getenv("LISTEN_FDNAMES");

	while (s != NULL) {
		const char *end = strchr(s, ':');

		strv_addn(names, s, end != NULL ? (size_t)(end - s) : strlen(s));
		s = end != NULL ? end + 1 : NULL;
	}
}

static bool is_inet(int fd)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       (domain == AF_INET || domain == AF_INET6);
}

void rk_activation_take(struct rk_activation *a, bool service)
{
	size_t n = promised();

	*a = (struct rk_activation){0};
	if (n == 0)
		return;
	read_names(&a->names);
	a->items = xcalloc(n, sizeof(*a->items));
	for (size_t i = 0; i < n; i++) {
		struct rk_activated *it = &a->items[i];

		it->fd = RK_ACTIVATION_FIRST_FD + (int)i;
		if (fd_set_cloexec(it->fd, true) < 0)
			break; /* promised but not there: its number will be something else's */
		it->name = i < a->names.len ? a->names.items[i] : "";
		it->inet = is_inet(it->fd);
		it->pass = !it->inet || (!str_eq(it->name, "publish") &&
					 (!service || str_starts(it->name, "docker")));
		a->n++;
	}
}

void rk_activation_clear(struct rk_activation *a)
{
	free(a->items);
	strv_clear(&a->names);
	*a = (struct rk_activation){0};
}

void rk_activation_pass(const struct rk_activation *a)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(freep) char *joined = NULL;
	char text[16];
	int n = 0;

	if (a->n == 0)
		return;
	/* ascending, so none lands on one that is still to move */
	for (size_t i = 0; i < a->n; i++) {
		int to = RK_ACTIVATION_FIRST_FD + n;

		if (!a->items[i].pass)
			continue;
		if (a->items[i].fd == to ? fd_set_cloexec(to, false) < 0
					 : dup2(a->items[i].fd, to) < 0)
			break;
		strv_add(&names, a->items[i].name);
		n++;
	}
	unsetenv("LISTEN_FDNAMES");
	if (n == 0) {
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_PID");
		return;
	}
	if (a->names.len > 0) {
		joined = strv_join(&names, ":");
		setenv("LISTEN_FDNAMES", joined, 1);
	}
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
}
