// SPDX-License-Identifier: MIT
/* POOL_SOCKETS: plain sockets, as many as asked for. ip(7), tcp(7). */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "network/pool_internal.h"

int netns_pool_socket(uint32_t kind)
{
	int family = kind == POOL_TCP4 || kind == POOL_UDP4 ? AF_INET : AF_INET6;
	bool tcp = kind == POOL_TCP4 || kind == POOL_TCP6;
	int one = 1, fd;

	fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && tcp) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	return fd;
}

int netns_pool_sockets(struct netns_server *s UNUSED, const struct pool_request *q,
		       struct pool_answer *a UNUSED, int fds[POOL_BATCH], size_t *n_fds)
{
	if (q->child.family != IP_NONE)
		return EHOSTUNREACH;
	while (*n_fds < q->n) {
		int fd = netns_pool_socket(q->kind);

		if (fd < 0)
			break;
		fds[(*n_fds)++] = fd;
	}
	return *n_fds == 0 ? errno : 0;
}
