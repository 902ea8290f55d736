// SPDX-License-Identifier: MIT
/*
 * Which part of the unified hierarchy is ours. Sources: cgroups(7),
 * Documentation/admin-guide/cgroup-v2.rst ("Delegation", "No Internal Process
 * Constraint").
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "cgroup/detect_internal.h"

#define FILE_MAX  65536
#define MOVES_MAX 100
#define SET_MAX	  8192 /* processors of a machine: CONFIG_NR_CPUS of distributions */

static void none(struct cgroup_root *r, const char *why)
{
	str_replace_ptr(&r->path, NULL);
	r->mode = CGROUP_NONE;
	r->controllers = 0;
	str_replace_ptr(&r->why_none, why);
}

static int write_at(const char *dir, const char *file, const char *text, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, file);

	return file_write_plain(AT_FDCWD, path, text, e);
}

/* All processes of our group go to a leaf, or controllers cannot be enabled for siblings. */
static int move_to_leaf(const char *dir, struct err *e)
{
	CLEANUP(freep) char *leaf = path_join(dir, CGROUP_LEAF);
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
	unsigned there = cgroup_read_controllers(r->path, "cgroup.controllers"), bit;
	bool busy = false;
	const char *name;
	struct err e;

	for (size_t i = 0; (name = cgroup_controller_name(i, &bit)) != NULL; i++) {
		CLEANUP(freep) char *text = xasprintf("+%s", name);

		if (there & bit && write_at(r->path, "cgroup.subtree_control", text, &e) < 0)
			busy = busy || e.sys == EBUSY;
	}
	r->controllers = there & cgroup_read_controllers(r->path, "cgroup.subtree_control");
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

static bool leaf_has(const struct cgroup_root *r, const char *file)
{
	CLEANUP(freep) char *path = xasprintf("%s/" CGROUP_LEAF "/%s", r->path, file);

	return access(path, F_OK) == 0;
}

/* What depends on the kernel's configuration and on the machine: seen in the leaf, which is made as
 * a container's group is. */
static void look(struct cgroup_root *r)
{
	r->io_weight = leaf_has(r, "io.weight") || leaf_has(r, "io.bfq.weight");
	r->io_max = leaf_has(r, "io.max");
	r->swap = leaf_has(r, "memory.swap.max");
	r->cpus = read_line(r->path, "cpuset.cpus.effective");
	r->mems = read_line(r->path, "cpuset.mems.effective");
}

void cgroup_root_detect(struct cgroup_root *ret)
{
	struct cgroup_host h = cgroup_this_host();

	cgroup_root_detect_host(&h, ret);
}

void cgroup_root_detect_host(const struct cgroup_host *h, struct cgroup_root *ret)
{
	CLEANUP(cgroup_report_clear) struct cgroup_report report;
	CLEANUP(freep) char *own = cgroup_own_directory(h);
	struct err e;

	cgroup_examine_host(h, &report);
	*ret = (struct cgroup_root){.version = report.version};
	if (report.version != 2 || own == NULL || report.problem == CGROUP_THREADED ||
	    !cgroup_is_ours(own)) {
		none(ret, report.version != 2 || report.place == CGROUP_PLACE_NONE
				  ? report.why
				  : "the engine's cgroup is not delegated to this user");
		return;
	}
	ret->path = TAKE(own);
	if (take_over(ret, &e) < 0) {
		CLEANUP(freep)
		char *why =
			xasprintf("the engine's cgroup is not delegated to this user (%s)", e.msg);

		none(ret, why);
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
