// SPDX-License-Identifier: MIT
/*
 * setns(2), namespaces(7), ioctl_nsfs(2).
 */
#include "ns/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "ns/mount.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define NSFS_GET_NSTYPE _IO(0xb7, 0x3) /* linux/nsfs.h */

static const struct {
	const char *name;     /* below /proc/PID/ns */
	const char *oci_name; /* in config.json, where it differs */
	int flag;
} kinds[NS_KINDS] = {
	[NS_USER] = {"user", "user", CLONE_NEWUSER},
	[NS_CGROUP] = {"cgroup", "cgroup", CLONE_NEWCGROUP},
	[NS_IPC] = {"ipc", "ipc", CLONE_NEWIPC},
	[NS_UTS] = {"uts", "uts", CLONE_NEWUTS},
	[NS_NET] = {"net", "network", CLONE_NEWNET},
	[NS_PID] = {"pid", "pid", CLONE_NEWPID},
	[NS_TIME] = {"time", "time", CLONE_NEWTIME},
	[NS_MNT] = {"mnt", "mount", CLONE_NEWNS},
};

const char *ns_kind_name(enum ns_kind kind)
{
	return kinds[kind].name;
}

int ns_kind_flag(enum ns_kind kind)
{
	return kinds[kind].flag;
}

int ns_kind_parse(const char *name, enum ns_kind *ret)
{
	for (int i = 0; i < NS_KINDS; i++) {
		if (strcmp(name, kinds[i].name) == 0 || strcmp(name, kinds[i].oci_name) == 0) {
			*ret = (enum ns_kind)i;
			return 0;
		}
	}
	return -1;
}

void ns_set_init(struct ns_set *s)
{
	for (int i = 0; i < NS_KINDS; i++)
		s->fds[i] = -1;
}

void ns_set_clear(struct ns_set *s)
{
	for (int i = 0; i < NS_KINDS; i++)
		fd_close(&s->fds[i]);
}

static void ns_path(char *out, size_t size, pid_t pid, enum ns_kind kind)
{
	if (pid == 0)
		snprintf(out, size, "/proc/self/ns/%s", kinds[kind].name);
	else
		snprintf(out, size, "/proc/%d/ns/%s", (int)pid, kinds[kind].name);
}

int ns_open_pid(pid_t pid, enum ns_kind kind, struct err *e)
{
	char path[64];
	int fd;

	ns_path(path, sizeof(path), pid, kind);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	return fd;
}

int ns_open_path(const char *path, enum ns_kind kind, struct err *e)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int type;

	if (fd < 0)
		return err_sys(e, "open namespace %s", path);
	type = ioctl(fd, NSFS_GET_NSTYPE);
	if (type != kinds[kind].flag)
		return err_set(e, ERR_INVALID, 0, "%s is not a %s namespace", path,
			       kinds[kind].name);
	return TAKE_FD(fd);
}

int ns_set_open_pid(struct ns_set *s, pid_t pid, unsigned mask, struct err *e)
{
	ns_set_init(s);
	for (int i = 0; i < NS_KINDS; i++) {
		if (!(mask & NS_BIT(i)) || ns_same(pid, (enum ns_kind)i) == 1)
			continue;
		s->fds[i] = ns_open_pid(pid, (enum ns_kind)i, e);
		if (s->fds[i] < 0) {
			ns_set_clear(s);
			return -1;
		}
	}
	return 0;
}

int ns_join(int fd, enum ns_kind kind, struct err *e)
{
	if (setns(fd, kinds[kind].flag) < 0)
		return err_sys(e, "join %s namespace", kinds[kind].name);
	return 0;
}

int ns_set_join(const struct ns_set *s, struct err *e)
{
	unsigned later = 0;

	/*
	 * 1. what our present capabilities allow, and only when a user namespace follows, for
	 *    those owned by the namespace we leave
	 * 2. the user namespace
	 * 3. the rest
	 */
	for (int i = 0; i < NS_KINDS; i++) {
		if (s->fds[i] < 0 || i == NS_USER)
			continue;
		if (s->fds[NS_USER] >= 0 && setns(s->fds[i], kinds[i].flag) == 0)
			continue;
		later |= NS_BIT(i);
	}
	if (s->fds[NS_USER] >= 0 && ns_join(s->fds[NS_USER], NS_USER, e) < 0)
		return -1;
	for (int i = 0; i < NS_KINDS; i++) {
		if (later & NS_BIT(i) && ns_join(s->fds[i], (enum ns_kind)i, e) < 0)
			return -1;
	}
	return 0;
}

int ns_same(pid_t pid, enum ns_kind kind)
{
	char path[64];
	struct stat a, b;

	ns_path(path, sizeof(path), pid, kind);
	if (stat(path, &a) < 0)
		return -1;
	ns_path(path, sizeof(path), 0, kind);
	if (stat(path, &b) < 0)
		return -1;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int ns_same_fd(int a_fd, int b_fd)
{
	struct stat a, b;

	if (fstat(a_fd, &a) < 0 || fstat(b_fd, &b) < 0)
		return -1;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int ns_keep(int fd, const char *path, struct err *e)
{
	char self[64];
	CLEANUP(fd_closep)
	int file_fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (file_fd < 0)
		return err_sys(e, "make %s", path);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return mnt_bind(self, path, false, e);
}
