// SPDX-License-Identifier: MIT
/*
 * Where a packet of N may go. The gateway's address stands for the host: for its own primary
 * address, asked of the routing table each time, or for its loopback when that was opened.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/hostaddr.h"
#include "usernet/usernet.h"
#include "usernet/usernet_internal.h"

static enum dest gateway(const struct usernet *u, uint8_t family, struct sockaddr_storage *ret,
			 socklen_t *ret_len)
{
	static const struct ip loopback6 = {.family = IP_V6, .bytes = {[15] = 1}};
	struct ip host = family == IP_V6 ? loopback6 : ip_v4(INADDR_LOOPBACK);

	/* slirp4netns has nothing there when the loopback is closed */
	if (!u->host_loopback &&
	    (u->slirp != NULL || !hostaddr_primary(family, u->inet6_fd, &host)))
		return DEST_NO_ROUTE;
	*ret_len = addr_to_sa(&host, 0, ret);
	return DEST_OK;
}

enum dest tun_destination(const struct usernet *u, const struct ip *dst,
			  struct sockaddr_storage *ret_sa, socklen_t *ret_len)
{
	const struct tun_net *n = dst->family == IP_V6 ? &u->net6 : &u->net4;

	*ret_len = addr_to_sa(dst, 0, ret_sa);
	if (ip_eq(dst, &n->dns))
		return !u->no_dns ? DEST_DNS : u->slirp != NULL ? DEST_SILENT : DEST_REFUSED;
	if (ip_eq(dst, &n->gateway))
		return gateway(u, dst->family, ret_sa, ret_len);
	if (addr_is_closed(dst) || ip_prefix_has(&n->subnet, dst))
		return DEST_REFUSED;
	return DEST_OK;
}

int tun_bind_source(const struct usernet *u, int fd, int family)
{
	const struct ip *a = u->slirp == NULL	  ? NULL
			     : family == AF_INET6 ? &u->slirp->outbound6
						  : &u->slirp->outbound;
	struct sockaddr_storage sa;
	int one = 1;

	if (a == NULL || a->family == IP_NONE)
		return 0;
	/* the port is chosen with the destination known: there are more of them */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&sa, addr_to_sa(a, 0, &sa));
}

bool tun_peer_ok(const struct usernet *u, int fd)
{
	struct sockaddr_storage sa = {0}, own = {0};
	socklen_t len = sizeof(sa), own_len = sizeof(own);
	struct ip peer, self;
	uint16_t port;

	if (getpeername(fd, (struct sockaddr *)&sa, &len) < 0)
		return true; /* gone again: reading will tell */
	if (sa.ss_family == AF_UNIX)
		return true; /* our nameserver */
	peer = addr_from_sa(&sa, &port);
	if (!u->host_loopback && (ip_is_loopback(&peer) || ip_is_any(&peer)))
		return false;
	if (!feed_is_listener(u, &peer, port))
		return true;
	/* a connection to an address of this host has it at both ends */
	if (getsockname(fd, (struct sockaddr *)&own, &own_len) < 0)
		return false;
	self = addr_from_sa(&own, NULL);
	return !ip_eq(&self, &peer) && !ip_is_loopback(&peer);
}

bool tun_is_own(const struct usernet *u, const struct ip *a)
{
	const struct tun_net *n = a->family == IP_V6 ? &u->net6 : &u->net4;

	return ip_eq(a, &n->gateway) || ip_eq(a, &n->dns);
}
