// SPDX-License-Identifier: MIT
/*
 * One container's group: making, freezing, killing, removing. File formats:
 * Documentation/admin-guide/cgroup-v2.rst.
 */
#include "cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "cgroup/cgroup_internal.h"

#define FILE_MAX	  (1024 * 1024)
#define NAME_LEN	  64 /* of a container's group */
#define FREEZE_TIMEOUT_MS 10000
#define END_TIMEOUT_MS	  5000
#define SWEEP_MIN_SEC	  10 /* younger groups may be another engine's that is starting */

char *cgroup_path(const struct cgroup_root *r, const char *parent, const char *name)
{
	CLEANUP(freep) char *dir = NULL;

	if (r->mode == CGROUP_NONE || str_empty(name) || strstr(name, "..") != NULL)
		return NULL;
	dir = str_empty(parent) || strstr(parent, "..") != NULL ? xstrdup(r->path)
								: path_join(r->path, parent);
	return path_join(dir, name);
}

int cgroup_put(const char *dir, const char *file, const char *text, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, file);

	return file_write_plain(AT_FDCWD, path, text, e);
}

int cgroup_putf(const char *dir, const char *file, struct err *e, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return cgroup_put(dir, file, buf_str(&b), e);
}

int cgroup_get(const char *dir, const char *file, struct buf *out, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, file);

	return file_read(AT_FDCWD, path, FILE_MAX, out, e);
}

bool cgroup_find_key(const char *text, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);

	for (const char *p = text; p != NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) == 0 && p[n] == ' ') {
			*ret = strtoull(p + n + 1, NULL, 10);
			return true;
		}
	}
	return false;
}

/* What a group has of the root's controllers, its children get too. */
static void pass_controllers(const char *dir)
{
	static const char *const all[] = {"+cpu", "+cpuset", "+memory", "+pids", "+io"};
	struct err ignored;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		(void)!cgroup_put(dir, "cgroup.subtree_control", all[i], &ignored);
}

int cgroup_create(const struct cgroup_root *r, const char *path, struct err *e)
{
	CLEANUP(freep) char *dir = xstrdup(path);
	size_t at;

	if (str_empty(path))
		return 0;
	if (path_mkdirs(path, 0755, e) < 0)
		return -1;
	at = strlen(r->path) + 1;
	while (at < strlen(path) && (at += strcspn(path + at, "/")) < strlen(path)) {
		dir[at] = '\0';
		pass_controllers(dir);
		dir[at++] = '/';
	}
	return 0;
}

int cgroup_open(const char *path)
{
	return str_empty(path) ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_add(const char *path, pid_t pid, struct err *e)
{
	if (str_empty(path))
		return 0;
	return cgroup_putf(path, "cgroup.procs", e, "%d", (int)pid);
}

static void add_pids(const char *dir, struct strv *pids)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err ignored;
	struct dirent *ent;
	DIR *d;

	if (cgroup_get(dir, "cgroup.procs", &b, &ignored) == 0)
		strv_split(pids, buf_str(&b), "\n");
	d = opendir(dir);
	if (d == NULL)
		return;
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_type == DT_DIR && ent->d_name[0] != '.') {
			CLEANUP(freep) char *sub = path_join(dir, ent->d_name);

			add_pids(sub, pids);
		}
	}
	closedir(d);
}

int cgroup_pids(const char *path, pid_t **ret_pids, size_t *ret_n, struct err *e UNUSED)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	pid_t *pids;
	size_t n = 0;

	if (!str_empty(path))
		add_pids(path, &words);
	pids = xcalloc(words.len + 1, sizeof(*pids));
	strv_for_each (w, &words) {
		long pid = strtol(*w, NULL, 10);

		if (pid > 0) /* 0: of a pid namespace we do not see */
			pids[n++] = (pid_t)pid;
	}
	*ret_pids = pids;
	*ret_n = n;
	return 0;
}

/* Until cgroup.events says so. */
static int wait_event(const char *path, const char *key, bool want, int timeout_ms, struct err *e)
{
	CLEANUP(freep) char *file = path_join(path, "cgroup.events");
	CLEANUP(fd_closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
	int64_t deadline = time_mono_ms() + timeout_ms;

	if (fd < 0)
		return err_sys(e, "open %s", file);
	for (;;) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		uint64_t now = 0;
		int64_t left;

		if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, FILE_MAX, &b, e) < 0)
			return err_sys(e, "read %s", file);
		if (cgroup_find_key(buf_str(&b), key, &now) && !!now == want)
			return 0;
		left = deadline - time_mono_ms();
		if (left <= 0 || fd_wait(fd, POLLPRI, (int)left) == 0)
			return err_set(e, ERR_TIMEOUT, 0, "%s is not %s%s in time", path,
				       want ? "" : "un", key);
	}
}

int cgroup_freeze(const char *path, bool frozen, struct err *e)
{
	if (str_empty(path))
		return err_set(e, ERR_UNAVAILABLE, 0, "no cgroup to freeze");
	if (cgroup_put(path, "cgroup.freeze", frozen ? "1" : "0", e) < 0)
		return -1;
	return wait_event(path, "frozen", frozen, FREEZE_TIMEOUT_MS, e);
}

int cgroup_kill(const char *path, struct err *e)
{
	CLEANUP(freep) pid_t *pids = NULL;
	size_t n;

	if (str_empty(path))
		return 0;
	if (cgroup_put(path, "cgroup.kill", "1", e) == 0)
		return 0;
	if (e->sys != ENOENT && e->sys != EACCES)
		return -1;
	if (cgroup_pids(path, &pids, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		(void)kill(pids[i], SIGKILL);
	return 0;
}

uint64_t cgroup_oom_kills(const char *path)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err ignored;
	uint64_t n = 0;

	if (!str_empty(path) && cgroup_get(path, "memory.events", &b, &ignored) == 0)
		(void)cgroup_find_key(buf_str(&b), "oom_kill", &n);
	return n;
}

int cgroup_open_events(const char *path)
{
	CLEANUP(freep) char *file = str_empty(path) ? NULL : path_join(path, "memory.events");
	char text[512];
	int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;

	/* the first poll is quiet only after a reading */
	if (fd >= 0 && pread(fd, text, sizeof(text), 0) < 0)
		fd_close(&fd);
	return fd;
}

int cgroup_remove(const char *path, struct err *e)
{
	struct dirent *ent;
	DIR *d;

	if (str_empty(path) || rmdir(path) == 0 || errno == ENOENT)
		return 0;
	d = opendir(path);
	if (d == NULL)
		return err_sys(e, "remove %s", path);
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_type == DT_DIR && ent->d_name[0] != '.') {
			CLEANUP(freep) char *sub = path_join(path, ent->d_name);
			struct err ignored;

			if (cgroup_remove(sub, &ignored) < 0)
				continue; /* the rmdir below tells */
		}
	}
	closedir(d);
	if (rmdir(path) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", path);
	return 0;
}

int cgroup_end(const char *path, struct err *e)
{
	if (cgroup_remove(path, e) == 0)
		return 0;
	if (e->sys != EBUSY)
		return -1;
	/* what has outlived the container: its shim was killed, or it had no pid namespace */
	if (cgroup_kill(path, e) < 0 || wait_event(path, "populated", false, END_TIMEOUT_MS, e) < 0)
		return -1;
	return cgroup_remove(path, e);
}

static bool is_leftover(const struct cgroup_root *r, const char *name)
{
	CLEANUP(freep) char *events = xasprintf("%s/%s", name, "cgroup.events");
	CLEANUP(freep) char *dir = path_join(r->path, name);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	uint64_t populated = 1;
	struct err ignored;
	struct stat st;

	return str_is_hex(name, NAME_LEN) && name[NAME_LEN] == '\0' && stat(dir, &st) == 0 &&
	       st.st_mtime + SWEEP_MIN_SEC < time_now_nsec() / 1000000000 &&
	       cgroup_get(r->path, events, &b, &ignored) == 0 &&
	       cgroup_find_key(buf_str(&b), "populated", &populated) && populated == 0;
}

void cgroup_sweep(const struct cgroup_root *r)
{
	struct dirent *ent;
	struct err e;
	DIR *d = r->mode == CGROUP_NONE ? NULL : opendir(r->path);

	while (d != NULL && (ent = readdir(d)) != NULL) {
		CLEANUP(freep) char *path = path_join(r->path, ent->d_name);

		if (is_leftover(r, ent->d_name) && cgroup_remove(path, &e) < 0)
			log_debug(&e, "a leftover control group");
	}
	if (d != NULL)
		closedir(d);
}
