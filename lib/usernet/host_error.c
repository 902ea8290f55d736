// SPDX-License-Identifier: MIT
/* The error queue of host sockets; see host_error.h. linux/errqueue.h. */
#include "usernet/host_error.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/errqueue.h>

#include "usernet/addr.h"

#define HOPS_NEAR 32 /* smaller ones look for routers */

void host_error_enable(int fd, uint8_t family)
{
	int one = 1;

	if (family == IP_V6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
}

unsigned host_error_mtu(int fd, uint8_t family)
{
	int level = family == IP_V6 ? IPPROTO_IPV6 : IPPROTO_IP;
	int name = family == IP_V6 ? IPV6_MTU : IP_MTU, mtu = 0;
	socklen_t len = sizeof(mtu);

	return getsockopt(fd, level, name, &mtu, &len) == 0 && mtu > 0 ? (unsigned)mtu : 1500;
}

static enum tun_error meaning(const struct sock_extended_err *ee)
{
	if ((ee->ee_origin == SO_EE_ORIGIN_ICMP && ee->ee_type == 11) ||
	    (ee->ee_origin == SO_EE_ORIGIN_ICMP6 && ee->ee_type == 3))
		return TUN_TIME_EXCEEDED;
	return tun_error_of((int)ee->ee_errno);
}

static void take(const struct cmsghdr *c, struct host_error *ret)
{
	struct sock_extended_err ee;
	struct sockaddr_storage sa = {0};
	size_t room = c->cmsg_len - CMSG_LEN(0);

	if (room < sizeof(ee))
		return;
	memcpy(&ee, CMSG_DATA(c), sizeof(ee));
	room -= sizeof(ee);
	memcpy(&sa, CMSG_DATA(c) + sizeof(ee), room < sizeof(sa) ? room : sizeof(sa));
	ret->what = meaning(&ee);
	ret->mtu = ee.ee_info;
	ret->local = ee.ee_origin == SO_EE_ORIGIN_LOCAL;
	if (ee.ee_origin == SO_EE_ORIGIN_ICMP || ee.ee_origin == SO_EE_ORIGIN_ICMP6)
		ret->from = addr_from_sa(&sa, NULL);
}

bool host_error_next(int fd, uint8_t family, struct host_error *ret)
{
	_Alignas(struct cmsghdr) uint8_t control[256];
	struct iovec iov = {.iov_base = ret->data, .iov_len = sizeof(ret->data)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	ret->what = TUN_NO_HOST;
	ret->from = (struct ip){0};
	ret->mtu = 0;
	ret->local = false;
	ret->n = (size_t)n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			take(c, ret);
	}
	if (ret->what == TUN_TOO_BIG && ret->mtu == 0)
		ret->mtu = host_error_mtu(fd, family);
	return true;
}

void host_may_fragment(int fd, uint8_t family, bool may)
{
	bool v6 = family == IP_V6;
	int value = may ? IP_PMTUDISC_WANT : IP_PMTUDISC_DO; /* IPv6's are the same */

	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
		   &value, sizeof(value));
}

uint8_t host_hops_wanted(const struct packet_ip *ip)
{
	return ip->ttl > HOPS_NEAR ? 0 : (uint8_t)(ip->ttl - 1);
}

void host_hops_set(int fd, uint8_t family, uint8_t hops)
{
	bool v6 = family == IP_V6;
	int value = hops == 0 ? -1 : hops; /* -1: the default */

	setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_UNICAST_HOPS : IP_TTL, &value,
		   sizeof(value));
}
