// SPDX-License-Identifier: MIT
/*
 * POOL_SOCKETS: sockets in N, or in a container's network namespace, where
 * usernet binds them to clients' addresses (ip(7), ipv6(7): IP_TRANSPARENT). For
 * the answers to find them although those addresses are not local there:
 *
 *  1. the sockets carry a mark, and so do their packets
 *  2. what the container accepts inherits it (tcp_fwmark_accept), resets and ICMP
 *     reflect it (fwmark_reflect)
 *  3. a rule leads marked packets to a table in which everything is local
 *
 * What the container does by itself carries no mark and sees nothing of this.
 * Documentation/networking/ip-sysctl.rst; no netfilter is needed.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "network/pool_internal.h"

#define MARK_PRIORITY 100
#define POOL_RCVBUF   (256 * 1024)			     /* the kernel doubles it */
#define MARK_DONE     "/proc/sys/net/ipv4/tcp_fwmark_accept" /* written last */

void netns_pool_small_window(int fd)
{
	const int size = POOL_RCVBUF;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

int netns_pool_socket(uint32_t kind)
{
	int family = kind == POOL_TCP4 || kind == POOL_UDP4 ? AF_INET : AF_INET6;
	bool tcp = kind == POOL_TCP4 || kind == POOL_TCP6;
	int one = 1, fd;

	fd = socket(family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && tcp) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		netns_pool_small_window(fd);
	}
	return fd;
}

static bool is_prepared(void)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	return file_read(-1, MARK_DONE, 16, &text, &ignored) == 0 && text.len > 0 &&
	       text.data[0] == '1';
}

static int add_rules(struct rtnl *nl, uint8_t family, struct err *e)
{
	struct rtnl_rule rule = {.family = family,
				 .fwmark = POOL_MARK,
				 .table = POOL_MARK,
				 .priority = MARK_PRIORITY};
	struct rtnl_route route = {
		.family = family, .table = POOL_MARK, .type = RTN_LOCAL, .scope = RT_SCOPE_HOST};
	struct rtnl_link lo;

	if (rtnl_link_get(nl, "lo", &lo, e) < 0)
		return -1;
	route.oif = lo.index;
	if (rtnl_route_add(nl, &route, e) < 0)
		return -1;
	return rtnl_rule_add(nl, &rule, e);
}

/* Inside the container's namespace, once. */
static int prepare(struct err *e)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct err why;

	if (is_prepared())
		return 0;
	if (rtnl_open(&nl, e) < 0 || add_rules(&nl, IP_V4, e) < 0)
		return -1;
	if (add_rules(&nl, IP_V6, &why) < 0)
		log_debug(&why, "published ports over IPv6");
	netns_sysctl_try("net/ipv4/fwmark_reflect", "1");
	netns_sysctl_try("net/ipv6/fwmark_reflect", "1");
	return netns_sysctl_write("net/ipv4/tcp_fwmark_accept", "1", e);
}

static int make_transparent(int fd, uint32_t kind)
{
	const int one = 1, mark = POOL_MARK;
	bool v6 = kind == POOL_TCP6 || kind == POOL_UDP6;

	/* clients that come from the same port to two published ports of a container */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return -1;
	return v6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof(one))
		  : setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one));
}

static int make_sockets(const struct pool_request *q, bool transparent, int fds[POOL_BATCH],
			size_t *n_fds)
{
	while (*n_fds < q->n) {
		int fd = netns_pool_socket(q->kind), sys = errno;

		if (fd >= 0 && transparent && make_transparent(fd, q->kind) < 0) {
			sys = errno;
			fd_close(&fd);
		}
		if (fd < 0)
			return *n_fds == 0 ? sys : 0;
		fds[(*n_fds)++] = fd;
	}
	return 0;
}

static int sockets_inside(const struct pool_request *q, int fds[POOL_BATCH], size_t *n_fds)
{
	struct err e;

	if (prepare(&e) < 0) {
		log_warn(&e, "clients' addresses for published ports");
		return e.sys != 0 ? e.sys : EIO;
	}
	return make_sockets(q, true, fds, n_fds);
}

int netns_pool_sockets(struct netns_server *s, const struct pool_request *q, struct pool_answer *a,
		       int fds[POOL_BATCH], size_t *n_fds)
{
	int netns_fd, sys;

	if (q->child.family == IP_NONE)
		return make_sockets(q, false, fds, n_fds);
	if (netns_sandbox_by_address(s, &q->child, &netns_fd, &a->gateway, &a->gateway6) < 0)
		return EHOSTUNREACH;
	if (setns(netns_fd, CLONE_NEWNET) < 0)
		return errno;
	sys = sockets_inside(q, fds, n_fds);
	netns_come_back(s);
	return sys;
}
