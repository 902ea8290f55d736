// SPDX-License-Identifier: MIT
/*
 * The tap in somebody else's network namespace. A process that has entered a
 * user namespace cannot come back, so a forked child enters, makes the device,
 * sets it up and passes the descriptor. Documentation/networking/tuntap.rst,
 * slirp4netns(1).
 */
#include "usernet/slirp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/proc.h"
#include "base/str.h"
#include "netlink/rtnl.h"
#include "ns/clone.h"
#include "ns/join.h"

#ifndef TUN_F_USO4 /* headers before Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define TAP_TXQLEN    4096  /* its ring counts packets, not bytes */
#define CHILD_WAIT_MS 10000 /* what it does takes milliseconds */

static int open_ns(const struct slirp_target *t, const char *path, enum ns_kind kind, struct err *e)
{
	return path != NULL ? ns_open_path(path, kind, e) : ns_open_pid(t->pid, kind, e);
}

static int enter(const struct slirp_target *t, struct err *e)
{
	CLEANUP(fd_closep) int net_fd = -1;
	CLEANUP(fd_closep) int user_fd = -1;
	struct err why;

	net_fd = open_ns(t, t->netns_path, NS_NET, e);
	if (net_fd < 0)
		return -1;
	if (t->userns_path != NULL || t->pid > 0) {
		user_fd = open_ns(t, t->userns_path, NS_USER, e);
		if (user_fd < 0)
			return -1;
		/* it may be ours already; whether that is enough shows below */
		if (ns_join(user_fd, NS_USER, &why) < 0)
			log_debug(&why, "user namespace of the target");
	}
	return ns_join(net_fd, NS_NET, e);
}

static int make_tap(const char *ifname, int *ret_fd, struct err *e)
{
	CLEANUP(fd_closep) int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	unsigned long tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	struct ifreq r = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

	if (fd < 0)
		return err_sys(e, "open /dev/net/tun");
	str_copy(r.ifr_name, ifname, sizeof(r.ifr_name));
	if (ioctl(fd, TUNSETIFF, &r) < 0)
		return err_sys(e, "create tap %s", ifname);
	/* the namespace's kernel may leave checksums and the cutting into segments to us */
	if (ioctl(fd, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) < 0 &&
	    ioctl(fd, TUNSETOFFLOAD, tso) < 0)
		log_debug(NULL, "tap offloads: %s", strerror(errno));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int default_route(struct rtnl *nl, int index, const struct ip *gateway, struct err *e)
{
	struct rtnl_route r = {.oif = index, .gateway = *gateway};

	return rtnl_route_add(nl, &r, e);
}

static int configure(const struct slirp_target *t, struct err *e)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link_change up = {.set_up = 1}, c = {.set_up = 1, .mtu = t->mtu};
	struct rtnl_link lo, tap;
	struct err why;

	c.txqlen = TAP_TXQLEN;
	c.mac = t->has_mac ? t->mac : NULL;
	if (rtnl_open(&nl, e) < 0 || rtnl_link_get(&nl, "lo", &lo, e) < 0 ||
	    rtnl_link_set(&nl, lo.index, &up, e) < 0 || rtnl_link_get(&nl, t->ifname, &tap, e) < 0)
		return -1;
	if (rtnl_link_set(&nl, tap.index, &c, e) < 0 ||
	    rtnl_addr_add(&nl, tap.index, &t->addr, e) < 0 ||
	    default_route(&nl, tap.index, &t->gateway, e) < 0)
		return -1;
	/* the namespace may have IPv6 switched off */
	if (t->addr6.ip.family == IP_V6 && (rtnl_addr_add(&nl, tap.index, &t->addr6, &why) < 0 ||
					    default_route(&nl, tap.index, &t->gateway6, &why) < 0))
		log_warn(&why, "no IPv6 in the network namespace");
	return 0;
}

static int child(const struct slirp_target *t, int sock, struct err *e)
{
	CLEANUP(fd_closep) int tap_fd = -1;
	struct err ok;

	if (enter(t, e) < 0 || make_tap(t->ifname, &tap_fd, e) < 0)
		return -1;
	if (t->configure && configure(t, e) < 0)
		return err_wrap(e, "configure %s", t->ifname);
	err_clear(&ok);
	return fd_send(sock, &ok, sizeof(ok), &tap_fd, 1, e);
}

static int take_tap(int sock, int *ret_fd, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err said;
	size_t n_fds = 1;
	ssize_t n = fd_recv(sock, &said, sizeof(said), &fd, &n_fds, e);

	if (n < 0)
		return -1;
	if (n != sizeof(said))
		return err_set(e, ERR_SYSTEM, 0, "the child in the network namespace ended");
	if (said.kind != 0) {
		*e = said;
		e->msg[sizeof(e->msg) - 1] = '\0';
		return -1;
	}
	if (n_fds != 1)
		return err_set(e, ERR_SYSTEM, 0, "the child in the network namespace sent no tap");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int slirp_open_tap(const struct slirp_target *t, int *ret_fd, struct err *e)
{
	struct ns_clone spec = NS_CLONE_INIT;
	int pair[2], code, result;
	struct err why;
	pid_t pid;

	if (strlen(t->ifname) == 0 || strlen(t->ifname) >= IFNAMSIZ)
		return err_set(e, ERR_INVALID, 0, "not a name of an interface: %s", t->ifname);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	fflush(NULL);
	pid = ns_fork(&spec, e);
	if (pid == 0) {
		close(pair[0]);
		if (child(t, pair[1], &why) == 0)
			_exit(0);
		(void)!fd_send(pair[1], &why, sizeof(why), NULL, 0, e);
		_exit(1);
	}
	close(pair[1]);
	result = pid < 0 ? -1 : take_tap(pair[0], ret_fd, e);
	close(pair[0]);
	if (pid > 0 && proc_wait(pid, CHILD_WAIT_MS, &code, &why) < 0)
		log_debug(&why, "child in the network namespace");
	return result;
}

int slirp_accept_bess(const char *path, int *ret_fd, struct err *e)
{
	CLEANUP(fd_closep) int listen_fd = -1;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return err_set(e, ERR_INVALID, 0, "the specified BESS socket path is too long: %s",
			       path);
	unlink(path);
	listen_fd = net_listen_unix(path, SOCK_SEQPACKET, 0600, e);
	if (listen_fd < 0)
		return -1;
	*ret_fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	return *ret_fd >= 0 ? 0 : err_sys(e, "accept at %s", path);
}
