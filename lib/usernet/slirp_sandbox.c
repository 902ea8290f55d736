// SPDX-License-Identifier: MIT
/*
 * --enable-sandbox of slirp4netns(1), in this order:
 *
 *  1. the target's user namespace, as its root, unless we are root somewhere
 *  2. a mount namespace of our own, where nothing comes back from
 *  3. a tmpfs with /etc and /run (resolv.conf lives there), read-only, as root
 *  4. no capability but CAP_NET_BIND_SERVICE: published ports below 1024
 *
 * confine.c goes on from there with landlock and seccomp.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ns/clone.h"
#include "ns/join.h"
#include "ns/mount.h"
#include "sandbox/caps.h"
#include "usernet/slirp.h"

#define ROOT		     "/tmp" /* where the new root is put together */
#define CAP_NET_BIND_SERVICE (1ULL << 10)
#define BIND_FLAGS	     (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)

static int become_root(const struct slirp_target *t, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;

	if (t->userns_path == NULL && t->pid <= 0)
		return err_set(e, ERR_INVALID, 0,
			       "--enable-sandbox needs --userns-path or the PID of the target");
	fd = t->userns_path != NULL ? ns_open_path(t->userns_path, NS_USER, e)
				    : ns_open_pid(t->pid, NS_USER, e);
	if (fd < 0 || ns_join(fd, NS_USER, e) < 0)
		return -1;
	if (setegid(0) < 0 || seteuid(0) < 0)
		return err_sys(e, "become root of the user namespace");
	return 0;
}

static int bind_read_only(const char *source, const char *target, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;

	if (mnt_bind(source, target, true, e) < 0 ||
	    mnt_set_propagation(target, MS_SLAVE | MS_REC, e) < 0)
		return -1;
	fd = open(target, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", target);
	if (mnt_set_flags(fd, BIND_FLAGS, 0, true, e) == 0)
		return 0;
	/* before 5.12 only the mount itself */
	return mnt_set_flags(fd, BIND_FLAGS, 0, false, e);
}

/* resolv.conf may be a link to a place that is neither below /etc nor below /run. */
static int bind_resolv_conf(struct err *e)
{
	CLEANUP(freep) char *real = realpath("/etc/resolv.conf", NULL);
	CLEANUP(freep) char *target = NULL;
	CLEANUP(fd_closep) int fd = -1;

	if (real == NULL || str_starts(real, "/etc/") || str_starts(real, "/run/"))
		return 0;
	target = xasprintf("%s%s", ROOT, real);
	for (char *p = target + strlen(ROOT) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(target, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "make %s", target);
		*p = '/';
	}
	fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(e, "make %s", target);
	return bind_read_only(real, target, e);
}

static int new_root(struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;

	if (ns_unshare(CLONE_NEWNS, e) < 0 || mnt_set_propagation("/", MS_SLAVE | MS_REC, e) < 0 ||
	    mnt_fs("tmpfs", NULL, ROOT, MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k", e) < 0)
		return -1;
	if (mkdir(ROOT "/etc", 0755) < 0 || mkdir(ROOT "/run", 0755) < 0)
		return err_sys(e, "make %s/etc and %s/run", ROOT, ROOT);
	if (bind_read_only("/etc", ROOT "/etc", e) < 0 || bind_resolv_conf(e) < 0 ||
	    bind_read_only("/run", ROOT "/run", e) < 0)
		return -1;
	fd = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", ROOT);
	if (mnt_pivot(fd, e) < 0)
		return -1;
	return mnt_set_flags(fd, MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0, false, e);
}

int slirp_sandbox(const struct slirp_target *t, struct err *e)
{
	struct caps_sets keep = {.effective = CAP_NET_BIND_SERVICE,
				 .permitted = CAP_NET_BIND_SERVICE,
				 .inheritable = CAP_NET_BIND_SERVICE};

	if (geteuid() != 0 && become_root(t, e) < 0)
		return -1;
	if (new_root(e) < 0 || caps_drop_bounding(CAP_NET_BIND_SERVICE, e) < 0)
		return -1;
	return caps_set(&keep, e);
}
