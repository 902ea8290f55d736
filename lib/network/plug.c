// SPDX-License-Identifier: MIT
/*
 * A container's end of the network. The helper enters the container's network
 * namespace for the part that must happen there and comes back; it is
 * single-threaded, so that is safe, and a crash in between leaves nothing but
 * kernel objects that vanish with the container.
 *
 * Order: 1 pair made in N, far end born in the container; 2 near end into the
 * bridge, up; 3 enter; 4 sysctls, lo, address, up, default route; 5 come back.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "network/server_internal.h"

#define PLUG_MTU 1500

static int enter(int netns_fd, struct err *e)
{
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, "enter network namespace");
	return 0;
}

/* Without its own namespace the helper would configure the wrong one: then it must end. */
static void come_back(const struct netns_server *s)
{
	if (setns(s->self_netns_fd, CLONE_NEWNET) < 0) {
		log_error(NULL, "cannot return to the containers' network namespace: %s",
			  strerror(errno));
		abort();
	}
}

int netns_lo_up(struct rtnl *nl, struct err *e)
{
	struct rtnl_link_change up = {.set_up = 1};
	struct rtnl_link lo;

	if (rtnl_link_get(nl, "lo", &lo, e) < 0)
		return -1;
	return rtnl_link_set(nl, lo.index, &up, e);
}

static int default_route(struct rtnl *nl, int index, const struct ip *gateway, struct err *e)
{
	struct rtnl_route r = {.gateway = *gateway, .oif = index};

	return gateway->family == IP_NONE ? 0 : rtnl_route_add(nl, &r, e);
}

static int configure_link(struct rtnl *nl, const struct netns_plug *p, struct err *e)
{
	struct rtnl_link_change up = {.set_up = 1};
	char path[NETNS_SYSCTL_MAX];
	struct rtnl_link link;

	if (rtnl_link_get(nl, p->ifname, &link, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", p->ifname);
	netns_sysctl_try(path, p->address6.ip.family == IP_NONE ? "1" : "0");
	if (p->address.ip.family != IP_NONE && rtnl_addr_add(nl, link.index, &p->address, e) < 0)
		return -1;
	if (p->address6.ip.family != IP_NONE && rtnl_addr_add(nl, link.index, &p->address6, e) < 0)
		return -1;
	if (rtnl_link_set(nl, link.index, &up, e) < 0)
		return -1;
	if (default_route(nl, link.index, &p->gateway, e) < 0)
		return -1;
	return default_route(nl, link.index, &p->gateway6, e);
}

/* Runs inside the container's namespace; p NULL: no link, lo and sysctls only. */
static int configure_inside(const struct netns_plug *p, struct err *e)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link lo;

	if (rtnl_open(&nl, e) < 0 || rtnl_link_get(&nl, "lo", &lo, e) < 0)
		return -1;
	if ((lo.flags & IFF_UP) == 0) {
		/* the first plug: what users set afterwards stays */
		netns_sysctls_of_container();
		if (netns_lo_up(&nl, e) < 0)
			return -1;
	}
	return p != NULL ? configure_link(&nl, p, e) : 0;
}

int netns_do_sandbox(struct netns_server *s, int netns_fd, struct err *e)
{
	int r;

	if (enter(netns_fd, e) < 0)
		return -1;
	r = configure_inside(NULL, e);
	come_back(s);
	return r;
}

int netns_do_sysctl(struct netns_server *s, int netns_fd, const struct netns_sysctl *c,
		    struct err *e)
{
	int r;

	if (enter(netns_fd, e) < 0)
		return -1;
	r = netns_sysctl_write(c->name, c->value, e);
	come_back(s);
	return r;
}

static int attach(struct rtnl *nl, const struct netns_plug *p, const char *veth, struct err *e)
{
	struct rtnl_link_change up = {.set_up = 1};
	struct rtnl_link bridge, near;

	if (rtnl_link_get(nl, p->bridge, &bridge, e) < 0 || rtnl_link_get(nl, veth, &near, e) < 0)
		return -1;
	up.master = bridge.index;
	if (rtnl_link_set(nl, near.index, &up, e) < 0)
		return -1;
	return p->isolated ? rtnl_bridge_port_isolated(nl, near.index, true, e) : 0;
}

/* The near end's name follows from what it serves, so that it is found again by whoever comes. */
static void veth_name(const char *sandbox, const char *ifname, char ret[IFNAMSIZ])
{
	CLEANUP(freep) char *seed = xasprintf("%s/%s", sandbox, ifname);
	char hex[SHA256_HEX_SIZE];

	sha256_hex(seed, strlen(seed), hex);
	snprintf(ret, IFNAMSIZ, "veth%.11s", hex);
}

int netns_do_plug(struct netns_server *s, int netns_fd, const struct netns_plug *p,
		  char ret_veth[IFNAMSIZ], struct err *e)
{
	static const uint8_t no_mac[MAC_SIZE];
	char veth[IFNAMSIZ], digits[12], path[NETNS_SYSCTL_MAX];
	struct rtnl_veth pair;
	uint8_t mac[MAC_SIZE];
	struct err ignored;
	int r;

	rand_hex(digits, 11);
	if (p->veth[0] != '\0')
		str_copy(veth, p->veth, sizeof(veth));
	else if (p->sandbox[0] != '\0')
		veth_name(p->sandbox, p->ifname, veth);
	else
		snprintf(veth, sizeof(veth), "veth%s", digits);
	memcpy(mac, p->mac, sizeof(mac));
	if (memcmp(mac, no_mac, sizeof(mac)) == 0)
		mac_from_ip(p->address.ip.family != IP_NONE ? &p->address.ip : &p->address6.ip,
			    mac);
	pair = (struct rtnl_veth){.name = veth,
				  .peer_name = p->ifname,
				  .peer_netns_fd = netns_fd,
				  .peer_mac = mac,
				  .mtu = p->mtu > 0 ? p->mtu : PLUG_MTU};
	if (rtnl_veth_add(&s->rtnl, &pair, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", veth);
	netns_sysctl_try(path, "1");
	r = attach(&s->rtnl, p, veth, e);
	if (r == 0)
		r = enter(netns_fd, e);
	if (r == 0) {
		r = configure_inside(p, e);
		come_back(s);
	}
	if (r < 0) {
		if (rtnl_link_del(&s->rtnl, veth, &ignored) < 0)
			log_debug(&ignored, "after a failed plug");
		return -1;
	}
	str_copy(ret_veth, veth, IFNAMSIZ);
	return 0;
}

int netns_do_unplug(struct netns_server *s, const struct netns_end *end, struct err *e)
{
	char veth[IFNAMSIZ];
	struct rtnl_link link;

	veth_name(end->sandbox, end->ifname, veth);
	if (rtnl_link_get(&s->rtnl, veth, &link, e) < 0)
		return e->kind == ERR_NOTFOUND ? 0 : -1;
	if (!str_eq(link.kind, "veth"))
		return err_set(e, ERR_INVALID, 0, "link %s is no veth", veth);
	if (rtnl_link_del(&s->rtnl, veth, e) < 0)
		return e->kind == ERR_NOTFOUND ? 0 : -1;
	return 0;
}
