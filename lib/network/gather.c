// SPDX-License-Identifier: MIT
/*
 * POOL_GATHER. Theory of operation. A program that sends datagrams one by one makes the kernel
 * carry each through the pair, the bridge, N's routing and the tun, and usernet read each. Where
 * the near end of its pair takes packets by NAPI, with GRO that also joins datagrams only passing
 * through (rx-udp-gro-forwarding), up to 64 of one flow travel on as one; usernet's host socket
 * cuts them again. That only joins what has piled up, so the NAPI works in a thread of its own: as
 * part of the sender's system call it would see one datagram at a time. And the sender must not
 * outrun it: a queue on the container's end makes the kernel wait for room where it would drop
 * (Linux 6.16).
 *
 * TCP is not concerned, its segments are large already. The price is a kernel thread and its
 * wake-up for a datagram that comes alone (10 us): so it is only done for containers that usernet
 * sees sending very many, and as long as they do. At its end only the thread goes: then NAPI is
 * part of the sender's system call again and joins nothing, which costs nothing, while taking it
 * away would wait for grace periods of the kernel.
 *
 * Needed: threads of NAPI and joined datagrams, both Linux 5.12; the switch of the former is in
 * sysfs, mounted for N once, attached nowhere (fsmount(2), Linux 5.2). Without any of these
 * datagrams go singly as before. Documentation/networking/napi.rst, drivers/net/veth.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "netlink/ethtool.h"
#include "network/pool_internal.h"

/* uapi linux/mount.h, which cannot be included beside sys/mount.h everywhere */
#ifndef SYS_fsopen
#define SYS_fsopen 430
#endif
#ifndef SYS_fsconfig
#define SYS_fsconfig 431
#endif
#ifndef SYS_fsmount
#define SYS_fsmount 432
#endif
#define FS_CLOEXEC	1
#define CMD_CREATE	6
#define ATTR_RESTRICTED 0xe /* nosuid, nodev, noexec */

#define QUEUE_PACKETS 256 /* as many as the pair's own ring has room for */

static const char *const features[] = {ETHTOOL_FEATURE_GRO, ETHTOOL_FEATURE_UDP_FWD};

int netns_gather_open(void)
{
	CLEANUP(fd_closep) int fs = (int)syscall(SYS_fsopen, "sysfs", FS_CLOEXEC);
	int fd;

	if (fs < 0 || syscall(SYS_fsconfig, fs, CMD_CREATE, NULL, NULL, 0) < 0 ||
	    (fd = (int)syscall(SYS_fsmount, fs, FS_CLOEXEC, ATTR_RESTRICTED)) < 0) {
		log_debug(NULL, "datagrams will not be gathered: no sysfs: %s", strerror(errno));
		return -1;
	}
	return fd;
}

static int set_thread(const struct netns_server *s, const char *veth, const char *value,
		      struct err *e)
{
	CLEANUP(freep) char *name = xasprintf("devices/virtual/net/%s/threaded", veth);
	CLEANUP(fd_closep) int fd = openat(s->sysfs_fd, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return err_sys(e, "%s", name);
	return 0;
}

/* The container's end of the pair. A queue that somebody has put there stays. */
static int add_queue(struct netns_server *s, int netns_fd, const char *ifname, struct err *e)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link link;
	int r;

	if (netns_enter(netns_fd, e) < 0)
		return -1;
	r = rtnl_open(&nl, e);
	netns_come_back(s);
	if (r < 0 || rtnl_link_get(&nl, ifname, &link, e) < 0)
		return -1;
	return rtnl_qdisc_fifo(&nl, link.index, QUEUE_PACKETS, e);
}

/* In this order: without its thread, NAPI would only cost. It exists when GRO is on. */
static int gather(struct netns_server *s, const struct netns_port *p, const char *veth,
		  int netns_fd, struct err *e)
{
	struct err why;

	if (ethtool_features_set(veth, features, ARRAY_LEN(features), true, e) < 0)
		return -1;
	if (set_thread(s, veth, "1", e) < 0) {
		if (ethtool_features_set(veth, features, ARRAY_LEN(features), false, &why) < 0)
			log_debug(&why, "gathering");
		return -1;
	}
	if (add_queue(s, netns_fd, p->ifname, &why) < 0)
		log_debug(&why, "gathering without a queue");
	return 0;
}

int netns_pool_gather(struct netns_server *s, const struct pool_request *q)
{
	struct netns_sandbox *sb;
	const struct netns_port *p = netns_port_by_address(&s->state, &q->child, &sb);
	const char *change = q->n > 0 ? "begin" : "end";
	char veth[IFNAMSIZ];
	struct err e;
	int r;

	if (s->sysfs_fd < 0)
		return EOPNOTSUPP;
	if (p == NULL || sb->netns_fd < 0 || if_indextoname((unsigned)p->index, veth) == NULL)
		return EHOSTUNREACH;
	r = q->n > 0 ? gather(s, p, veth, sb->netns_fd, &e) : set_thread(s, veth, "0", &e);
	log_debug(r < 0 ? &e : NULL, "gathering datagrams of %s: %s", sb->name, change);
	if (r == 0)
		return 0;
	if (e.kind == ERR_UNIMPLEMENTED || e.sys == ENOENT) /* no such feature, no such file */
		return EOPNOTSUPP;
	return e.sys != 0 ? e.sys : EIO;
}
