// SPDX-License-Identifier: MIT
/*
 * UDP from N: one connected host socket per flow. 30 s without an answer, 180 s
 * after one; a flow to port 53 ends with its answer. Socket errors become ICMP.
 */
#include <errno.h>
#include <linux/errqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/usernet_internal.h"

#define UDP_FIRST_MS	   30000
#define UDP_REPLIED_MS	   180000
#define UDP_READS_PER_TURN 32

struct udp_flow {
	struct flow f; /* first */
	struct usernet *u;
	int fd;
	struct loop_source *source;
	struct wheel_timer timer;
	bool replied;
};

static void kill_flow(struct usernet *u, struct udp_flow *w)
{
	loop_del(u->loop, w->source);
	fd_close(&w->fd);
	wheel_stop(&u->wheel, &w->timer);
	flow_remove(&u->flows, &w->f);
	free(w);
}

void udp_kill_all(struct usernet *u)
{
	struct flow *f;

	while ((f = flow_oldest(&u->flows, FLOW_UDP)) != NULL)
		kill_flow(u, CONTAINER_OF(f, struct udp_flow, f));
}

void udp_send_to_n(struct usernet *u, const struct ip *src, uint16_t sport, const struct ip *dst,
		   uint16_t dport, const void *p, size_t n)
{
	struct tun_out o = {0};
	uint8_t *h;

	if (PACKET_UDP_HDR + n + packet_ip_hdr(src->family) > 65535) {
		u->stats.udp_too_big++;
		return;
	}
	/* N may fragment it for its bridges */
	h = tun_out_start(u, &o, src, dst, IPPROTO_UDP, PACKET_UDP_HDR, n, false);
	packet_put16(h, sport);
	packet_put16(h + 2, dport);
	packet_put16(h + 4, (uint16_t)(PACKET_UDP_HDR + n));
	tun_out_data(&o, p, n);
	tun_out_sum(&o, 6);
	tun_write(u, &o);
}

/* An ICMP error for a flow, quoting a datagram it could have sent. */
static void report(struct usernet *u, const struct flow_key *k, int sys, unsigned mtu)
{
	uint8_t q[PACKET_IP6_HDR + PACKET_UDP_HDR] = {0};
	size_t n = packet_write_ip(q, &k->src, &k->dst, IPPROTO_UDP, 0, PACKET_UDP_HDR, false);

	packet_put16(q + n, k->sport);
	packet_put16(q + n + 2, k->dport);
	packet_put16(q + n + 4, PACKET_UDP_HDR);
	tun_unreachable(u, tun_error_of(sys), mtu, q, n + PACKET_UDP_HDR);
}

static unsigned path_mtu(int fd, uint8_t family)
{
	int mtu = 0;
	socklen_t len = sizeof(mtu);
	bool v6 = family == IP_V6;

	if (getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &len) <
		    0 ||
	    mtu <= 0)
		return 1500;
	return (unsigned)mtu;
}

static void on_udp(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct udp_flow *w = arg;
	struct usernet *u = w->u;
	const struct flow_key *k = &w->f.key;

	for (int i = 0; i < UDP_READS_PER_TURN; i++) {
		ssize_t n = recv(fd, u->scratch, USERNET_SCRATCH, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			report(u, k, errno, path_mtu(fd, k->dst.family));
			break;
		}
		udp_send_to_n(u, &k->dst, k->dport, &k->src, k->sport, u->scratch, (size_t)n);
		if (k->dport == 53) {
			kill_flow(u, w);
			return;
		}
		w->replied = true;
		wheel_set(&u->wheel, &w->timer, UDP_REPLIED_MS);
	}
}

static void on_idle(struct wheel_timer *timer, void *arg)
{
	kill_flow(arg, CONTAINER_OF(timer, struct udp_flow, timer));
}

static struct udp_flow *new_flow(struct usernet *u, const struct flow_key *k,
				 const struct sockaddr_storage *sa, socklen_t len)
{
	struct udp_flow *w;
	struct err e;
	int one = 1;

	if (u->flows.n[FLOW_UDP] >= USERNET_UDP_MAX) {
		u->stats.udp_evicted++;
		kill_flow(u, CONTAINER_OF(flow_oldest(&u->flows, FLOW_UDP), struct udp_flow, f));
	}
	w = xcalloc(1, sizeof(*w));
	w->f.key = *k;
	w->u = u;
	list_init(&w->f.used);
	wheel_timer_init(&w->timer, on_idle);
	w->fd = socket(sa->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	flow_add(&u->flows, &w->f);
	if (w->fd < 0 && errno != EAFNOSUPPORT) {
		u->stats.no_descriptor++;
		kill_flow(u, w);
		return NULL;
	}
	setsockopt(w->fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	if (w->fd < 0 || tun_bind_source(u, w->fd, sa->ss_family) < 0 ||
	    connect(w->fd, (const struct sockaddr *)sa, len) < 0) {
		report(u, k, errno, 0);
		kill_flow(u, w);
		return NULL;
	}
	w->source = loop_add(u->loop, w->fd, EPOLLIN, on_udp, w, &e);
	if (w->source == NULL) {
		log_warn(&e, "watch a datagram socket of the containers");
		kill_flow(u, w);
		return NULL;
	}
	return w;
}

/* The flow of a datagram, made when it is new; NULL when there can be none and N was told. */
static struct udp_flow *flow_of(struct usernet *u, const struct packet_ip *ip,
				const struct packet_udp *in)
{
	struct flow_key key = {.kind = FLOW_UDP,
			       .src = ip->src,
			       .dst = ip->dst,
			       .sport = in->sport,
			       .dport = in->dport};
	struct flow *f = flow_find(&u->flows, &key);
	struct sockaddr_storage sa;
	socklen_t len;

	if (f != NULL)
		return CONTAINER_OF(f, struct udp_flow, f);
	switch (tun_destination(u, &ip->dst, &sa, &len)) {
	case DEST_OK:
		addr_set_port(&sa, in->dport);
		return new_flow(u, &key, &sa, len);
	case DEST_SILENT:
		return NULL;
	case DEST_NO_ROUTE:
		tun_refuse(u, ip, TUN_NO_ROUTE, 0);
		return NULL;
	default:
		u->stats.bad_destination++;
		tun_refuse(u, ip, TUN_PROHIBITED, 0);
		return NULL;
	}
}

void udp_input(struct usernet *u, const struct packet_ip *ip, bool check_sums)
{
	const struct tun_net *net = ip->dst.family == IP_V6 ? &u->net6 : &u->net4;
	struct packet_udp in;
	struct udp_flow *w;

	if (!packet_parse_udp(ip, check_sums, &in)) {
		u->stats.malformed++;
		return;
	}
	if (in.dport == 53 && !u->no_dns && ip_eq(&ip->dst, &net->dns)) {
		dns_query(u, ip, &in);
		return;
	}
	if (hostfwd_udp_reply(u, ip, &in))
		return;
	w = flow_of(u, ip, &in);
	if (w == NULL)
		return;
	wheel_set(&u->wheel, &w->timer, w->replied ? UDP_REPLIED_MS : UDP_FIRST_MS);
	if (send(w->fd, in.payload.p, in.payload.n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		u->stats.udp_send_full++;
	else
		report(u, &w->f.key, errno, path_mtu(w->fd, ip->dst.family));
}
