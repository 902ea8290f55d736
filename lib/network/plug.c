// SPDX-License-Identifier: MIT
/*
 * A container's end of the network. The helper enters the container's network
 * namespace for the part that must happen there and comes back; it is
 * single-threaded, so that is safe, and a crash in between leaves nothing but
 * kernel objects that vanish with the container.
 *
 * Order: 1 pair made, near end born in the bridge,
 * far end in the container, with its fixed neighbour and forwarding entries;
 * 2 enter; 3 sysctls, lo, up, addresses, routes; 4 come back; 5 the namespace
 * is pinned.
 *
 * 127.0.0.11 (Docker's resolver) is answered once, in N. In the container it
 * is a route by the bridge's address in the local table, where it is more
 * special than 127.0.0.0/8, and route_localnet lets the answers in. That would
 * open the container's loopback services to its neighbours, so before the
 * local table a rule ends whatever comes from outside for 127.0.0.0/8; for
 * that the local table must leave the first place.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "network/server_internal.h"

#define PLUG_MTU      1500
#define INDEX_TRIES   4
#define LOOPBACK      0x7f000000U
#define DNS_ADDRESS   0x7f00000bU /* NETNS_DNS_ADDRESS */
#define RULE_NO_ENTRY 1		  /* in containers: iif ethN to 127.0.0.0/8 */
#define RULE_LOCAL    2		  /* in containers: the local table */

int netns_enter(int netns_fd, struct err *e)
{
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return err_sys(e, "enter network namespace");
	return 0;
}

/* Without its own namespace the helper would configure the wrong one: then it must end. */
void netns_come_back(const struct netns_server *s)
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

void netns_veth_name(const char *sandbox, const char *ifname, char ret[IFNAMSIZ])
{
	CLEANUP(freep) char *seed = xasprintf("%s/%s", sandbox, ifname);
	char hex[SHA256_HEX_SIZE];

	sha256_hex(seed, strlen(seed), hex);
	snprintf(ret, IFNAMSIZ, "veth%.11s", hex);
}

/* --- in the container --- */

static void sysctl_of(const char *family, const char *ifname, const char *name, const char *value)
{
	char path[NETNS_SYSCTL_MAX];

	snprintf(path, sizeof(path), "net/%s/conf/%s/%s", family, ifname, name);
	netns_sysctl_try(path, value);
}

static int add_address(struct rtnl *nl, int index, const struct ip_prefix *p, struct err *e)
{
	return p->ip.family == IP_NONE ? 0 : rtnl_addr_add(nl, index, p, e);
}

static int default_route(struct rtnl *nl, int index, const struct ip *gateway, struct err *e)
{
	struct rtnl_route r = {.gateway = *gateway, .oif = index};

	return gateway->family == IP_NONE ? 0 : rtnl_route_add(nl, &r, e);
}

/* What must stand before route_localnet; see above. */
static int close_loopback(struct rtnl *nl, const char *ifname, struct err *e)
{
	struct rtnl_rule no_entry = {.family = IP_V4,
				     .priority = RULE_NO_ENTRY,
				     .action = FR_ACT_BLACKHOLE,
				     .dst = {.ip = ip_v4(LOOPBACK), .bits = 8}};
	struct rtnl_rule local = {.family = IP_V4, .priority = RULE_LOCAL, .table = RT_TABLE_LOCAL};
	struct rtnl_rule front = {.family = IP_V4, .first = true, .table = RT_TABLE_LOCAL};

	str_copy(no_entry.iif, ifname, sizeof(no_entry.iif));
	if (rtnl_rule_add(nl, &no_entry, e) < 0 || rtnl_rule_add(nl, &local, e) < 0)
		return -1;
	return rtnl_rule_del(nl, &front, e); /* once only; in a batch */
}

/* Several interfaces may lead to 127.0.0.11: the lowest index serves. */
static int dns_route(struct rtnl *nl, int index, const struct netns_plug *p,
		     const struct ip *gateway, struct err *e)
{
	struct rtnl_route r = {.dst = {.ip = ip_v4(DNS_ADDRESS), .bits = 32},
			       .gateway = *gateway,
			       .prefsrc = p->address.ip,
			       .oif = index,
			       .table = RT_TABLE_LOCAL,
			       .metric = (uint32_t)index};

	return rtnl_route_add(nl, &r, e);
}

static int addresses_and_routes(struct rtnl *nl, int index, const struct netns_plug *p,
				const struct ip *dns_gateway, struct err *e)
{
	struct rtnl_link_change up = {.set_up = 1};

	if (rtnl_link_set(nl, index, &up, e) < 0 || add_address(nl, index, &p->address, e) < 0 ||
	    add_address(nl, index, &p->address6, e) < 0)
		return -1;
	for (size_t i = 0; i < NETNS_EXTRA_MAX; i++) {
		if (add_address(nl, index, &p->extra[i], e) < 0)
			return -1;
	}
	if (default_route(nl, index, &p->gateway, e) < 0 ||
	    default_route(nl, index, &p->gateway6, e) < 0)
		return -1;
	if (!p->dns)
		return 0;
	if (close_loopback(nl, p->ifname, e) < 0)
		return -1;
	return dns_route(nl, index, p, dns_gateway, e);
}

static int configure_link(struct rtnl *nl, const struct netns_plug *p, const struct ip *dns_gateway,
			  struct err *e)
{
	struct rtnl_link link;
	int r;

	if (rtnl_link_get(nl, p->ifname, &link, e) < 0)
		return -1;
	if (p->address6.ip.family == IP_NONE)
		sysctl_of("ipv6", p->ifname, "disable_ipv6", "1");
	else
		sysctl_of("ipv6", p->ifname, "accept_dad", "0");
	rtnl_batch_begin(nl);
	r = addresses_and_routes(nl, link.index, p, dns_gateway, e);
	if (rtnl_batch_end(nl, e) < 0 || r < 0)
		return -1;
	if (p->dns)
		sysctl_of("ipv4", p->ifname, "route_localnet", "1");
	return 0;
}

/* Runs inside the container's namespace; p NULL: no link, lo and sysctls only. */
static int configure_inside(const struct netns_plug *p, const struct ip *dns_gateway, struct err *e)
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
	return p != NULL ? configure_link(&nl, p, dns_gateway, e) : 0;
}

int netns_do_sandbox(struct netns_server *s, int netns_fd, struct err *e)
{
	int r;

	if (netns_enter(netns_fd, e) < 0)
		return -1;
	r = configure_inside(NULL, NULL, e);
	netns_come_back(s);
	return r;
}

int netns_do_sysctl(struct netns_server *s, int netns_fd, const struct netns_sysctl *c,
		    struct err *e)
{
	int r;

	if (netns_enter(netns_fd, e) < 0)
		return -1;
	r = netns_sysctl_write(c->name, c->value, e);
	netns_come_back(s);
	return r;
}

static int change_default(struct rtnl *nl, int index, uint8_t family, const struct ip *gateway,
			  struct err *e)
{
	struct rtnl_route none = {.family = family};

	if (gateway->family != IP_NONE)
		return default_route(nl, index, gateway, e);
	/* without the family in this namespace the kernel says ENOENT */
	return rtnl_route_del(nl, &none, e) == 0 || e->sys == ENOENT ? 0 : -1;
}

static int gateway_inside(const struct netns_gateway *g, struct err *e)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_link link = {0}, link6;

	if (rtnl_open(&nl, e) < 0 ||
	    (g->ifname[0] != '\0' && rtnl_link_get(&nl, g->ifname, &link, e) < 0))
		return -1;
	link6 = link;
	if (g->ifname6[0] != '\0' && rtnl_link_get(&nl, g->ifname6, &link6, e) < 0)
		return -1;
	if (change_default(&nl, link.index, IP_V4, &g->gateway, e) < 0)
		return -1;
	return change_default(&nl, link6.index, IP_V6, &g->gateway6, e);
}

int netns_do_gateway(struct netns_server *s, const struct netns_gateway *g, struct err *e)
{
	const struct netns_sandbox *sb = netns_sandbox_find(&s->state, g->sandbox);
	int r;

	if (sb == NULL || sb->netns_fd < 0)
		return err_set(e, ERR_NOTFOUND, 0, "network namespace of %s is not there",
			       g->sandbox);
	if (netns_enter(sb->netns_fd, e) < 0)
		return -1;
	r = gateway_inside(g, e);
	netns_come_back(s);
	return r;
}

/* --- in N --- */

static int near_end(struct rtnl *nl, const struct rtnl_veth *pair, const struct netns_plug *p,
		    const struct netns_bridge_entry *n, const struct netns_port *port,
		    struct err *e)
{
	char alias[RTNL_ALIAS_SIZE];
	struct rtnl_link_change name = {.alias = alias};

	if (rtnl_veth_add(nl, pair, e) < 0)
		return -1;
	netns_port_to_alias(p->sandbox, port, alias);
	if (p->sandbox[0] != '\0' && rtnl_link_set(nl, pair->index, &name, e) < 0)
		return -1;
	if (p->isolated && rtnl_bridge_port_isolated(nl, pair->index, true, e) < 0)
		return -1;
	/* whatever neighbours claim, frames for this address go to this port */
	if (rtnl_fdb_add(nl, pair->index, port->mac, e) < 0)
		return -1;
	if (port->address.family != IP_NONE &&
	    rtnl_neigh_add(nl, n->index, &port->address, port->mac, e) < 0)
		return -1;
	if (port->address6.family != IP_NONE &&
	    rtnl_neigh_add(nl, n->index, &port->address6, port->mac, e) < 0)
		return -1;
	return 0;
}

/* The pair, with an index of our choice, so that all can be said in one go. */
static int make_pair(struct netns_server *s, int netns_fd, const struct netns_plug *p,
		     const char *veth, const struct netns_bridge_entry *n, struct netns_port *port,
		     struct err *e)
{
	struct rtnl_veth pair = {.name = veth,
				 .master = n->index,
				 .peer_name = p->ifname,
				 .peer_netns_fd = netns_fd,
				 .peer_mac = port->mac,
				 .mtu = p->mtu > 0 ? p->mtu : PLUG_MTU,
				 .set_up = true};
	struct rtnl_link link;
	struct err ignored;
	int r;

	for (int i = 0; i < INDEX_TRIES; i++) {
		pair.index = port->index = (int)(0x100000 + rand_u64() % 0x70000000);
		rtnl_batch_begin(&s->rtnl);
		r = near_end(&s->rtnl, &pair, p, n, port, e);
		if (rtnl_batch_end(&s->rtnl, e) == 0)
			return r;
		if (rtnl_link_get(&s->rtnl, veth, &link, &ignored) == 0) {
			if (link.index == pair.index && rtnl_link_del(&s->rtnl, veth, &ignored) < 0)
				log_debug(&ignored, "after a failed plug");
			break;
		}
		if (e->kind != ERR_CONFLICT) /* else that index was taken, or ifname is */
			break;
	}
	return -1;
}

static void describe_port(const struct netns_plug *p, struct netns_port *ret)
{
	static const uint8_t no_mac[MAC_SIZE];

	*ret = (struct netns_port){.address = p->address.ip, .address6 = p->address6.ip};
	str_copy(ret->ifname, p->ifname, sizeof(ret->ifname));
	str_copy(ret->bridge, p->bridge, sizeof(ret->bridge));
	memcpy(ret->mac, p->mac, sizeof(ret->mac));
	if (memcmp(ret->mac, no_mac, sizeof(no_mac)) == 0)
		mac_from_ip(p->address.ip.family != IP_NONE ? &p->address.ip : &p->address6.ip,
			    ret->mac);
}

static int plug(struct netns_server *s, int netns_fd, const struct netns_plug *p,
		char ret_veth[IFNAMSIZ], struct netns_port *port, struct err *e)
{
	const struct netns_bridge_entry *n = netns_bridge_find(&s->state, p->bridge);
	char veth[IFNAMSIZ], digits[12];
	struct err ignored;
	int r;

	if (n == NULL)
		return err_set(e, ERR_NOTFOUND, 0, "no bridge %s", p->bridge);
	rand_hex(digits, 11);
	if (p->veth[0] != '\0')
		str_copy(veth, p->veth, sizeof(veth));
	else if (p->sandbox[0] != '\0')
		netns_veth_name(p->sandbox, p->ifname, veth);
	else
		snprintf(veth, sizeof(veth), "veth%s", digits);
	describe_port(p, port);
	if (make_pair(s, netns_fd, p, veth, n, port, e) < 0)
		return -1;
	r = netns_enter(netns_fd, e);
	if (r == 0) {
		r = configure_inside(p, &n->b.gateway.ip, e);
		netns_come_back(s);
	}
	if (r < 0) {
		netns_port_close(s, port);
		if (rtnl_link_del(&s->rtnl, veth, &ignored) < 0)
			log_debug(&ignored, "after a failed plug");
		return -1;
	}
	str_copy(ret_veth, veth, IFNAMSIZ);
	return 0;
}

/* The helper before this one may have died after the work and before its answer: the client then
 * asks again. */
static int undo_unanswered(struct netns_server *s, struct netns_sandbox *sb,
			   const struct netns_plug *p, struct err *e)
{
	struct netns_port *port = sb != NULL ? netns_port_find(sb, p->ifname) : NULL;
	char veth[IFNAMSIZ];

	if (port == NULL || !port->loaded)
		return 0;
	netns_veth_name(p->sandbox, p->ifname, veth);
	netns_port_close(s, port);
	if (rtnl_link_del(&s->rtnl, veth, e) < 0 && e->kind != ERR_NOTFOUND)
		return -1;
	netns_port_forget(&s->state, sb, port);
	return 0;
}

int netns_do_plug(struct netns_server *s, int netns_fd, const struct netns_plug *p,
		  char ret_veth[IFNAMSIZ], struct err *e)
{
	struct netns_sandbox *sb = netns_sandbox_find(&s->state, p->sandbox);
	bool is_new = p->sandbox[0] != '\0' && sb == NULL;
	struct netns_port port;
	int own_fd;

	if (netns_fd < 0 && (sb == NULL || sb->netns_fd < 0))
		return err_set(e, ERR_NOTFOUND, 0, "network namespace of %s is not there",
			       p->sandbox);
	if (undo_unanswered(s, sb, p, e) < 0 ||
	    plug(s, netns_fd >= 0 ? netns_fd : sb->netns_fd, p, ret_veth, &port, e) < 0)
		return -1;
	if (p->sandbox[0] == '\0')
		return 0;
	if (is_new || sb->netns_fd < 0) {
		own_fd = fcntl(netns_fd, F_DUPFD_CLOEXEC, 3);
		netns_pin(s, p->sandbox, netns_fd);
		if (is_new)
			sb = netns_sandbox_put(&s->state, p->sandbox, own_fd);
		else
			sb->netns_fd = own_fd;
	}
	netns_port_put(&s->state, sb, &port);
	return 0;
}
