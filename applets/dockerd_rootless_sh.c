// SPDX-License-Identifier: MIT
/*
 * dockerd-rootless.sh: the environment DOCKERD_ROOTLESS_* becomes rootlesskit's
 * command line (moby's contrib/dockerd-rootless.sh is the model). rootlesskit
 * runs this applet again as its child, marked by _DOCKERD_ROOTLESS_CHILD, which
 * prepares /run and /etc and becomes dockerd.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"
#include "cgroup/examine.h"
#include "ns/mount.h"

#define PREFIX	    "DOCKERD_ROOTLESS_ROOTLESSKIT_"
#define CHILD_MARK  "_DOCKERD_ROOTLESS_CHILD"
#define SCOPE_MARK  "_DOCKERD_ROOTLESS_SCOPE"
#define TMPFS_MAGIC 0x01021994

#define SCOPE_TIMEOUT_MS 5000

static const struct opt opts[] = {{0}};

static const struct opt_usage usage = {
	.synopsis = "dockerd-rootless.sh [DOCKERD OPTIONS]",
	.about = "Start dockerd as an unprivileged user, inside rootlesskit. The options are "
		 "dockerd's.\n"
		 "\n"
		 "Environment, each name after DOCKERD_ROOTLESS_ROOTLESSKIT_:\n"
		 "  STATE_DIR              state directory (default: "
		 "$XDG_RUNTIME_DIR/dockerd-rootless)\n"
		 "  NET                    usernet, slirp4netns, pasta, none (default: usernet, "
		 "built in)\n"
		 "  MTU                    (default: 65520)\n"
		 "  PORT_DRIVER            builtin, none (default: builtin)\n"
		 "  SLIRP4NETNS_SANDBOX    auto, true, false: for an external slirp4netns\n"
		 "  SLIRP4NETNS_SECCOMP    auto, true, false: for an external slirp4netns\n"
		 "  DISABLE_HOST_LOOPBACK  true, false (default: true)\n"
		 "  DETACH_NETNS           true, false (default: true)\n"
		 "  FLAGS                  further options of rootlesskit, split at blanks\n"
		 "DOCKERD names the program to run instead of the built-in dockerd.",
	.opts = opts,
};

/* An environment variable, or what stands for an unset or empty one. */
static const char *variable(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return str_empty(value) ? otherwise : value;
}

static int refuse(const char *line)
{
	puts(line);
	return 1;
}

/* As the script's set -x shows it. */
static void trace(const struct strv *argv)
{
	CLEANUP(freep) char *line = strv_join(argv, " ");

	fprintf(stderr, "+ exec %s\n", line);
}

static int become(const char *path, const struct strv *argv)
{
	execvp(path, argv->items);
	fprintf(stderr, "dockerd-rootless.sh: %s: %s\n", argv->items[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* XDG_RUNTIME_DIR, or what stands in for it where no session made one, as after su. */
static bool have_runtime_dir(const char *home)
{
	const char *given = variable("XDG_RUNTIME_DIR", "");
	CLEANUP(freep) char *own = path_join(home, ".docker/run");
	struct err e;

	if (access(given, W_OK) == 0)
		return true;
	if (path_mkdirs(own, 0700, &e) < 0 || access(own, W_OK) < 0)
		return false;
	fprintf(stderr,
		"dockerd-rootless.sh: XDG_RUNTIME_DIR (\"%s\") is not set or not writable: %s "
		"stands in for it\n",
		given, own);
	setenv("XDG_RUNTIME_DIR", own, 1);
	return true;
}

static int check_host(int argc, char **argv)
{
	const char *home = variable("HOME", "");
	struct stat st;

	if (argc > 1 && (str_eq(argv[1], "check") || str_eq(argv[1], "install") ||
			 str_eq(argv[1], "uninstall"))) {
		printf("Did you mean 'dockerd-rootless-setuptool.sh");
		for (int i = 1; i < argc; i++)
			printf(" %s", argv[i]);
		return refuse("' ?");
	}
	if (stat(home, &st) < 0 || !S_ISDIR(st.st_mode))
		return refuse("HOME needs to be set and exist.");
	if (!have_runtime_dir(home))
		return refuse("XDG_RUNTIME_DIR needs to be set and writable");
	return 0;
}

/* A slirp4netns in PATH that is not this binary; NULL: there is none, ours serves. */
static char *foreign_slirp(void)
{
	CLEANUP(strv_clear) struct strv dirs = STRV_INIT;
	struct stat self, st;

	strv_split(&dirs, variable("PATH", "/usr/local/bin:/usr/bin:/bin"), ":");
	if (stat(proc_self_exe(), &self) < 0)
		return NULL;
	strv_for_each (dir, &dirs) {
		CLEANUP(freep) char *file = xasprintf("%s/slirp4netns", *dir);

		if (access(file, X_OK) < 0 || stat(file, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		/* the first one counts, as for whoever would run it */
		return st.st_dev == self.st_dev && st.st_ino == self.st_ino ? NULL : TAKE(file);
	}
	return NULL;
}

/* rootlesskit's command line. */
static void compose(struct strv *v, const char *net, int argc, char **argv)
{
	CLEANUP(freep)
	char *dir = xasprintf("%s/dockerd-rootless", variable("XDG_RUNTIME_DIR", ""));
	CLEANUP(freep) char *slirp = str_eq(net, "slirp4netns") ? foreign_slirp() : NULL;
	bool fast = str_eq(net, "usernet") || str_eq(net, "slirp4netns") || str_eq(net, "pasta");

	strv_add(v, "rootlesskit");
	strv_addf(v, "--state-dir=%s", variable(PREFIX "STATE_DIR", dir));
	strv_addf(v, "--net=%s", net);
	strv_addf(v, "--mtu=%s", variable(PREFIX "MTU", fast ? "65520" : "1500"));
	if (slirp != NULL)
		strv_addf(v, "--slirp4netns-binary=%s", slirp);
	strv_addf(v, "--slirp4netns-sandbox=%s", variable(PREFIX "SLIRP4NETNS_SANDBOX", "auto"));
	strv_addf(v, "--slirp4netns-seccomp=%s", variable(PREFIX "SLIRP4NETNS_SECCOMP", "auto"));
	if (!str_eq(variable(PREFIX "DISABLE_HOST_LOOPBACK", "true"), "false"))
		strv_add(v, "--disable-host-loopback");
	strv_addf(v, "--port-driver=%s", variable(PREFIX "PORT_DRIVER", "builtin"));
	strv_add(v, "--copy-up=/etc");
	strv_add(v, "--copy-up=/run");
	strv_add(v, "--propagation=rslave");
	if (!str_eq(variable(PREFIX "DETACH_NETNS", "true"), "false"))
		strv_add(v, "--detach-netns");
	strv_split(v, variable(PREFIX "FLAGS", ""), " \t\n");
	strv_add(v, proc_self_exe());
	strv_add(v, "dockerd-rootless.sh");
	for (int i = 1; i < argc; i++)
		strv_add(v, argv[i]);
}

/* A login's own control group cannot be used, but the user's systemd runs: it gives a scope. Asked
 * first with a program that does nothing, for after the second time there is no way back. */
static void enter_scope(int argc, char **argv)
{
	static const char *const probe[] = {
		"systemd-run", "--user", "--scope", "--quiet", "--property=Delegate=yes",
		"true",	       NULL};
	CLEANUP(cgroup_report_clear) struct cgroup_report report;
	CLEANUP(strv_clear) struct strv v = STRV_INIT;
	/* a path: of systemd-run /proc/self/exe is systemd-run */
	CLEANUP(freep) char *self = realpath(proc_self_exe(), NULL);
	struct proc_spec spec = {.path = probe[0], .argv = probe};
	struct err why;

	cgroup_examine(&report);
	if (report.place != CGROUP_PLACE_SERVICE || !str_empty(getenv(SCOPE_MARK)) || self == NULL)
		return;
	if (proc_run(&spec, SCOPE_TIMEOUT_MS, NULL, &why) < 0) {
		log_warn(&why, "containers will have no limits: systemd gives no scope");
		return;
	}
	strv_copy_raw(&v, (char *const *)probe);
	strv_remove(&v, v.len - 1);
	strv_add(&v, self);
	strv_add(&v, "dockerd-rootless.sh");
	for (int i = 1; i < argc; i++)
		strv_add(&v, argv[i]);
	setenv(SCOPE_MARK, "1", 1);
	trace(&v);
	execvp(v.items[0], v.items);
}

static int parent(int argc, char **argv)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;
	const char *net = variable(PREFIX "NET", "usernet");

	if (str_eq(net, "host")) {
		printf("Unsupported RootlessKit network driver: %s\n", net);
		return 1;
	}
	if (getuid() == 0)
		return refuse("This script must be executed as a non-privileged user");
	enter_scope(argc, argv);
	compose(&v, net, argc, argv);
	trace(&v);
	fflush(NULL);
	setenv(CHILD_MARK, "1", 1);
	return become(proc_self_exe(), &v);
}

/* A symlink that the copy-up made becomes the directory itself, for programs that do not follow. */
static void unlink_and_bind(const char *dir, bool recursive)
{
	CLEANUP(freep) char *real = NULL;
	struct stat st;
	struct err e;

	if (lstat(dir, &st) < 0 || !S_ISLNK(st.st_mode) || stat(dir, &st) < 0 ||
	    !S_ISDIR(st.st_mode))
		return;
	real = realpath(dir, NULL);
	if (real == NULL || unlink(dir) < 0 || mkdir(dir, 0755) < 0) {
		log_warn(NULL, "%s: %s", dir, strerror(errno));
		return;
	}
	if (mnt_bind(real, dir, recursive, &e) < 0)
		log_warn(&e, "%s", dir);
}

static bool is_tmpfs(const char *path)
{
	struct statfs st;

	return statfs(path, &st) == 0 && (unsigned long)st.f_type == TMPFS_MAGIC;
}

/* Only what is a link of the copy-up: the host's own files are not ours to remove. */
static void drop_link(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		(void)unlink(path);
}

static int child(int argc, char **argv)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;
	const char *dockerd = variable("DOCKERD", NULL);

	if (is_tmpfs("/etc")) {
		unlink_and_bind("/etc/cdi", false);
		unlink_and_bind("/etc/ssl", true);
	}
	if (is_tmpfs("/run")) {
		unlink_and_bind("/var/run/cdi", false);
		drop_link("/run/docker");
		drop_link("/run/containerd");
		drop_link("/run/xtables.lock");
	}
	strv_add(&v, dockerd == NULL ? "dockerd" : dockerd);
	for (int i = 1; i < argc; i++)
		strv_add(&v, argv[i]);
	trace(&v);
	return become(dockerd == NULL ? proc_self_exe() : dockerd, &v);
}

int dockerd_rootless_sh_main(int argc, char **argv);

int dockerd_rootless_sh_main(int argc, char **argv)
{
	int code;

	if (argc == 2 && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h"))) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	code = check_host(argc, argv);
	if (code != 0)
		return code;
	return str_empty(getenv(CHILD_MARK)) ? parent(argc, argv) : child(argc, argv);
}
