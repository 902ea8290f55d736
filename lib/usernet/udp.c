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

void udp_send_to_n(struct usernet *u, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport,
		   const void *p, size_t n)
{
	struct tun_out o = {.hdr_len = PACKET_IP4_HDR + PACKET_UDP_HDR, .payload_len = n};
	uint8_t *h = o.hdr + PACKET_IP4_HDR;
	size_t len = PACKET_UDP_HDR + n;

	if (len + PACKET_IP4_HDR > 65535)
		return;
	/* N may fragment it for its bridges */
	packet_write_ip4(o.hdr, src, dst, IPPROTO_UDP, ++u->next_id, len, false);
	packet_put16(h, sport);
	packet_put16(h + 2, dport);
	packet_put16(h + 4, (uint16_t)len);
	packet_put16(h + 6, packet_fold(packet_pseudo(src, dst, IPPROTO_UDP, len)));
	o.csum_start = PACKET_IP4_HDR;
	o.csum_offset = 6;
	o.payload[0] = (struct iovec){.iov_base = (void *)p, .iov_len = n};
	o.n_payload = 1;
	tun_write(u, &o);
}

/* An ICMP error for a flow, quoting a datagram it could have sent. */
static void report(struct usernet *u, const struct flow_key *k, int sys, unsigned mtu)
{
	uint8_t q[PACKET_IP4_HDR + PACKET_UDP_HDR] = {0};
	uint8_t code = sys == ECONNREFUSED	       ? 3
		       : sys == ENETUNREACH	       ? 0
		       : sys == EMSGSIZE	       ? 4
		       : sys == EACCES || sys == EPERM ? 13
						       : 1;

	packet_write_ip4(q, k->src, k->dst, IPPROTO_UDP, 0, PACKET_UDP_HDR, false);
	packet_put16(q + PACKET_IP4_HDR, k->sport);
	packet_put16(q + PACKET_IP4_HDR + 2, k->dport);
	packet_put16(q + PACKET_IP4_HDR + 4, PACKET_UDP_HDR);
	tun_unreachable(u, code, sys == EMSGSIZE ? (uint16_t)MIN(mtu, 65535U) : 0, q, sizeof(q));
}

static unsigned path_mtu(int fd)
{
	int mtu = 0;
	socklen_t len = sizeof(mtu);

	return getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len) == 0 && mtu > 0 ? (unsigned)mtu
									      : 1500;
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
			report(u, k, errno, path_mtu(fd));
			break;
		}
		udp_send_to_n(u, k->dst, k->dport, k->src, k->sport, u->scratch, (size_t)n);
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

static struct udp_flow *new_flow(struct usernet *u, const struct flow_key *k)
{
	struct sockaddr_in sa;
	struct udp_flow *w;
	struct err e;
	int one = 1;

	if (tun_destination(u, k->dst, &sa) != DEST_OK)
		return NULL;
	sa.sin_port = htons(k->dport);
	if (u->flows.n[FLOW_UDP] >= USERNET_UDP_MAX)
		kill_flow(u, CONTAINER_OF(flow_oldest(&u->flows, FLOW_UDP), struct udp_flow, f));
	w = xcalloc(1, sizeof(*w));
	w->f.key = *k;
	w->u = u;
	list_init(&w->f.used);
	wheel_timer_init(&w->timer, on_idle);
	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	flow_add(&u->flows, &w->f);
	if (w->fd < 0) {
		log_warn(NULL, "socket for a datagram of the containers: %s", strerror(errno));
		kill_flow(u, w);
		return NULL;
	}
	setsockopt(w->fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	if (connect(w->fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
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

void udp_input(struct usernet *u, const struct packet_ip4 *ip, bool check_sums)
{
	struct flow_key key = {.kind = FLOW_UDP, .src = ip->src, .dst = ip->dst};
	uint8_t quote[USERNET_QUOTE_MAX];
	struct packet_udp in;
	struct udp_flow *w;
	struct sockaddr_in sa;
	struct flow *f;

	if (!packet_parse_udp(ip, check_sums, &in))
		return;
	if (tun_destination(u, ip->dst, &sa) == DEST_DNS && in.dport == 53) {
		dns_query(u, ip, &in);
		return;
	}
	key.sport = in.sport;
	key.dport = in.dport;
	f = flow_find(&u->flows, &key);
	w = f != NULL ? CONTAINER_OF(f, struct udp_flow, f) : new_flow(u, &key);
	if (w == NULL) {
		if (tun_destination(u, ip->dst, &sa) != DEST_OK && ip->dst >> 28 < 14)
			tun_unreachable(u, 13, 0, quote, tun_quote(ip, quote));
		return;
	}
	wheel_set(&u->wheel, &w->timer, w->replied ? UDP_REPLIED_MS : UDP_FIRST_MS);
	if (send(w->fd, in.payload.p, in.payload.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		report(u, &key, errno, path_mtu(w->fd));
}
