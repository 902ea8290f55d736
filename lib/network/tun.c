// SPDX-License-Identifier: MIT
/*
 * The tun by which N reaches the world: created in N, configured, and its
 * descriptor handed out to whoever parses packets. The device lives as long as
 * a descriptor of it is open. Documentation/networking/tuntap.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "network/server_internal.h"
#include "usernet/control.h"

#ifndef TUN_F_USO4 /* headers before Linux 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define TUN_TXQLEN 4096 /* its ring counts packets, not bytes */

static int open_tun(const char *ifname, int *ret_fd, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	const unsigned long tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		err_sys(e, "open /dev/net/tun");
		e->kind = ERR_UNAVAILABLE;
		return -1;
	}
	str_copy(r.ifr_name, ifname, sizeof(r.ifr_name));
	if (ioctl(fd, TUNSETIFF, &r) < 0) {
		err_sys(e, "create tun %s", ifname);
		if (errno == EBUSY)
			e->kind = ERR_CONFLICT;
		return -1;
	}
	/* N's kernel may leave checksums and the cutting into segments to the other end */
	if (ioctl(fd, TUNSETOFFLOAD, tso | TUN_F_USO4 | TUN_F_USO6) < 0) {
		log_info(NULL, "datagrams leave the tun one by one: joined, they need Linux 6.2");
		if (ioctl(fd, TUNSETOFFLOAD, tso) < 0)
			log_debug(NULL, "tun offloads: %s", strerror(errno));
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* No link-local address, no solicitations: nobody on the tun listens for them. Before it is up. */
static void quiet6(const char *ifname)
{
	static const char *const settings[][2] = {
		{"disable_ipv6", "0"},
		{"addr_gen_mode", "1"},
		{"accept_ra", "0"},
		{"router_solicitations", "0"},
	};

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		CLEANUP(freep)
		char *name = xasprintf("net/ipv6/conf/%s/%s", ifname, settings[i][0]);

		netns_sysctl_try(name, settings[i][1]);
	}
}

/* A host without an IPv6 route is no matter here: usernet answers "no route" at once. */
static int configure6(struct rtnl *nl, int index, struct err *e)
{
	struct ip_prefix net, own = {.bits = 64};
	struct rtnl_route r = {.oif = index};

	if (ip_prefix_parse(USERNET_CIDR6, &net, e) < 0 ||
	    ip_prefix_nth(&net, 0x100, &own.ip, e) < 0 ||
	    ip_prefix_nth(&net, 2, &r.gateway, e) < 0 || rtnl_addr_add(nl, index, &own, e) < 0 ||
	    rtnl_route_add(nl, &r, e) < 0)
		return -1;
	own.bits = 128;
	return netns_rules_apart(nl, &own, true, e);
}

/* N's own address is nobody's destination, and what nobody wants does not go back. */
static int keep_apart(struct netns_server *s, const char *ifname, const struct ip_prefix *own,
		      struct err *e)
{
	struct ip_prefix one = {.ip = own->ip, .bits = (uint8_t)ip_bits(&own->ip)};

	if (netns_rules_apart(&s->rtnl, &one, true, e) < 0)
		return -1;
	return netns_rules_tun(s, ifname, e);
}

static int configure(struct netns_server *s, const char *ifname, const struct netns_tun *t,
		     struct err *e)
{
	struct rtnl *nl = &s->rtnl;
	struct rtnl_link_change up = {
		.set_up = 1, .mtu = t->mtu > 0 ? t->mtu : NETNS_MTU_DEFAULT, .txqlen = TUN_TXQLEN};
	struct ip_prefix subnet = t->subnet, own;
	struct rtnl_route r = {0};
	struct rtnl_link link;
	struct err why;

	quiet6(ifname);
	if (subnet.ip.family == IP_NONE && ip_prefix_parse(NETNS_CIDR_DEFAULT, &subnet, e) < 0)
		return -1;
	own.bits = subnet.bits;
	if (ip_prefix_nth(&subnet, 100, &own.ip, e) < 0 ||
	    ip_prefix_nth(&subnet, 2, &r.gateway, e) < 0 ||
	    rtnl_link_get(nl, ifname, &link, e) < 0 || rtnl_link_set(nl, link.index, &up, e) < 0 ||
	    rtnl_addr_add(nl, link.index, &own, e) < 0)
		return -1;
	r.oif = link.index;
	if (rtnl_route_add(nl, &r, e) < 0 || keep_apart(s, ifname, &own, e) < 0)
		return -1;
	if (configure6(nl, link.index, &why) < 0)
		log_debug(&why, "no IPv6 on %s", ifname);
	return 0;
}

int netns_do_tun(struct netns_server *s, const struct netns_tun *t, int *ret_fd, struct err *e)
{
	const char *ifname = t->ifname[0] != '\0' ? t->ifname : NETNS_IFNAME_DEFAULT;
	CLEANUP(fd_closep) int fd = -1;

	if (open_tun(ifname, &fd, e) < 0)
		return -1;
	if (configure(s, ifname, t, e) < 0)
		return err_wrap(e, "configure %s", ifname);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/*
 * An external program masquerades nothing, and N has no netfilter to do it: it sees the containers'
 * own addresses. slirp4netns asks by ARP who has them before it answers one; N answers for all it
 * has a route to, and at once: by default a proxy waits for up to 0.8 s, slirp4netns never waits
 * that long and the container's SYN is lost. pasta answers the station that wrote to it, which is N
 * for all of them.
 */
int netns_do_tun_adopt(struct netns_server *s, const struct netns_tun *t, struct err *e)
{
	const char *ifname = t->ifname[0] != '\0' ? t->ifname : NETNS_IFNAME_DEFAULT;
	CLEANUP(freep) char *proxy = xasprintf("net/ipv4/conf/%s/proxy_arp", ifname);
	CLEANUP(freep) char *delay = xasprintf("net/ipv4/neigh/%s/proxy_delay", ifname);
	struct ip_prefix subnet = t->subnet, own;
	struct rtnl_link link;

	if (subnet.ip.family == IP_NONE && ip_prefix_parse(NETNS_CIDR_DEFAULT, &subnet, e) < 0)
		return -1;
	own.bits = subnet.bits;
	if (rtnl_link_get(&s->rtnl, ifname, &link, e) < 0 ||
	    netns_sysctl_write(proxy, "1", e) < 0 || netns_sysctl_write(delay, "0", e) < 0 ||
	    ip_prefix_nth(&subnet, 100, &own.ip, e) < 0)
		return -1;
	return keep_apart(s, ifname, &own, e);
}
