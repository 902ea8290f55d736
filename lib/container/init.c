// SPDX-License-Identifier: MIT
/*
 * The life of a container's init, from clone to its program. It runs in the
 * new namespaces, still with the host's root, and works through enum init_step
 * in order. Nothing of the container runs before INIT_READY, but the root's
 * content is hostile from the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "container/inroot.h"
#include "container/plan.h"
#include "container/rootfs.h"
#include "container/runtime_internal.h"
#include "ns/join.h"
#include "ns/mount.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

enum init_step {
	INIT_MAPS,     /* only with an own user namespace: maps from the parent, become its root */
	INIT_FILTER,   /* the seccomp program, from host paths */
	INIT_JOIN,     /* namespaces given by path, and the cgroup namespace */
	INIT_SESSION,  /* session, keyring, OOM score */
	INIT_LOOPBACK, /* lo up in a new network namespace */
	INIT_ROOTFS,   /* the root mounted */
	INIT_MOUNTS,   /* the plan */
	INIT_CWD,      /* the working directory made when missing */
	INIT_CONSOLE,  /* the terminal's master to the parent */
	INIT_NAMES,    /* host name, domain name */
	INIT_SYSCTL,   /* by the host's /proc, which shows our namespaces */
	INIT_PIVOT,    /* the root becomes "/" */
	INIT_USER,     /* the user looked up in it */
	INIT_STDIO,    /* stdio, or the terminal as controlling one */
	INIT_READY,    /* wait for the start */
	INIT_STEPS,
};

struct init {
	struct runtime_setup setup;
	const struct runtime_create *args;
	struct plan_run run;
	bool new_user;
	unsigned joined; /* NS_BIT()s joined by the parent already */
};

static int become_root(struct init *in, struct err *e)
{
	if (!in->new_user)
		return 0;
	if (runtime_send(in->setup.sync_fd, RUNTIME_MAPS, -1, e) < 0 ||
	    runtime_await(in->setup.sync_fd, RUNTIME_GO, e) < 0)
		return -1;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root of the user namespace");
	return 0;
}

static int load_filter(struct init *in, struct err *e)
{
	const struct oci_capabilities *c = in->setup.process->capabilities;

	const struct oci_linux *l = &in->args->spec->linux_;
	int r;

	if (c != NULL && caps_from_names(&c->bounding, &in->setup.bounding, e) < 0)
		return -1;
	/* programs are kept for the next container: as files of the engine, not of our root */
	for (size_t i = 0; in->new_user && i < l->uid_mappings.len; i++)
		if (l->uid_mappings.items[i].host_id == 0)
			setfsuid(l->uid_mappings.items[i].container_id);
	r = runtime_load_filter(&in->setup, in->args->bundle, in->args->config, l->seccomp, NULL,
				e);
	setfsuid(0);
	return r;
}

static int join(struct init *in, struct err *e)
{
	const struct oci_spec *s = in->args->spec;

	for (size_t i = 0; i < s->linux_.namespaces.len; i++) {
		const struct oci_namespace *ns = &s->linux_.namespaces.items[i];
		CLEANUP(fd_closep) int fd = -1;
		enum ns_kind kind;

		if (ns_kind_parse(ns->type, &kind) < 0 || in->joined & NS_BIT(kind))
			continue;
		if (str_empty(ns->path)) {
			/* its root is the group we are in by now */
			if (kind == NS_CGROUP && unshare(CLONE_NEWCGROUP) < 0 && errno != EINVAL)
				return err_sys(e, "new cgroup namespace");
			continue;
		}
		fd = ns_open_path(ns->path, kind, e);
		if (fd < 0 || ns_join(fd, kind, e) < 0)
			return -1;
	}
	return 0;
}

static int session(struct init *in, struct err *e)
{
	const struct json_opt_i64 *oom = &in->setup.process->oom_score_adj;
	struct err ignored;
	char text[16];

	if (setsid() < 0)
		return err_sys(e, "setsid");
	sandbox_session_keyring(in->args->config->id);
	if (!oom->set)
		return 0;
	(void)snprintf(text, sizeof(text), "%d", (int)oom->value);
	/* lowering needs the host's CAP_SYS_RESOURCE: Docker's rootless mode ignores that too */
	if (file_write_plain(AT_FDCWD, "/proc/self/oom_score_adj", text, &ignored) < 0 &&
	    ignored.sys != EACCES && ignored.sys != EPERM) {
		*e = ignored;
		return -1;
	}
	return 0;
}

static int loopback(struct init *in, struct err *e)
{
	const struct oci_namespace *ns = oci_spec_namespace_find(in->args->spec, "network");
	CLEANUP(fd_closep) int fd = -1;
	struct ifreq req = {.ifr_name = "lo"};

	if (ns == NULL || !str_empty(ns->path))
		return 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		return err_sys(e, "bring lo up");
	return 0;
}

static int rootfs(struct init *in, struct err *e)
{
	in->run.root_fd = rootfs_mount(in->args->bundle, in->args->config, in->args->spec, e);
	return in->run.root_fd < 0 ? -1 : 0;
}

static int mounts(struct init *in, struct err *e)
{
	struct plan plan;
	int r;

	if (plan_make(in->args->spec, &plan, e) < 0)
		return -1;
	in->run.want_console = in->setup.process->terminal;
	r = plan_execute(&plan, &in->run, e);
	plan_clear(&plan);
	return r;
}

static int make_cwd(struct init *in, struct err *e)
{
	const char *cwd = in->setup.process->cwd;
	struct err failed;
	int fd;

	if (str_empty(cwd) || str_eq(cwd, "/"))
		return 0;
	fd = inroot_make(in->run.root_fd, cwd, true, &failed);
	if (fd < 0 && failed.sys != EROFS && failed.sys != ENOTDIR) { /* chdir will tell */
		*e = failed;
		return -1;
	}
	fd_close(&fd);
	return 0;
}

static int console(struct init *in, struct err *e)
{
	if (in->run.master_fd < 0)
		return 0;
	if (runtime_send(in->setup.sync_fd, RUNTIME_CONSOLE, in->run.master_fd, e) < 0)
		return -1;
	fd_close(&in->run.master_fd);
	return 0;
}

static int set_names(struct init *in, struct err *e)
{
	const struct oci_spec *s = in->args->spec;

	if (oci_spec_namespace_find(s, "uts") == NULL)
		return 0;
	if (!str_empty(s->hostname) && sethostname(s->hostname, strlen(s->hostname)) < 0)
		return err_sys(e, "set host name %s", s->hostname);
	if (!str_empty(s->domainname) && setdomainname(s->domainname, strlen(s->domainname)) < 0)
		return err_sys(e, "set domain name %s", s->domainname);
	return 0;
}

static int set_sysctls(struct init *in, struct err *e)
{
	const struct json_strmap *m = &in->args->spec->linux_.sysctl;

	for (size_t i = 0; i < m->len; i++) {
		CLEANUP(freep) char *path = xasprintf("/proc/sys/%s", m->items[i].key);

		if (strstr(path, "..") != NULL)
			return err_set(e, ERR_INVALID, 0, "invalid sysctl %s", m->items[i].key);
		for (char *c = path; *c != '\0'; c++) /* net.ipv4.conf.eth0/1.x keeps its dots */
			if (*c == '.')
				*c = '/';
			else if (*c == '/' && c > path + 10)
				*c = '.';
		if (file_write_plain(AT_FDCWD, path, m->items[i].value, e) < 0)
			return err_wrap(e, "set sysctl %s", m->items[i].key);
	}
	return 0;
}

static int pivot(struct init *in, struct err *e)
{
	unsigned long flags;
	const char *wish = in->args->spec->linux_.rootfs_propagation;

	if (mnt_pivot(in->run.root_fd, e) < 0)
		return -1;
	if (!str_empty(wish) && mnt_propagation_parse(wish, &flags) == 0)
		return mnt_set_propagation("/", flags, e);
	return 0;
}

static int find_user(struct init *in, struct err *e)
{
	CLEANUP(fd_closep) int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open /");
	return user_resolve(fd, &in->setup.process->user, &in->setup.ids, e);
}

static int stdio(struct init *in, struct err *e)
{
	if (in->run.slave_fd >= 0)
		return runtime_use_terminal(&in->setup, in->run.slave_fd, e);
	return runtime_use_stdio(in->setup.stdio, e);
}

static int ready(struct init *in, struct err *e)
{
	if (runtime_send(in->setup.sync_fd, RUNTIME_READY, -1, e) < 0)
		return -1;
	return runtime_await(in->setup.sync_fd, RUNTIME_GO, e);
}

static int (*const steps[INIT_STEPS])(struct init *in, struct err *e) = {
	[INIT_MAPS] = become_root, [INIT_FILTER] = load_filter, [INIT_JOIN] = join,
	[INIT_SESSION] = session,  [INIT_LOOPBACK] = loopback,	[INIT_ROOTFS] = rootfs,
	[INIT_MOUNTS] = mounts,	   [INIT_CWD] = make_cwd,	[INIT_CONSOLE] = console,
	[INIT_NAMES] = set_names,  [INIT_SYSCTL] = set_sysctls, [INIT_PIVOT] = pivot,
	[INIT_USER] = find_user,   [INIT_STDIO] = stdio,	[INIT_READY] = ready,
};

void runtime_init(const struct runtime_create *a, int sync_fd, bool new_user, unsigned joined)
{
	struct init in = {
		.setup = {.process = &a->spec->process,
			  .sync_fd = sync_fd,
			  .stdio = {a->stdio[0], a->stdio[1], a->stdio[2]}},
		.args = a,
		.run = {.root_fd = -1, .master_fd = -1, .slave_fd = -1},
		.new_user = new_user,
		.joined = joined,
	};
	struct err e;

	for (int i = 0; i < INIT_STEPS; i++)
		if (steps[i](&in, &e) < 0)
			runtime_fail(&in.setup, &e);
	if (runtime_finish(&in.setup, &e) < 0)
		runtime_fail(&in.setup, &e);
	_exit(RUNTIME_EXIT_OTHER);
}
