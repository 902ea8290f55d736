// SPDX-License-Identifier: MIT
/*
 * What lies around the engine: directories, file systems, control groups,
 * sysctls of the network, other engines, the service manager. Sources: Docker's
 * rootless pages (prerequisites, tips, troubleshooting), icmp(7), ip(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/str.h"
#include "cgroup/examine.h"
#include "rootless/doctor_internal.h"
#include "rootless/enter.h"
#include "storage/storage.h"

#define SPACE_MIN_MIB 1024
#define SPACE_LOW_MIB 16
#define INODES_MIN    10000

void rk_check_home(const struct rk_host *h, struct rk_finding *f)
{
	struct stat st;

	if (str_empty(h->home) || stat(h->home, &st) < 0 || !S_ISDIR(st.st_mode)) {
		rk_lacks(f, RK_MISSING, "HOME is no directory: %s",
			 str_empty(h->home) ? "not set" : h->home);
		rk_mend(f, "export HOME=/home/$(id -un)");
	} else if (access(h->home, W_OK) < 0) {
		rk_lacks(f, RK_MISSING, "%s is not writable", h->home);
		rk_because(f, "%s", strerror(errno));
		rk_mend(f, "sudo chown $(id -u): %s", h->home);
	} else {
		rk_fine(f, "%s", h->home);
	}
}

void rk_check_runtime(const struct rk_host *h, struct rk_finding *f)
{
	const char *dir = h->runtime_dir;
	struct stat st;

	if (str_empty(dir)) {
		rk_lacks(f, RK_LACKING, "XDG_RUNTIME_DIR is not set");
		rk_because(f, "no login session made it, as after su or sudo, or without systemd "
			      "or elogind");
	} else if (stat(dir, &st) < 0) {
		rk_lacks(f, RK_LACKING, "XDG_RUNTIME_DIR (%s) does not exist", dir);
		rk_because(f, "%s", strerror(errno));
	} else if (st.st_uid != h->uid || access(dir, W_OK) < 0) {
		rk_lacks(f, RK_LACKING, "XDG_RUNTIME_DIR (%s) is another user's", dir);
		rk_because(f, "the user was changed by su or sudo in a session of uid %u",
			   (unsigned)st.st_uid);
	} else {
		rk_fine(f, "%s", dir);
		return;
	}
	free(f->lost);
	f->lost = xasprintf("%s/.docker/run is used instead; systemctl --user does not work",
			    str_empty(h->home) ? "~" : h->home);
	rk_mend(f,
		"sudo loginctl enable-linger %s && export XDG_RUNTIME_DIR=/run/user/%u  # or log "
		"in by ssh or machinectl shell",
		h->user == NULL ? "USER" : h->user, (unsigned)h->uid);
}

/* File systems that lack what layers need, and what. */
static const char *unfit(const char *fs)
{
	static const struct {
		const char *name, *why;
	} list[] = {
		{"nfs", "NFS knows neither subordinate owners nor their extended attributes"},
		{"cifs", "CIFS knows neither owners nor links as layers need them"},
		{"exfat", "exFAT knows neither owners nor links"},
		{"fuse", "FUSE file systems seldom know subordinate owners"},
		{"lustre", "Lustre does not know subordinate owners"},
		{"gpfs", "GPFS does not know subordinate owners"},
		{"ramfs", "ramfs has no extended attributes and no limit"},
	};

	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (str_eq(fs, list[i].name))
			return list[i].why;
	return NULL;
}

/* What the engine does to its data: a file with a user attribute. 0 or errno */
static int write_trial(int dir_fd)
{
	CLEANUP(fd_closep) int fd = -1;
	char path[64];

	fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EOPNOTSUPP ? 0 : errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return setxattr(path, "user.thimble", "1", 1, 0) < 0 ? errno : 0;
}

void rk_check_data_root(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep) char *dir = rk_nearest(h->data_root);
	CLEANUP(fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *fs = fd < 0 ? "<unknown>" : storage_backing(fd), *why = unfit(fs);
	int code = fd < 0 ? errno : access(dir, W_OK) < 0 ? errno : write_trial(fd);

	if (code == 0 && why == NULL) {
		rk_fine(f, "%s (%s)", dir, fs);
		if (str_eq(fs, "tmpfs")) {
			rk_lacks(f, RK_NOTE, "%s is a tmpfs", dir);
			free(f->lost);
			f->lost = xstrdup("images and containers at the next boot");
			rk_mend(f, "dockerd-rootless.sh --data-root=DIR");
		}
		return;
	}
	rk_lacks(f, code == 0 || code == EOPNOTSUPP ? RK_LACKING : RK_MISSING,
		 "%s (%s) is unfit for images", dir, fs);
	if (why != NULL)
		rk_because(f, "%s", why);
	else if (code == EOPNOTSUPP)
		rk_because(f, "the file system has no extended attributes (user.*)");
	else
		rk_because(f, "%s", strerror(code));
	rk_mend(f, "dockerd-rootless.sh --data-root=DIR  # on a local ext4, xfs or btrfs");
}

void rk_check_space(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep) char *dir = rk_nearest(h->data_root);
	unsigned long long mib;
	struct statvfs st;

	if (statvfs(dir, &st) < 0) {
		rk_lacks(f, RK_LACKING, "free space of %s is unknown", dir);
		rk_because(f, "%s", strerror(errno));
		return;
	}
	mib = (unsigned long long)st.f_bavail * st.f_frsize >> 20;
	if (mib < SPACE_MIN_MIB) {
		rk_lacks(f, mib < SPACE_LOW_MIB ? RK_MISSING : RK_LACKING, "%llu MiB free in %s",
			 mib, dir);
		rk_because(f, "the file system is small or nearly full");
	} else if (st.f_files != 0 && st.f_favail < INODES_MIN) {
		rk_lacks(f, RK_LACKING, "%llu files can be made in %s",
			 (unsigned long long)st.f_favail, dir);
		rk_because(f, "the file system has few inodes left");
	} else {
		rk_fine(f, "%llu MiB free in %s", mib, dir);
		return;
	}
	rk_mend(f, "docker system prune  # or dockerd-rootless.sh --data-root=DIR");
}

/* What this shell has; where that is not enough and an engine runs as a service, what that has. */
static void examine(struct cgroup_report *r)
{
	CLEANUP(freep) char *dir = rk_dir_find();
	struct cgroup_report engine;
	struct err ignored;
	pid_t child;

	cgroup_examine(r);
	if (r->problem == CGROUP_FINE || rk_dir_child(dir, &child, &ignored) < 0)
		return;
	cgroup_examine_process(child, &engine);
	if (engine.place != CGROUP_PLACE_NONE) {
		cgroup_report_clear(r);
		*r = engine;
	} else {
		cgroup_report_clear(&engine);
	}
}

void rk_check_cgroup(const struct rk_host *h, struct rk_finding *f)
{
	struct cgroup_report r;

	(void)h;
	examine(&r);
	if (r.problem == CGROUP_FINE && r.place != CGROUP_PLACE_NONE) {
		CLEANUP(freep) char *names = cgroup_controller_names(r.controllers);

		rk_fine(f, "cgroup v2, delegated: %s", names);
	} else {
		CLEANUP(freep) char *names = cgroup_controller_names(r.missing);

		rk_lacks(f, RK_LACKING, "cgroup v%d, not delegated: %s", r.version, names);
		if (r.why != NULL)
			rk_because(f, "%s", r.why);
		if (r.mend != NULL)
			rk_mend(f, "%s", r.mend);
	}
	cgroup_report_clear(&r);
}

void rk_check_ping(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	char line[64] = "unknown";

	if (fd >= 0) {
		rk_fine(f, "datagram ICMP sockets can be made");
		return;
	}
	rk_lacks(f, RK_LACKING, "no ICMP socket can be made");
	rk_because(f, "%s", strerror(errno));
	if (rk_read(h, "/proc/sys/net/ipv4/ping_group_range", line, sizeof(line)))
		rk_because(f, "net.ipv4.ping_group_range is %s, without group %u", line,
			   (unsigned)h->gid);
	rk_mend(f, "echo 'net.ipv4.ping_group_range = 0 2147483647' | sudo tee "
		   "/etc/sysctl.d/53-rootless.conf && sudo sysctl --system");
}

/* 0 when some port below 1024 can be bound, else errno. */
static int bind_low(void)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET};

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned port = 80; port < 1024; port++) {
		sa.sin_port = htons((uint16_t)port);
		if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return errno;
	}
	return EADDRINUSE;
}

void rk_check_low_ports(const struct rk_host *h, struct rk_finding *f)
{
	char line[16] = "unknown";
	int code = bind_low();

	if (code == 0) {
		rk_fine(f, "ports from 80 on can be bound");
		return;
	}
	(void)rk_read(h, "/proc/sys/net/ipv4/ip_unprivileged_port_start", line, sizeof(line));
	rk_lacks(f, RK_NOTE, "ports below %s cannot be bound", line);
	rk_because(f, "%s: net.ipv4.ip_unprivileged_port_start is %s", strerror(code), line);
	rk_mend(f, "echo net.ipv4.ip_unprivileged_port_start=80 | sudo tee "
		   "/etc/sysctl.d/54-rootless.conf && sudo sysctl --system  # or sudo setcap "
		   "cap_net_bind_service=ep $(realpath $(command -v rootlesskit))");
}

static bool answers(const char *path)
{
	struct err ignored;
	int fd = net_connect_unix(path, SOCK_STREAM, &ignored);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

void rk_check_system_engine(const struct rk_host *h, struct rk_finding *f)
{
	const char *path = "/var/run/docker.sock";

	(void)h;
	if (access(path, W_OK) < 0) {
		rk_fine(f, "no system-wide engine is in the way");
		return;
	}
	rk_lacks(f, RK_NOTE, "a system-wide engine's socket is here: %s%s", path,
		 answers(path) ? "" : " (nobody answers there)");
	rk_because(f, "Docker is installed for root too, and this user may use it");
	free(f->lost);
	f->lost = xstrdup("clients without DOCKER_HOST or a context may talk to that one, as root");
	rk_mend(f, "sudo systemctl disable --now docker.service docker.socket && sudo rm %s", path);
}

void rk_check_own_socket(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep)
	char *path = str_empty(h->runtime_dir) ? path_join(str_empty(h->home) ? "/" : h->home,
							   ".docker/run/docker.sock")
					       : path_join(h->runtime_dir, "docker.sock");

	if (!path_exists(path)) {
		rk_fine(f, "%s is free", path);
	} else if (answers(path)) {
		rk_lacks(f, RK_NOTE, "an engine runs already: it answers on %s", path);
		rk_because(f, "it was started before");
		free(f->lost);
		f->lost = xstrdup("nothing; a second one would not start");
		rk_mend(f, "systemctl --user stop docker.service  # to end it, where systemd runs");
	} else {
		rk_lacks(f, RK_NOTE, "%s is left from an engine that ended", path);
		rk_because(f, "it crashed, or was killed");
		free(f->lost);
		f->lost = xstrdup("nothing: the next start replaces it");
		rk_mend(f, "rm %s", path);
	}
}

/* A service that dockerd-rootless-setuptool.sh offers where there is no systemd: root's, or a
 * script for the user's own supervisor; on the heap, NULL: none. */
static char *plain_service(const struct rk_host *h, const char *user)
{
	static const char *const of_root[] = {"/etc/init.d", "/etc/sv", "/etc/s6/sv"};
	static const char *const of_user[] = {".config/rc/init.d/docker",
					      ".config/runit/docker/run", ".config/s6/docker/run"};

	for (size_t i = 0; i < ARRAY_LEN(of_root); i++) {
		CLEANUP(freep) char *file = xasprintf("%s/docker.%s", of_root[i], user);
		CLEANUP(freep) char *path = xasprintf("%s%s", h->root, file);

		if (path_exists(path))
			return TAKE(file);
	}
	for (size_t i = 0; i < ARRAY_LEN(of_user) && !str_empty(h->home); i++) {
		CLEANUP(freep) char *file = path_join(h->home, of_user[i]);

		if (path_exists(file))
			return TAKE(file);
	}
	return NULL;
}

/* The user's systemd: its private socket, and linger; or a service of another supervisor. */
void rk_check_service(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep) char *manager = NULL;
	CLEANUP(freep) char *linger = NULL;
	CLEANUP(freep) char *plain = NULL;
	const char *user = h->user == NULL ? "USER" : h->user;

	if (!str_empty(h->runtime_dir))
		manager = path_join(h->runtime_dir, "systemd/private");
	linger = xasprintf("%s/var/lib/systemd/linger/%s", h->root, user);
	if (manager != NULL && path_exists(manager)) {
		if (path_exists(linger)) {
			rk_fine(f, "the user's systemd, with linger");
			return;
		}
		rk_lacks(f, RK_NOTE, "the user's systemd ends with the last session");
		rk_because(f, "linger is not enabled");
		rk_mend(f, "sudo loginctl enable-linger %s", user);
	} else if ((plain = plain_service(h, user)) != NULL) {
		rk_fine(f, "%s, without systemd", plain);
	} else {
		rk_lacks(f, RK_NOTE, "no systemd of this user");
		rk_because(f, "systemd does not run here, or not for this session "
			      "(dbus-user-session is not installed?)");
		rk_mend(f, "dockerd-rootless-setuptool.sh install  # offers what fits this host");
	}
}
