// SPDX-License-Identifier: MIT
/*
 * dockerd becomes the binary that lies at its path now, on SIGUSR2, while
 * containers run:
 *
 *  1. the new binary is run once (--version): one that cannot run changes nothing
 *  2. requests under way end; new connections wait in the sockets' queues
 *  3. the sockets stay open across execve(2), told of in THIMBLE_LISTENERS
 *  4. the new dockerd takes them over, and the containers as after a crash
 *
 * The process stays the same, so its service manager and rootlesskit notice
 * nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applets/dockerd_internal.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"

#define LIST_VAR	 "THIMBLE_LISTENERS"
#define DELETED		 " (deleted)"
#define TRIAL_TIMEOUT_MS 10000
#define FD_TOP		 4095

extern char **environ;

/* Sockets kept for the next one, or left by the one before. */
struct kept {
	int fd; /* -1 taken or closed */
	char *host;
	bool left; /* by the one before, and not taken yet */
};

static struct kept *kept;
static size_t n_kept;

static void add(int fd, const char *host, bool left)
{
	kept = xrealloc(kept, (n_kept + 1) * sizeof(*kept));
	kept[n_kept++] = (struct kept){.fd = fd, .host = xstrdup(host), .left = left};
}

void dockerd_kept_load(void)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	const char *list = getenv(LIST_VAR);

	if (list == NULL)
		return;
	strv_split(&lines, list, "\n");
	unsetenv(LIST_VAR);
	strv_for_each (line, &lines) {
		char *space = strchr(*line, ' ');
		uint64_t fd;

		if (space == NULL)
			continue;
		*space = '\0';
		if (str_u64(*line, FD_TOP, &fd) < 0 || fd_set_cloexec((int)fd, true) < 0)
			continue;
		add((int)fd, space + 1, true);
	}
	/* what the one before had started and not waited for */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int dockerd_kept_take(const char *host)
{
	for (size_t i = 0; i < n_kept; i++) {
		if (kept[i].left && kept[i].fd >= 0 && str_eq(kept[i].host, host))
			return TAKE_FD(kept[i].fd);
	}
	return -1;
}

void dockerd_kept_clear(void)
{
	for (size_t i = 0; i < n_kept; i++)
		if (kept[i].left)
			fd_close(&kept[i].fd);
}

void dockerd_keep(int fd, const char *host)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy >= 0)
		add(copy, host, false);
}

/* The path of our binary: a sealed one has its name in the environment (container/seal.h). */
static char *own_path(struct err *e)
{
	const char *sealed = getenv("THIMBLE_EXE");
	CLEANUP(freep) char *path = xcalloc(1, PATH_MAX);

	if (!str_empty(sealed))
		return xstrdup(sealed);
	if (readlink("/proc/self/exe", path, PATH_MAX - 1) < 0) {
		err_sys(e, "find the own binary");
		return NULL;
	}
	if (str_ends(path, DELETED))
		path[strlen(path) - strlen(DELETED)] = '\0';
	return TAKE(path);
}

int dockerd_upgrade_try(struct err *e)
{
	static const char *const argv[] = {"dockerd", "--version", NULL};
	CLEANUP(freep) char *path = own_path(e);
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	const struct proc_spec spec = {.path = path, .argv = argv};

	if (path == NULL)
		return -1;
	if (proc_run(&spec, TRIAL_TIMEOUT_MS, &out, e) < 0)
		return err_wrap(e, "%s", path);
	if (!str_starts(buf_str(&out), "Docker version "))
		return err_set(e, ERR_INVALID, 0, "%s is not a dockerd", path);
	return 0;
}

int dockerd_upgrade_exec(char **argv, struct err *e)
{
	CLEANUP(freep) char *path = own_path(e);
	CLEANUP(buf_clear) struct buf list = BUF_INIT;

	if (path == NULL)
		return -1;
	for (size_t i = 0; i < n_kept; i++) {
		if (kept[i].fd < 0)
			continue;
		fd_set_cloexec(kept[i].fd, false);
		buf_addf(&list, "%d %s\n", kept[i].fd, kept[i].host);
	}
	setenv(LIST_VAR, buf_str(&list), 1);
	unsetenv("THIMBLE_EXE");
	execve(path, argv, environ);
	return err_sys(e, "start %s", path);
}
