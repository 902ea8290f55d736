// SPDX-License-Identifier: MIT
/*
 * The table of checks, and how a check is tried: in a child that enters the
 * namespaces, so that nothing of ours changes. The order is that in which the
 * needs depend on each other. Sources: RootlessKit's and Docker's pages on
 * prerequisites, user_namespaces(7), AppArmor's wiki on unprivileged userns.
 */
#include "rootless/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "base/strv.h"
#include "ns/clone.h"
#include "ns/idmap.h"
#include "rootless/doctor_internal.h"

static const struct {
	const char *id;
	rk_check_fn *check;
	const char *lost; /* without it, unless the check says otherwise */
} checks[] = {
	{"user-namespaces", rk_check_userns, "the engine cannot start"},
	{"apparmor", rk_check_apparmor, "the engine cannot start"},
	{"namespaces", rk_check_namespaces, "containers cannot start"},
	{"proc", rk_check_proc, "containers cannot have a /proc of their own, so none can start"},
	{"seccomp", rk_check_seccomp,
	 "containers run without the default filter of system calls, or not at all"},
	{"network-devices", rk_check_devices,
	 "containers have no network but --net=host and --net=none"},
	{"newuidmap", rk_check_newuidmap, "more than one user id"},
	{"newgidmap", rk_check_newgidmap, "more than one group id"},
	{"subuid", rk_check_subuid, "images whose files have several owners"},
	{"subgid", rk_check_subgid, "images whose files have several groups"},
	{"subid-overlap", rk_check_overlap,
	 "the border between users: files of one's containers are the other's too"},
	{"id-map", rk_check_idmap, "images whose files have several owners"},
	{"home", rk_check_home, "there is no place for settings and data"},
	{"runtime-dir", rk_check_runtime,
	 "the engine's socket is where clients do not look for it"},
	{"data-root", rk_check_data_root, "there is no place for images and containers"},
	{"overlay", rk_check_overlay,
	 "speed and space: fuse-overlayfs serves files by a program, vfs copies the image for each "
	 "container"},
	{"space", rk_check_space, "pulls and containers fail when the file system is full"},
	{"cgroup", rk_check_cgroup, "limits (--memory, --cpus, --pids-limit) and their figures"},
	{"tun", rk_check_tun,
	 "the way from containers to the outside, but for --net=host; bridges and published ports "
	 "work"},
	{"fuse", rk_check_fuse, "FUSE file systems in containers (--device /dev/fuse)"},
	{"ping", rk_check_ping, "ping from containers to the outside"},
	{"low-ports", rk_check_low_ports, "publishing ports below 1024"},
	{"system-engine", rk_check_system_engine, NULL},
	{"own-socket", rk_check_own_socket, NULL},
	{"service", rk_check_service, "start at boot, and life beyond logout"},
};

size_t rk_doctor_count(void)
{
	return ARRAY_LEN(checks);
}

const char *rk_doctor_id(size_t i)
{
	return checks[i].id;
}

void rk_doctor_check(size_t i, const struct rk_host *host, struct rk_finding *ret)
{
	*ret = (struct rk_finding){.id = checks[i].id};
	checks[i].check(host, ret);
	if (ret->verdict >= RK_NOTE && ret->lost == NULL)
		ret->lost = xstrdup(checks[i].lost);
}

void rk_finding_clear(struct rk_finding *f)
{
	free(f->found);
	free(f->cause);
	free(f->lost);
	free(f->mend);
	*f = (struct rk_finding){0};
}

const char *rk_verdict_name(enum rk_verdict v)
{
	static const char *const names[] = {"ok", "note", "lacking", "missing"};

	return names[v];
}

PRINTF(1, 0) static char *vtext(const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;

	buf_vaddf(&b, fmt, ap);
	return buf_detach(&b);
}

#define SET(member)                          \
	do {                                 \
		va_list ap_;                 \
		va_start(ap_, fmt);          \
		free(f->member);             \
		f->member = vtext(fmt, ap_); \
		va_end(ap_);                 \
	} while (0)

void rk_fine(struct rk_finding *f, const char *fmt, ...)
{
	f->verdict = RK_FINE;
	SET(found);
}

void rk_lacks(struct rk_finding *f, enum rk_verdict v, const char *fmt, ...)
{
	f->verdict = v;
	SET(found);
}

void rk_because(struct rk_finding *f, const char *fmt, ...)
{
	SET(cause);
}

void rk_mend(struct rk_finding *f, const char *fmt, ...)
{
	SET(mend);
}

bool rk_read(const struct rk_host *h, const char *path, char *line, size_t size)
{
	CLEANUP(freep) char *full = xasprintf("%s%s", h->root, path);
	CLEANUP(fd_closep) int fd = open(full, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read(fd, line, size - 1);

	if (n < 0)
		return false;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* In the child; never returns. */
static void attempt(int (*step)(const void *arg, struct err *e), const void *arg, int report_fd)
{
	struct err e;

	if (step(arg, &e) >= 0)
		err_clear(&e);
	err_send(report_fd, &e);
	_exit(0);
}

/* The maps are written by the parent: the child's own /proc may be of another pid namespace. */
static int map_one(pid_t pid, struct err *e)
{
	struct idmap uids = IDMAP_INIT, gids = IDMAP_INIT;
	int r;

	idmap_add(&uids, 0, geteuid(), 1);
	idmap_add(&gids, 0, getegid(), 1);
	r = idmap_write(pid, &uids, &gids, false, e);
	idmap_clear(&uids);
	idmap_clear(&gids);
	return r;
}

int rk_try(uint64_t flags, int (*step)(const void *arg, struct err *e), const void *arg,
	   struct err *e)
{
	struct ns_clone spec = NS_CLONE_INIT;
	int report[2], go[2], r;
	pid_t pid;
	char c;

	if (fd_pipe(report, e) < 0)
		return -1;
	if (fd_pipe(go, e) < 0) {
		close(report[0]);
		close(report[1]);
		return -1;
	}
	spec.flags = CLONE_NEWUSER | flags;
	fflush(NULL);
	pid = ns_fork(&spec, e);
	if (pid == 0) {
		close(go[1]);
		if (fd_read(go[0], &c, 1) != 1)
			_exit(1);
		attempt(step, arg, report[1]);
	}
	close(report[1]);
	close(go[0]);
	r = pid < 0 ? -1 : map_one(pid, e);
	if (r == 0)
		(void)fd_write(go[1], "", 1);
	close(go[1]);
	if (r == 0)
		r = err_recv(report[0], e);
	close(report[0]);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return r;
}

char *rk_nearest(const char *path)
{
	CLEANUP(freep) char *p = xstrdup(path);
	struct stat st;

	while (stat(p, &st) < 0 || !S_ISDIR(st.st_mode)) {
		char *slash = strrchr(p, '/');

		if (slash == NULL || slash == p)
			return xstrdup("/");
		*slash = '\0';
	}
	return TAKE(p);
}

char *rk_program(const char *path, const char *name)
{
	CLEANUP(strv_clear) struct strv dirs = STRV_INIT;
	struct stat st;

	strv_split(&dirs, path == NULL ? "" : path, ":");
	strv_for_each (dir, &dirs) {
		CLEANUP(freep) char *file = path_join(*dir, name);

		if (access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode))
			return TAKE(file);
	}
	return NULL;
}
