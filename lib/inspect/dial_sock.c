// SPDX-License-Identifier: MIT
/* Small matters of TCP sockets. tcp(7), socket(7). */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/fd.h"
#include "inspect/dial_internal.h"

socklen_t dial_sockaddr(const struct ip *ip, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *s4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (ip->family == IP_V6) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(port);
		memcpy(&s6->sin6_addr, ip->bytes, 16);
		return sizeof(*s6);
	}
	s4->sin_family = AF_INET;
	s4->sin_port = htons(port);
	memcpy(&s4->sin_addr, ip->bytes, 4);
	return sizeof(*s4);
}

void dial_tune(int fd)
{
	const int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
}

int dial_error(int fd)
{
	socklen_t len = sizeof(int);
	int sys = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0 ? errno : sys;
}

void dial_reset(int *fd)
{
	const struct linger now = {.l_onoff = 1};

	if (*fd >= 0)
		(void)setsockopt(*fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	fd_close(fd);
}
