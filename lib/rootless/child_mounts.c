// SPDX-License-Identifier: MIT
/*
 * What the child mounts, in this order:
 *  1. propagation of everything, so that nothing below reaches the host
 *  2. /proc of a new pid namespace
 *  3. /sys of a network namespace of our own, the host's cgroups kept in it
 *  4. the directories to copy up
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "ns/mount.h"
#include "rootless/copyup.h"
#include "rootless/sync_internal.h"

/* sysfs shows the network namespace of who mounts it; the cgroup mounts below must stay. */
static int mount_sys(struct err *e)
{
	CLEANUP(fd_closep) int tree = mnt_clone_tree(AT_FDCWD, "/sys/fs/cgroup", true, e);
	CLEANUP(fd_closep) int target = -1;

	if (tree < 0)
		return -1;
	if (mnt_fs("sysfs", "none", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, e) < 0)
		return -1;
	target = open("/sys/fs/cgroup", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (target < 0)
		return err_sys(e, "open /sys/fs/cgroup");
	return mnt_move_tree(tree, target, e);
}

int rk_child_mounts(const struct rk_child_args *a, struct err *e)
{
	const struct rk_conf *c = a->conf;
	struct err why;

	if (mnt_set_propagation("/", c->propagation, e) < 0)
		return -1;
	if (c->pidns &&
	    mnt_fs("proc", "none", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, e) < 0)
		return -1;
	/* masked /sys (we run in a container) forbids it; then the host's stays */
	if (rk_conf_has_netns(c) && !c->detach_netns && mount_sys(&why) < 0)
		log_debug(&why, "/sys of the new network namespace");
	strv_for_each (dir, &c->copy_up) {
		if (rk_copyup(*dir, a->state->dir, e) < 0)
			return -1;
	}
	return 0;
}

/* /etc is a tmpfs of ours, so the file can simply be replaced. */
static bool etc_is_copied_up(const struct rk_conf *c)
{
	return strv_has(&c->copy_up, "/etc") || strv_has(&c->copy_up, "/etc/");
}

int rk_child_resolv(const struct rk_child_args *a, struct err *e)
{
	CLEANUP(freep) char *ours = rk_state_path(a->state, "resolv.conf");
	CLEANUP(freep) char *real = NULL;
	struct ip dns = rk_conf_address(a->conf, 3);
	char ip[IP_TEXT_SIZE], text[80];
	int n = snprintf(text, sizeof(text), "nameserver %s\n", ip_format(&dns, ip));

	if (etc_is_copied_up(a->conf))
		return file_write(AT_FDCWD, "/etc/resolv.conf", text, (size_t)n, 0644, FILE_NOSYNC,
				  e);
	real = realpath("/etc/resolv.conf", NULL);
	if (real == NULL) {
		log_warn(NULL, "there is no /etc/resolv.conf to mount over: names will not be "
			       "resolved (--copy-up=/etc helps)");
		return 0;
	}
	if (file_write(AT_FDCWD, ours, text, (size_t)n, 0644, FILE_NOSYNC, e) < 0)
		return -1;
	return mnt_bind(ours, real, false, e);
}
