// SPDX-License-Identifier: MIT
/* Sockets by name; see net.h. */
#include "base/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

/* SOMAXCONN is 128 in musl; the kernel cuts this at net.core.somaxconn (4096). Clients connect
 * without blocking, as Go's do, and fail at once when the queue is full. */
#define NET_BACKLOG 4096

static int connect_one(const struct addrinfo *ai, int timeout_ms)
{
	CLEANUP(fd_closep) int fd = -1;
	int one = 1, r, so_error = 0;
	socklen_t len = sizeof(so_error);

	fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return -1;
		r = fd_wait(fd, POLLOUT, timeout_ms);
		if (r == 0)
			errno = ETIMEDOUT;
		if (r <= 0)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &so_error, &len) < 0)
			return -1;
		if (so_error != 0) {
			errno = so_error;
			return -1;
		}
	}
	if (fd_set_nonblock(fd, false) < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return TAKE_FD(fd);
}

static int connect_host(const char *host, uint16_t port, int type, int timeout_ms, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = type, .ai_flags = AI_NUMERICSERV}, *all;
	char service[8];
	int r, fd = -1;

	snprintf(service, sizeof(service), "%u", port);
	/* RFC 6761: localhost is the loopback interface, whatever a resolver or a missing
	 * /etc/hosts says */
	r = getaddrinfo(strcmp(host, "localhost") == 0 ? NULL : host, service, &hints, &all);
	if (r != 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "lookup %s: %s", host,
			       r == EAI_NONAME ? "no such host" : gai_strerror(r));
	errno = EHOSTUNREACH;
	for (struct addrinfo *ai = all; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = connect_one(ai, timeout_ms);
	if (fd < 0) {
		err_sys(e, "dial %s %s:%u: connect", type == SOCK_STREAM ? "tcp" : "udp", host,
			port);
		e->kind = ERR_UNAVAILABLE;
	}
	freeaddrinfo(all);
	return fd;
}

int net_connect_tcp(const char *host, uint16_t port, int timeout_ms, struct err *e)
{
	return connect_host(host, port, SOCK_STREAM, timeout_ms, e);
}

int net_connect_udp(const char *host, uint16_t port, struct err *e)
{
	return connect_host(host, port, SOCK_DGRAM, 0, e);
}

int net_listen_tcp(const char *addr, uint16_t port, struct err *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST | AI_PASSIVE},
			*ai;
	CLEANUP(fd_closep) int fd = -1;
	char service[8];
	int one = 1, r;

	snprintf(service, sizeof(service), "%u", port);
	r = getaddrinfo(*addr != '\0' ? addr : "::", service, &hints, &ai);
	if (r != 0)
		return err_set(e, ERR_INVALID, 0, "listen on %s: not a numeric address", addr);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, NET_BACKLOG) < 0) {
			int saved = errno;

			fd_close(&fd);
			errno = saved;
		}
	}
	freeaddrinfo(ai);
	if (fd < 0)
		return err_sys(e, "listen tcp %s:%u", addr, port);
	return TAKE_FD(fd);
}

/* fills an address; a path too long for sun_path goes through its directory, whose descriptor is
 * *dir_fd */
static int unix_address(const char *path, struct sockaddr_un *sa, int *dir_fd, struct err *e)
{
	CLEANUP(freep) char *dir = NULL;
	int n;

	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) < sizeof(sa->sun_path)) {
		memcpy(sa->sun_path, path, strlen(path) + 1);
		return 0;
	}
	dir = xstrndup(path, (size_t)(path_base(path) - path));
	*dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir_fd < 0)
		return err_sys(e, "open %s", dir);
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", *dir_fd,
		     path_base(path));
	if (n < 0 || (size_t)n >= sizeof(sa->sun_path))
		return err_set(e, ERR_INVALID, ENAMETOOLONG, "socket name too long: %s", path);
	return 0;
}

int net_connect_unix(const char *path, int type, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(fd_closep) int dir_fd = -1;
	struct sockaddr_un sa;

	if (unix_address(path, &sa, &dir_fd, e) < 0)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, "connect %s", path);
	return TAKE_FD(fd);
}

int net_listen_unix(const char *path, int type, unsigned mode, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	CLEANUP(fd_closep) int dir_fd = -1;
	struct sockaddr_un sa;
	struct err ignored;
	int probe;

	if (unix_address(path, &sa, &dir_fd, e) < 0)
		return -1;
	probe = net_connect_unix(path, type, &ignored);
	if (probe >= 0) {
		close(probe);
		return err_set(e, ERR_CONFLICT, EADDRINUSE,
			       "listen %s: another process is listening", path);
	}
	unlink(path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, "socket");
	/* Linux applies fchmod() before bind() to the socket file; no window with a wider mode */
	if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, "bind %s", path);
	if (chmod(path, mode) < 0 || listen(fd, NET_BACKLOG) < 0)
		return err_sys(e, "listen %s", path);
	return TAKE_FD(fd);
}

int net_peer_uid(int fd, unsigned *ret_uid)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -1;
	*ret_uid = cred.uid;
	return 0;
}
