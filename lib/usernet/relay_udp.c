// SPDX-License-Identifier: MIT
/*
 * Published UDP: per client one socket in N, connected to the container. The
 * address a client wrote to is remembered (IP_PKTINFO), so that the answer
 * comes from there. 30 s without an answer, 180 s after one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/ports_internal.h"

#define RELAY_FIRST_MS	 30000
#define RELAY_REPLIED_MS 180000
#define READS_PER_TURN	 32
#define CONTROL_MAX	 128

struct relay_udp {
	struct list link; /* in port.relays, longest idle first */
	struct port *port;
	int fd; /* in N */
	struct loop_source *source;
	struct wheel_timer timer;
	bool replied;
	struct sockaddr_storage client;
	socklen_t client_len;
	_Alignas(struct cmsghdr)
		uint8_t control[CONTROL_MAX]; /* the packet-info message for answers */
	size_t control_len;
};

static void kill_relay(struct relay_udp *r)
{
	struct usernet *u = r->port->u;

	loop_del(u->loop, r->source);
	fd_close(&r->fd);
	wheel_stop(&u->wheel, &r->timer);
	list_del(&r->link);
	u->n_relay_udp--;
	free(r);
}

void relay_udp_kill_all(struct port *p)
{
	while (!list_empty(&p->relays))
		kill_relay(CONTAINER_OF(p->relays.next, struct relay_udp, link));
}

int relay_udp_setup(struct port *p, struct err *e)
{
	int one = 1, family = 0;
	socklen_t len = sizeof(family);

	if (getsockopt(p->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) < 0)
		return err_sys(e, "published UDP socket");
	if (family == AF_INET6)
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	else
		setsockopt(p->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	return 0;
}

static void on_idle(struct wheel_timer *timer, void *arg UNUSED)
{
	kill_relay(CONTAINER_OF(timer, struct relay_udp, timer));
}

static void on_answer(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct relay_udp *r = arg;
	struct usernet *u = r->port->u;

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = recv(fd, u->scratch, USERNET_SCRATCH, MSG_DONTWAIT);
		struct iovec iov = {.iov_base = u->scratch, .iov_len = n > 0 ? (size_t)n : 0};
		struct msghdr m = {.msg_name = &r->client,
				   .msg_namelen = r->client_len,
				   .msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = r->control_len > 0 ? r->control : NULL,
				   .msg_controllen = r->control_len};

		if (n < 0) {
			/* refused: the client sees no ICMP, as behind any proxy */
			break;
		}
		r->replied = true;
		wheel_set(&u->wheel, &r->timer, RELAY_REPLIED_MS);
		if (sendmsg(r->port->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINVAL)
			r->control_len = 0; /* that address is gone from the host */
	}
}

/* Keeps the packet-info message of a received datagram in the form sendmsg(2) wants. */
static void keep_control(struct relay_udp *r, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m), *out = (struct cmsghdr *)(void *)r->control;

	r->control_len = 0;
	if (c == NULL || c->cmsg_len > CONTROL_MAX)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *i;

		memcpy(r->control, c, c->cmsg_len);
		i = (struct in_pktinfo *)(void *)CMSG_DATA(out);
		i->ipi_spec_dst = i->ipi_addr;
		i->ipi_ifindex = 0;
		r->control_len = CMSG_SPACE(sizeof(*i));
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(r->control, c, c->cmsg_len);
		r->control_len = CMSG_SPACE(sizeof(struct in6_pktinfo));
	}
}

static struct relay_udp *find(struct port *p, const struct sockaddr_storage *from, socklen_t len)
{
	struct relay_udp *r;

	list_for_each (r, &p->relays, link) {
		if (r->client_len == len && memcmp(&r->client, from, len) == 0)
			return r;
	}
	return NULL;
}

static struct relay_udp *new_relay(struct port *p, const struct sockaddr_storage *from,
				   socklen_t len)
{
	struct usernet *u = p->u;
	struct relay_udp *r;
	struct endpoint to = port_child(p);
	struct sockaddr_storage sa;
	socklen_t sa_len = endpoint_sockaddr(&to, &sa);
	struct err e;

	if (u->n_relay_udp >= USERNET_RELAY_UDP_MAX) {
		if (list_empty(&p->relays))
			return NULL;
		kill_relay(CONTAINER_OF(p->relays.next, struct relay_udp, link));
	}
	r = xcalloc(1, sizeof(*r));
	r->port = p;
	r->fd = stock_take(p->stock, port_pool_kind(p));
	r->client = *from;
	r->client_len = len;
	wheel_timer_init(&r->timer, on_idle);
	list_add_tail(&p->relays, &r->link);
	u->n_relay_udp++;
	if (r->fd >= 0 && connect(r->fd, (struct sockaddr *)&sa, sa_len) == 0)
		r->source = loop_add(u->loop, r->fd, EPOLLIN, on_answer, r, &e);
	if (r->source == NULL) {
		kill_relay(r);
		return NULL;
	}
	return r;
}

void relay_udp_input(struct port *p)
{
	struct usernet *u = p->u;

	for (int i = 0; i < READS_PER_TURN; i++) {
		_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
		struct sockaddr_storage from = {0};
		struct iovec iov = {.iov_base = u->scratch, .iov_len = USERNET_SCRATCH};
		struct msghdr m = {.msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(p->fd, &m, MSG_DONTWAIT);
		struct relay_udp *r;

		if (n < 0)
			return;
		r = find(p, &from, m.msg_namelen);
		if (r == NULL)
			r = new_relay(p, &from, m.msg_namelen);
		if (r == NULL)
			continue;
		keep_control(r, &m);
		list_del(&r->link);
		list_add_tail(&p->relays, &r->link);
		wheel_set(&u->wheel, &r->timer, r->replied ? RELAY_REPLIED_MS : RELAY_FIRST_MS);
		if (send(r->fd, u->scratch, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			continue; /* lost, as datagrams may be */
	}
}
