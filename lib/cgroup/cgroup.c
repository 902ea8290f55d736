// SPDX-License-Identifier: MIT
/*
 * One container's group: limits, figures, freezing, killing. File formats:
 * Documentation/admin-guide/cgroup-v2.rst; the conversions of shares and
 * weights are those of runc (runtime-spec gives v1 values).
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
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"

#define FILE_MAX	  (1024 * 1024)
#define FREEZE_TIMEOUT_MS 10000

char *cgroup_path(const struct cgroup_root *r, const char *parent, const char *name)
{
	CLEANUP(freep) char *dir = NULL;

	if (r->mode == CGROUP_NONE || str_empty(name) || strstr(name, "..") != NULL)
		return NULL;
	dir = str_empty(parent) || strstr(parent, "..") != NULL ? xstrdup(r->path)
								: path_join(r->path, parent);
	return path_join(dir, name);
}

static int put(const char *dir, const char *file, const char *text, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, file);

	return file_write_plain(AT_FDCWD, path, text, e);
}

static int putf(const char *dir, const char *file, struct err *e, const char *fmt, ...)
	PRINTF(4, 5);
static int putf(const char *dir, const char *file, struct err *e, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	return put(dir, file, buf_str(&b), e);
}

static int get(const char *dir, const char *file, struct buf *out, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, file);

	return file_read(AT_FDCWD, path, FILE_MAX, out, e);
}

/* The number after "key " at the start of a line; false when there is none. */
static bool find_key(const char *text, const char *key, uint64_t *ret)
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

static uint64_t read_number(const char *dir, const char *file)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err ignored;

	if (get(dir, file, &b, &ignored) < 0)
		return 0;
	return str_starts(buf_str(&b), "max") ? UINT64_MAX : strtoull(buf_str(&b), NULL, 10);
}

/* What a group has of the root's controllers, its children get too. */
static void pass_controllers(const char *dir)
{
	static const char *const all[] = {"+cpu", "+cpuset", "+memory", "+pids", "+io"};
	struct err ignored;

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		(void)!put(dir, "cgroup.subtree_control", all[i], &ignored);
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

static int set_swap(const char *path, const struct cgroup_limits *l, struct err *e)
{
	int r = 0;

	/* Docker counts memory and swap together; the kernel swap alone */
	if (l->memory_swap_bytes < 0)
		r = put(path, "memory.swap.max", "max", e);
	else if (l->memory_swap_bytes > 0 && l->memory_swap_bytes >= l->memory_bytes)
		r = putf(path, "memory.swap.max", e, "%" PRId64,
			 l->memory_swap_bytes - MAX(l->memory_bytes, 0));
	return r < 0 && e->sys == ENOENT ? 0 : r; /* a kernel without swap */
}

static int set_memory(const char *path, const struct cgroup_limits *l, struct err *e)
{
	if (l->memory_bytes < 0 && put(path, "memory.max", "max", e) < 0)
		return -1;
	if (l->memory_bytes > 0 && putf(path, "memory.max", e, "%" PRId64, l->memory_bytes) < 0)
		return -1;
	if (l->memory_low_bytes > 0 &&
	    putf(path, "memory.low", e, "%" PRId64, l->memory_low_bytes) < 0)
		return -1;
	return set_swap(path, l, e);
}

static int set_cpu(const char *path, const struct cgroup_limits *l, struct err *e)
{
	uint64_t period = l->cpu_period_usec != 0 ? l->cpu_period_usec : 100000;

	if (l->cpu_shares >= 2) {
		uint64_t shares = MIN(l->cpu_shares, 262144);

		if (putf(path, "cpu.weight", e, "%" PRIu64, 1 + (shares - 2) * 9999 / 262142) < 0)
			return -1;
	}
	if (l->cpu_quota_usec > 0 &&
	    putf(path, "cpu.max", e, "%" PRId64 " %" PRIu64, l->cpu_quota_usec, period) < 0)
		return -1;
	if (l->cpu_quota_usec <= 0 && (l->cpu_quota_usec < 0 || l->cpu_period_usec != 0) &&
	    putf(path, "cpu.max", e, "max %" PRIu64, period) < 0)
		return -1;
	if (!str_empty(l->cpuset_cpus) && put(path, "cpuset.cpus", l->cpuset_cpus, e) < 0)
		return -1;
	if (!str_empty(l->cpuset_mems) && put(path, "cpuset.mems", l->cpuset_mems, e) < 0)
		return -1;
	return 0;
}

/* The scheduler BFQ takes Docker's figure as it is, io.cost has a scale of its own. */
static int set_io(const char *path, const struct cgroup_limits *l, struct err *e)
{
	unsigned weight = MIN(l->blkio_weight, 1000);

	if (weight < 10 || putf(path, "io.bfq.weight", e, "%u", weight) == 0)
		return 0;
	return putf(path, "io.weight", e, "%u", 1 + (weight - 10) * 9999 / 990);
}

int cgroup_set(const char *path, const struct cgroup_limits *l, struct err *e)
{
	if (str_empty(path))
		return 0;
	if (set_memory(path, l, e) < 0 || set_cpu(path, l, e) < 0)
		return -1;
	if (l->pids_max < 0 && put(path, "pids.max", "max", e) < 0)
		return -1;
	if (l->pids_max > 0 && putf(path, "pids.max", e, "%" PRId64, l->pids_max) < 0)
		return -1;
	return set_io(path, l, e);
}

int cgroup_open(const char *path)
{
	return str_empty(path) ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cgroup_add(const char *path, pid_t pid, struct err *e)
{
	if (str_empty(path))
		return 0;
	return putf(path, "cgroup.procs", e, "%d", (int)pid);
}

static void read_memory(const char *path, struct cgroup_stats *s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(buf_clear) struct buf events = BUF_INIT;
	struct err ignored;

	if (get(path, "memory.stat", &b, &ignored) < 0)
		return;
	s->has |= CGROUP_MEMORY;
	(void)find_key(buf_str(&b), "inactive_file", &s->memory_inactive_file_bytes);
	(void)find_key(buf_str(&b), "anon", &s->memory_anon_bytes);
	(void)find_key(buf_str(&b), "file", &s->memory_file_bytes);
	s->memory_bytes = read_number(path, "memory.current");
	s->memory_max_bytes = read_number(path, "memory.max");
	s->memory_peak_bytes = read_number(path, "memory.peak");
	if (get(path, "memory.events", &events, &ignored) == 0)
		(void)find_key(buf_str(&events), "oom_kill", &s->memory_oom_kills);
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 ..." per device */
static void read_io(const char *path, struct cgroup_stats *s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	struct err ignored;

	if (get(path, "io.stat", &b, &ignored) < 0)
		return;
	s->has |= CGROUP_IO;
	strv_split(&words, buf_str(&b), " \n");
	strv_for_each (w, &words) {
		const char *v;

		if ((v = str_skip(*w, "rbytes=")) != NULL)
			s->io_read_bytes += strtoull(v, NULL, 10);
		else if ((v = str_skip(*w, "wbytes=")) != NULL)
			s->io_write_bytes += strtoull(v, NULL, 10);
		else if ((v = str_skip(*w, "rios=")) != NULL)
			s->io_read_ops += strtoull(v, NULL, 10);
		else if ((v = str_skip(*w, "wios=")) != NULL)
			s->io_write_ops += strtoull(v, NULL, 10);
	}
}

int cgroup_read(const char *path, struct cgroup_stats *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	*ret = (struct cgroup_stats){0};
	if (str_empty(path))
		return 0;
	if (get(path, "cpu.stat", &b, e) < 0)
		return -1;
	ret->has |= CGROUP_CPU;
	(void)find_key(buf_str(&b), "usage_usec", &ret->cpu_usage_usec);
	(void)find_key(buf_str(&b), "user_usec", &ret->cpu_user_usec);
	(void)find_key(buf_str(&b), "system_usec", &ret->cpu_system_usec);
	(void)find_key(buf_str(&b), "nr_periods", &ret->cpu_periods);
	(void)find_key(buf_str(&b), "nr_throttled", &ret->cpu_throttled);
	(void)find_key(buf_str(&b), "throttled_usec", &ret->cpu_throttled_usec);
	read_memory(path, ret);
	read_io(path, ret);
	ret->pids = read_number(path, "pids.current");
	ret->pids_max = read_number(path, "pids.max");
	if (ret->pids > 0)
		ret->has |= CGROUP_PIDS;
	return 0;
}

static void add_pids(const char *dir, struct strv *pids)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err ignored;
	struct dirent *ent;
	DIR *d;

	if (get(dir, "cgroup.procs", &b, &ignored) == 0)
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

static int wait_frozen(const char *path, bool frozen, struct err *e)
{
	CLEANUP(freep) char *file = path_join(path, "cgroup.events");
	CLEANUP(fd_closep) int fd = open(file, O_RDONLY | O_CLOEXEC);
	int64_t deadline = time_mono_ms() + FREEZE_TIMEOUT_MS;

	if (fd < 0)
		return err_sys(e, "open %s", file);
	for (;;) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		uint64_t now = 0;
		int64_t left;

		if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, FILE_MAX, &b, e) < 0)
			return err_sys(e, "read %s", file);
		if (find_key(buf_str(&b), "frozen", &now) && !!now == frozen)
			return 0;
		left = deadline - time_mono_ms();
		if (left <= 0 || fd_wait(fd, POLLPRI, (int)left) == 0)
			return err_set(e, ERR_TIMEOUT, 0, "%s did not %s in time", path,
				       frozen ? "freeze" : "thaw");
	}
}

int cgroup_freeze(const char *path, bool frozen, struct err *e)
{
	if (str_empty(path))
		return err_set(e, ERR_UNAVAILABLE, 0, "no cgroup to freeze");
	if (put(path, "cgroup.freeze", frozen ? "1" : "0", e) < 0)
		return -1;
	return wait_frozen(path, frozen, e);
}

int cgroup_kill(const char *path, struct err *e)
{
	CLEANUP(freep) pid_t *pids = NULL;
	size_t n;

	if (str_empty(path))
		return 0;
	if (put(path, "cgroup.kill", "1", e) == 0)
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

	if (!str_empty(path) && get(path, "memory.events", &b, &ignored) == 0)
		(void)find_key(buf_str(&b), "oom_kill", &n);
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
