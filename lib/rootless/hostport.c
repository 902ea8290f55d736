// SPDX-License-Identifier: MIT
/*
 * Sockets of published ports: ip(7), ipv6(7), tcp(7). The sentences are those of
 * RootlessKit 2.0.2 (pkg/port/builtin/parent), for clients look for parts of
 * them, with the way out added.
 */
#include "rootless/hostport.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define LISTEN_BACKLOG	 4096 /* the kernel cuts it at net.core.somaxconn */
#define FREE_PORT_TRIES	 64
#define PRIVILEGED_SHIFT 8000U /* 80 is offered as 8080, 443 as 8443 */

/* The first port an ordinary user may bind. */
static unsigned first_unprivileged(void)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;
	uint64_t n;

	if (file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", 32, &text,
		      &ignored) < 0)
		return 1024;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	return str_u64(buf_str(&text), UINT16_MAX, &n) < 0 ? 1024 : (unsigned)n;
}

/* The address family to bind: tcp and udp without an address take both through one IPv6 socket. */
static int host_family(const struct rk_spec *s)
{
	if (s->parent_ip.family == IP_V4 || s->proto == RK_TCP4 || s->proto == RK_UDP4)
		return AF_INET;
	return AF_INET6;
}

static bool is_v6_only(const struct rk_spec *s)
{
	return s->parent_ip.family == IP_V6 || s->proto == RK_TCP6 || s->proto == RK_UDP6;
}

static socklen_t host_address(const struct rk_spec *s, int family, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(s->parent_port);
		memcpy(&v4->sin_addr, s->parent_ip.bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(s->parent_port);
	memcpy(&v6->sin6_addr, s->parent_ip.bytes, 16);
	return sizeof(*v6);
}

/* Bound, and listening; -1 with errno. */
static int bind_family(const struct rk_spec *s, int family)
{
	bool udp = rk_proto_is_udp(s->proto);
	int type = (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(family, type, 0), one = 1, v6only = is_v6_only(s), sys;
	struct sockaddr_storage addr;
	socklen_t len = host_address(s, family, &addr);

	if (fd < 0)
		return -1;
	if (!udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (bind(fd, (struct sockaddr *)&addr, len) == 0 &&
	    (udp || listen(fd, LISTEN_BACKLOG) == 0))
		return fd;
	sys = errno;
	fd_close(&fd);
	errno = sys;
	return -1;
}

/* A port near the wanted one that could be bound now; 0 when none was found. */
static unsigned free_port(const struct rk_spec *s, int family, unsigned from)
{
	struct rk_spec t = *s;

	for (unsigned port = from; port <= UINT16_MAX && port < from + FREE_PORT_TRIES; port++) {
		int fd;

		t.parent_port = (uint16_t)port;
		fd = bind_family(&t, family);
		if (fd < 0)
			continue;
		fd_close(&fd);
		return port;
	}
	return 0;
}

unsigned rk_hostport_free(const struct rk_spec *s)
{
	return free_port(s, host_family(s), s->parent_port + 1U);
}

/* "listen tcp4 0.0.0.0:80: bind: why", as Go's net package words it */
static void describe(const struct rk_spec *s, int family, const char *why, char *out, size_t size)
{
	bool v4 = family == AF_INET;
	char ip[IP_TEXT_SIZE];

	if (s->parent_ip.family == IP_NONE)
		str_copy(ip, v4 ? "0.0.0.0" : "::", sizeof(ip));
	else
		ip_format(&s->parent_ip, ip);
	snprintf(out, size, "listen %s %s%s%s:%u: bind: %s", rk_proto_name(s->proto), v4 ? "" : "[",
		 ip, v4 ? "" : "]", s->parent_port, why);
}

static int privileged(const struct rk_spec *s, int family, unsigned first, const char *what,
		      struct err *e)
{
	unsigned port = free_port(s, family, MAX(s->parent_port + PRIVILEGED_SHIFT, first));
	char offer[32] = "";

	if (port != 0)
		snprintf(offer, sizeof(offer), "; %u is free", port);
	return err_set(e, ERR_DENIED, EACCES,
		       "cannot expose privileged port %u, you can add "
		       "'net.ipv4.ip_unprivileged_port_start=%u' to /etc/sysctl.conf "
		       "(currently %u), or set CAP_NET_BIND_SERVICE on rootlesskit binary, "
		       "or hand over a bound socket (LISTEN_FDS, rootlesskit(8)), "
		       "or choose a larger port number (>= %u%s): %s",
		       s->parent_port, s->parent_port, first, first, offer, what);
}

static int bind_failed(const struct rk_spec *s, int family, int sys, struct err *e)
{
	unsigned first, port;
	char what[160], offer[64] = "";

	describe(s, family, sys == EADDRINUSE ? "address already in use" : strerror(sys), what,
		 sizeof(what));
	if (sys == EACCES && (first = first_unprivileged()) > s->parent_port) {
		describe(s, family, "permission denied", what, sizeof(what));
		return privileged(s, family, first, what, e);
	}
	if (sys != EADDRINUSE)
		return err_set(e, sys == EACCES ? ERR_DENIED : ERR_SYSTEM, sys, "%s", what);
	port = free_port(s, family, s->parent_port + 1U);
	if (port != 0)
		snprintf(offer, sizeof(offer), " (port %u is free)", port);
	return err_set(e, ERR_CONFLICT, sys, "%s%s", what, offer);
}

static int bind_host(const struct rk_spec *s, struct err *e)
{
	int family = host_family(s);
	int fd = bind_family(s, family);

	/* a host without IPv6 */
	if (fd < 0 && errno == EAFNOSUPPORT && family == AF_INET6 &&
	    s->parent_ip.family == IP_NONE && !is_v6_only(s)) {
		family = AF_INET;
		fd = bind_family(s, family);
	}
	return fd >= 0 ? fd : bind_failed(s, family, errno, e);
}

/* --- sockets handed to us --- */

/* Whether all that the specification asks for arrives at the socket. */
static bool serves(const struct rk_inherited *in, const struct rk_spec *s)
{
	bool any = s->parent_ip.family == IP_NONE || ip_is_any(&s->parent_ip);
	bool v4 = host_family(s) == AF_INET,
	     dual = s->parent_ip.family == IP_NONE && !is_v6_only(s);

	if (in->udp != rk_proto_is_udp(s->proto) || in->port != s->parent_port)
		return false;
	if (!any)
		return ip_eq(&in->ip, &s->parent_ip);
	if (!ip_is_any(&in->ip))
		return false;
	return in->both || dual || (in->ip.family == IP_V4) == v4;
}

static bool read_socket(int fd, struct rk_inherited *in)
{
	struct sockaddr_storage sa = {0};
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&sa;
	socklen_t len = sizeof(sa), int_len = sizeof(int);
	int type = 0, only = 1;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_len) < 0 ||
	    (type != SOCK_STREAM && type != SOCK_DGRAM) ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return false;
	in->udp = type == SOCK_DGRAM;
	if (sa.ss_family == AF_INET) {
		in->ip = ip_v4(ntohl(v4->sin_addr.s_addr));
		in->port = ntohs(v4->sin_port);
		return in->port != 0;
	}
	in->ip.family = IP_V6;
	memcpy(in->ip.bytes, &v6->sin6_addr, 16);
	in->port = ntohs(v6->sin6_port);
	int_len = sizeof(int);
	(void)getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &int_len);
	in->both = only == 0 && ip_is_any(&in->ip);
	return in->port != 0;
}

void rk_hostports_init(struct rk_hostports *h, const struct rk_activation *a)
{
	*h = (struct rk_hostports){.inherited = xcalloc(a->n + 1, sizeof(*h->inherited))};
	for (size_t i = 0; i < a->n; i++) {
		struct rk_inherited in = {.fd = -1};

		if (!a->items[i].inet || !read_socket(a->items[i].fd, &in))
			continue;
		in.fd = fcntl(a->items[i].fd, F_DUPFD_CLOEXEC, RK_ACTIVATION_FIRST_FD);
		if (in.fd >= 0)
			h->inherited[h->n++] = in;
	}
}

void rk_hostports_clear(struct rk_hostports *h)
{
	for (size_t i = 0; i < h->n; i++)
		fd_close(&h->inherited[i].fd);
	free(h->inherited);
	*h = (struct rk_hostports){0};
}

static int open_inherited(struct rk_inherited *in, struct err *e)
{
	int fd;

	if (!in->udp && listen(in->fd, LISTEN_BACKLOG) < 0)
		return err_sys(e, "listen on the socket handed over for port %u", in->port);
	fd = fcntl(in->fd, F_DUPFD_CLOEXEC, RK_ACTIVATION_FIRST_FD);
	if (fd < 0)
		return err_sys(e, "duplicate the socket handed over for port %u", in->port);
	in->in_use = true;
	return fd;
}

int rk_hostport_open(struct rk_hostports *h, const struct rk_spec *s, struct rk_inherited **ret,
		     struct err *e)
{
	*ret = NULL;
	for (size_t i = 0; h != NULL && i < h->n; i++) {
		struct rk_inherited *in = &h->inherited[i];

		if (!serves(in, s) || in->in_use)
			continue;
		*ret = in;
		return open_inherited(in, e);
	}
	return bind_host(s, e);
}

void rk_hostport_close(int *fd, struct rk_inherited *in)
{
	uint8_t byte;

	fd_close(fd);
	if (in == NULL)
		return;
	in->in_use = false;
	if (!in->udp)
		(void)shutdown(in->fd, SHUT_RD); /* refuses from now on; the port stays ours */
	while (in->udp && recv(in->fd, &byte, 1, MSG_DONTWAIT) >= 0)
		; /* nobody waits for an answer to these any more */
}
