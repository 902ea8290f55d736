// SPDX-License-Identifier: MIT
/* Makes a test uid 0 of a user namespace of its own, with a mount namespace. */
#ifndef TESTS_UNIT_ARCHIVE_USERNS_H
#define TESTS_UNIT_ARCHIVE_USERNS_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int userns_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

/* root maps all ids through a child that stays outside, anybody else himself */
static inline void userns_enter(void)
{
	unsigned n = geteuid() == 0 ? 65536 : 1;
	char uid_map[64], gid_map[64], path[64];
	pid_t self = getpid(), child;
	int ready[2], status = 0;
	char c;

	snprintf(uid_map, sizeof(uid_map), "0 %u %u", (unsigned)geteuid(), n);
	snprintf(gid_map, sizeof(gid_map), "0 %u %u", (unsigned)getegid(), n);
	CHECK_EQ(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		close(ready[1]);
		if (read(ready[0], &c, 1) < 0)
			_exit(1);
		if (n == 1) {
			snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)self);
			userns_put(path, "deny");
		}
		snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)self);
		status = userns_put(path, uid_map);
		snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)self);
		_exit(status < 0 || userns_put(path, gid_map) < 0);
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		status = -1;
	close(ready[0]);
	close(ready[1]);
	if (status < 0 || waitpid(child, &status, 0) < 0 || status != 0)
		SKIP("no user namespaces here");
	umask(0);
}

#endif
