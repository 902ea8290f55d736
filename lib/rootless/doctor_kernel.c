// SPDX-License-Identifier: MIT
/*
 * What the kernel must allow an unprivileged user: user namespaces and what is
 * made in them. Each is tried. Sources: user_namespaces(7), namespaces(7),
 * mount_namespaces(7) ("mount too revealing"), Ubuntu's notes on
 * kernel.apparmor_restrict_unprivileged_userns.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "netlink/rtnl.h"
#include "ns/clone.h"
#include "ns/mount.h"
#include "rootless/doctor_internal.h"
#include "storage/storage.h"

#define APPARMOR_SYSCTL "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"

bool rk_apparmor_restricts(const char *root)
{
	const struct rk_host h = {.root = root};
	char line[16];

	return rk_read(&h, APPARMOR_SYSCTL, line, sizeof(line)) && str_eq(line, "1");
}

char *rk_apparmor_profile(void)
{
	CLEANUP(freep) char *exe = realpath("/proc/self/exe", NULL);
	const char *path = exe != NULL ? exe : "/usr/bin/thimble";
	CLEANUP(freep) char *name = xstrdup(path + 1);

	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '.';
	return xasprintf("cat <<EOT | sudo tee \"/etc/apparmor.d/%s\"\n"
			 "abi <abi/4.0>,\n"
			 "include <tunables/global>\n"
			 "\n"
			 "\"%s\" flags=(unconfined) {\n"
			 "  userns,\n"
			 "\n"
			 "  include if exists <local/%s>\n"
			 "}\n"
			 "EOT\n"
			 "sudo systemctl restart apparmor.service\n",
			 name, path, name);
}

/* Root of a user namespace may do something at all: AppArmor lets it be made, and takes its powers.
 */
static int use_powers(const void *arg, struct err *e)
{
	(void)arg;
	return mnt_set_propagation("/", MS_REC | MS_PRIVATE, e);
}

static void mend_userns(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep) char *profile = NULL;
	char line[16];

	if (rk_apparmor_restricts(h->root)) {
		profile = rk_apparmor_profile();
		rk_because(f, "kernel.apparmor_restrict_unprivileged_userns is 1, and no AppArmor "
			      "profile allows this program user namespaces");
		rk_mend(f, "%s", profile);
	} else if (rk_read(h, "/proc/sys/user/max_user_namespaces", line, sizeof(line)) &&
		   str_eq(line, "0")) {
		rk_because(f, "user.max_user_namespaces is 0");
		rk_mend(f, "echo user.max_user_namespaces=28633 | sudo tee "
			   "/etc/sysctl.d/51-rootless.conf && sudo sysctl --system");
	} else if (rk_read(h, "/proc/sys/kernel/unprivileged_userns_clone", line, sizeof(line)) &&
		   str_eq(line, "0")) {
		rk_because(f, "kernel.unprivileged_userns_clone is 0");
		rk_mend(f, "echo kernel.unprivileged_userns_clone=1 | sudo tee "
			   "/etc/sysctl.d/50-rootless.conf && sudo sysctl --system");
	} else {
		rk_mend(f, "# a kernel with CONFIG_USER_NS, outside of a chroot; in a container: "
			   "a seccomp profile that allows clone and unshare");
	}
}

void rk_check_userns(const struct rk_host *h, struct rk_finding *f)
{
	struct err e;

	if (rk_try(CLONE_NEWNS, use_powers, NULL, &e) == 0) {
		rk_fine(f, "a user namespace can be made and used");
		return;
	}
	rk_lacks(f, RK_MISSING, "no user namespace can be used");
	rk_because(f, "%s", e.msg);
	mend_userns(h, f);
}

void rk_check_apparmor(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep) char *profile = NULL;
	struct err e;

	if (!rk_apparmor_restricts(h->root)) {
		rk_fine(f, "user namespaces are not restricted by AppArmor");
		return;
	}
	if (str_empty(h->root) && rk_try(CLONE_NEWNS, use_powers, NULL, &e) == 0) {
		rk_fine(f, "a profile allows this program user namespaces");
		return;
	}
	profile = rk_apparmor_profile();
	rk_lacks(f, RK_MISSING, "user namespaces are restricted to programs with a profile");
	rk_because(f, "kernel.apparmor_restrict_unprivileged_userns is 1");
	rk_mend(f, "%s", profile);
}

static int nothing(const void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

void rk_check_namespaces(const struct rk_host *h, struct rk_finding *f)
{
	static const struct {
		uint64_t flag;
		const char *name;
	} kinds[] = {
		{CLONE_NEWNS, "mnt"},  {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "net"},
		{CLONE_NEWIPC, "ipc"}, {CLONE_NEWUTS, "uts"}, {CLONE_NEWCGROUP, "cgroup"},
	};
	struct err e;

	(void)h;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (rk_try(kinds[i].flag, nothing, NULL, &e) == 0)
			continue;
		rk_lacks(f, RK_MISSING, "no %s namespace can be made", kinds[i].name);
		rk_because(f, "%s", e.msg);
		rk_mend(f,
			"echo user.max_%s_namespaces=28633 | sudo tee "
			"/etc/sysctl.d/52-rootless.conf && sudo sysctl --system",
			kinds[i].name);
		return;
	}
	rk_fine(f, "mnt, pid, net, ipc, uts and cgroup namespaces can be made");
}

static int mount_proc(const void *arg, struct err *e)
{
	(void)arg;
	return mnt_fs("proc", "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, e);
}

void rk_check_proc(const struct rk_host *h, struct rk_finding *f)
{
	struct err e;

	(void)h;
	if (rk_try(CLONE_NEWNS | CLONE_NEWPID, mount_proc, NULL, &e) == 0) {
		rk_fine(f, "a new /proc can be mounted");
		return;
	}
	rk_lacks(f, RK_MISSING, "no new /proc can be mounted");
	rk_because(f,
		   "%s: parts of the host's /proc are covered by other mounts, as in a container "
		   "that is not privileged",
		   e.msg);
	rk_mend(f, "docker run --security-opt systempaths=unconfined  # for the container around "
		   "this host");
}

void rk_check_seccomp(const struct rk_host *h, struct rk_finding *f)
{
	char line[128];

	if (rk_read(h, "/proc/sys/kernel/seccomp/actions_avail", line, sizeof(line)) &&
	    strstr(line, "errno") != NULL) {
		rk_fine(f, "filters can return errors");
		return;
	}
	rk_lacks(f, RK_LACKING, "the kernel has no seccomp filters");
	rk_because(f, "CONFIG_SECCOMP_FILTER is not set");
	rk_mend(f, "docker run --security-opt seccomp=unconfined  # for every container");
}

static int make_devices(const void *arg, struct err *e)
{
	const struct rtnl_veth pair = {.name = "v0", .peer_name = "v1", .peer_netns_fd = -1};
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;

	(void)arg;
	if (rtnl_open(&nl, e) < 0 || rtnl_bridge_add(&nl, "b0", NULL, 0, e) < 0)
		return -1;
	return rtnl_veth_add(&nl, &pair, e);
}

void rk_check_devices(const struct rk_host *h, struct rk_finding *f)
{
	struct err e;

	(void)h;
	if (rk_try(CLONE_NEWNET, make_devices, NULL, &e) == 0) {
		rk_fine(f, "bridges and veth pairs can be made");
		return;
	}
	rk_lacks(f, RK_LACKING, "no bridge or veth pair can be made");
	rk_because(f, "%s", e.msg);
	rk_mend(f, "sudo modprobe -a bridge veth && printf 'bridge\\nveth\\n' | sudo tee "
		   "/etc/modules-load.d/rootless.conf");
}

struct driver_trial {
	const char *dir, *driver;
};

static int try_driver(const void *arg, struct err *e)
{
	const struct driver_trial *t = arg;

	return storage_probe(t->dir, t->driver, e);
}

/* the one that dockerd would choose for a new data root, and why not the best */
void rk_check_overlay(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(freep) char *dir = rk_nearest(h->data_root);
	CLEANUP(buf_clear) struct buf why = BUF_INIT;
	struct driver_trial t = {.dir = dir};
	struct err e;

	for (size_t i = 0; (t.driver = storage_driver_at(i)) != NULL; i++) {
		if (rk_try(CLONE_NEWNS, try_driver, &t, &e) == 0)
			break;
		buf_addf(&why, "%s%s: %s", why.len > 0 ? "; " : "", t.driver, e.msg);
	}
	if (str_eq(t.driver, storage_driver_at(0))) {
		rk_fine(f, "overlay2 works in %s", dir);
		return;
	}
	if (t.driver == NULL) {
		rk_lacks(f, RK_MISSING, "no storage driver works in %s", dir);
		f->lost = xstrdup("there is no storage driver: the engine cannot start");
	} else {
		rk_lacks(f, RK_LACKING, "overlay2 does not work in %s: dockerd takes %s", dir,
			 t.driver);
	}
	rk_because(f, "%s", buf_str(&why));
	rk_mend(f, "sudo modprobe overlay  # or dockerd --data-root on ext4, xfs, btrfs or tmpfs, "
		   "with Linux 5.11 or newer; or install fuse-overlayfs");
}

static int open_device(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

static int make_tun(const void *arg, struct err *e)
{
	CLEANUP(fd_closep) int fd = open_device(arg, e);
	struct ifreq req = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "t0"};

	if (fd < 0)
		return -1;
	if (ioctl(fd, TUNSETIFF, &req) < 0)
		return err_sys(e, "make a tun device by %s", (const char *)arg);
	return 0;
}

static void mend_device(struct rk_finding *f, const struct err *e, const char *device,
			const char *module)
{
	rk_because(f, "%s", e->msg);
	if (e->kind == ERR_DENIED)
		rk_mend(f, "sudo chmod 666 %s", device);
	else
		rk_mend(f,
			"sudo modprobe %s && echo %s | sudo tee "
			"/etc/modules-load.d/rootless-%s.conf",
			module, module, module);
}

void rk_check_tun(const struct rk_host *h, struct rk_finding *f)
{
	struct err e;

	(void)h;
	if (rk_try(CLONE_NEWNET, make_tun, "/dev/net/tun", &e) == 0) {
		rk_fine(f, "tun devices can be made");
		return;
	}
	rk_lacks(f, RK_LACKING, "no tun device can be made");
	mend_device(f, &e, "/dev/net/tun", "tun");
}

void rk_check_fuse(const struct rk_host *h, struct rk_finding *f)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err e;

	(void)h;
	fd = open_device("/dev/fuse", &e);
	if (fd >= 0) {
		rk_fine(f, "/dev/fuse can be opened");
		return;
	}
	rk_lacks(f, RK_NOTE, "/dev/fuse cannot be opened");
	mend_device(f, &e, "/dev/fuse", "fuse");
}
