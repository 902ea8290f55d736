// SPDX-License-Identifier: MIT
/*
 * The watch: raw sockets in N that show SYNs. A raw socket's queue holds a few
 * hundred packets, and to connect takes longer than a SYN takes to come: so all
 * that is there is first taken into memory, and looked at a few at a time, with
 * the rest of the loop in between. raw(7), ipv6(7).
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "usernet/anyip_internal.h"

#define SYNS_PER_TURN  16
#define READS_PER_TURN 512
#define QUEUE_SMALL    32

/* The kernel gives the segment; the addresses stand beside it. */
static bool receive6(int fd, uint8_t *buf, struct packet_ip *ret, ssize_t *ret_n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} ctl;
	struct sockaddr_storage from = {0};
	struct iovec iov = {.iov_base = buf, .iov_len = USERNET_SCRATCH};
	struct msghdr m = {.msg_name = &from,
			   .msg_namelen = sizeof(from),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &ctl,
			   .msg_controllen = sizeof(ctl)};
	const struct cmsghdr *c;

	*ret_n = recvmsg(fd, &m, MSG_DONTWAIT);
	if (*ret_n < 0)
		return false;
	c = CMSG_FIRSTHDR(&m);
	if (from.ss_family != AF_INET6 || c == NULL || c->cmsg_level != IPPROTO_IPV6 ||
	    c->cmsg_type != IPV6_PKTINFO || c->cmsg_len < CMSG_LEN(sizeof(struct in6_pktinfo)))
		return false;
	*ret = (struct packet_ip){.src.family = IP_V6,
				  .dst.family = IP_V6,
				  .proto = IPPROTO_TCP,
				  .payload = {.p = buf, .n = (size_t)*ret_n}};
	memcpy(ret->src.bytes, &((struct sockaddr_in6 *)&from)->sin6_addr, 16);
	memcpy(ret->dst.bytes, &((const struct in6_pktinfo *)CMSG_DATA(c))->ipi6_addr, 16);
	return true;
}

static bool receive4(int fd, uint8_t *buf, struct packet_ip *ret, ssize_t *ret_n)
{
	struct packet v = {.p = buf};

	*ret_n = recv(fd, buf, USERNET_SCRATCH, MSG_DONTWAIT);
	v.n = *ret_n > 0 ? (size_t)*ret_n : 0;
	return *ret_n >= 0 && packet_parse_ip(&v, ret) && ret->src.family == IP_V4;
}

static void push(struct usernet *u, const struct anyip_syn *s)
{
	struct anyip *a = u->anyip;

	if (a->queue_len == a->queue_cap && a->queue_head > 0) {
		a->queue_len -= a->queue_head;
		memmove(a->queue, a->queue + a->queue_head, a->queue_len * sizeof(*a->queue));
		a->queue_head = 0;
	} else if (a->queue_len == a->queue_cap && a->queue_cap < USERNET_ANYIP_QUEUE_MAX) {
		a->queue_cap = MAX((size_t)QUEUE_SMALL, a->queue_cap * 2);
		a->queue = xrealloc(a->queue, a->queue_cap * sizeof(*a->queue));
	}
	if (a->queue_len < a->queue_cap)
		a->queue[a->queue_len++] = *s;
	else
		u->stats.tcp_syn_limit++;
}

static void receive(struct usernet *u, int fd, bool v6)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		struct anyip_syn s;
		struct packet_ip ip;
		ssize_t n;
		bool ok =
			v6 ? receive6(fd, u->scratch, &ip, &n) : receive4(fd, u->scratch, &ip, &n);

		if (n < 0)
			break;
		if (ok && anyip_syn_parse(&ip, &s))
			push(u, &s);
		else
			u->stats.malformed++;
	}
}

/* true when all were looked at */
static bool look(struct usernet *u)
{
	struct anyip *a = u->anyip;

	for (int i = 0; i < SYNS_PER_TURN && a->queue_head < a->queue_len; i++) {
		struct anyip_syn s = a->queue[a->queue_head++];

		anyip_seen(u, &s);
	}
	if (a->queue_head < a->queue_len)
		return false;
	a->queue_head = a->queue_len = 0;
	if (a->queue_cap > QUEUE_SMALL) {
		free(a->queue);
		a->queue = NULL;
		a->queue_cap = 0;
	}
	return true;
}

void anyip_on_watch(struct loop *l, int fd, uint32_t events, void *arg)
{
	struct usernet *u = arg;
	struct anyip *a = u->anyip;
	size_t family = fd == a->watch_fd[1] ? 1 : 0;

	errno = 0;
	if ((events & EPOLLIN) != 0)
		receive(u, fd, family == 1);
	/* what is no raw socket cannot watch */
	if ((events & EPOLLHUP) != 0 || errno == ENOTCONN) {
		anyip_stop(u);
		return;
	}
	if (!look(u) && !a->pressed[family]) {
		/* a raw socket can always be written: that brings the next turn */
		a->pressed[family] = true;
		loop_mod(l, a->watch_source[family], EPOLLIN | EPOLLOUT);
	} else if (a->queue_len == 0 && a->pressed[family]) {
		a->pressed[family] = false;
		loop_mod(l, a->watch_source[family], EPOLLIN);
	}
}
