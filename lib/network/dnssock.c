// SPDX-License-Identifier: MIT
/*
 * POOL_DNS: the nameserver's sockets on 127.0.0.11:53 in N. Containers reach
 * them by a route of theirs, so that nothing listens in their own namespaces
 * and a service of a container may bind port 53 itself. The address they are
 * bound to is the source of every answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "network/pool_internal.h"

#define DNS_BACKLOG   128
#define DNS_RCV_BYTES (1 << 20) /* a burst of questions, of all containers */

static int open_one(int type)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(53),
				 .sin_addr.s_addr = htonl(0x7f00000bU)};
	int one = 1, size = DNS_RCV_BYTES;
	CLEANUP(fd_closep) int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	else
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -1;
	if (type == SOCK_STREAM && listen(fd, DNS_BACKLOG) < 0)
		return -1;
	return TAKE_FD(fd);
}

int netns_pool_dns(int fds[POOL_BATCH], size_t *n_fds)
{
	fds[0] = open_one(SOCK_DGRAM);
	if (fds[0] < 0)
		return errno;
	fds[1] = open_one(SOCK_STREAM);
	if (fds[1] < 0) {
		int sys = errno;

		fd_close(&fds[0]);
		return sys;
	}
	*n_fds = 2;
	return 0;
}
