// SPDX-License-Identifier: MIT
/*
 * setns(2), user_namespaces(7). A user owns the user namespace that his
 * rootlesskit made, and so holds every capability in it once he has joined it.
 */
#include "rootless/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ns/join.h"
#include "rootless/state.h"

#define STATE_NUMBER_MAX 64

char *rk_dir_find(void)
{
	static const char *const given[] = {"ROOTLESSKIT_STATE_DIR",
					    "DOCKERD_ROOTLESS_ROOTLESSKIT_STATE_DIR"};
	const char *dir = getenv("XDG_RUNTIME_DIR"), *home = getenv("HOME");

	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		if (!str_empty(getenv(given[i])))
			return xstrdup(getenv(given[i]));
	}
	if (!str_empty(dir))
		return xasprintf("%s/dockerd-rootless", dir);
	return xasprintf("%s/.docker/run/dockerd-rootless", home != NULL ? home : "");
}

/* A file of the directory that holds one number. */
static int read_number(const char *dir, const char *name, uint64_t *ret, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (file_read(AT_FDCWD, path, STATE_NUMBER_MAX, &text, e) < 0)
		return -1;
	if (text.len > 0 && text.data[text.len - 1] == '\n') /* echo wrote it */
		text.data[--text.len] = '\0';
	if (str_u64(buf_str(&text), UINT64_MAX, ret) < 0)
		return err_set(e, ERR_INVALID, 0, "%s holds no number", path);
	return 0;
}

int rk_dir_child(const char *dir, pid_t *ret_pid, struct err *e)
{
	uint64_t pid, ino;
	struct err ignored;
	struct stat st;
	char path[64];

	if (read_number(dir, RK_FILE_CHILD_PID, &pid, e) < 0)
		return err_set(e, ERR_UNAVAILABLE, e->sys,
			       "no RootlessKit runs with the state directory %s (%s)", dir,
			       e->sys != 0 ? strerror(e->sys) : e->msg);
	snprintf(path, sizeof(path), "/proc/%u/ns/user", (unsigned)pid);
	if (pid == 0 || pid > INT32_MAX || stat(path, &st) < 0)
		return err_set(e, ERR_UNAVAILABLE, 0,
			       "the RootlessKit of the state directory %s has ended", dir);
	/* RootlessKit's own directories have no such file */
	if (read_number(dir, RK_FILE_USERNS, &ino, &ignored) == 0 && ino != st.st_ino)
		return err_set(e, ERR_UNAVAILABLE, 0,
			       "the RootlessKit of the state directory %s has ended", dir);
	*ret_pid = (pid_t)pid;
	return 0;
}

int rk_dir_netns(const char *dir, pid_t child, struct err *e)
{
	CLEANUP(freep) char *real = realpath(dir, NULL);
	/* mounted in the child's mount namespace; the links of a copy-up are relative */
	CLEANUP(freep)
	char *path =
		xasprintf("/proc/%d/root%s/" RK_FILE_NETNS, (int)child, real != NULL ? real : dir);
	struct err ignored;
	int fd = ns_open_path(path, NS_NET, &ignored);

	return fd >= 0 ? fd : ns_open_pid(child, NS_NET, e);
}

int rk_enter(const char *dir, struct err *e)
{
	CLEANUP(freep) char *found = dir == NULL ? rk_dir_find() : NULL;
	CLEANUP(fd_closep) int net_fd = -1;
	CLEANUP(freep) char *here = getcwd(NULL, 0);
	CLEANUP(ns_set_clear) struct ns_set set;
	pid_t child;

	ns_set_init(&set);
	if (dir == NULL)
		dir = found;
	if (rk_dir_child(dir, &child, e) < 0)
		return -1;
	if (ns_set_open_pid(&set, child, NS_BIT(NS_USER) | NS_BIT(NS_MNT), e) < 0 ||
	    ns_set_join(&set, e) < 0)
		return -1;
	net_fd = rk_dir_netns(dir, child, e);
	if (net_fd < 0 || ns_join(net_fd, NS_NET, e) < 0)
		return -1;
	/* by its name: a descriptor would lead out of the mount namespace again */
	if ((here == NULL || chdir(here) < 0) && chdir("/") < 0)
		return err_sys(e, "change to the working directory");
	return 0;
}

int rk_enter_exec(const char *dir, char *const *argv, int *ret_code, struct err *e)
{
	const char *shell = getenv("SHELL");
	char *shell_argv[2] = {0};

	*ret_code = 1;
	if (rk_enter(dir, e) < 0)
		return -1;
	if (argv == NULL || argv[0] == NULL) {
		shell_argv[0] = xstrdup(str_empty(shell) ? "/bin/sh" : shell);
		argv = shell_argv;
	}
	execvp(argv[0], argv);
	*ret_code = errno == ENOENT ? 127 : 126;
	(void)err_sys(e, "failed to execute %s", argv[0]);
	free(shell_argv[0]);
	return -1;
}
