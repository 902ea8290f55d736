// SPDX-License-Identifier: MIT
/*
 * nsenter: run a program in namespaces of another process, with the options,
 * messages and exit codes of util-linux' nsenter(1). Without a target it enters
 * what RootlessKit's child has: user and mount namespace and the containers'
 * network, so that `nsenter ip addr` is enough. setns(2), nsenter(1).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/limits.h"
#include "ns/clone.h"
#include "ns/join.h"
#include "rootless/enter.h"
#include "sandbox/caps.h"

#define CGROUP2_MAGIC 0x63677270

struct conf {
	bool all, preserve, no_fork, env, join_cgroup, selinux, version, user_parent, keep_caps;
	const char *target, *uid, *gid, *root, *wd, *wdns, *state_dir, *net_socket;
	const char *kinds[NS_KINDS]; /* NULL: not asked for, "": the target's, else a path */
	/* resolved */
	pid_t pid; /* 0: none */
	uid_t to_uid;
	gid_t to_gid;
	bool set_uid, set_gid;
	struct ns_set set;
	int root_fd, wd_fd, env_fd, cgroup_fd;
};

#define KIND(kind) (offsetof(struct conf, kinds) + (kind) * sizeof(const char *))

static const struct opt opts[] = {
	{'a', "all", OPT_FLAG, offsetof(struct conf, all), NULL, "enter all namespaces", NULL},
	{'t', "target", OPT_STR, offsetof(struct conf, target), "PID",
	 "process to take namespaces from (default: RootlessKit's child)", NULL},
	{'m', "mount", OPT_MAYBE, KIND(NS_MNT), "FILE", "enter mount namespace", NULL},
	{'u', "uts", OPT_MAYBE, KIND(NS_UTS), "FILE", "enter UTS namespace (hostname etc)", NULL},
	{'i', "ipc", OPT_MAYBE, KIND(NS_IPC), "FILE", "enter System V IPC namespace", NULL},
	{'n', "net", OPT_MAYBE, KIND(NS_NET), "FILE", "enter network namespace", NULL},
	{'N', "net-socket", OPT_STR, offsetof(struct conf, net_socket), "FD",
	 "enter the network namespace of a socket of the target", NULL},
	{'p', "pid", OPT_MAYBE, KIND(NS_PID), "FILE", "enter pid namespace", NULL},
	{'C', "cgroup", OPT_MAYBE, KIND(NS_CGROUP), "FILE", "enter cgroup namespace", NULL},
	{'U', "user", OPT_MAYBE, KIND(NS_USER), "FILE", "enter user namespace", NULL},
	{0, "user-parent", OPT_FLAG, offsetof(struct conf, user_parent), NULL,
	 "enter the parent of the user namespace", NULL},
	{'T', "time", OPT_MAYBE, KIND(NS_TIME), "FILE", "enter time namespace", NULL},
	{'S', "setuid", OPT_STR, offsetof(struct conf, uid), "UID", "set uid in entered namespace",
	 NULL},
	{'G', "setgid", OPT_STR, offsetof(struct conf, gid), "GID", "set gid in entered namespace",
	 NULL},
	{0, "preserve-credentials", OPT_FLAG, offsetof(struct conf, preserve), NULL,
	 "do not touch uids or gids", NULL},
	{0, "keep-caps", OPT_FLAG, offsetof(struct conf, keep_caps), NULL,
	 "keep the capabilities of the user namespace across exec", NULL},
	{'r', "root", OPT_MAYBE, offsetof(struct conf, root), "DIR", "set the root directory",
	 NULL},
	{'w', "wd", OPT_MAYBE, offsetof(struct conf, wd), "DIR", "set the working directory", NULL},
	{'W', "wdns", OPT_STR, offsetof(struct conf, wdns), "DIR",
	 "set the working directory in namespace", NULL},
	{'e', "env", OPT_FLAG, offsetof(struct conf, env), NULL,
	 "inherit environment variables from target process", NULL},
	{'F', "no-fork", OPT_FLAG, offsetof(struct conf, no_fork), NULL,
	 "do not fork before exec'ing <program>", NULL},
	{'c', "join-cgroup", OPT_FLAG, offsetof(struct conf, join_cgroup), NULL,
	 "join the cgroup of the target process (cgroup v2)", NULL},
	{'Z', "follow-context", OPT_FLAG, offsetof(struct conf, selinux), NULL,
	 "refused: no SELinux here", NULL},
	{0, "state-dir", OPT_STR, offsetof(struct conf, state_dir), "DIR",
	 "of the rootlesskit to enter without --target", NULL},
	{'V', "version", OPT_FLAG, offsetof(struct conf, version), NULL, "display version", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "nsenter [OPTIONS] [PROGRAM [ARGUMENT...]]",
	.about = "Run a program (default: $SHELL) with namespaces of another process. Without "
		 "--target: in\n"
		 "RootlessKit's user and mount namespaces and the containers' network.",
	.opts = opts,
};

static __attribute__((noreturn, format(printf, 2, 3))) void die(int sys, const char *fmt, ...)
{
	va_list ap;

	fputs("nsenter: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s%s\n", sys != 0 ? ": " : "", sys != 0 ? strerror(sys) : "");
	exit(1);
}

/* what getopt_long(3) would have said */
static __attribute__((noreturn)) void die_usage(const struct err *e)
{
	const char *arg = strstr(e->msg, ": ");

	arg = arg != NULL ? arg + 2 : e->msg;
	fputs("nsenter: ", stderr);
	if (str_starts(e->msg, "unknown flag"))
		fprintf(stderr, "unrecognized option '%s'\n", arg);
	else if (str_starts(e->msg, "unknown shorthand"))
		fprintf(stderr, "invalid option -- %.3s\n", arg);
	else if (str_starts(e->msg, "flag needs") && *arg == '\'')
		fprintf(stderr, "option requires an argument -- %.3s\n", arg);
	else if (str_starts(e->msg, "flag needs"))
		fprintf(stderr, "option '%s' requires an argument\n", arg);
	else
		fprintf(stderr, "%s\n", e->msg);
	fputs("Try 'nsenter --help' for more information.\n", stderr);
	exit(1);
}

static unsigned parse_id(const char *text, const char *what)
{
	uint64_t n;

	if (str_u64(text, UINT32_MAX - 1, &n) < 0)
		die(0, "failed to parse %s: '%s'", what, text);
	return (unsigned)n;
}

/* path, or the file of that name in the target's /proc directory */
static int open_of_target(const struct conf *c, const char *name, const char *path)
{
	char text[64];
	int fd;

	if (str_empty(path)) {
		if (c->pid == 0)
			die(0, "neither filename nor target pid supplied for %s", name);
		snprintf(text, sizeof(text), "/proc/%d/%s", (int)c->pid, name);
		path = text;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(errno, "cannot open %s", path);
	return fd;
}

static bool any_kind(const struct conf *c)
{
	for (int i = 0; i < NS_KINDS; i++) {
		if (c->kinds[i] != NULL)
			return true;
	}
	return c->all || c->net_socket != NULL || c->user_parent;
}

/* Something is asked for that no file was given for, or nothing at all. */
static bool wants_target(const struct conf *c)
{
	bool named = false;

	for (int i = 0; i < NS_KINDS; i++) {
		if (c->kinds[i] != NULL && *c->kinds[i] == '\0')
			return true;
		named |= c->kinds[i] != NULL;
	}
	return !named || c->all || c->env || c->join_cgroup || c->net_socket != NULL;
}

/* No target: the child of rootlesskit, its N instead of its own network namespace. */
static int open_rootlesskit(struct conf *c)
{
	CLEANUP(freep) char *dir = c->state_dir != NULL ? xstrdup(c->state_dir) : rk_dir_find();
	struct err e;
	int fd;

	if (rk_dir_child(dir, &c->pid, &e) < 0)
		die(0, "%s; name a process by --target", e.msg);
	if (!any_kind(c))
		c->kinds[NS_MNT] = c->kinds[NS_NET] = "";
	if (ns_same(c->pid, NS_USER) != 1 && c->kinds[NS_USER] == NULL)
		c->kinds[NS_USER] = "";
	if (c->uid == NULL && c->gid == NULL)
		c->preserve = true;
	if (!c->all && (c->kinds[NS_NET] == NULL || *c->kinds[NS_NET] != '\0'))
		return -1;
	fd = rk_dir_netns(dir, c->pid, &e);
	if (fd < 0)
		die(0, "%s", e.msg);
	return fd;
}

static void open_namespaces(struct conf *c)
{
	for (int i = 0; i < NS_KINDS; i++) {
		char name[16];

		if (c->kinds[i] == NULL && c->all && ns_same(c->pid, (enum ns_kind)i) == 0)
			c->kinds[i] = "";
		if (c->kinds[i] == NULL || c->set.fds[i] >= 0)
			continue;
		snprintf(name, sizeof(name), "ns/%s", ns_kind_name((enum ns_kind)i));
		c->set.fds[i] = open_of_target(c, name, c->kinds[i]);
	}
}

/* The namespace that owns what is entered, at first the user namespace: its parent. */
static void open_parent(struct conf *c)
{
	CLEANUP(fd_closep) int target_fd = -1;
	int fd = -1, parent_fd;

	for (int i = NS_KINDS - 1; i >= 0; i--)
		fd = c->set.fds[i] >= 0 ? c->set.fds[i] : fd;
	if (fd < 0)
		fd = target_fd = open_of_target(c, "ns/user", NULL);
	parent_fd = ioctl(fd, NS_GET_USERNS);
	if (parent_fd < 0)
		die(errno, "failed to open parent namespace");
	fd_close(&c->set.fds[NS_USER]);
	c->set.fds[NS_USER] = parent_fd;
}

/* pidfd_getfd(2), SIOCGSKNS (both Linux 5.6 at the latest) */
static void open_net_of_socket(struct conf *c)
{
	CLEANUP(fd_closep) int pid_fd = -1, sock_fd = -1;
	int fd = (int)parse_id(c->net_socket, "file descriptor"), netns_fd;

	if (c->pid == 0)
		die(0, "no target PID specified");
	pid_fd = proc_pidfd_open(c->pid);
	if (pid_fd < 0)
		die(errno, "failed to pidfd_open() for %d", (int)c->pid);
	sock_fd = (int)syscall(SYS_pidfd_getfd, pid_fd, fd, 0);
	if (sock_fd < 0)
		die(errno, "pidfd_getfd(%d, %d)", pid_fd, fd);
	netns_fd = ioctl(sock_fd, SIOCGSKNS);
	if (netns_fd < 0)
		die(errno, "ioctl(%d, SIOCGSKNS)", sock_fd);
	fd_close(&c->set.fds[NS_NET]);
	c->set.fds[NS_NET] = netns_fd;
}

/* The file by which one joins the target's cgroup. */
static int open_cgroup(const struct conf *c)
{
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = NULL;
	struct statfs fs;
	const char *line;
	struct err e;
	int procs_fd;

	if (statfs("/sys/fs/cgroup", &fs) < 0 || fs.f_type != CGROUP2_MAGIC)
		die(0, "--join-cgroup is only supported in cgroup v2");
	fd = open_of_target(c, "cgroup", NULL);
	if (fd_read_all(fd, NSENTER_FILE_MAX, &text, &e) < 0)
		die(0, "failed to get cgroup path: %s", e.msg);
	line = str_skip(buf_str(&text), "0::");
	if (line == NULL)
		die(0, "failed to get cgroup path");
	path = xasprintf("/sys/fs/cgroup%.*s/cgroup.procs", (int)strcspn(line, "\n"), line);
	procs_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (procs_fd < 0)
		die(errno, "failed to open cgroup.procs");
	return procs_fd;
}

static void open_all(struct conf *c)
{
	ns_set_init(&c->set);
	c->root_fd = c->wd_fd = c->env_fd = c->cgroup_fd = -1;
	if (c->selinux)
		die(0, "--follow-context is not supported: this program knows no SELinux");
	if (c->target != NULL)
		c->pid = (pid_t)parse_id(c->target, "pid");
	if (c->uid != NULL)
		c->to_uid = parse_id(c->uid, "uid");
	if (c->gid != NULL)
		c->to_gid = parse_id(c->gid, "gid");
	if (c->target == NULL && wants_target(c))
		c->set.fds[NS_NET] = open_rootlesskit(c);
	open_namespaces(c);
	if (c->user_parent)
		open_parent(c);
	if (c->net_socket != NULL)
		open_net_of_socket(c);
	if (c->root != NULL)
		c->root_fd = open_of_target(c, "root", c->root);
	if (c->wd != NULL)
		c->wd_fd = open_of_target(c, "cwd", c->wd);
	if (c->env)
		c->env_fd = open_of_target(c, "environ", NULL);
	if (c->join_cgroup)
		c->cgroup_fd = open_cgroup(c);
}

/* Twice over the set, the user namespace not in the first round: it comes first when it gives the
 * right to join the others, and last when it takes it. */
static void join_all(struct conf *c)
{
	struct err e;

	for (int round = 0; round < 2; round++) {
		for (int i = round == 0 ? NS_USER + 1 : NS_USER; i < NS_KINDS; i++) {
			if (c->set.fds[i] < 0)
				continue;
			if (ns_join(c->set.fds[i], (enum ns_kind)i, &e) == 0)
				fd_close(&c->set.fds[i]);
			else if (round == 1)
				die(e.sys, "reassociate to namespace 'ns/%s' failed",
				    ns_kind_name((enum ns_kind)i));
		}
	}
}

static void change_directories(struct conf *c)
{
	if (c->root_fd >= 0 && c->wd_fd < 0 && c->wdns == NULL) {
		c->wd_fd = open(".", O_RDONLY | O_CLOEXEC);
		if (c->wd_fd < 0)
			die(errno, "cannot open current working directory");
	}
	if (c->root_fd >= 0) {
		if (fchdir(c->root_fd) < 0)
			die(errno, "change directory by root file descriptor failed");
		if (chroot(".") < 0)
			die(errno, "chroot failed");
		if (chdir("/") < 0)
			die(errno, "cannot change directory to /");
	}
	if (c->wdns != NULL) {
		fd_close(&c->wd_fd);
		c->wd_fd = open(c->wdns, O_RDONLY | O_CLOEXEC);
		if (c->wd_fd < 0)
			die(errno, "cannot open current working directory");
	}
	if (c->wd_fd >= 0 && fchdir(c->wd_fd) < 0)
		die(errno, "change directory by working directory file descriptor failed");
}

static void take_environment(int fd)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err e;

	if (fd_read_all(fd, NSENTER_FILE_MAX, &text, &e) < 0)
		die(0, "failed to get environment variables: %s", e.msg);
	clearenv();
	for (size_t i = 0; i < text.len; i += strlen(text.data + i) + 1) {
		char *equals = strchr(text.data + i, '=');

		if (equals == NULL || equals == text.data + i)
			continue;
		*equals = '\0';
		setenv(text.data + i, equals + 1, 1);
		*equals = '=';
	}
}

/* Only the child comes back; the parent ends as it does. */
static void continue_as_child(void)
{
	struct ns_clone spec = NS_CLONE_INIT;
	struct err e;
	pid_t pid;
	int status;

	fflush(NULL);
	pid = ns_fork(&spec, &e);
	if (pid < 0)
		die(e.sys, "fork failed");
	if (pid == 0)
		return;
	while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
		(void)kill(getpid(), SIGSTOP);
		(void)kill(pid, SIGCONT);
	}
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	(void)kill(getpid(), WTERMSIG(status));
	exit(1);
}

static void set_credentials(const struct conf *c, bool groups_failed)
{
	if (c->set_gid && setgroups(0, NULL) < 0 && groups_failed)
		die(errno, "setgroups failed");
	if (c->set_gid && setgid(c->to_gid) < 0)
		die(errno, "setgid() failed");
	if (c->set_uid && setuid(c->to_uid) < 0)
		die(errno, "setuid() failed");
}

/* Ambient ones outlive an exec by a user who is not root there (capabilities(7)). */
static void keep_capabilities(void)
{
	struct caps_sets sets;
	struct err e;

	if (caps_get(&sets, &e) < 0)
		die(0, "%s", e.msg);
	sets.inheritable = sets.ambient = sets.permitted;
	if (caps_set(&sets, &e) < 0)
		die(0, "%s", e.msg);
}

static int become(char **argv)
{
	const char *shell = getenv("SHELL");
	char *shell_argv[2] = {0};
	int sys;

	if (argv[0] == NULL) {
		shell = str_empty(shell) ? "/bin/sh" : shell;
		shell_argv[0] =
			xasprintf("-%s", strrchr(shell, '/') ? strrchr(shell, '/') + 1 : shell);
		execv(shell, shell_argv);
	} else {
		shell = argv[0];
		execvp(shell, argv);
	}
	sys = errno;
	free(shell_argv[0]);
	fprintf(stderr, "nsenter: failed to execute %s: %s\n", shell, strerror(sys));
	return sys == ENOENT ? 127 : 126;
}

static int run(struct conf *c, char **argv)
{
	bool fork_first, enters_user, groups_failed = true;

	open_all(c);
	fork_first = c->set.fds[NS_PID] >= 0 && !c->no_fork;
	c->set_uid = c->uid != NULL;
	c->set_gid = c->gid != NULL;
	enters_user = c->set.fds[NS_USER] >= 0;
	if (enters_user && !c->preserve) {
		c->set_uid = c->set_gid = true;
		groups_failed = setgroups(0, NULL) < 0;
	}
	join_all(c);
	change_directories(c);
	if (c->env_fd >= 0)
		take_environment(c->env_fd);
	if (c->cgroup_fd >= 0) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%d", (int)getpid());

		if (fd_write(c->cgroup_fd, text, (size_t)n) != n)
			die(errno, "write cgroup.procs failed");
	}
	if (fork_first)
		continue_as_child();
	set_credentials(c, groups_failed);
	if (c->keep_caps && enters_user)
		keep_capabilities();
	return become(argv);
}

int nsenter_main(int argc, char **argv)
{
	struct conf c = {0};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, OPT_STOP_AT_OPERAND)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, OPT_STOP_AT_OPERAND, &e);
	if (first < 0)
		die_usage(&e);
	if (c.version) {
		puts("nsenter from thimble " THIMBLE_VERSION);
		return 0;
	}
	return run(&c, argv + first);
}
