// SPDX-License-Identifier: MIT
/*
 * The state directory, its lock (flock(2)) and what a crashed owner leaves.
 */
#include "rootless/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "usernet/feed.h"

#define ENVIRON_MAX_BYTES (2 * 1024 * 1024)

/* Only files that we or RootlessKit make: the directory may be any the user named. */
static const char *const known_files[] = {
	RK_FILE_CHILD_PID, RK_FILE_API,		RK_FILE_NETNS, RK_FILE_USERNS,
	RK_FILE_DATA_ROOT, "netns-helper.sock", FEED_SOCKET,   "resolv.conf",
	"hosts",	   ".s4nn.sock",	".bp.sock",    ".bp-ready.pipe",
};

char *rk_state_path(const struct rk_state *s, const char *name)
{
	return xasprintf("%s/%s", s->dir, name);
}

static void remove_files(const struct rk_state *s)
{
	for (size_t i = 0; i < ARRAY_LEN(known_files); i++) {
		CLEANUP(freep) char *path = rk_state_path(s, known_files[i]);

		(void)unlink(path);
	}
}

static int make_temporary(struct rk_state *s, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	CLEANUP(freep)
	char *dir = xasprintf("%s/rootlesskitXXXXXX", str_empty(tmp) ? "/tmp" : tmp);

	if (mkdtemp(dir) == NULL)
		return err_sys(e, "make a state directory %s", dir);
	s->dir = TAKE(dir);
	s->made = true;
	return 0;
}

static int make_named(struct rk_state *s, const char *path, struct err *e)
{
	CLEANUP(freep) char *cwd = NULL;

	if (*path == '/') {
		s->dir = path_clean(path);
	} else {
		cwd = getcwd(NULL, 0);
		CLEANUP(freep) char *joined = path_join(cwd == NULL ? "/" : cwd, path);

		s->dir = path_clean(joined);
	}
	s->made = !path_exists(s->dir);
	if (path_mkdirs(s->dir, 0755, e) < 0)
		return err_wrap(e, "state directory");
	return 0;
}

int rk_state_open(struct rk_state *s, const char *path, struct err *e)
{
	CLEANUP(freep) char *lock = NULL;

	*s = (struct rk_state)RK_STATE_INIT;
	if ((path == NULL ? make_temporary(s, e) : make_named(s, path, e)) < 0)
		goto fail;
	lock = rk_state_path(s, RK_FILE_LOCK);
	s->lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0) {
		err_sys(e, "open %s", lock);
		goto fail;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		err_set(e, errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_SYSTEM, errno,
			"failed to lock %s, another RootlessKit is running with the same state "
			"directory?",
			lock);
		goto fail;
	}
	rk_state_sweep(s);
	remove_files(s);
	return 0;
fail:
	fd_close(&s->lock_fd);
	free(s->dir);
	s->dir = NULL;
	return -1;
}

int rk_state_set_child(const struct rk_state *s, pid_t pid, struct err *e)
{
	CLEANUP(freep) char *pid_path = rk_state_path(s, RK_FILE_CHILD_PID);
	CLEANUP(freep) char *ns_path = rk_state_path(s, RK_FILE_USERNS);
	char text[64], link[64];
	struct stat st;
	int n;

	n = snprintf(text, sizeof(text), "%d", (int)pid);
	if (file_write(AT_FDCWD, pid_path, text, (size_t)n, 0444, FILE_NOSYNC, e) < 0)
		return -1;
	snprintf(link, sizeof(link), "/proc/%d/ns/user", (int)pid);
	if (stat(link, &st) < 0)
		return err_sys(e, "stat %s", link);
	n = snprintf(text, sizeof(text), "%llu", (unsigned long long)st.st_ino);
	return file_write(AT_FDCWD, ns_path, text, (size_t)n, 0600, FILE_NOSYNC, e);
}

/* The process lives in the user namespace with this inode number. */
static bool in_userns(const char *pid, unsigned long long ino)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.20s/ns/user", pid);
	return stat(path, &st) == 0 && (unsigned long long)st.st_ino == ino;
}

/* The process was started by the rootlesskit of this directory. */
static bool has_our_environment(const struct rk_state *s, const char *pid)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *want = xasprintf("ROOTLESSKIT_STATE_DIR=%s", s->dir);
	struct err ignored;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
	if (file_read(AT_FDCWD, path, ENVIRON_MAX_BYTES, &text, &ignored) < 0)
		return false;
	for (size_t i = 0; i < text.len; i += strlen(text.data + i) + 1) {
		if (str_eq(text.data + i, want))
			return true;
	}
	return false;
}

/* Visits the processes of the namespace: 1 when one is ours; with kill_them all get SIGKILL. */
static int visit(const struct rk_state *s, unsigned long long ino, bool kill_them)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int n = 0;

	if (proc == NULL)
		return 0;
	while ((d = readdir(proc)) != NULL) {
		uint64_t pid;

		if (str_u64(d->d_name, INT32_MAX, &pid) < 0 || !in_userns(d->d_name, ino))
			continue;
		if (kill_them) {
			n += kill((pid_t)pid, SIGKILL) == 0;
		} else if (has_our_environment(s, d->d_name)) {
			n = 1;
			break;
		}
	}
	closedir(proc);
	return n;
}

int rk_state_sweep(const struct rk_state *s)
{
	CLEANUP(freep) char *path = rk_state_path(s, RK_FILE_USERNS);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;
	struct stat own;
	uint64_t ino;

	if (file_read(AT_FDCWD, path, 64, &text, &ignored) < 0 ||
	    str_u64(buf_str(&text), UINT64_MAX, &ino) < 0)
		return 0;
	/* never our own, whatever a file says */
	if (stat("/proc/self/ns/user", &own) < 0 || own.st_ino == ino)
		return 0;
	if (visit(s, ino, false) == 0)
		return 0;
	return visit(s, ino, true);
}

void rk_state_close(struct rk_state *s)
{
	if (s->dir == NULL)
		return;
	remove_files(s);
	if (s->made) {
		CLEANUP(freep) char *lock = rk_state_path(s, RK_FILE_LOCK);

		(void)unlink(lock);
		(void)rmdir(s->dir);
	}
	fd_close(&s->lock_fd);
	free(s->dir);
	s->dir = NULL;
}
