// SPDX-License-Identifier: MIT
/*
 * Which part of the unified hierarchy is ours. Sources: cgroups(7),
 * Documentation/admin-guide/cgroup-v2.rst ("Delegation", "No Internal Process
 * Constraint").
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "cgroup/cgroup.h"

#define CGROUP_MOUNT "/sys/fs/cgroup"
#define FILE_MAX     65536
#define MOVES_MAX    100
#define SET_MAX	     8192 /* processors of a machine: CONFIG_NR_CPUS of distributions */

static const struct {
	const char *name;
	unsigned bit;
} controllers[] = {
	{"cpu", CGROUP_CPU},   {"cpuset", CGROUP_CPUSET}, {"memory", CGROUP_MEMORY},
	{"pids", CGROUP_PIDS}, {"io", CGROUP_IO},
};

static void none(struct cgroup_root *r, const char *why)
{
	str_replace_ptr(&r->path, NULL);
	r->mode = CGROUP_NONE;
	r->controllers = 0;
	str_replace_ptr(&r->why_none, why);
}

/* Our path in the unified hierarchy ("0::/..."), on the heap; NULL when there is none. */
static char *own_path(void)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", FILE_MAX, &text, &ignored) < 0)
		return NULL;
	strv_split(&lines, buf_str(&text), "\n");
	strv_for_each (line, &lines) {
		const char *path = str_skip(*line, "0::");

		if (path != NULL)
			return xstrdup(path);
	}
	return NULL;
}

static unsigned read_controllers(const char *dir, const char *file)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	CLEANUP(freep) char *path = path_join(dir, file);
	struct err ignored;
	unsigned bits = 0;

	if (file_read(AT_FDCWD, path, FILE_MAX, &text, &ignored) < 0)
		return 0;
	strv_split(&words, buf_str(&text), " \n");
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++)
		if (strv_has(&words, controllers[i].name))
			bits |= controllers[i].bit;
	return bits;
}

static int write_at(const char *dir, const char *file, const char *text, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, file);

	return file_write_plain(AT_FDCWD, path, text, e);
}

/* All processes of our group go to a leaf, or controllers cannot be enabled for siblings. */
static int move_to_leaf(const char *dir, struct err *e)
{
	CLEANUP(freep) char *leaf = path_join(dir, "engine");
	CLEANUP(freep) char *procs = path_join(dir, "cgroup.procs");
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv pids = STRV_INIT;

	if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "mkdir %s", leaf);
	if (file_read(AT_FDCWD, procs, FILE_MAX, &text, e) < 0)
		return -1;
	strv_split(&pids, buf_str(&text), "\n");
	strv_for_each (pid, &pids) {
		if (write_at(leaf, "cgroup.procs", *pid, e) < 0 && e->sys != ESRCH)
			return -1;
	}
	return 0;
}

/* False when a process has come into the group meanwhile. */
static bool enable(struct cgroup_root *r)
{
	unsigned there = read_controllers(r->path, "cgroup.controllers");
	bool busy = false;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		CLEANUP(freep) char *text = xasprintf("+%s", controllers[i].name);

		if (there & controllers[i].bit &&
		    write_at(r->path, "cgroup.subtree_control", text, &e) < 0)
			busy = busy || e.sys == EBUSY;
	}
	r->controllers = there & read_controllers(r->path, "cgroup.subtree_control");
	return !busy;
}

/* Our siblings may fork just now, and their children stay behind. */
static int take_over(struct cgroup_root *r, struct err *e)
{
	for (int i = 0; i < MOVES_MAX; i++) {
		if (move_to_leaf(r->path, e) < 0)
			return -1;
		if (enable(r))
			break;
	}
	return 0;
}

/* The first line of a file of the group, or NULL. */
static char *read_line(const char *dir, const char *file)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = path_join(dir, file);
	struct err ignored;

	if (file_read(AT_FDCWD, path, FILE_MAX, &text, &ignored) < 0)
		return NULL;
	return xstrndup(buf_str(&text), strcspn(buf_str(&text), "\n"));
}

/* What depends on the kernel's configuration and on the machine. */
static void look(struct cgroup_root *r)
{
	CLEANUP(freep) char *weight = path_join(r->path, "io.weight");
	CLEANUP(freep) char *bfq = path_join(r->path, "io.bfq.weight");

	r->io_weight = access(weight, F_OK) == 0 || access(bfq, F_OK) == 0;
	r->cpus = read_line(r->path, "cpuset.cpus.effective");
	r->mems = read_line(r->path, "cpuset.mems.effective");
}

void cgroup_root_detect(struct cgroup_root *ret)
{
	CLEANUP(freep) char *own = NULL;
	struct statfs st;
	struct err e;

	*ret = (struct cgroup_root){0};
	if (statfs(CGROUP_MOUNT, &st) < 0) {
		none(ret, "no cgroup file system is mounted");
		return;
	}
	if (st.f_type != CGROUP2_SUPER_MAGIC) {
		ret->version = 1;
		none(ret, "this host uses cgroup v1, where nothing can be delegated to a user");
		return;
	}
	ret->version = 2;
	own = own_path();
	if (own == NULL || strstr(own, "..") != NULL) {
		none(ret, "the engine's own cgroup lies outside what is visible");
		return;
	}
	ret->path = path_join(CGROUP_MOUNT, own);
	if (str_ends(own, "/engine")) /* a restarted engine: one up */
		ret->path[strlen(ret->path) - strlen("/engine")] = '\0';
	if (access(ret->path, W_OK) < 0 || take_over(ret, &e) < 0) {
		none(ret, "the engine's cgroup is not delegated to this user");
		return;
	}
	ret->mode = CGROUP_V2;
	look(ret);
}

static bool parse_number(const char **p, unsigned *ret)
{
	char *end;
	unsigned long n;

	if (**p < '0' || **p > '9')
		return false;
	n = strtoul(*p, &end, 10);
	if (n >= SET_MAX)
		return false;
	*ret = (unsigned)n;
	*p = end;
	return true;
}

/* "0-2,4" as bits; false when it is malformed. */
static bool parse_set(const char *p, unsigned char bits[SET_MAX / 8])
{
	for (;; p++) {
		unsigned first, last;

		if (!parse_number(&p, &first))
			return false;
		last = first;
		if (*p == '-') {
			p++;
			if (!parse_number(&p, &last) || last < first)
				return false;
		}
		for (; first <= last; first++)
			bits[first / 8] |= (unsigned char)(1U << first % 8);
		if (*p == '\0')
			return true;
		if (*p != ',')
			return false;
	}
}

int cgroup_set_within(const char *want, const char *have)
{
	unsigned char wanted[SET_MAX / 8] = {0}, there[SET_MAX / 8] = {0};

	if (!parse_set(want, wanted))
		return -1;
	if (str_empty(have))
		return 1;
	if (!parse_set(have, there))
		return 1; /* the kernel will tell */
	for (size_t i = 0; i < sizeof(wanted); i++)
		if (wanted[i] & ~there[i])
			return 0;
	return 1;
}

void cgroup_root_clear(struct cgroup_root *r)
{
	free(r->path);
	free(r->why_none);
	free(r->cpus);
	free(r->mems);
	*r = (struct cgroup_root){0};
}

bool cgroup_limits_any(const struct cgroup_limits *l)
{
	return l->memory_bytes != 0 || l->memory_low_bytes != 0 || l->memory_swap_bytes != 0 ||
	       l->cpu_quota_usec != 0 || l->cpu_period_usec != 0 || l->cpu_shares != 0 ||
	       !str_empty(l->cpuset_cpus) || !str_empty(l->cpuset_mems) || l->pids_max != 0 ||
	       l->blkio_weight != 0;
}

void cgroup_limits_warnings(const struct cgroup_root *r, struct cgroup_limits *l,
			    struct strv *warnings)
{
	unsigned has = r->mode == CGROUP_V2 ? r->controllers : 0;

	if (!(has & CGROUP_MEMORY)) {
		if (l->memory_bytes > 0 || l->memory_swap_bytes > 0)
			strv_add(warnings,
				 "Your kernel does not support memory limit capabilities or the "
				 "cgroup is not mounted. Limitation discarded.");
		if (l->memory_low_bytes > 0)
			strv_add(warnings,
				 "Your kernel does not support memory soft limit capabilities or "
				 "the cgroup is not mounted. Limitation discarded.");
		l->memory_bytes = l->memory_swap_bytes = l->memory_low_bytes = 0;
	}
	if (!(has & CGROUP_CPU)) {
		if (l->cpu_shares > 0)
			strv_add(warnings, "Your kernel does not support CPU shares or the cgroup "
					   "is not mounted. Shares discarded.");
		if (l->cpu_quota_usec > 0 || l->cpu_period_usec > 0)
			strv_add(warnings,
				 "Your kernel does not support CPU CFS scheduler or the cgroup is "
				 "not mounted. NanoCPUs/quota discarded.");
		l->cpu_shares = l->cpu_period_usec = 0;
		l->cpu_quota_usec = 0;
	}
	if (!(has & CGROUP_CPUSET)) {
		if (!str_empty(l->cpuset_cpus) || !str_empty(l->cpuset_mems))
			strv_add(warnings, "Your kernel does not support cpuset or the cgroup is "
					   "not mounted. Cpuset discarded.");
		l->cpuset_cpus = l->cpuset_mems = NULL;
	}
	if (!(has & CGROUP_PIDS)) {
		if (l->pids_max > 0)
			strv_add(warnings, "Your kernel does not support PIDs limit capabilities "
					   "or the cgroup is not mounted. PIDs limit discarded.");
		l->pids_max = 0;
	}
	if (!(has & CGROUP_IO) || !r->io_weight) {
		if (l->blkio_weight > 0)
			strv_add(warnings, "Your kernel does not support Block I/O weight or the "
					   "cgroup is not mounted. Weight discarded.");
		l->blkio_weight = 0;
	}
}
