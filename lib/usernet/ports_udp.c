// SPDX-License-Identifier: MIT
/*
 * Published UDP: one host socket for each published port, whatever the number
 * of clients. A datagram is written into the tun with the client's own address
 * as its source, so the container sees who asks; its answer leaves by N's
 * default route, is found in the flow table, and is sent from the published
 * socket, by the host's address the client had written to (IP_PKTINFO, ip(7);
 * IPV6_PKTINFO, ipv6(7)).
 *
 * Clients that cannot be shown as they are (the host's loopback, another address
 * family, one that talks to two published ports of the container from one port
 * of its own) appear as the tun's gateway. Without a tun, and for ports that lead
 * into N itself, each client gets a socket in N (port_flow.fd).
 *
 * A flow lives 30 s without an answer, 180 s after one. Two entries of the flow
 * table lead to it: FLOW_CLIENT from outside, FLOW_PORT from the container.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "usernet/addr.h"
#include "usernet/ports_internal.h"
#include "usernet/udp_internal.h"

#define FLOW_FIRST_MS	 30000
#define FLOW_REPLIED_MS	 180000
#define READS_PER_TURN	 32
#define SHOWN_PORT_TRIES 16
#define RECEIVE_BYTES	 (4 << 20)
#define CONTROL_MAX	 64  /* packet info */
#define CONTROL_IN_MAX	 128 /* that and the size of joined datagrams */

/* what one call of recvmmsg(2) fills; made when the first port is published */
struct port_slots {
	struct mmsghdr m[UDP_SLOTS];
	struct iovec iov[UDP_SLOTS];
	struct sockaddr_storage from[UDP_SLOTS];
	_Alignas(struct cmsghdr) uint8_t control[UDP_SLOTS][CONTROL_IN_MAX];
};

struct port_flow {
	struct flow client; /* key: src and sport the client's, dst the published port */
	struct flow child;  /* key: src and sport in the container, dst and dport as shown there */
	bool by_tun;	    /* child is in the table; else fd is open */
	struct list link;   /* in port.relays */
	struct port *port;
	int fd; /* in N */
	struct loop_source *source;
	struct wheel_timer timer;
	bool replied;
	socklen_t sa_len;
	struct sockaddr_in6 sa; /* the client as the host's socket knows it */
	size_t control_len;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX]; /* packet info for answers */
};

static void kill_flow(struct port_flow *w)
{
	struct usernet *u = w->port->u;

	flow_remove(&u->flows, &w->client);
	if (w->by_tun)
		flow_remove(&u->flows, &w->child);
	loop_del(u->loop, w->source);
	fd_close(&w->fd);
	wheel_stop(&u->wheel, &w->timer);
	list_del(&w->link);
	free(w);
}

void port_udp_kill_all(struct port *p)
{
	while (!list_empty(&p->relays))
		kill_flow(CONTAINER_OF(p->relays.next, struct port_flow, link));
}

int port_udp_setup(struct port *p, struct err *e)
{
	int one = 1, family = 0, room = RECEIVE_BYTES;
	socklen_t len = sizeof(family);

	if (getsockopt(p->fd, SOL_SOCKET, SO_DOMAIN, &family, &len) < 0)
		return err_sys(e, "published UDP socket");
	if (family == AF_INET6)
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	else
		setsockopt(p->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	setsockopt(p->fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	/* as much as the host allows (rmem_max): one socket serves all clients */
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	len = sizeof(one);
	p->bursts = getsockopt(p->fd, IPPROTO_UDP, UDP_SEGMENT, &one, &len) == 0;
	return 0;
}

void port_slots_free(struct usernet *u)
{
	free(u->port_slots);
	u->port_slots = NULL;
}

static struct port_slots *slots(struct usernet *u)
{
	if (u->port_slots == NULL)
		u->port_slots = xcalloc(1, sizeof(*u->port_slots));
	return u->port_slots;
}

static void on_idle(struct wheel_timer *timer, void *arg UNUSED)
{
	kill_flow(CONTAINER_OF(timer, struct port_flow, timer));
}

/* To the client, cut into datagrams of seg bytes by the kernel (0: one). 0 or errno. */
static int send_answer(struct port_flow *w, const void *data, size_t n, size_t seg)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX + CMSG_SPACE(sizeof(uint16_t))] = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = n};
	struct msghdr m = {.msg_name = &w->sa,
			   .msg_namelen = w->sa_len,
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_controllen = w->control_len};
	uint16_t size = (uint16_t)seg;
	struct cmsghdr *c = (struct cmsghdr *)(void *)(control + w->control_len);

	memcpy(control, w->control, w->control_len);
	if (seg > 0) {
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(size));
		memcpy(CMSG_DATA(c), &size, sizeof(size));
		m.msg_controllen += CMSG_SPACE(sizeof(size));
	}
	m.msg_control = m.msg_controllen > 0 ? control : NULL;
	return sendmsg(w->port->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? errno : 0;
}

/* An answer of the container, or several of gso bytes in one. */
static void answer(struct port_flow *w, const uint8_t *p, size_t n, size_t gso)
{
	struct port *port = w->port;
	size_t most = gso > 0 ? MIN(gso * UDP_BURST_SEGS, UDP_BURST_LEN / gso * gso) : n;

	w->replied = true;
	wheel_set(&port->u->wheel, &w->timer, FLOW_REPLIED_MS);
	do {
		size_t part = MIN(n, gso > 0 && !port->bursts ? gso : most);
		int sys = send_answer(w, p, part, part > gso ? gso : 0);

		if (sys == EINVAL && w->control_len > 0) {
			w->control_len = 0; /* that address is gone from the host */
			continue;
		}
		if (sys != 0 && part > gso && gso > 0 && sys != EAGAIN && sys != ENOBUFS) {
			port->bursts =
				false; /* larger than the way takes, or a device that cannot */
			continue;
		}
		if (sys != 0)
			port->u->stats.udp_send_full++;
		p += part;
		n -= part;
	} while (n > 0);
}

bool port_udp_answer(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *in)
{
	struct flow_key key = {.kind = FLOW_PORT,
			       .src = ip->src,
			       .dst = ip->dst,
			       .sport = in->sport,
			       .dport = in->dport};
	struct flow *f = u->flows.n[FLOW_PORT] > 0 ? flow_find(&u->flows, &key) : NULL;

	if (f == NULL)
		return false;
	answer(CONTAINER_OF(f, struct port_flow, child), in->payload.p, in->payload.n, ip->udp_gso);
	return true;
}

static void on_socket_in_n(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct port_flow *w = arg;

	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = recv(fd, w->port->u->scratch, USERNET_SCRATCH, MSG_DONTWAIT);

		/* refused: the client sees no ICMP, as behind any proxy */
		if (n < 0)
			break;
		answer(w, w->port->u->scratch, (size_t)n, 0);
	}
}

/* Keeps the packet-info message of a received datagram in the form sendmsg(2) wants. */
static void keep_control(struct port_flow *w, struct msghdr *m)
{
	struct cmsghdr *out = (struct cmsghdr *)(void *)w->control;
	struct in_pktinfo *i;

	w->control_len = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO,
		     v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO;

		if ((!v4 && !v6) || c->cmsg_len > CONTROL_MAX)
			continue;
		memcpy(w->control, c, c->cmsg_len);
		w->control_len =
			CMSG_SPACE(v4 ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo));
		if (v4) {
			i = (struct in_pktinfo *)(void *)CMSG_DATA(out);
			i->ipi_spec_dst = i->ipi_addr;
			i->ipi_ifindex = 0;
		}
	}
}

/* What the container sees the client as: itself, else the gateway with a port that is free. */
static bool choose_shown(struct port_flow *w, const struct endpoint *client)
{
	const struct port *p = w->port;
	struct usernet *u = p->u;
	const struct tun_net *net = p->child.family == IP_V6 ? &u->net6 : &u->net4;
	struct flow_key *k = &w->child.key;
	uint16_t random;

	*k = (struct flow_key){
		.kind = FLOW_PORT, .src = p->child, .sport = p->child_port, .dport = client->port};
	if (port_shows(p, client)) {
		k->dst = client->ip;
		if (flow_find(&u->flows, k) == NULL)
			return true;
	}
	k->dst = net->gateway;
	for (int i = 0; i < SHOWN_PORT_TRIES; i++) {
		if (k->dport != 0 && flow_find(&u->flows, k) == NULL)
			return true;
		rand_bytes(&random, sizeof(random));
		k->dport = random | 1024;
	}
	return false;
}

static bool open_far_side(struct port_flow *w, const struct endpoint *client)
{
	struct port *p = w->port;
	struct usernet *u = p->u;
	struct sockaddr_storage sa;
	struct err e;
	socklen_t len;

	if (u->tun_fd >= 0 && p->child.family != IP_NONE && !ip_is_loopback(&p->child)) {
		w->by_tun = choose_shown(w, client);
		if (w->by_tun)
			flow_add(&u->flows, &w->child);
		return w->by_tun;
	}
	w->fd = stock_take(p->stock, port_pool_kind(p));
	len = port_child_sa(p, &sa);
	if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&sa, len) < 0)
		return false;
	w->source = loop_add(u->loop, w->fd, EPOLLIN, on_socket_in_n, w, &e);
	return w->source != NULL;
}

static struct port_flow *new_flow(struct port *p, const struct flow_key *key,
				  const struct endpoint *client, const struct msghdr *m)
{
	struct usernet *u = p->u;
	struct port_flow *w;

	if (u->flows.n[FLOW_CLIENT] >= USERNET_RELAY_UDP_MAX) {
		u->stats.udp_evicted++;
		kill_flow(CONTAINER_OF(flow_oldest(&u->flows, FLOW_CLIENT), struct port_flow,
				       client));
	}
	w = xcalloc(1, sizeof(*w));
	w->client.key = *key;
	w->port = p;
	w->fd = -1;
	w->sa_len = MIN(m->msg_namelen, (socklen_t)sizeof(w->sa));
	memcpy(&w->sa, m->msg_name, w->sa_len);
	wheel_timer_init(&w->timer, on_idle);
	list_add_tail(&p->relays, &w->link);
	flow_add(&u->flows, &w->client);
	if (!open_far_side(w, client)) {
		u->stats.udp_limit++;
		kill_flow(w);
		return NULL;
	}
	return w;
}

static struct port_flow *flow_of(struct port *p, const struct msghdr *m)
{
	const struct sockaddr_storage *sa = m->msg_name;
	struct endpoint client;
	struct flow_key key = {.kind = FLOW_CLIENT, .dport = p->child_port};
	struct flow *f;

	client.ip = addr_from_sa(sa, &client.port);
	if (client.ip.family == IP_NONE)
		return NULL;
	key.src = client.ip;
	key.sport = client.port;
	memcpy(key.dst.bytes, &p->id, sizeof(p->id)); /* not an address: just unique */
	f = flow_find(&p->u->flows, &key);
	return f != NULL ? CONTAINER_OF(f, struct port_flow, client)
			 : new_flow(p, &key, &client, m);
}

/* Messages i and j are of one client, and were sent to one address. */
static bool same_way(const struct port_slots *s, int i, int j)
{
	const struct msghdr *a = &s->m[i].msg_hdr, *b = &s->m[j].msg_hdr;

	return a->msg_namelen == b->msg_namelen && a->msg_controllen == b->msg_controllen &&
	       memcmp(&s->from[i], &s->from[j], a->msg_namelen) == 0 &&
	       memcmp(s->control[i], s->control[j], a->msg_controllen) == 0;
}

/* How many messages from i on may go into the tun as one; d is filled. */
static int collect(struct port_slots *s, int i, int n, struct udp_to_n *d)
{
	size_t first = s->m[i].msg_len;

	d->iov = &s->iov[i];
	d->n_iov = 1;
	d->len = first;
	d->gso = udp_joined(&s->m[i].msg_hdr);
	if (d->gso != 0 || first == 0)
		return 1;
	while (i + d->n_iov < n && d->len + first <= UDP_BURST_LEN) {
		size_t len = s->m[i + d->n_iov].msg_len;

		if (len > first || len == 0 || !same_way(s, i, i + d->n_iov))
			break;
		d->len += len;
		d->n_iov++;
		if (len < first)
			break;
	}
	d->gso = d->n_iov > 1 ? first : 0;
	return d->n_iov;
}

static void to_socket(struct port_flow *w, const uint8_t *p, size_t n, size_t gso)
{
	do {
		size_t part = gso > 0 ? MIN(n, gso) : n;

		if (send(w->fd, p, part, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			w->port->u->stats.udp_send_full++; /* lost, as datagrams may be */
		p += part;
		n -= part;
	} while (n > 0);
}

/* Passes message i on, and what may go with it; returns how many. */
static int forward(struct port *p, struct port_slots *s, int i, int n)
{
	struct msghdr *m = &s->m[i].msg_hdr;
	struct port_flow *w = flow_of(p, m);
	struct udp_to_n d = {0};
	int taken = 1;

	if (w == NULL)
		return 1;
	keep_control(w, m);
	wheel_set(&p->u->wheel, &w->timer, w->replied ? FLOW_REPLIED_MS : FLOW_FIRST_MS);
	if (!w->by_tun) {
		to_socket(w, s->iov[i].iov_base, s->m[i].msg_len, udp_joined(m));
		return 1;
	}
	d.src = &w->child.key.dst;
	d.sport = w->child.key.dport;
	d.dst = &w->child.key.src;
	d.dport = w->child.key.sport;
	taken = collect(s, i, n, &d);
	udp_to_n(p->u, &d);
	return taken;
}

void port_udp_input(struct port *p)
{
	struct port_slots *s = slots(p->u);
	uint8_t *data = udp_slots_data(p->u);
	int n;

	for (int i = 0; i < UDP_SLOTS; i++) {
		s->iov[i] = (struct iovec){.iov_base = data + (size_t)i * UDP_SLOT_SIZE,
					   .iov_len = UDP_SLOT_SIZE};
		s->m[i].msg_hdr = (struct msghdr){.msg_name = &s->from[i],
						  .msg_namelen = sizeof(s->from[i]),
						  .msg_iov = &s->iov[i],
						  .msg_iovlen = 1,
						  .msg_control = s->control[i],
						  .msg_controllen = CONTROL_IN_MAX};
	}
	n = recvmmsg(p->fd, s->m, UDP_SLOTS, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		s->iov[i].iov_len = s->m[i].msg_len;
	for (int i = 0; i < n;)
		i += forward(p, s, i, n);
}
