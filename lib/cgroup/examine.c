// SPDX-License-Identifier: MIT
/*
 * Which part of the unified hierarchy a user's engine may have, and what to do
 * where it has none. Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst
 * ("Delegation"), systemd.resource-control(5), rc.conf(5) of OpenRC.
 */
#include "cgroup/examine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "cgroup/detect_internal.h"

#define FILE_MAX      65536
#define MOUNTINFO_MAX (16 * 1024 * 1024)

#define ALL (CGROUP_CPU | CGROUP_CPUSET | CGROUP_MEMORY | CGROUP_PIDS | CGROUP_IO)

static const struct {
	const char *name;
	unsigned bit;
} controllers[] = {
	{"cpu", CGROUP_CPU},	   {"cpuset", CGROUP_CPUSET}, {"io", CGROUP_IO},
	{"memory", CGROUP_MEMORY}, {"pids", CGROUP_PIDS},
};

const char *cgroup_controller_name(size_t i, unsigned *ret_bit)
{
	if (i >= ARRAY_LEN(controllers))
		return NULL;
	*ret_bit = controllers[i].bit;
	return controllers[i].name;
}

char *cgroup_controller_names(unsigned bits)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	for (size_t i = 0; i < ARRAY_LEN(controllers); i++)
		if (bits & controllers[i].bit)
			strv_add(&names, controllers[i].name);
	return strv_join(&names, " ");
}

unsigned cgroup_read_controllers(const char *dir, const char *file)
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

bool cgroup_is_ours(const char *dir)
{
	CLEANUP(freep) char *procs = path_join(dir, "cgroup.procs");
	CLEANUP(freep) char *control = path_join(dir, "cgroup.subtree_control");

	return access(dir, W_OK) == 0 && access(procs, W_OK) == 0 && access(control, W_OK) == 0;
}

struct cgroup_host cgroup_this_host(void)
{
	return (struct cgroup_host){"/sys/fs/cgroup", "/proc/self/cgroup", "/proc/self/mountinfo",
				    "/run", getuid()};
}

static bool has_file(const char *dir, const char *name)
{
	CLEANUP(freep) char *path = path_join(dir, name);

	return path_exists(path);
}

/* The path of the line "0::/..." of /proc/self/cgroup, on the heap; NULL when there is none. */
static char *own_path(const struct cgroup_host *h)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, h->self, FILE_MAX, &text, &ignored) < 0)
		return NULL;
	strv_split(&lines, buf_str(&text), "\n");
	strv_for_each (line, &lines) {
		const char *path = str_skip(*line, "0::");

		if (path != NULL)
			return xstrdup(path);
	}
	return NULL;
}

/* Which group the mount shows as its root ("/", or more in a bind mount), on the heap. Field 4 of
 * the last line whose field 5 is the mount point (proc_pid_mountinfo(5)). */
static char *mount_root(const struct cgroup_host *h)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	char *root = NULL;
	struct err ignored;

	if (file_read(AT_FDCWD, h->mountinfo, MOUNTINFO_MAX, &text, &ignored) < 0)
		return xstrdup("/");
	strv_split(&lines, buf_str(&text), "\n");
	strv_for_each (line, &lines) {
		CLEANUP(strv_clear) struct strv f = STRV_INIT;

		strv_split(&f, *line, " ");
		if (f.len > 5 && str_eq(f.items[4], h->mount))
			str_replace_ptr(&root, f.items[3]);
	}
	return root != NULL ? root : xstrdup("/");
}

char *cgroup_own_directory(const struct cgroup_host *h)
{
	CLEANUP(freep) char *own = own_path(h);
	CLEANUP(freep) char *root = mount_root(h);
	const char *below;
	char *dir;

	if (own == NULL || strstr(own, "..") != NULL || strstr(root, "..") != NULL)
		return NULL;
	below = str_eq(root, "/") ? own : str_skip(own, root);
	if (below == NULL || (*below != '\0' && *below != '/'))
		return NULL;
	dir = path_join(h->mount, below);
	/* the leaf that an engine made for itself is not where the next one lives */
	if (str_ends(dir, "/" CGROUP_LEAF))
		dir[strlen(dir) - strlen("/" CGROUP_LEAF)] = '\0';
	return dir;
}

static bool runs_systemd(const struct cgroup_host *h)
{
	return has_file(h->run, "systemd/system");
}

static bool holds_us_alone(const char *dir)
{
	CLEANUP(freep) char *file = path_join(dir, "cgroup.procs");
	CLEANUP(freep) char *us = xasprintf("%d\n", (int)getpid());
	CLEANUP(buf_clear) struct buf procs = BUF_INIT;
	struct err ignored;

	return file_read(AT_FDCWD, file, FILE_MAX, &procs, &ignored) == 0 &&
	       str_eq(buf_str(&procs), us);
}

/* A scope of the user's systemd that holds a terminal, say: it can be written, but other processes
 * live there, and systemd did not give it away. One that systemd-run --scope made for us holds
 * nobody else; the attribute does not tell everywhere (systemd 252 sets none there). */
static bool is_foreign_scope(const char *dir)
{
	return strstr(dir, "/user@") != NULL && str_ends(dir, ".scope") &&
	       getxattr(dir, "user.delegate", NULL, 0) < 0 && !holds_us_alone(dir);
}

static char *user_service(const struct cgroup_host *h)
{
	CLEANUP(freep)
	char *dir =
		xasprintf("%s/user.slice/user-%u.slice/user@%u.service", h->mount, h->uid, h->uid);

	return access(dir, W_OK) == 0 ? TAKE(dir) : NULL;
}

static void set_why(struct cgroup_report *r, enum cgroup_problem problem, const char *why)
{
	r->problem = problem;
	str_replace_ptr(&r->why, why);
}

/* Version 2 has no controllers here; which way to have them depends on who mounts at boot. */
static void explain_version(const struct cgroup_host *h, struct cgroup_report *r)
{
	const char *mend = "# as root, at boot, with nothing of version 1 mounted:\n"
			   "mount -t cgroup2 none /sys/fs/cgroup";

	if (runs_systemd(h))
		mend = "# add this to the kernel's command line and boot again:\n"
		       "systemd.unified_cgroup_hierarchy=1";
	else if (has_file(h->run, "openrc"))
		mend = "# as root, then boot again:\n"
		       "echo 'rc_cgroup_mode=\"unified\"' >>/etc/rc.conf\n"
		       "rc-update add cgroups sysinit";
	if (r->problem != CGROUP_NOT_MOUNTED || !runs_systemd(h))
		r->mend = xstrdup(mend);
}

/* What an administrator does where no systemd does it: cgroups(7), "Cgroups delegation". */
static char *delegate_by_hand(const struct cgroup_host *h)
{
	return xasprintf(
		"# as root, at each boot:\n"
		"for c in cpu cpuset io memory pids; do echo +$c >%1$s/"
		"cgroup.subtree_control; done\n"
		"mkdir -p %1$s/user.%2$u\n"
		"for f in . cgroup.procs cgroup.subtree_control cgroup.threads; do chown %2$u "
		"%1$s/user.%2$u/$f; done\n"
		"# as root, for the shell or service that starts the engine, PID:\n"
		"echo PID >%1$s/user.%2$u/cgroup.procs",
		h->mount, (unsigned)h->uid);
}

static void explain_none(const struct cgroup_host *h, struct cgroup_report *r)
{
	if (!runs_systemd(h)) {
		r->mend = delegate_by_hand(h);
		return;
	}
	r->mend = xasprintf("# as root: a systemd of the user's own, also without a login\n"
			    "loginctl enable-linger %u",
			    (unsigned)h->uid);
}

/* A usable place lacks controllers: the kernel's fault, or that of who delegated. */
static void explain_missing(const struct cgroup_host *h, struct cgroup_report *r)
{
	CLEANUP(freep) char *names = cgroup_controller_names(r->missing);
	CLEANUP(freep) char *given = cgroup_controller_names(r->missing & r->kernel);

	r->problem = CGROUP_FEW_CONTROLLERS;
	if (*given == '\0') {
		r->why = xasprintf("the kernel has no control group controllers %s", names);
		if (r->missing & CGROUP_MEMORY)
			r->mend =
				xstrdup("# add this to the kernel's command line and boot again:\n"
					"cgroup_enable=memory");
		return;
	}
	r->why = xasprintf("the controllers %s are not delegated to this user", names);
	if (runs_systemd(h))
		r->mend = xstrdup("# as root, then log in again or restart user@.service:\n"
				  "mkdir -p /etc/systemd/system/user@.service.d\n"
				  "printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' "
				  ">/etc/systemd/system/user@.service.d/delegate.conf\n"
				  "systemctl daemon-reload");
	else
		r->mend = xasprintf("# as root, in each group above %s:\n"
				    "for c in %s; do echo +$c >cgroup.subtree_control; done",
				    r->path, given);
}

/* Version 2 has the controllers: is any of it ours? */
static void examine_v2(const struct cgroup_host *h, struct cgroup_report *r)
{
	CLEANUP(freep) char *own = cgroup_own_directory(h);
	CLEANUP(buf_clear) struct buf type = BUF_INIT;
	CLEANUP(freep) char *type_file = own != NULL ? path_join(own, "cgroup.type") : NULL;
	struct err ignored;

	r->kernel = cgroup_read_controllers(h->mount, "cgroup.controllers");
	if (own == NULL) {
		set_why(r, CGROUP_NOT_VISIBLE,
			"the own control group lies outside of what is mounted");
	} else if (file_read(AT_FDCWD, type_file, FILE_MAX, &type, &ignored) == 0 &&
		   (strstr(buf_str(&type), "threaded") || strstr(buf_str(&type), "invalid"))) {
		set_why(r, CGROUP_THREADED, "the own control group is of type threaded");
	} else if (cgroup_is_ours(own) && !is_foreign_scope(own)) {
		r->place = CGROUP_PLACE_OWN;
		r->path = TAKE(own);
	} else {
		set_why(r, CGROUP_NOT_DELEGATED,
			"the engine's cgroup is not delegated to this user");
	}
	if (r->place == CGROUP_PLACE_NONE && (r->path = user_service(h)) != NULL) {
		r->place = CGROUP_PLACE_SERVICE;
		r->problem = CGROUP_FINE;
		str_replace_ptr(&r->why, NULL);
	}
	if (r->place == CGROUP_PLACE_NONE) {
		explain_none(h, r);
		return;
	}
	r->controllers = cgroup_read_controllers(r->path, "cgroup.controllers");
	r->missing = ALL & ~r->controllers;
	if (r->missing != 0)
		explain_missing(h, r);
}

void cgroup_examine_host(const struct cgroup_host *h, struct cgroup_report *ret)
{
	*ret = (struct cgroup_report){.missing = ALL};
	if (has_file(h->mount, "cgroup.controllers")) {
		ret->version = 2;
		examine_v2(h, ret);
		return;
	}
	if (has_file(h->mount, "unified/cgroup.controllers")) {
		ret->version = 1;
		set_why(ret, CGROUP_IS_HYBRID,
			"this host mounts control groups of both versions (hybrid), and the "
			"controllers are in version 1, where nothing can be delegated to a user");
	} else if (has_file(h->mount, "memory") || has_file(h->mount, "cpu") ||
		   has_file(h->mount, "pids") || has_file(h->mount, "systemd")) {
		ret->version = 1;
		set_why(ret, CGROUP_IS_V1,
			"this host uses cgroup v1, where nothing can be delegated to a user");
	} else {
		set_why(ret, CGROUP_NOT_MOUNTED, "no cgroup file system is mounted");
	}
	explain_version(h, ret);
}

void cgroup_examine(struct cgroup_report *ret)
{
	struct cgroup_host h = cgroup_this_host();

	cgroup_examine_host(&h, ret);
}

void cgroup_examine_process(pid_t pid, struct cgroup_report *ret)
{
	struct cgroup_host h = cgroup_this_host();
	char self[64];

	snprintf(self, sizeof(self), "/proc/%d/cgroup", (int)pid);
	h.self = self;
	cgroup_examine_host(&h, ret);
}

void cgroup_report_clear(struct cgroup_report *r)
{
	free(r->path);
	free(r->why);
	free(r->mend);
	*r = (struct cgroup_report){0};
}
