// SPDX-License-Identifier: MIT
/*
 * Published UDP through the tap: one socket of the host, a flow per client. A
 * datagram goes in from the client's address; what the namespace answers to
 * that address comes out of the published socket, from the address the client
 * had written to. 30 s without an answer, 180 s after one.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/slirp_internal.h"
#include "usernet/tap_internal.h"

#define FIRST_MS       30000
#define REPLIED_MS     180000
#define READS_PER_TURN 32
#define CONTROL_MAX    128

struct fwd_client {
	struct flow f;	  /* first; FLOW_FWD */
	struct list link; /* in hostfwd.clients */
	struct hostfwd *h;
	struct wheel_timer timer;
	bool replied;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	struct ip local; /* the host's address it wrote to; IP_NONE: unknown */
};

static void kill_client(struct usernet *u, struct fwd_client *c)
{
	wheel_stop(&u->wheel, &c->timer);
	flow_remove(&u->flows, &c->f);
	list_del(&c->link);
	free(c);
}

void hostfwd_udp_clear(struct hostfwd *h)
{
	while (!list_empty(&h->clients))
		kill_client(h->u, CONTAINER_OF(h->clients.next, struct fwd_client, link));
}

int hostfwd_udp_setup(struct hostfwd *h, struct err *e UNUSED)
{
	int one = 1;

	if (h->spec.host.family == IP_V6)
		setsockopt(h->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	else
		setsockopt(h->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	return 0;
}

static void on_idle(struct wheel_timer *timer, void *arg)
{
	kill_client(arg, CONTAINER_OF(timer, struct fwd_client, timer));
}

static struct fwd_client *client_of(struct hostfwd *h, const struct flow_key *k)
{
	struct usernet *u = h->u;
	struct flow *f = flow_find(&u->flows, k);
	struct fwd_client *c;

	if (f != NULL) {
		c = CONTAINER_OF(f, struct fwd_client, f);
		c->h = h; /* two ports may lead to the same one there */
		list_del(&c->link);
		list_add_tail(&h->clients, &c->link);
		return c;
	}
	if (u->flows.n[FLOW_FWD] >= USERNET_RELAY_UDP_MAX)
		kill_client(u,
			    CONTAINER_OF(flow_oldest(&u->flows, FLOW_FWD), struct fwd_client, f));
	c = xcalloc(1, sizeof(*c));
	c->f.key = *k;
	c->h = h;
	wheel_timer_init(&c->timer, on_idle);
	list_init(&c->f.used);
	flow_add(&u->flows, &c->f);
	list_add_tail(&h->clients, &c->link);
	return c;
}

static struct ip local_address(struct msghdr *m)
{
	struct ip a = {0};

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			a.family = IP_V4;
			memcpy(a.bytes, CMSG_DATA(c) + offsetof(struct in_pktinfo, ipi_addr), 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			a.family = IP_V6;
			memcpy(a.bytes, CMSG_DATA(c) + offsetof(struct in6_pktinfo, ipi6_addr), 16);
		}
	}
	return a;
}

void hostfwd_udp_input(struct hostfwd *h)
{
	struct usernet *u = h->u;

	for (int i = 0; i < READS_PER_TURN; i++) {
		_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
		struct flow_key k = {.kind = FLOW_FWD};
		struct sockaddr_storage from = {0};
		struct iovec iov = {.iov_base = u->scratch, .iov_len = USERNET_SCRATCH};
		struct msghdr m = {.msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(h->fd, &m, MSG_DONTWAIT);
		struct fwd_client *c;
		struct ip a;

		if (n < 0)
			return;
		a = addr_from_sa(&from, &k.dport);
		k.src = h->spec.guest;
		k.sport = h->spec.guest_port;
		k.dst = hostfwd_client(u, &a);
		if (k.src.family != k.dst.family)
			continue;
		c = client_of(h, &k);
		c->addr = from;
		c->addr_len = m.msg_namelen;
		c->local = local_address(&m);
		wheel_set(&u->wheel, &c->timer, c->replied ? REPLIED_MS : FIRST_MS);
		tap_ask(u, &k.src);
		udp_send_to_n(u, &k.dst, k.dport, &k.src, k.sport, u->scratch, (size_t)n);
	}
}

static void set_local(const struct ip *a, struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (a->family == IP_V6) {
		struct in6_pktinfo i = {0};

		memcpy(&i.ipi6_addr, a->bytes, 16);
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(i));
		memcpy(CMSG_DATA(c), &i, sizeof(i));
		m->msg_controllen = CMSG_SPACE(sizeof(i));
	} else {
		struct in_pktinfo i = {0};

		memcpy(&i.ipi_spec_dst, a->bytes, 4);
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(i));
		memcpy(CMSG_DATA(c), &i, sizeof(i));
		m->msg_controllen = CMSG_SPACE(sizeof(i));
	}
}

/* One datagram, or several of one size that the namespace's kernel had joined. */
static void answer(struct fwd_client *c, const struct packet *data, size_t part)
{
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX] = {0};
	struct msghdr m = {.msg_name = &c->addr, .msg_namelen = c->addr_len, .msg_iovlen = 1};
	size_t off = 0;

	if (c->local.family != IP_NONE) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		set_local(&c->local, &m);
	}
	do {
		struct iovec iov = {.iov_base = (void *)(data->p + off),
				    .iov_len = MIN(part, data->n - off)};

		m.msg_iov = &iov;
		if (sendmsg(c->h->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			log_debug(NULL, "published port: answer: %s", strerror(errno));
		off += part;
	} while (off < data->n);
}

bool hostfwd_udp_reply(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *in)
{
	struct flow_key k = {.kind = FLOW_FWD,
			     .src = ip->src,
			     .dst = ip->dst,
			     .sport = in->sport,
			     .dport = in->dport};
	struct flow *f = u->flows.n[FLOW_FWD] > 0 ? flow_find(&u->flows, &k) : NULL;
	struct fwd_client *c;

	if (f == NULL)
		return false;
	c = CONTAINER_OF(f, struct fwd_client, f);
	c->replied = true;
	wheel_set(&u->wheel, &c->timer, REPLIED_MS);
	answer(c, &in->payload, ip->udp_gso > 0 ? ip->udp_gso : MAX(in->payload.n, 1U));
	return true;
}
